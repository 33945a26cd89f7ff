/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of memory without a place in the tree: memfd_create, shared memory.
 * They live in a tmpfs that is never mounted.
 */
#include "fs_priv.h"

#define SEAL_SEAL  1u
#define SEAL_WRITE 8u
#define SEALS_ALL  0x1fu

static struct super *memfds;

void fs__memfd_init(void)
{
    memfds = fs__tmpfs_create("memfd", 0700);
    ASSERT(memfds);
}

struct file *memfd_create_file(const char *name, uint32_t flags,
                               bool allow_sealing)
{
    char full[NAME_MAX + 1];
    int n = scnprintf(full, sizeof(full), "memfd:%s", name);
    struct vnode *v = fs__vnode_create(memfds, &fs__tmpfs_ops,
                                       S_IFREG | 0777, 0);
    struct dentry *d = v ? fs__dentry_create(memfds->root, full, (size_t)n)
                         : NULL;
    if (!d || fs__data_init(v)) {
        if (v)
            fs__vnode_unref(v);
        fs__dentry_unref(d);
        return ERR_PTR(-ENOMEM);
    }
    v->nlink = 0;
    v->seals = allow_sealing ? 0 : SEAL_SEAL;
    d->vnode = v;
    v->alias = d;
    struct file *f = file_create(&fs__reg_ops, d, O_RDWR | flags);
    if (!f) {
        fs__dentry_unref(d);
        return ERR_PTR(-ENOMEM);
    }
    f->vnode = v;
    return f;
}

static bool mapped_writable(struct page_cache *pc)
{
    const unsigned may = VMA_WRITE | VMA_MAYWRITE;
    bool found = false;
    struct vma *v;
    spin_lock(&pc->lock);
    list_for_each(v, &pc->mappings, share_link)
        if (v->flags & VMA_SHARED && v->flags & may)
            found = true;
    spin_unlock(&pc->lock);
    return found;
}

int memfd_seals(struct file *f, bool add, unsigned seals)
{
    struct vnode *v = f->vnode;
    int err = 0;
    if (f->ops != &fs__reg_ops || v->sb != memfds)
        return -EINVAL;
    if (!add)
        return (int)v->seals;
    if (seals & ~SEALS_ALL)
        return -EINVAL;
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EPERM;
    mutex_lock(&v->lock);
    if (v->seals & SEAL_SEAL)
        err = -EPERM;
    else if (seals & SEAL_WRITE && !(v->seals & SEAL_WRITE) &&
             mapped_writable(v->pc))
        err = -EBUSY;
    else
        v->seals |= seals;
    mutex_unlock(&v->lock);
    return err;
}
