/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes of files in memory (tmpfs, the overlay): a short list
 * at the vnode, guarded by its lock. Names of "user." are for regular files
 * and folders, "trusted." and "security." for anything; there are no ACLs.
 */
#include "fs_priv.h"

struct xattr {
    struct xattr *next;         /* [vnode.lock] */
    size_t size;
    char *value;                /* after the name */
    char name[];
};

enum space { SPACE_NONE, SPACE_USER, SPACE_TRUSTED, SPACE_SECURITY,
             SPACE_ACL };

static enum space space_of(const char *name)
{
    static const char *const prefixes[] = {
        [SPACE_USER] = "user.", [SPACE_TRUSTED] = "trusted.",
        [SPACE_SECURITY] = "security.", [SPACE_ACL] = "system.posix_acl_",
    };

    for (unsigned i = SPACE_USER; i < ARRAY_LEN(prefixes); i++) {
        if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
            return i;
    }
    return SPACE_NONE;
}

/* May this attribute be there? 0 or -Exxx, for a change as Linux says it. */
static int check(const struct fs_ctx *ctx, const struct vnode *v,
                 const char *name, bool change)
{
    enum space s = space_of(name);

    if (s == SPACE_NONE || (v && !v->sb->pages_max))
        return -EOPNOTSUPP;
    if (s == SPACE_ACL)
        return change ? -EOPNOTSUPP : -ENODATA;
    if (s == SPACE_USER && (!v || !(vnode_is(v, S_IFREG) ||
                                    vnode_is(v, S_IFDIR))))
        return change ? -EPERM : -ENODATA;
    if (s == SPACE_TRUSTED && ctx->uid)
        return change ? -EPERM : -ENODATA;
    if (!v)
        return change ? -EOPNOTSUPP : -ENODATA;
    if (s == SPACE_USER && fs__vnode_permission(ctx, v, change ? 2 : 4))
        return -EACCES;
    if (!strchr(name, '.')[1])
        return -EINVAL;
    return change ? fs__may_write(v->sb) : 0;
}

static struct xattr **find(struct vnode *v, const char *name)
{
    struct xattr **at = &v->xattrs;

    while (*at && strcmp((*at)->name, name))
        at = &(*at)->next;
    return at;
}

static size_t bytes_of(const struct vnode *v)
{
    size_t n = 0;

    for (const struct xattr *x = v->xattrs; x; x = x->next)
        n += strlen(x->name) + 1 + x->size;
    return n;
}

/* new NULL removes. Frees what is replaced. */
static int set_locked(struct vnode *v, const char *name, struct xattr *new_,
                      unsigned flags)
{
    struct xattr **at = find(v, name), *old = *at;

    if (old && (flags & FS_XATTR_CREATE))
        return -EEXIST;
    if (!old && (flags & FS_XATTR_REPLACE))
        return -ENODATA;
    if (new_ && bytes_of(v) + strlen(name) + 1 + new_->size > XATTR_BYTES_MAX)
        return -ENOSPC;
    if (old) {
        *at = old->next;
        kfree(old);
    }
    if (new_) {
        at = find(v, name);
        new_->next = NULL;
        *at = new_;
    }
    v->ctime = (int64_t)clock_realtime();
    return 0;
}

int fs_xattr_set(struct fs_ctx *ctx, struct file *file, const char *path,
                 unsigned walk, const struct fs_xattr *x)
{
    struct xattr *new_ = NULL;
    struct walk w;
    int err = fs__place_find(&w, ctx, file, path, walk);

    if (!err)
        err = check(ctx, w.d ? w.d->vnode : NULL, x->name, true);
    if (!err && x->value) {
        size_t len = strlen(x->name) + 1;

        new_ = kmalloc(sizeof(*new_) + len + x->size);
        if (!new_)
            err = -ENOMEM;
        else {
            memcpy(new_->name, x->name, len);
            new_->value = new_->name + len;
            new_->size = x->size;
            memcpy(new_->value, x->value, x->size);
        }
    }
    if (!err) {
        struct vnode *v = w.d->vnode;

        mutex_lock(&v->lock);
        err = set_locked(v, x->name, new_, x->flags);
        mutex_unlock(&v->lock);
        if (err)
            kfree(new_);
        else
            fs__notify(w.d, IN_ATTRIB);
    }
    fs__walk_release(&w);
    return err;
}

ssize_t fs_xattr_get(struct fs_ctx *ctx, struct file *file, const char *path,
                     unsigned walk, const char *name, void *buf, size_t size)
{
    struct walk w;
    ssize_t n = fs__place_find(&w, ctx, file, path, walk);

    if (!n)
        n = check(ctx, w.d ? w.d->vnode : NULL, name, false);
    if (!n) {
        struct vnode *v = w.d->vnode;
        struct xattr *x;

        mutex_lock(&v->lock);
        x = *find(v, name);
        n = !x ? -ENODATA : size && x->size > size ? -ERANGE :
            (ssize_t)x->size;
        if (n > 0 && size)
            memcpy(buf, x->value, x->size);
        mutex_unlock(&v->lock);
    }
    fs__walk_release(&w);
    return n;
}

static ssize_t list_locked(const struct fs_ctx *ctx, struct vnode *v,
                           char *buf, size_t size)
{
    size_t done = 0;

    for (struct xattr *x = v->xattrs; x; x = x->next) {
        size_t len = strlen(x->name) + 1;

        if (ctx->uid && space_of(x->name) == SPACE_TRUSTED)
            continue;
        if (size && done + len > size)
            return -ERANGE;
        if (size)
            memcpy(buf + done, x->name, len);
        done += len;
    }
    return (ssize_t)done;
}

ssize_t fs_xattr_list(struct fs_ctx *ctx, struct file *file, const char *path,
                      unsigned walk, char *buf, size_t size)
{
    struct walk w;
    ssize_t n = fs__place_find(&w, ctx, file, path, walk);

    if (!n && w.d) {
        struct vnode *v = w.d->vnode;

        mutex_lock(&v->lock);
        n = list_locked(ctx, v, buf, size);
        mutex_unlock(&v->lock);
    }
    fs__walk_release(&w);
    return n;
}

void fs__xattrs_free(struct vnode *v)
{
    struct xattr *x;

    while ((x = v->xattrs)) {
        v->xattrs = x->next;
        kfree(x);
    }
}
