/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open: from a path to a struct file. Of a file that is there it costs one
 * walk, one allocation and one reference.
 */
#include "fs_priv.h"

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static unsigned access_mask(uint32_t flags)
{
    static const uint8_t masks[] = { 4, 2, 6, 6 };
    return masks[flags & O_ACCMODE];
}

static struct file *open_fifo(struct vnode *v, uint32_t flags)
{
    struct file *f = fifo_open(&v->fifo, &v->lock, flags);
    if (!IS_ERR(f))
        f->vnode = fs__vnode_ref(v);    /* dropped by fs__file_put_vnode */
    return f;
}

static struct file *open_device(struct vnode *v, struct dentry *d,
                                uint32_t flags)
{
    struct vnode *dev = fs__devfs_find(v->mode & S_IFMT, v->rdev);
    if (!dev)
        return ERR_PTR(-ENXIO);
    struct file *f = dev->ops->open(dev, d, flags);
    if (!IS_ERR(f) && !f->vnode)
        f->vnode = fs__vnode_ref(dev);
    return f;
}

struct file *fs__open_vnode(struct fs_ctx *ctx, struct dentry *d,
                            uint32_t flags)
{
    struct vnode *v = d->vnode;
    const struct file_ops *ops = &fs__reg_ops;
    (void)ctx;
    if (flags & O_PATH) {
        ops = &fs__path_ops;
    } else if (v->ops->open) {
        return v->ops->open(v, d, flags);
    } else {
        switch (v->mode & S_IFMT) {
        case S_IFREG:
            break;
        case S_IFDIR:
            ops = &fs__dir_ops;
            break;
        case S_IFIFO:
            return open_fifo(v, flags);
        case S_IFCHR: case S_IFBLK:
            return open_device(v, d, flags);
        default:
            return ERR_PTR(-ENXIO);
        }
    }
    struct file *f = file_create(ops, d, flags);
    if (!f)
        return ERR_PTR(-ENOMEM);
    f->vnode = v;
    fs__dentry_ref(d);
    fs__notify(d, IN_OPEN);
    return f;
}

/* May this be opened so? In Linux's order. */
static int open_check(struct fs_ctx *ctx, struct dentry *d, uint32_t flags)
{
    struct vnode *v = d->vnode;
    bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
    if (vnode_is(v, S_IFLNK))
        return flags & O_PATH && !(flags & O_DIRECTORY) ? 0
             : flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
    if (flags & O_DIRECTORY && !vnode_is(v, S_IFDIR))
        return -ENOTDIR;
    if (flags & O_PATH)
        return 0;
    if (vnode_is(v, S_IFDIR) && (writes || flags & O_CREAT))
        return -EISDIR;
    int err = fs__vnode_permission(ctx, v, access_mask(flags) |
                                   (flags & O_TRUNC ? 2 : 0));
    if (!err && writes && vnode_is(v, S_IFREG))
        err = fs__may_write(v->sb);
    if (!err && flags & O_NOATIME && ctx->uid && ctx->uid != v->uid)
        err = -EPERM;
    return err;
}

static struct file *open_existing(struct fs_ctx *ctx, struct dentry *d,
                                  uint32_t flags)
{
    int err = open_check(ctx, d, flags);
    if (err)
        return ERR_PTR(err);
    if (flags & O_TRUNC && vnode_is(d->vnode, S_IFREG) &&
        !(flags & O_PATH) && !d->vnode->ops->open) {
        err = d->vnode->size ? fs__data_truncate(d->vnode, 0) : 0;
        if (err)
            return ERR_PTR(err);
        fs__notify(d, IN_MODIFY);
    }
    return fs__open_vnode(ctx, d, flags & ~(O_CREAT | O_EXCL | O_TRUNC |
                                            O_NOCTTY | O_CLOEXEC));
}

struct vnode *fs__create_vnode(struct fs_ctx *ctx, struct vnode *dir,
                               uint32_t mode, uint64_t rdev)
{
    struct super *sb = dir->sb;
    int err = fs__may_write(sb);
    if (err)
        return ERR_PTR(err);
    if (sb->flags & SUPER_NO_CREATE)
        return ERR_PTR(-EPERM);
    if (!vnode_is(dir, S_IFDIR))
        return ERR_PTR(-ENOTDIR);
    if (sb->pages_max && sb->pages_used >= sb->pages_max)
        return ERR_PTR(-ENOSPC);
    const struct vnode_ops *ops = S_IFDIR == (mode & S_IFMT)
                                ? &fs__tmpfs_ops : dir->sb->root->vnode->ops;
    struct vnode *v = fs__vnode_create(sb, ops, mode, 0);
    if (!v)
        return ERR_PTR(-ENOSPC);
    v->uid = ctx->uid;
    v->gid = dir->mode & S_ISGID ? dir->gid : ctx->gid;
    if (vnode_is(v, S_IFDIR))
        v->mode |= dir->mode & S_ISGID;
    v->rdev = rdev;
    if (vnode_is(v, S_IFREG) && fs__data_init(v)) {
        fs__vnode_unref(v);
        return ERR_PTR(-ENOMEM);
    }
    return v;
}

/* The last name was absent: makes the file, unless another was faster
 * (-EEXIST). */
static struct file *open_create(struct fs_ctx *ctx, struct walk *w,
                                uint32_t flags, uint32_t mode)
{
    struct dentry *dir = w->parent, *d = NULL;
    if (w->trailing)
        return ERR_PTR(-EISDIR);
    int err = fs__vnode_permission(ctx, dir->vnode, 3);
    if (err)
        return ERR_PTR(err);
    uint32_t bits = mode & 07777 & ~ctx->umask;
    struct vnode *v = fs__create_vnode(ctx, dir->vnode, S_IFREG | bits, 0);
    if (IS_ERR(v))
        return ERR_PTR(PTR_ERR(v));
    mutex_lock(&dir->vnode->sb->names);
    err = fs__names_add(dir, w->name, w->len, v, &d);
    mutex_unlock(&dir->vnode->sb->names);
    if (err)
        return ERR_PTR(err);
    fs__notify_name(dir, w->name, w->len, IN_CREATE, 0);
    struct file *f = fs__open_vnode(ctx, d, flags & ~(O_CREAT | O_EXCL |
                                    O_TRUNC | O_NOCTTY | O_CLOEXEC));
    fs__dentry_unref(d);
    return f;
}

static struct file *open_tmpfile(struct fs_ctx *ctx, struct dentry *dir,
                                 uint32_t flags, uint32_t mode)
{
    if (!vnode_is(dir->vnode, S_IFDIR))
        return ERR_PTR(-ENOTDIR);
    int err = fs__vnode_permission(ctx, dir->vnode, 3);
    if (err)
        return ERR_PTR(err);
    struct vnode *v = fs__create_vnode(ctx, dir->vnode, S_IFREG |
                                       (mode & 07777 & ~ctx->umask), 0);
    if (IS_ERR(v))
        return ERR_PTR(PTR_ERR(v));
    v->nlink = 0;
    char name[24];
    int n = scnprintf(name, sizeof(name), "#%llu", (unsigned long long)v->ino);
    struct dentry *d = fs__dentry_create(dir, name, (size_t)n);
    if (!d) {
        fs__vnode_unref(v);
        return ERR_PTR(-ENOMEM);
    }
    d->vnode = v;
    struct file *f = fs__open_vnode(ctx, d, flags & ~(O_TMPFILE | O_EXCL |
                                                      O_CLOEXEC));
    fs__dentry_unref(d);
    return f;
}

static struct file *open_walked(struct fs_ctx *ctx, struct walk *w,
                                uint32_t flags, uint32_t mode)
{
    if (w->file)
        return file_ref(w->file);
    if ((flags & TMPFILE_BIT) && !(flags & O_PATH))
        return open_tmpfile(ctx, w->d, flags, mode);
    if (!w->d)
        return open_create(ctx, w, flags, mode);
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return ERR_PTR(-EEXIST);
    return open_existing(ctx, w->d, flags);
}

struct file *fs_open(struct fs_ctx *ctx, struct file *at, const char *path,
                     uint32_t flags, uint32_t mode)
{
    struct walk w;
    unsigned how = 0;
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (flags & TMPFILE_BIT) {
        if ((flags & O_TMPFILE) != O_TMPFILE ||
            (flags & O_ACCMODE) == O_RDONLY)
            return ERR_PTR(-EINVAL);
        flags &= ~O_CREAT;
    }
    if (flags & O_CREAT && flags & O_DIRECTORY)
        return ERR_PTR(-EINVAL);
    if (!(flags & O_NOFOLLOW) &&
        (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        how |= FS_FOLLOW;
    if (flags & O_CREAT)
        how |= WALK_CREATE;
    for (;;) {
        int err = fs__walk(&w, ctx, at, path, how);
        struct file *f = err ? ERR_PTR(err)
                             : open_walked(ctx, &w, flags, mode);
        bool raced = IS_ERR(f) && PTR_ERR(f) == -EEXIST &&
                     !(flags & O_EXCL);
        fs__walk_release(&w);
        if (!raced)
            return f;
    }
}
