/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev: character devices by number. The memory devices are here; the rooms
 * above add the terminal by devfs_register. The vnodes of devices live in one
 * list for good; a devfs that is mounted shows those there are.
 */
#include "fs_priv.h"
#include "../dev/dev.h"

#define DEVFS_MAGIC 0x01021994
#define RANDOM_CHUNK 256

struct device {
    struct list link;
    char name[24];
    struct vnode *vnode;
    struct file *(*open)(uint32_t flags);
};

static struct list devices = LIST_INIT(devices);   /* [lock] */
static struct mutex lock = MUTEX_INIT(lock);
static struct super *devfs;                         /* [I] after init */

/* ---------------- the memory devices ---------------- */

static ssize_t null_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    (void)f;
    (void)it;
    (void)pos;
    return 0;
}

static ssize_t null_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    (void)f;
    (void)pos;
    return (ssize_t)iov_iter_finish(it);
}

static ssize_t zero_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    (void)f;
    (void)pos;
    return zero_iter(it, it->left);
}

static ssize_t full_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    (void)f;
    (void)it;
    (void)pos;
    return -ENOSPC;
}

static ssize_t random_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    uint8_t buf[RANDOM_CHUNK];
    ssize_t sum = 0;
    (void)f;
    (void)pos;
    while (it->left) {
        size_t n = MIN(it->left, sizeof(buf));
        random_bytes(buf, n);
        ssize_t got = copy_to_iter(it, buf, n);
        if (got < 0)
            return sum ? sum : got;
        sum += got;
        if ((size_t)got < n)
            break;
    }
    return sum;
}

static ssize_t random_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    uint8_t buf[RANDOM_CHUNK];
    ssize_t sum = 0;
    (void)f;
    (void)pos;
    while (it->left) {
        size_t n = MIN(it->left, sizeof(buf));
        ssize_t got = copy_from_iter(it, buf, n);
        if (got < 0)
            return sum ? sum : got;
        random_add(buf, (size_t)got);
        sum += got;
        if ((size_t)got < n)
            break;
    }
    return sum;
}

static off_t mem_seek(struct file *f, off_t off, int whence)
{
    (void)off;
    (void)whence;
    f->pos = 0;
    return 0;
}

/* A private mapping of /dev/zero is anonymous memory. */
static int zero_mmap(struct file *f, struct mm_map_args *args)
{
    (void)f;
    args->flags |= VMA_ANON;
    args->ops = NULL;
    args->object = NULL;
    return 0;
}

#define MEM_OPS .seek = mem_seek, .pos_unused = true, .stat = fs__file_stat
static const struct file_ops null_ops = {
    .type = "null", .read = null_read, .write = null_write, MEM_OPS,
};
static const struct file_ops zero_ops = {
    .type = "zero", .read = zero_read, .write = null_write,
    .mmap = zero_mmap, MEM_OPS,
};
static const struct file_ops full_ops = {
    .type = "full", .read = zero_read, .write = full_write, MEM_OPS,
};
static const struct file_ops random_ops = {
    .type = "random", .read = random_read, .write = random_write, MEM_OPS,
};

static struct file *mem_open(const struct file_ops *ops, uint32_t flags)
{
    struct file *f = file_create(ops, NULL, flags);
    return f ? f : ERR_PTR(-ENOMEM);
}

static struct file *null_open(uint32_t flags)
{
    return mem_open(&null_ops, flags);
}

static struct file *zero_open(uint32_t flags)
{
    return mem_open(&zero_ops, flags);
}

static struct file *full_open(uint32_t flags)
{
    return mem_open(&full_ops, flags);
}

static struct file *random_open(uint32_t flags)
{
    return mem_open(&random_ops, flags);
}

/* ---------------- nodes ---------------- */

static struct file *node_open(struct vnode *v, struct dentry *d,
                              uint32_t flags)
{
    const struct device *dev = v->extra;
    (void)d;
    struct file *f = dev->open(flags);
    if (!IS_ERR(f) && !f->vnode)
        f->vnode = fs__vnode_ref(v);
    return f;
}

static const struct vnode_ops node_ops = { .open = node_open };

struct vnode *fs__devfs_find(uint32_t type, uint64_t rdev)
{
    struct vnode *v = NULL;
    struct device *d;
    if (type != S_IFCHR)
        return NULL;
    mutex_lock(&lock);
    list_for_each(d, &devices, link)
        if (d->vnode->rdev == rdev)
            v = d->vnode;
    mutex_unlock(&lock);
    return v;
}

int devfs_register(const char *name, uint32_t mode, uint64_t rdev,
                   struct file *(*open)(uint32_t flags))
{
    struct device *d = kzalloc(sizeof(*d));
    struct vnode *v = fs__vnode_create(devfs, &node_ops,
                                       S_IFCHR | (mode & 07777), 0);
    if (!d || !v) {
        kfree(d);
        if (v)
            fs__vnode_unref(v);
        return -ENOMEM;
    }
    strlcpy(d->name, name, sizeof(d->name));
    d->vnode = v;               /* the list's reference, for good */
    d->open = open;
    v->rdev = rdev;
    v->extra = d;
    mutex_lock(&lock);
    list_add_tail(&devices, &d->link);
    mutex_unlock(&lock);
    mutex_lock(&devfs->names);
    int err = fs__names_add(devfs->root, name, strlen(name),
                            fs__vnode_ref(v), NULL);
    mutex_unlock(&devfs->names);
    return err;
}

static int link_add(const char *name, const char *target)
{
    struct vnode *v = fs__vnode_create(devfs, &fs__tmpfs_ops,
                                       S_IFLNK | 0777, 0);
    if (!v || !(v->target = kstrdup(target)))
        return -ENOMEM;
    return fs__names_add(devfs->root, name, strlen(name), v, NULL);
}

/* /dev is one tree, so that a device is found wherever it is mounted. */
struct super *fs__devfs_create(void)
{
    return devfs->mount ? NULL : devfs;
}

void fs__devfs_init(void)
{
    devfs = fs__super_create("devtmpfs", "devtmpfs", DEVFS_MAGIC,
                             &fs__tmpfs_ops, 0755);
    ASSERT(devfs);
    devfs_register("null", 0666, MKDEV(1, 3), null_open);
    devfs_register("zero", 0666, MKDEV(1, 5), zero_open);
    devfs_register("full", 0666, MKDEV(1, 7), full_open);
    devfs_register("random", 0666, MKDEV(1, 8), random_open);
    devfs_register("urandom", 0666, MKDEV(1, 9), random_open);
    link_add("fd", "/proc/self/fd");
    link_add("stdin", "/proc/self/fd/0");
    link_add("stdout", "/proc/self/fd/1");
    link_add("stderr", "/proc/self/fd/2");
}
