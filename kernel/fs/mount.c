/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounts, and the start of the namespace. A super is mounted in one place and
 * stays; a dentry that is covered names the super that covers it.
 */
#include "fs_priv.h"
#include "erofs_priv.h"

struct super *fs__root;
static struct list supers = LIST_INIT(supers);     /* [ns] */
static int next_mount_id = 20;
static struct mutex mount_lock = MUTEX_INIT(mount_lock);

int fs__mount_at(struct super *sb, struct dentry *at)
{
    struct mount *m = kzalloc(sizeof(*m));
    if (!m)
        return -ENOMEM;
    int err = 0;
    m->sb = sb;
    mutex_lock(&mount_lock);
    fs__ns_write_lock();
    if (at && (at->mounted || !vnode_is(at->vnode, S_IFDIR)))
        err = at->mounted ? -EBUSY : -ENOTDIR;
    if (!err) {
        m->id = next_mount_id++;
        m->at = at ? fs__dentry_ref(at) : NULL;
        sb->mount = m;
        list_add_tail(&supers, &sb->link);
        if (at)
            at->mounted = sb;
        else
            fs__root = sb;
    }
    fs__ns_write_unlock();
    mutex_unlock(&mount_lock);
    if (err)
        kfree(m);
    return err;
}

void fs__mounts_each(void (*fn)(void *arg, struct super *sb,
                                const char *path), void *arg)
{
    char *path = kmalloc(PATH_MAX);
    if (!path)
        return;
    mutex_lock(&mount_lock);    /* supers only changes under it */
    struct super *sb;
    list_for_each(sb, &supers, link)
        if (fs__dentry_path(sb->root, NULL, path, PATH_MAX) > 0)
            fn(arg, sb, path);
    mutex_unlock(&mount_lock);
    kfree(path);
}

/* Drops what a file of another room's ops holds of us. */
static void vnode_put(struct file *f)
{
    if (f->ops == &fs__reg_ops || f->ops == &fs__dir_ops ||
        f->ops == &fs__path_ops || f->ops == &fs__proc_file_ops)
        return;                 /* these hold a dentry instead */
    fs__vnode_unref(f->vnode);
}

static int vnode_stat(struct file *f, struct kstat *st)
{
    return fs__file_stat(f, st);
}

static const struct file_vnode_ops vnode_hooks = {
    .put = vnode_put, .stat = vnode_stat,
};

void fs_init(void)
{
    fs__dentry_init();
    file_vnode_ops_set(&vnode_hooks);
    fs__devfs_init();
    fs__proc_init();
    fs__memfd_init();
}

/* A fixed place of the namespace; made in memory where the image lacks it. */
static int standard_mount(struct fs_ctx *ctx, const char *path, uint32_t mode,
                          struct super *sb)
{
    struct walk w;
    if (!sb)
        return -ENOMEM;
    int err = fs_mkdir(ctx, NULL, path, mode);
    if (err && err != -EEXIST)
        goto out;
    err = fs__walk(&w, ctx, NULL, path, FS_FOLLOW | FS_DIRECTORY);
    if (!err)
        err = fs__mount_at(sb, w.d);
    fs__walk_release(&w);
out:
    if (err) {
        log_warn("fs: cannot mount %s: error %d", path, -err);
        fs__super_free(sb);
    }
    return err;
}

static void standard_mounts(void)
{
    struct fs_ctx ctx;
    fs_ctx_init(&ctx);
    ctx.umask = 0;
    standard_mount(&ctx, "/dev", 0755, fs__devfs_create());
    standard_mount(&ctx, "/proc", 0555, fs__proc_create(PROC_TREE));
    standard_mount(&ctx, "/sys", 0555, fs__proc_create(SYS_TREE));
    standard_mount(&ctx, "/dev/shm", 01777, fs__tmpfs_create("shm", 01777));
    standard_mount(&ctx, "/tmp", 01777, fs__tmpfs_create("tmpfs", 01777));
    standard_mount(&ctx, "/run", 0755, fs__tmpfs_create("tmpfs", 0755));
    fs_ctx_release(&ctx);
}

int fs_mount_root(struct block_device *dev, uint64_t off, uint64_t size)
{
    struct erofs *lower;
    int err = erofs_open(dev, off, size, &lower);
    if (err)
        return err;
    struct super *sb = fs__overlay_create(lower, false, "overlay");
    if (IS_ERR(sb)) {
        erofs_close(lower);
        return (int)PTR_ERR(sb);
    }
    err = fs__mount_at(sb, NULL);
    if (!err)
        standard_mounts();
    return err;
}

int fs_mount_empty_root(void)
{
    struct super *sb = fs__tmpfs_create("rootfs", 0755);
    if (!sb)
        return -ENOMEM;
    int err = fs__mount_at(sb, NULL);
    if (!err)
        standard_mounts();
    return err;
}

static struct super *erofs_mount(const char *source)
{
    if (str_starts(source, "/dev/"))
        source += 5;
    struct block_device *dev = block_device_find(source);
    if (!dev)
        return ERR_PTR(-ENOTBLK);
    struct erofs *lower;
    int err = erofs_open(dev, 0, dev->size, &lower);
    if (err)
        return ERR_PTR(err);
    struct super *sb = fs__overlay_create(lower, true, source);
    if (IS_ERR(sb))
        erofs_close(lower);
    return sb;
}

static struct super *super_by_type(const char *type, const char *source)
{
    if (!strcmp(type, "tmpfs"))
        return fs__tmpfs_create(source, 01777);
    if (!strcmp(type, "proc"))
        return fs__proc_create(PROC_TREE);
    if (!strcmp(type, "sysfs"))
        return fs__proc_create(SYS_TREE);
    if (!strcmp(type, "devtmpfs"))
        return fs__devfs_create();
    if (!strcmp(type, "erofs"))
        return erofs_mount(source);
    return ERR_PTR(-ENODEV);
}

int fs_mount(struct fs_ctx *ctx, const char *type, const char *path,
             const char *source, unsigned flags)
{
    struct walk w;
    if (ctx->uid)
        return -EPERM;
    int err = fs__walk(&w, ctx, NULL, path, FS_FOLLOW | FS_DIRECTORY);
    if (err)
        goto out;
    struct super *sb = super_by_type(type, source ? source : type);
    if (IS_ERR(sb) || !sb) {
        err = sb ? (int)PTR_ERR(sb) : -ENOMEM;
        goto out;
    }
    if (flags & 1)              /* MS_RDONLY */
        sb->flags |= SUPER_READ_ONLY;
    err = fs__mount_at(sb, w.d);
    if (err)
        fs__super_free(sb);
out:
    fs__walk_release(&w);
    return err;
}
