/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path walk. Iterative: a symlink pushes what is left of the path and goes on
 * in its text. While every name is known, the whole walk runs under one
 * reading of the ns lock, with no reference but the last one. When something
 * must block (the source of a directory, a text to make), the walk takes a
 * reference on where it stands (`held`), lets go of ns, and goes on from
 * there.
 */
#include "fs_priv.h"

/* The dentry that an open file of ours holds, or NULL. */
static struct dentry *own_dentry(struct file *f)
{
    if (f->ops == &fs__reg_ops || f->ops == &fs__dir_ops ||
        f->ops == &fs__path_ops)
        return f->private;
    if (f->ops == &fs__proc_file_ops)
        return fs__proc_file_dentry(f);
    return NULL;
}

struct dentry *fs__file_dentry(struct file *f)
{
    if (!f || !f->vnode)
        return NULL;
    struct dentry *d = own_dentry(f);
    if (d)
        return fs__dentry_ref(d);
    fs__ns_read_lock();
    d = fs__vnode_name(f->vnode);
    fs__ns_read_unlock();
    return d;
}

/* Leaves ns so that the walk may block; d stays valid. */
static void walk_pause(struct walk *w, struct dentry *d)
{
    struct dentry *old = w->held;
    if (old != d) {
        w->held = fs__dentry_ref(d);
        fs__ns_read_unlock();
        fs__dentry_unref(old);
    } else {
        fs__ns_read_unlock();
    }
}

/* Goes on from d, whose reference is taken over. */
static void walk_resume(struct walk *w, struct dentry *d)
{
    struct dentry *old = w->held;
    w->held = d;
    if (old != d)
        fs__dentry_unref(old);
    fs__ns_read_lock();
}

static struct dentry *cross_down(struct dentry *d)
{
    while (unlikely(d->mounted))
        d = d->mounted->root;
    return d;
}

static struct dentry *walk_up(struct walk *w, struct dentry *d)
{
    while (d != w->root && d->parent == d) {
        struct mount *m = d->vnode->sb->mount;
        if (!m || !m->at)
            return d;
        d = m->at;
    }
    if (d == w->root)
        return d;
    return cross_down(d->parent);
}

/* Finds one name. ns held before and after, even on failure; may let go of it
 * between. *out: the child (not referenced, but valid while ns or held is),
 * NULL when absent. */
static int walk_step(struct walk *w, struct dentry *dir, const char *name,
                     size_t len, uint32_t hash, struct dentry **out)
{
    struct dentry *d = fs__dentry_find(dir, hash, name, len);
    if (likely(d && d->vnode)) {
        *out = d;
        return 0;
    }
    struct vnode *v = dir->vnode;
    *out = NULL;
    if (!(d && d->flags & DENTRY_STUB) &&
        (d || v->flags & VNODE_COMPLETE || !v->ops->lookup))
        return 0;
    walk_pause(w, dir);
    d = fs__dentry_get(dir, name, len);
    if (IS_ERR(d) || !d) {
        fs__ns_read_lock();
        return d ? (int)PTR_ERR(d) : 0;
    }
    /* d's parent reference keeps dir valid; held moves to the child. */
    walk_resume(w, d);
    *out = d;
    return 0;
}

/* The text of link v, kept in w->link until release. ns not held. */
static const char *link_text(struct walk *w, struct vnode *v)
{
    struct walk_link *l = &w->link[w->links++];
    l->vnode = v;
    l->text = NULL;
    if (v->target)
        return v->target;
    char *text = v->ops->readlink ? v->ops->readlink(v) : ERR_PTR(-EINVAL);
    if (!IS_ERR(text))
        l->text = text;
    return text;
}

/* Stands on symlink d inside *dir: goes on in its text, or jumps. ns held
 * before and after. Sets *dir to where the walk goes on. */
static int walk_link(struct walk *w, struct dentry **dir, struct dentry *d,
                     bool last)
{
    struct vnode *v = d->vnode;
    if (w->links >= SYMLINKS_MAX)
        return -ELOOP;
    fs__vnode_ref(v);
    walk_pause(w, *dir);
    struct dentry *to = NULL;
    if (v->ops->jump) {
        int err = v->ops->jump(v, &to, last ? &w->file : NULL);
        fs__vnode_unref(v);
        if (err || w->file) {
            fs__ns_read_lock();
            return err;
        }
        walk_resume(w, to);
        *dir = to;
        return 0;
    }
    const char *text = link_text(w, v);
    fs__ns_read_lock();
    if (IS_ERR(text))
        return (int)PTR_ERR(text);
    if (!*text)
        return -ENOENT;
    if (!last)
        w->rest[w->depth++] = w->p;
    w->p = text;
    if (*text == '/')
        *dir = cross_down(w->root);
    return 0;
}

static const char *skip_slashes(const char *p)
{
    while (*p == '/')
        p++;
    return p;
}

/* Reads the next component of w->p into w->name/len/hash. False: the end. */
static bool next_name(struct walk *w)
{
    const char *p = skip_slashes(w->p);
    while (!*p && w->depth) {
        p = skip_slashes(w->rest[--w->depth]);
    }
    w->name = p;
    uint32_t h = 2166136261u;
    for (; *p && *p != '/'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    w->len = (size_t)(p - w->name);
    w->hash = h;
    w->p = p;
    return w->len > 0;
}

static bool at_last(struct walk *w)
{
    const char *p = skip_slashes(w->p);
    if (*p || w->depth)
        return false;
    if (p != w->p)
        w->trailing = true;
    return true;
}

static bool name_is_dots(const struct walk *w)
{
    return w->name[0] == '.' &&
           (w->len == 1 || (w->len == 2 && w->name[1] == '.'));
}

/* What the last name came to, under ns. */
static int walk_end(struct walk *w, struct dentry *d)
{
    if ((w->trailing || w->flags & FS_DIRECTORY) &&
        !vnode_is(d->vnode, S_IFDIR))
        return -ENOTDIR;
    w->d = fs__dentry_ref(d);
    return 0;
}

static int walk_parent_end(struct walk *w, struct dentry *dir)
{
    w->parent = fs__dentry_ref(dir);
    return 0;
}

/* The loop, under ns, from d on. */
static int walk_names(struct walk *w, struct dentry *d)
{
    while (next_name(w)) {
        struct vnode *v = d->vnode;
        if (!vnode_is(v, S_IFDIR))
            return -ENOTDIR;
        if (w->ctx->uid && fs__vnode_permission(w->ctx, v, 1))
            return -EACCES;
        if (w->len > NAME_MAX)
            return -ENAMETOOLONG;
        bool last = at_last(w);
        if (last && w->flags & WALK_PARENT)
            return walk_parent_end(w, d);
        if (unlikely(name_is_dots(w))) {
            if (w->len == 2)
                d = walk_up(w, d);
            continue;
        }
        if (last && w->trailing && w->flags & WALK_CREATE)
            return -EISDIR;
        struct dentry *child;
        int err = walk_step(w, d, w->name, w->len, w->hash, &child);
        if (err)
            return err;
        if (!child) {
            if (last && w->flags & WALK_CREATE)
                return walk_parent_end(w, d);
            return -ENOENT;
        }
        child = cross_down(child);
        if (unlikely(vnode_is(child->vnode, S_IFLNK)) &&
            (!last || w->flags & FS_FOLLOW || w->trailing)) {
            err = walk_link(w, &d, child, last);
            if (err || w->file)
                return err;
            continue;
        }
        d = child;
    }
    if (w->flags & WALK_PARENT)
        return walk_parent_end(w, d);   /* "/": len is 0 */
    return walk_end(w, d);
}

int fs__walk(struct walk *w, struct fs_ctx *ctx, struct file *at,
             const char *path, unsigned flags)
{
    w->ctx = ctx;
    w->d = w->parent = w->held = NULL;
    w->file = NULL;
    w->flags = flags;
    w->depth = w->links = 0;
    w->trailing = false;
    w->p = path;
    if (!*path && !(flags & FS_EMPTY))
        return -ENOENT;
    fs__ns_read_lock();
    w->root = ctx->root.dentry;
    struct dentry *d = cross_down(w->root);
    int err = 0;
    if (*path != '/') {
        if (!at)
            d = ctx->cwd.dentry;
        else if (!at->vnode)
            d = NULL;
        else if (!(d = own_dentry(at)))
            d = w->held = fs__vnode_name(at->vnode);
        if (!d)
            err = -ENOTDIR;
        else if (*path && !vnode_is(d->vnode, S_IFDIR))
            err = -ENOTDIR;
    }
    if (!err)
        err = walk_names(w, d);
    fs__ns_read_unlock();
    if (unlikely(w->held)) {
        fs__dentry_unref(w->held);
        w->held = NULL;
    }
    return err;
}

void fs__walk_release(struct walk *w)
{
    for (unsigned i = 0; i < w->links; i++) {
        fs__vnode_unref(w->link[i].vnode);
        kfree(w->link[i].text);
    }
    w->links = 0;
    if (w->file)
        file_unref(w->file);
    fs__dentry_unref(w->d);
    fs__dentry_unref(w->parent);
}
