/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vnodes and supers: their life, and what all file systems have in common of
 * stat and permissions.
 */
#include "fs_priv.h"
#include "erofs_priv.h"

static uint64_t next_dev = MKDEV(0, 16);    /* [a] */

static bool no_room(const struct super *sb)
{
    return sb->pages_max && sb->vnodes > sb->pages_max * 4;
}

struct vnode *fs__vnode_create(struct super *sb, const struct vnode_ops *ops,
                               uint32_t mode, uint64_t ino)
{
    if (no_room(sb))
        return NULL;
    struct vnode *v = kzalloc(sizeof(*v));
    if (!v)
        return NULL;
    v->ops = ops;
    v->sb = sb;
    v->refs = 1;
    v->mode = mode;
    v->nlink = vnode_is(v, S_IFDIR) ? 2 : 1;
    v->ino = ino ? ino : __atomic_add_fetch(&sb->next_ino, 1,
                                            __ATOMIC_RELAXED);
    v->atime = v->mtime = v->ctime = v->btime = (int64_t)clock_realtime();
    mutex_init(&v->lock);
    tree_init(&v->children, NULL);
    v->next_cookie = 2;
    list_init(&v->watches);
    __atomic_fetch_add(&sb->vnodes, 1, __ATOMIC_RELAXED);
    return v;
}

struct vnode *fs__vnode_ref(struct vnode *v)
{
    __atomic_fetch_add(&v->refs, 1, __ATOMIC_RELAXED);
    return v;
}

void fs__vnode_unref(struct vnode *v)
{
    if (__atomic_sub_fetch(&v->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    fs__watches_drop(v);
    fs__locks_free(v);
    fs__xattrs_free(v);
    if (v->ops->free)
        v->ops->free(v);
    fs__data_release(v);
    fifo_release(v->fifo);
    if (v->lower)
        erofs_inode_put(v->lower);
    kfree(v->target);
    __atomic_fetch_sub(&v->sb->vnodes, 1, __ATOMIC_RELAXED);
    kfree(v);
}

void fs__vnode_stat(struct vnode *v, struct kstat *st)
{
    memset(st, 0, sizeof(*st));
    st->dev = v->sb->dev;
    st->ino = v->ino;
    st->rdev = v->rdev;
    st->mode = v->mode;
    st->nlink = v->nlink;
    st->uid = v->uid;
    st->gid = v->gid;
    st->blksize = PAGE_SIZE;
    st->size = __atomic_load_n(&v->size, __ATOMIC_ACQUIRE);
    if (vnode_is(v, S_IFLNK) && v->target)
        st->size = strlen(v->target);
    if (v->pc && v->pc->store)
        st->blocks = v->pc->nr_pages * (PAGE_SIZE / 512);
    else if (v->lower)
        st->blocks = (st->size + 511) / 512;
    st->atime = v->atime;
    st->mtime = v->mtime;
    st->ctime = v->ctime;
    st->btime = v->btime;
}

int fs__vnode_permission(const struct fs_ctx *ctx, const struct vnode *v,
                         unsigned mask)
{
    uint32_t mode = v->mode;
    if (ctx->uid == 0) {
        /* Only execution of a file without any x bit is refused. */
        if (mask & 1 && !vnode_is(v, S_IFDIR) && !(mode & 0111))
            return -EACCES;
        return 0;
    }
    unsigned shift = ctx->uid == v->uid ? 6 : ctx->gid == v->gid ? 3 : 0;
    return (mode >> shift & mask) == mask ? 0 : -EACCES;
}

void fs__vnode_touch(struct vnode *v)
{
    v->mtime = v->ctime = (int64_t)clock_realtime();
}

int fs__may_write(const struct super *sb)
{
    return sb->flags & SUPER_READ_ONLY ? -EROFS : 0;
}

struct super *fs__super_create(const char *type, const char *source,
                               uint64_t magic, const struct vnode_ops *ops,
                               uint32_t root_mode)
{
    struct super *sb = kzalloc(sizeof(*sb));
    if (!sb)
        return NULL;
    sb->type = type;
    strlcpy(sb->source, source, sizeof(sb->source));
    sb->magic = magic;
    sb->dev = __atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED);
    mutex_init(&sb->names);
    tree_init(&sb->shared, NULL);
    list_init(&sb->link);
    struct vnode *v = fs__vnode_create(sb, ops, S_IFDIR | root_mode, 0);
    sb->root = v ? fs__dentry_create(NULL, "", 0) : NULL;
    if (!sb->root) {
        if (v)
            fs__vnode_unref(v);
        kfree(sb);
        return NULL;
    }
    sb->root->vnode = v;
    v->alias = sb->root;
    return sb;
}

void fs__super_free(struct super *sb)
{
    ASSERT(!sb->mount);
    fs__dentry_unref(sb->root);
    kfree(sb);
}
