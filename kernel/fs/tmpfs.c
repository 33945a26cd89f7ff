/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs, and the overlay, which is a tmpfs tree over an EROFS: directories ask
 * below for names they do not know, files read from below until they are
 * written to. A removed name of below stays as an absent one (a whiteout). So
 * a name, once known, is one vnode for good: st_ino never changes, and a
 * rename of a folder from below moves it with everything in it.
 */
#include "fs_priv.h"
#include "erofs_priv.h"

#define TMPFS_MAGIC     0x01021994
#define OVERLAY_MAGIC   0x794c7630
#define EROFS_FS_MAGIC  0xE0F5E1E2

const struct vnode_ops fs__tmpfs_ops = { 0 };

/* In-memory inode numbers of an overlay start above those of any image. */
#define OVERLAY_INO_START (1ull << 40)

struct super *fs__tmpfs_create(const char *source, uint32_t mode)
{
    struct super *sb = fs__super_create("tmpfs", source, TMPFS_MAGIC,
                                        &fs__tmpfs_ops, mode);
    if (!sb)
        return NULL;
    struct mm_stats stats;
    mm_stats_get(&stats);
    sb->pages_max = stats.total / 2;
    return sb;
}

static char *lower_target(struct erofs_inode *ei)
{
    if (!ei->size || ei->size >= PATH_MAX)
        return ERR_PTR(erofs_corrupt(ei->fs, ei->nid, "symlink length"));
    char *t = kmalloc(ei->size + 1);
    if (!t)
        return ERR_PTR(-ENOMEM);
    int err = erofs_data_read(ei, 0, t, ei->size);
    t[ei->size] = 0;
    if (!err && strlen(t) != ei->size)
        err = erofs_corrupt(ei->fs, ei->nid, "symlink text");
    if (err) {
        kfree(t);
        return ERR_PTR(err);
    }
    return t;
}

static struct vnode *shared_find(struct super *sb, uint64_t nid,
                                 struct tree_node **parent,
                                 struct tree_node ***link)
{
    *parent = NULL;
    *link = &sb->shared.root;
    while (**link) {
        struct vnode *v = tree_entry(**link, struct vnode, shared_node);
        if (v->ino == nid)
            return v;
        *parent = **link;
        *link = nid < v->ino ? &(*parent)->left : &(*parent)->right;
    }
    return NULL;
}

/* Several names of one file below must come to one vnode: those are kept. */
static struct vnode *shared_add(struct super *sb, struct vnode *v)
{
    struct tree_node *parent, **link;
    static struct mutex lock = MUTEX_INIT(lock);
    mutex_lock(&lock);
    struct vnode *there = shared_find(sb, v->ino, &parent, &link);
    if (there) {
        fs__vnode_ref(there);
    } else {
        v->flags |= VNODE_PINNED;
        fs__vnode_ref(v);
        tree_insert(&sb->shared, &v->shared_node, parent, link);
    }
    mutex_unlock(&lock);
    if (!there)
        return v;
    fs__vnode_unref(v);
    return there;
}

static int lower_fill_vnode(struct vnode *v, struct erofs_inode *ei)
{
    v->nlink = ei->nlink;
    v->uid = ei->uid;
    v->gid = ei->gid;
    v->size = ei->size;
    v->atime = v->mtime = v->ctime = v->btime = ei->mtime;
    v->rdev = ei->rdev;         /* encoded as stat shows it */
    if (vnode_is(v, S_IFREG))
        v->pc = &ei->pc;
    if (vnode_is(v, S_IFLNK)) {
        char *t = lower_target(ei);
        if (IS_ERR(t))
            return (int)PTR_ERR(t);
        v->target = t;
    }
    return 0;
}

struct vnode *fs__overlay_vnode(struct super *sb, uint64_t nid)
{
    struct erofs_inode *ei;
    int err = erofs_inode_get(sb->lower, nid, &ei);
    if (err)
        return ERR_PTR(err);
    struct vnode *v = fs__vnode_create(sb, &fs__overlay_ops, ei->mode,
                                       nid + 1);
    if (!v) {
        erofs_inode_put(ei);
        return ERR_PTR(-ENOMEM);
    }
    v->lower = ei;
    err = lower_fill_vnode(v, ei);
    if (err) {
        fs__vnode_unref(v);
        return ERR_PTR(err);
    }
    if (!vnode_is(v, S_IFDIR) && ei->nlink > 1)
        return shared_add(sb, v);
    return v;
}

static struct vnode *overlay_lookup(struct vnode *dir, const char *name,
                                    size_t len)
{
    uint64_t nid;
    if (!dir->lower)
        return ERR_PTR(-ENOENT);
    int err = erofs_lookup(dir->lower, name, len, &nid);
    if (err)
        return ERR_PTR(err);
    return fs__overlay_vnode(dir->sb, nid);
}

static int stub_one(void *arg, const char *name, size_t len, uint64_t nid,
                    unsigned dtype)
{
    if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
        return 0;
    return fs__dentry_stub(arg, name, len, nid + 1, dtype);
}

static int overlay_populate(struct vnode *dir, struct dentry *d)
{
    return dir->lower ? erofs_dir_each(dir->lower, stub_one, d) : 0;
}

const struct vnode_ops fs__overlay_ops = {
    .lookup = overlay_lookup,
    .populate = overlay_populate,
};

struct super *fs__overlay_create(struct erofs *lower, bool read_only,
                                 const char *source)
{
    struct erofs_inode *ei;
    struct super *sb = fs__super_create(read_only ? "erofs" : "overlay",
                                        source,
                                        read_only ? EROFS_FS_MAGIC
                                                  : OVERLAY_MAGIC,
                                        &fs__overlay_ops, 0755);
    if (!sb)
        return ERR_PTR(-ENOMEM);
    int err = erofs_inode_get(lower, lower->root_nid, &ei);
    if (!err && (ei->mode & S_IFMT) != S_IFDIR) {
        erofs_inode_put(ei);
        err = erofs_corrupt(lower, lower->root_nid, "root is no directory");
    }
    if (err) {
        fs__super_free(sb);
        return ERR_PTR(err);
    }
    struct mm_stats stats;
    mm_stats_get(&stats);
    sb->pages_max = stats.total / 2;
    sb->lower = lower;
    sb->next_ino = OVERLAY_INO_START;
    sb->flags = read_only ? SUPER_READ_ONLY : 0;
    struct vnode *v = sb->root->vnode;
    v->lower = ei;
    v->ino = ei->nid + 1;
    v->mode = ei->mode;
    lower_fill_vnode(v, ei);
    return sb;
}
