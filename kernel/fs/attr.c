/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls about one object: stat, access, readlink, chmod, chown, utimes,
 * truncate, statfs; and a process's root and working directory.
 */
#include "fs_priv.h"

int fs__place_find(struct walk *w, struct fs_ctx *ctx, struct file *at,
                   const char *path, unsigned walk)
{
    if (!*path && walk & FS_EMPTY && at && !at->vnode) {
        memset(w, 0, offsetof(struct walk, rest));
        w->file = file_ref(at);
        return 0;
    }
    return fs__walk(w, ctx, at, path, walk);
}

int fs_stat(struct fs_ctx *ctx, struct file *at, const char *path,
            unsigned walk, struct kstat *st)
{
    struct walk w;
    int err = fs__place_find(&w, ctx, at, path, walk);
    if (!err) {
        if (w.d)
            fs__vnode_stat(w.d->vnode, st);
        else
            err = file_stat(w.file, st);
    }
    fs__walk_release(&w);
    return err;
}

int fs_access(struct fs_ctx *ctx, struct file *at, const char *path,
              unsigned mode, unsigned walk)
{
    struct walk w;
    if (mode & ~7u)
        return -EINVAL;
    int err = fs__place_find(&w, ctx, at, path, walk);
    if (!err && w.d) {
        struct vnode *v = w.d->vnode;
        if (mode)
            err = fs__vnode_permission(ctx, v, mode);
        bool data = vnode_is(v, S_IFREG) || vnode_is(v, S_IFDIR);
        if (!err && mode & 2 && data)
            err = fs__may_write(v->sb);
    }
    fs__walk_release(&w);
    return err;
}

ssize_t fs_readlink(struct fs_ctx *ctx, struct file *at, const char *path,
                    char *buf, size_t size)
{
    struct walk w;
    ssize_t n = fs__place_find(&w, ctx, at, path, *path ? 0 : FS_EMPTY);
    if (n)
        goto out;
    struct vnode *v = w.d ? w.d->vnode : NULL;
    n = *path ? -EINVAL : -ENOENT;
    if (!v || !vnode_is(v, S_IFLNK))
        goto out;
    n = 0;
    char *text = NULL;
    const char *t = v->target;
    if (!t) {
        text = v->ops->readlink ? v->ops->readlink(v) : ERR_PTR(-EINVAL);
        t = text;
    }
    if (IS_ERR(t)) {
        n = PTR_ERR(t);
        goto out;
    }
    n = (ssize_t)MIN(strlen(t), size);
    memcpy(buf, t, (size_t)n);
    kfree(text);
out:
    fs__walk_release(&w);
    return n;
}

/* Finds an object whose attributes are to change. */
static int change_begin(struct walk *w, struct fs_ctx *ctx, struct file *at,
                        const char *path, unsigned walk)
{
    int err = fs__place_find(w, ctx, at, path, walk);
    if (!err && !w->d)
        err = -EOPNOTSUPP;
    if (!err)
        err = fs__may_write(w->d->vnode->sb);
    return err;
}

int fs_chmod(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t mode, unsigned walk)
{
    struct walk w;
    int err = change_begin(&w, ctx, at, path, walk);
    if (!err) {
        struct vnode *v = w.d->vnode;
        if (vnode_is(v, S_IFLNK))
            err = -EOPNOTSUPP;
        else if (ctx->uid && ctx->uid != v->uid)
            err = -EPERM;
        if (!err) {
            v->mode = (v->mode & S_IFMT) | (mode & 07777);
            v->ctime = (int64_t)clock_realtime();
            fs__notify(w.d, IN_ATTRIB);
        }
    }
    fs__walk_release(&w);
    return err;
}

int fs_chown(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t uid, uint32_t gid, unsigned walk)
{
    struct walk w;
    int err = change_begin(&w, ctx, at, path, walk);
    if (!err) {
        struct vnode *v = w.d->vnode;
        bool own = ctx->uid == v->uid && (uid == ~0u || uid == v->uid) &&
                   (gid == ~0u || gid == ctx->gid || gid == v->gid);
        if (ctx->uid && !own) {
            err = -EPERM;
        } else {
            if (uid != ~0u)
                v->uid = uid;
            if (gid != ~0u)
                v->gid = gid;
            if (!vnode_is(v, S_IFDIR))
                v->mode &= ~(uint32_t)(S_ISUID | (v->mode & 010 ? S_ISGID
                                                                : 0));
            v->ctime = (int64_t)clock_realtime();
            fs__notify(w.d, IN_ATTRIB);
        }
    }
    fs__walk_release(&w);
    return err;
}

int fs_utimes(struct fs_ctx *ctx, struct file *at, const char *path,
              int64_t atime, int64_t mtime, unsigned walk)
{
    struct walk w;
    int err = change_begin(&w, ctx, at, path, walk);
    if (!err) {
        struct vnode *v = w.d->vnode;
        int64_t now = (int64_t)clock_realtime();
        bool both_now = atime == FS_TIME_NOW && mtime == FS_TIME_NOW;
        if (ctx->uid && ctx->uid != v->uid)
            err = both_now ? fs__vnode_permission(ctx, v, 2) : -EPERM;
        if (!err) {
            if (atime != FS_TIME_OMIT)
                v->atime = atime == FS_TIME_NOW ? now : atime;
            if (mtime != FS_TIME_OMIT)
                v->mtime = mtime == FS_TIME_NOW ? now : mtime;
            if (atime != FS_TIME_OMIT || mtime != FS_TIME_OMIT)
                v->ctime = now;
            fs__notify(w.d, IN_ATTRIB);
        }
    }
    fs__walk_release(&w);
    return err;
}

int fs_truncate(struct fs_ctx *ctx, const char *path, uint64_t size)
{
    struct walk w;
    int err = fs__walk(&w, ctx, NULL, path, FS_FOLLOW);
    if (!err) {
        struct vnode *v = w.d ? w.d->vnode : NULL;
        if (v && vnode_is(v, S_IFDIR))
            err = -EISDIR;
        else if (!v || !vnode_is(v, S_IFREG) || !v->pc)
            err = -EINVAL;
        if (!err)
            err = fs__vnode_permission(ctx, v, 2);
        if (!err)
            err = fs__may_write(v->sb);
        if (!err && size > v->size)
            err = fs__size_check(size);
        if (!err)
            err = fs__data_truncate(v, size);
        if (!err)
            fs__notify(w.d, IN_MODIFY);
    }
    fs__walk_release(&w);
    return err;
}

/* ---------------- root and working directory ---------------- */

static void path_set(struct path *p, struct dentry *d)
{
    p->dentry = d;
    p->vnode = d->vnode;
    p->mount = d->vnode->sb->mount;
}

/* Takes the reference of d. */
static void path_replace(struct path *p, struct dentry *d)
{
    fs__ns_write_lock();
    struct dentry *old = p->dentry;
    path_set(p, d);
    fs__ns_write_unlock();
    fs__dentry_unref(old);
}

void fs_ctx_init(struct fs_ctx *ctx)
{
    memset(ctx, 0, sizeof(*ctx));
    mutex_init(&ctx->lock);
    ctx->umask = 022;
    ASSERT(fs__root);
    path_set(&ctx->root, fs__dentry_ref(fs__root->root));
    path_set(&ctx->cwd, fs__dentry_ref(fs__root->root));
}

void fs_ctx_release(struct fs_ctx *ctx)
{
    fs__dentry_unref(ctx->root.dentry);
    fs__dentry_unref(ctx->cwd.dentry);
    ctx->root.dentry = ctx->cwd.dentry = NULL;
}

void fs_ctx_copy(struct fs_ctx *dst, struct fs_ctx *src)
{
    memset(dst, 0, sizeof(*dst));
    mutex_init(&dst->lock);
    dst->umask = src->umask;
    dst->uid = src->uid;
    dst->gid = src->gid;
    fs__ns_read_lock();
    path_set(&dst->root, fs__dentry_ref(src->root.dentry));
    path_set(&dst->cwd, fs__dentry_ref(src->cwd.dentry));
    fs__ns_read_unlock();
}

static int dir_set(struct fs_ctx *ctx, struct path *p, const char *path)
{
    struct walk w;
    int err = fs__walk(&w, ctx, NULL, path, FS_FOLLOW | FS_DIRECTORY);
    if (!err)
        err = w.d ? fs__vnode_permission(ctx, w.d->vnode, 1) : -ENOTDIR;
    if (!err)
        path_replace(p, fs__dentry_ref(w.d));
    fs__walk_release(&w);
    return err;
}

int fs_chdir(struct fs_ctx *ctx, const char *path)
{
    return dir_set(ctx, &ctx->cwd, path);
}

int fs_chroot(struct fs_ctx *ctx, const char *path)
{
    return ctx->uid ? -EPERM : dir_set(ctx, &ctx->root, path);
}

int fs_fchdir(struct fs_ctx *ctx, struct file *dir)
{
    struct dentry *d = fs__file_dentry(dir);
    int err = d && vnode_is(d->vnode, S_IFDIR) ? 0 : -ENOTDIR;
    if (!err)
        err = fs__vnode_permission(ctx, d->vnode, 1);
    if (!err)
        path_replace(&ctx->cwd, fs__dentry_ref(d));
    fs__dentry_unref(d);
    return err;
}

ssize_t fs_getcwd(struct fs_ctx *ctx, char *buf, size_t size)
{
    fs__ns_read_lock();
    struct dentry *d = fs__dentry_ref(ctx->cwd.dentry);
    struct dentry *root = fs__dentry_ref(ctx->root.dentry);
    fs__ns_read_unlock();
    ssize_t n = -ENOENT;
    if (d->flags & DENTRY_LINKED || d->parent == d)
        n = fs__dentry_path(d, root, buf, size);
    fs__dentry_unref(d);
    fs__dentry_unref(root);
    return n < 0 ? n : n + 1;
}

int fs_file_path(struct file *f, char *buf, size_t size)
{
    struct dentry *d = fs__file_dentry(f);
    if (!d) {
        if (f->ops->name && !f->vnode)
            return f->ops->name(f, buf, size);
        return -ENOENT;
    }
    ssize_t n = fs__dentry_path(d, NULL, buf, size);
    if (n >= 0 && !(d->flags & DENTRY_LINKED) && d->parent != d)
        strlcpy(buf + n, " (deleted)", size - (size_t)n);
    fs__dentry_unref(d);
    return n < 0 ? (int)n : 0;
}

/* ---------------- statfs ---------------- */

static void statfs_fill(struct super *sb, struct kstatfs *out)
{
    memset(out, 0, sizeof(*out));
    out->type = sb->magic;
    out->bsize = PAGE_SIZE;
    out->namelen = NAME_MAX;
    out->flags = sb->flags & SUPER_READ_ONLY ? 1 : 0;
    if (!sb->pages_max)
        return;
    uint64_t used = MIN(sb->pages_used, sb->pages_max);
    struct mm_stats stats;
    mm_stats_get(&stats);
    out->blocks = sb->pages_max;
    out->bfree = MIN(sb->pages_max - used, stats.free + stats.cached);
    out->bavail = out->bfree;
    out->files = sb->pages_max * 4;
    out->ffree = out->files - MIN(out->files, sb->vnodes);
}

int fs_statfs(struct fs_ctx *ctx, const char *path, struct kstatfs *out)
{
    struct walk w;
    int err = fs__walk(&w, ctx, NULL, path, FS_FOLLOW);
    if (!err && !w.d)
        err = fs_fstatfs(w.file, out);
    else if (!err)
        statfs_fill(w.d->vnode->sb, out);
    fs__walk_release(&w);
    return err;
}

int fs_fstatfs(struct file *f, struct kstatfs *out)
{
    struct vnode *v = f->vnode;
    if (!v) {
        memset(out, 0, sizeof(*out));
        out->bsize = PAGE_SIZE;
        out->namelen = NAME_MAX;
        return 0;
    }
    statfs_fill(v->sb, out);
    return 0;
}

int fs_sync_all(void)
{
    return 0;                   /* nothing of ours outlives the machine */
}
