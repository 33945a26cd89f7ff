/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_ops of directories and of O_PATH files; getdents. A position is 0 for
 * ".", 1 for "..", then the cookie of the entry.
 */
#include "fs_priv.h"

static unsigned dtype_of(const struct dentry *d)
{
    return d->vnode ? (d->vnode->mode & S_IFMT) >> 12 : d->dtype;
}

static bool emit_dots(struct dentry *d, struct dir_emit *e, off_t *pos)
{
    if (*pos == 0) {
        if (!e->fn(e, ".", 1, d->vnode->ino, 4, 1))
            return false;
        *pos = 1;
    }
    if (*pos == 1) {
        if (!e->fn(e, "..", 2, d->parent->vnode->ino, 4, 2))
            return false;
        *pos = 2;
    }
    return true;
}

/* Under ns: emit fills kernel memory and does not block. */
static void emit_names(struct dentry *dir, struct dir_emit *e, off_t *pos)
{
    struct dentry *d = fs__dentry_after(dir->vnode, (uint64_t)*pos);
    while (d) {
        uint64_t ino = d->vnode ? d->vnode->ino : d->ino;
        off_t next = (off_t)d->cookie + 1;
        if (!e->fn(e, d->name, d->len, ino, dtype_of(d), next))
            return;
        *pos = next;
        struct tree_node *n = tree_next(&d->node);
        for (d = NULL; n && !d; n = n ? tree_next(n) : NULL) {
            d = tree_entry(n, struct dentry, node);
            if (!d->vnode && !(d->flags & DENTRY_STUB))
                d = NULL;
        }
    }
}

static int dir_readdir(struct file *f, struct dir_emit *emit)
{
    struct dentry *d = f->private;
    struct vnode *v = d->vnode;
    int err = fs__dentry_populate(d);
    if (err)
        return err;
    fs__ns_read_lock();
    bool more = emit_dots(d, emit, &f->pos);
    if (more && !(v->flags & VNODE_DYNAMIC))
        emit_names(d, emit, &f->pos);
    fs__ns_read_unlock();
    if (more && v->ops->readdir)
        err = v->ops->readdir(v, emit, &f->pos);
    if (v->atime <= v->mtime && !(v->sb->flags & SUPER_READ_ONLY))
        v->atime = (int64_t)clock_realtime();
    return err;
}

static off_t dir_seek(struct file *f, off_t off, int whence)
{
    if (whence == SEEK_CUR)
        off += f->pos;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = off;
    return off;
}

static ssize_t dir_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    (void)f;
    (void)it;
    (void)pos;
    return -EISDIR;
}

static int dir_sync(struct file *f, bool data_only)
{
    (void)f;
    (void)data_only;
    return 0;
}

static uint32_t path_poll(struct file *f, struct poll_table *pt)
{
    (void)f;
    (void)pt;
    return POLLNVAL;
}

const struct file_ops fs__dir_ops = {
    .type = "directory",
    .read = dir_read, .seek = dir_seek, .readdir = dir_readdir,
    .stat = fs__file_stat, .sync = dir_sync, .name = fs__file_name,
    .release = fs__file_release, .closed = fs__file_closed,
};

const struct file_ops fs__path_ops = {
    .type = "path", .stat = fs__file_stat, .name = fs__file_name,
    .poll = path_poll, .release = fs__file_release,
};

/* Linux's record: 8 ino, 8 next position, 2 length, 1 type, name, NUL. */
struct getdents {
    struct dir_emit emit;
    uint8_t *buf;
    size_t used, size;
};

static bool getdents_emit(struct dir_emit *e, const char *name, size_t len,
                          uint64_t ino, unsigned dtype, off_t next_pos)
{
    struct getdents *g = container_of(e, struct getdents, emit);
    size_t n = ALIGN_UP(19 + len + 1, (size_t)8);
    if (g->size - g->used < n) {
        if (!g->used)
            g->size = 0;        /* not even one fits */
        return false;
    }
    uint8_t *p = g->buf + g->used;
    uint16_t reclen = (uint16_t)n;
    memcpy(p, &ino, 8);
    memcpy(p + 8, &next_pos, 8);
    memcpy(p + 16, &reclen, 2);
    p[18] = (uint8_t)dtype;
    memcpy(p + 19, name, len);
    memset(p + 19 + len, 0, n - 19 - len);
    g->used += n;
    return true;
}

ssize_t fs_getdents(struct file *f, void *buf, size_t size)
{
    struct getdents g = { { getdents_emit }, buf, 0, size };
    if (!f->ops->readdir)
        return -ENOTDIR;
    mutex_lock(&f->pos_lock);
    struct dentry *d = f->private;
    bool gone = f->ops == &fs__dir_ops && !(d->flags & DENTRY_LINKED) &&
                d->parent != d;
    int err = gone ? -ENOENT : f->ops->readdir(f, &g.emit);
    mutex_unlock(&f->pos_lock);
    if (g.used)
        return (ssize_t)g.used;
    if (err)
        return err;
    return g.size == size ? 0 : -EINVAL;
}
