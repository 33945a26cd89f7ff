/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that change names: mkdir, rmdir, unlink, rename, link, symlink, mknod.
 * All of one file system's changes run under its `names` mutex; the links
 * themselves change under ns, in one step, so no walk sees half a rename.
 */
#include "fs_priv.h"

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u

/* Is dir still in the tree, so that names may be added? */
static bool dir_alive(const struct dentry *dir)
{
    return dir->flags & DENTRY_LINKED || dir->parent == dir;
}

int fs__names_add(struct dentry *dir, const char *name, size_t len,
                  struct vnode *v, struct dentry **out)
{
    struct dentry *there = fs__dentry_get(dir, name, len);
    int err = IS_ERR(there) ? (int)PTR_ERR(there) : there ? -EEXIST : 0;
    if (there && !IS_ERR(there))
        fs__dentry_unref(there);
    struct dentry *d = err ? NULL : fs__dentry_create(dir, name, len);
    if (!err && !d)
        err = -ENOMEM;
    if (!err && !dir_alive(dir))
        err = -ENOENT;
    if (err) {
        fs__dentry_unref(d);
        fs__vnode_unref(v);
        return err;
    }
    struct dentry *mine = d;
    fs__ns_write_lock();
    there = fs__dentry_find(dir, d->hash, name, len);
    if (there) {                /* kept as absent */
        d = fs__dentry_ref(there);
        fs__dentry_set_vnode(d, v);
    } else {
        d->vnode = v;
        v->alias = d;
        fs__dentry_link(d);
        mine = NULL;
    }
    if (vnode_is(v, S_IFDIR))
        dir->vnode->nlink++;
    fs__ns_write_unlock();
    fs__dentry_unref(mine);
    fs__vnode_touch(dir->vnode);
    if (out)
        *out = d;
    else
        fs__dentry_unref(d);
    return 0;
}

/* A source below would show the removed name again: an absent one stays. */
static bool needs_whiteout(const struct dentry *dir)
{
    const struct vnode *v = dir->vnode;
    return v->ops->lookup && !(v->flags & (VNODE_COMPLETE | VNODE_DYNAMIC));
}

static int whiteout_make(struct dentry *d, struct dentry **wh)
{
    *wh = NULL;
    if (!needs_whiteout(d->parent))
        return 0;
    *wh = fs__dentry_create(d->parent, d->name, d->len);
    return *wh ? 0 : -ENOMEM;
}

/* ns and names held; the tree's reference goes to the caller. */
static void name_take(struct dentry *d, struct dentry *wh)
{
    fs__dentry_unlink(d);
    if (wh)
        fs__dentry_link(wh);
    if (vnode_is(d->vnode, S_IFDIR))
        d->parent->vnode->nlink--;
}

/* Absent names that a removed directory kept hold it in memory. */
static void purge_absent(struct dentry *dir)
{
    for (;;) {
        fs__ns_write_lock();
        struct tree_node *n = tree_first(&dir->vnode->children);
        struct dentry *d = n ? tree_entry(n, struct dentry, node) : NULL;
        if (d)
            fs__dentry_unlink(d);
        fs__ns_write_unlock();
        if (!d)
            return;
        fs__dentry_unref(d);
    }
}

/* After the name is gone: counts links, tells watchers. */
static void vnode_lost_name(struct dentry *d)
{
    struct vnode *v = d->vnode;
    bool dir = vnode_is(v, S_IFDIR);
    v->nlink = dir ? 0 : v->nlink - (v->nlink > 0);
    v->ctime = (int64_t)clock_realtime();
    if (dir)
        purge_absent(d);
    fs__notify_name(d->parent, d->name, d->len,
                    IN_DELETE | (dir ? IN_ISDIR : 0), 0);
    if (!v->nlink)
        fs__watches_drop(v);
}

static int name_remove(struct dentry *d)
{
    struct dentry *wh;
    int err = whiteout_make(d, &wh);
    if (err)
        return err;
    fs__ns_write_lock();
    name_take(d, wh);
    fs__ns_write_unlock();
    fs__dentry_unref(wh);
    fs__vnode_touch(d->parent->vnode);
    vnode_lost_name(d);
    fs__dentry_unref(d);
    return 0;
}

/* The parent of path's last name. */
static int parent_walk(struct walk *w, struct fs_ctx *ctx, struct file *at,
                       const char *path)
{
    return fs__walk(w, ctx, at, path, WALK_PARENT);
}

/* 0: a plain name; 1 "."; 2 ".."; 3 "/". */
static int name_kind(const struct walk *w)
{
    if (!w->len)
        return 3;
    if (w->name[0] != '.' || w->len > 2 || (w->len == 2 && w->name[1] != '.'))
        return 0;
    return (int)w->len;
}

static int parent_check(struct fs_ctx *ctx, struct dentry *dir)
{
    int err = fs__vnode_permission(ctx, dir->vnode, 3);
    if (!err)
        err = fs__may_write(dir->vnode->sb);
    return err;
}

/* May ctx remove this name of dir (sticky folders)? */
static int sticky_check(struct fs_ctx *ctx, struct dentry *dir,
                        struct dentry *d)
{
    if (!ctx->uid || !(dir->vnode->mode & S_ISVTX) ||
        ctx->uid == dir->vnode->uid || ctx->uid == d->vnode->uid)
        return 0;
    return -EPERM;
}

/* ---------------- making ---------------- */

/* May w's last name be made? In Linux's order. */
static int place_check(struct fs_ctx *ctx, struct walk *w, bool dir)
{
    if (name_kind(w))
        return -EEXIST;
    struct dentry *there = fs__dentry_get(w->parent, w->name, w->len);
    if (IS_ERR(there))
        return (int)PTR_ERR(there);
    fs__dentry_unref(there);
    if (there)
        return -EEXIST;
    return w->trailing && !dir ? -ENOENT : parent_check(ctx, w->parent);
}

/* Makes a node of any type; target for symlinks. */
static int node_make(struct fs_ctx *ctx, struct file *at, const char *path,
                     uint32_t mode, uint64_t rdev, const char *target,
                     struct dentry **out)
{
    struct walk w;
    bool dir = (mode & S_IFMT) == S_IFDIR;
    int err = parent_walk(&w, ctx, at, path);
    if (!err)
        err = place_check(ctx, &w, dir);
    if (err)
        goto out;
    struct vnode *v = fs__create_vnode(ctx, w.parent->vnode, mode, rdev);
    err = IS_ERR(v) ? (int)PTR_ERR(v) : 0;
    if (!err && target && !(v->target = kstrdup(target))) {
        fs__vnode_unref(v);
        err = -ENOMEM;
    }
    if (err)
        goto out;
    struct super *sb = w.parent->vnode->sb;
    mutex_lock(&sb->names);
    err = fs__names_add(w.parent, w.name, w.len, v, out);
    mutex_unlock(&sb->names);
    if (!err)
        fs__notify_name(w.parent, w.name, w.len,
                        IN_CREATE | (dir ? IN_ISDIR : 0), 0);
out:
    fs__walk_release(&w);
    return err;
}

int fs_mkdir(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t mode)
{
    uint32_t bits = mode & 01777 & ~ctx->umask;
    return node_make(ctx, at, path, S_IFDIR | bits, 0, NULL, NULL);
}

int fs_symlink(struct fs_ctx *ctx, const char *target, struct file *at,
               const char *path)
{
    if (!*target)
        return -ENOENT;
    return node_make(ctx, at, path, S_IFLNK | 0777, 0, target, NULL);
}

int fs_mknod(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t mode, uint64_t rdev)
{
    uint32_t type = mode & S_IFMT, bits = mode & 07777 & ~ctx->umask;
    switch (type ? type : S_IFREG) {
    case S_IFREG: case S_IFIFO: case S_IFSOCK:
        rdev = 0;
        break;
    case S_IFCHR: case S_IFBLK:
        if (ctx->uid)
            return -EPERM;
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return node_make(ctx, at, path, (type ? type : S_IFREG) | bits, rdev,
                     NULL, NULL);
}

int fs_socket_make(struct fs_ctx *ctx, const char *path, uint32_t mode,
                   struct fs_key *key)
{
    struct dentry *d = NULL;
    uint32_t bits = mode & 0777 & ~ctx->umask;
    int err = node_make(ctx, NULL, path, S_IFSOCK | bits, 0, NULL, &d);
    if (err)
        return err == -EEXIST ? -EADDRINUSE : err;
    key->dev = d->vnode->sb->dev;
    key->ino = d->vnode->ino;
    fs__dentry_unref(d);
    return 0;
}

int fs_socket_find(struct fs_ctx *ctx, const char *path, struct fs_key *key)
{
    struct walk w;
    int err = fs__walk(&w, ctx, NULL, path, FS_FOLLOW);
    if (!err && (!w.d || !vnode_is(w.d->vnode, S_IFSOCK)))
        err = -ECONNREFUSED;
    if (!err)
        err = fs__vnode_permission(ctx, w.d->vnode, 2);
    if (!err) {
        key->dev = w.d->vnode->sb->dev;
        key->ino = w.d->vnode->ino;
    }
    fs__walk_release(&w);
    return err;
}

int fs_link(struct fs_ctx *ctx, struct file *from_at, const char *from,
            struct file *to_at, const char *to, unsigned walk)
{
    struct walk w, src;
    int err = fs__walk(&src, ctx, from_at, from, walk);
    if (err || !src.d) {
        fs__walk_release(&src);
        return err ? err : -EXDEV;
    }
    err = parent_walk(&w, ctx, to_at, to);
    struct vnode *v = src.d->vnode;
    if (err)
        goto out;
    struct super *sb = w.parent->vnode->sb;
    err = place_check(ctx, &w, false);
    if (!err)
        err = v->sb != sb ? -EXDEV : vnode_is(v, S_IFDIR) ? -EPERM : 0;
    if (err)
        goto out;
    mutex_lock(&sb->names);
    fs__vnode_ref(v);
    err = fs__names_add(w.parent, w.name, w.len, v, NULL);
    if (!err) {
        v->nlink++;
        v->ctime = (int64_t)clock_realtime();
    }
    mutex_unlock(&sb->names);
    if (!err)
        fs__notify_name(w.parent, w.name, w.len, IN_CREATE, 0);
out:
    fs__walk_release(&w);
    fs__walk_release(&src);
    return err;
}

/* ---------------- removing ---------------- */

static int dir_removable(struct dentry *d)
{
    if (!vnode_is(d->vnode, S_IFDIR))
        return -ENOTDIR;
    if (d->mounted)
        return -EBUSY;
    int err = fs__dentry_populate(d);
    if (err)
        return err;
    return fs__dentry_empty(d) ? 0 : -ENOTEMPTY;
}

static int file_removable(struct walk *w, struct dentry *d)
{
    if (vnode_is(d->vnode, S_IFDIR))
        return -EISDIR;
    return w->trailing ? -ENOTDIR : 0;
}

static int remove_call(struct fs_ctx *ctx, struct walk *w, bool dir)
{
    struct super *sb = w->parent->vnode->sb;
    mutex_lock(&sb->names);
    struct dentry *d = fs__dentry_get(w->parent, w->name, w->len);
    int err = IS_ERR(d) ? (int)PTR_ERR(d) : d ? 0 : -ENOENT;
    if (!err) {
        err = parent_check(ctx, w->parent);
        if (!err && sb->flags & SUPER_NO_CREATE)
            err = -EPERM;
        if (!err)
            err = sticky_check(ctx, w->parent, d);
        if (!err)
            err = dir ? dir_removable(d) : file_removable(w, d);
        if (!err)
            err = name_remove(d);
        fs__dentry_unref(d);
    }
    mutex_unlock(&sb->names);
    return err;
}

int fs_rmdir(struct fs_ctx *ctx, struct file *at, const char *path)
{
    static const int by_kind[] = { 0, -EINVAL, -ENOTEMPTY, -EBUSY };
    struct walk w;
    int err = parent_walk(&w, ctx, at, path);
    if (!err)
        err = by_kind[name_kind(&w)];
    if (!err)
        err = remove_call(ctx, &w, true);
    fs__walk_release(&w);
    return err;
}

int fs_unlink(struct fs_ctx *ctx, struct file *at, const char *path)
{
    struct walk w;
    int err = parent_walk(&w, ctx, at, path);
    if (!err && name_kind(&w))
        err = -EISDIR;
    if (!err)
        err = remove_call(ctx, &w, false);
    fs__walk_release(&w);
    return err;
}

/* ---------------- renaming ---------------- */

/* Exchanges the names and places of two dentries; both unlinked, ns held. */
static void places_swap(struct dentry *a, struct dentry *b)
{
    struct dentry t = *a;
    a->parent = b->parent;
    a->hash = b->hash;
    a->len = b->len;
    a->name = b->name == b->inline_name ? a->inline_name : b->name;
    memcpy(a->inline_name, b->inline_name, DENTRY_INLINE);
    b->parent = t.parent;
    b->hash = t.hash;
    b->len = t.len;
    b->name = t.name == a->inline_name ? b->inline_name : t.name;
    memcpy(b->inline_name, t.inline_name, DENTRY_INLINE);
}

static bool is_below(struct dentry *d, const struct dentry *top)
{
    while (d != top && d->parent != d)
        d = d->parent;
    return d == top;
}

/* May `from` take the place of `to` (NULL: a free one)? In Linux's order. */
static int rename_check(struct dentry *from, struct walk *wf,
                        struct dentry *to, struct walk *wt, unsigned flags)
{
    bool is_dir = vnode_is(from->vnode, S_IFDIR);
    bool exchange = flags & RENAME_EXCHANGE;
    if (flags & RENAME_NOREPLACE && to)
        return -EEXIST;
    if (exchange && !to)
        return -ENOENT;
    if (exchange && wt->trailing && !vnode_is(to->vnode, S_IFDIR))
        return -ENOTDIR;
    if (!is_dir && (wf->trailing || (wt->trailing && !exchange)))
        return -ENOTDIR;
    if (is_dir && is_below(wt->parent, from))
        return -EINVAL;
    if (to && is_below(from->parent, to))
        return exchange ? -EINVAL : -ENOTEMPTY;
    if (to && to->vnode == from->vnode)
        return 0;
    if (from->mounted || (to && to->mounted))
        return -EBUSY;
    if (!to || exchange)
        return 0;
    if (is_dir)
        return dir_removable(to);
    return vnode_is(to->vnode, S_IFDIR) ? -EISDIR : 0;
}

/* `place` is a fresh, unlinked dentry with the new name and parent: the two
 * change places, so that it ends with the old ones, to be the whiteout. */
static void rename_commit(struct dentry *from, struct dentry *to,
                          struct dentry *place, bool whiteout)
{
    bool dir = vnode_is(from->vnode, S_IFDIR);
    fs__ns_write_lock();
    struct dentry *absent = to ? NULL
        : fs__dentry_find(place->parent, place->hash, place->name,
                          place->len);
    if (absent)
        fs__dentry_unlink(absent);
    if (to)
        name_take(to, NULL);
    fs__dentry_unlink(from);
    if (dir)
        from->parent->vnode->nlink--;
    places_swap(from, place);
    fs__dentry_link(from);
    if (dir)
        from->parent->vnode->nlink++;
    if (whiteout)
        fs__dentry_link(place);
    fs__ns_write_unlock();
    fs__dentry_unref(from);     /* linking took one, unlinking left one */
    fs__dentry_unref(absent);
}

static void rename_notify(struct dentry *from, const struct dentry *old)
{
    static uint32_t cookies;
    if (!__atomic_load_n(&fs__watch_count, __ATOMIC_RELAXED))
        return;
    uint32_t cookie = __atomic_add_fetch(&cookies, 1, __ATOMIC_RELAXED);
    uint32_t dir = vnode_is(from->vnode, S_IFDIR) ? IN_ISDIR : 0;
    fs__notify_name(old->parent, old->name, old->len, IN_MOVED_FROM | dir,
                    cookie);
    fs__notify_name(from->parent, from->name, from->len, IN_MOVED_TO | dir,
                    cookie);
    fs__notify_slow(from, IN_MOVE_SELF, 0);
}

static int rename_over(struct dentry *from, struct walk *wt,
                       struct dentry *to)
{
    struct dentry *place = fs__dentry_create(wt->parent, wt->name, wt->len);
    if (!place)
        return -ENOMEM;
    rename_commit(from, to, place, needs_whiteout(from->parent));
    int64_t now = (int64_t)clock_realtime();
    struct vnode *a = place->parent->vnode, *b = from->parent->vnode;
    a->mtime = a->ctime = b->mtime = b->ctime = from->vnode->ctime = now;
    rename_notify(from, place);
    if (to) {
        vnode_lost_name(to);
        fs__dentry_unref(to);
    }
    fs__dentry_unref(place);
    return 0;
}

static int rename_exchange(struct dentry *a, struct dentry *b)
{
    bool da = vnode_is(a->vnode, S_IFDIR), db = vnode_is(b->vnode, S_IFDIR);
    fs__ns_write_lock();
    fs__dentry_unlink(a);
    fs__dentry_unlink(b);
    a->parent->vnode->nlink += (uint32_t)db - (uint32_t)da;
    b->parent->vnode->nlink += (uint32_t)da - (uint32_t)db;
    places_swap(a, b);
    fs__dentry_link(a);
    fs__dentry_link(b);
    fs__ns_write_unlock();
    fs__dentry_unref(a);
    fs__dentry_unref(b);
    fs__vnode_touch(a->parent->vnode);
    fs__vnode_touch(b->parent->vnode);
    return 0;
}

/* names held; both parents are in one file system. */
static int rename_locked(struct fs_ctx *ctx, struct walk *wf,
                         struct walk *wt, unsigned flags)
{
    struct dentry *from = fs__dentry_get(wf->parent, wf->name, wf->len);
    struct dentry *to = NULL;
    int err = IS_ERR(from) ? (int)PTR_ERR(from) : from ? 0 : -ENOENT;
    if (err)
        return err;
    to = fs__dentry_get(wt->parent, wt->name, wt->len);
    if (IS_ERR(to)) {
        err = (int)PTR_ERR(to);
        to = NULL;
        goto out;
    }
    err = rename_check(from, wf, to, wt, flags);
    if (!err)
        err = sticky_check(ctx, wf->parent, from);
    if (!err && to)
        err = sticky_check(ctx, wt->parent, to);
    if (!err && !dir_alive(wt->parent))
        err = -ENOENT;
    if (!err && !(to && to->vnode == from->vnode))  /* same file: nothing */
        err = flags & RENAME_EXCHANGE ? rename_exchange(from, to)
                                      : rename_over(from, wt, to);
out:
    fs__dentry_unref(to);
    fs__dentry_unref(from);
    return err;
}

int fs_rename(struct fs_ctx *ctx, struct file *from_at, const char *from,
              struct file *to_at, const char *to, unsigned flags)
{
    struct walk wf, wt;
    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    int err = parent_walk(&wf, ctx, from_at, from);
    if (err) {
        fs__walk_release(&wf);
        return err;
    }
    err = parent_walk(&wt, ctx, to_at, to);
    if (err)
        goto out;
    struct super *sb = wf.parent->vnode->sb;
    err = sb != wt.parent->vnode->sb ? -EXDEV : name_kind(&wf) ? -EBUSY
        : name_kind(&wt) ? (flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY)
        : sb->flags & SUPER_NO_CREATE ? -EPERM : 0;
    if (!err)
        err = parent_check(ctx, wf.parent);
    if (!err)
        err = parent_check(ctx, wt.parent);
    if (err)
        goto out;
    mutex_lock(&sb->names);
    err = rename_locked(ctx, &wf, &wt, flags);
    mutex_unlock(&sb->names);
out:
    fs__walk_release(&wf);
    fs__walk_release(&wt);
    return err;
}
