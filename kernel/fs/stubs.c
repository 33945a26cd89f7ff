/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not written yet, answered honestly. */
#include "fs_priv.h"

unsigned fs__watch_count;
const struct file_ops fs__proc_file_ops = { .type = "proc" };

void fs__notify_slow(struct dentry *d, uint32_t mask, uint32_t cookie)
{ (void)d; (void)mask; (void)cookie; }
void fs__notify_name(struct dentry *dir, const char *name, size_t len,
                     uint32_t mask, uint32_t cookie)
{ (void)dir; (void)name; (void)len; (void)mask; (void)cookie; }
void fs__watches_drop(struct vnode *v) { (void)v; }
void fs__locks_free(struct vnode *v) { (void)v; }
void fs__file_closed(struct file *f, void *table) { (void)f; (void)table; }
void fs__flock_release(struct file *f) { (void)f; }
struct super *fs__proc_create(enum proc_tree tree) {
    return fs__super_create(tree == PROC_TREE ? "proc" : "sysfs", "none",
                            0x9fa0, &fs__tmpfs_ops, 0555);
}
void fs__proc_init(void) { }
void fs__memfd_init(void) { }
int fs_lock_get(struct file *f, const void *owner, struct fs_lock *lock)
{ (void)f; (void)owner; (void)lock; return -ENOSYS; }
int fs_lock_set(struct file *f, const void *owner, const struct fs_lock *lock,
                bool wait)
{ (void)f; (void)owner; (void)lock; (void)wait; return -ENOSYS; }
int fs_flock(struct file *f, int op) { (void)f; (void)op; return -ENOSYS; }
void fs_locks_drop(struct file *f, const void *owner)
{ (void)f; (void)owner; }
struct file *inotify_create(uint32_t flags)
{ (void)flags; return ERR_PTR(-ENOSYS); }
int inotify_add(struct fs_ctx *ctx, struct file *in, const char *path,
                uint32_t mask)
{ (void)ctx; (void)in; (void)path; (void)mask; return -ENOSYS; }
int inotify_remove(struct file *in, int wd)
{ (void)in; (void)wd; return -ENOSYS; }
struct file *memfd_create_file(const char *name, uint32_t flags,
                               bool allow_sealing)
{ (void)name; (void)flags; (void)allow_sealing; return ERR_PTR(-ENOSYS); }
int memfd_seals(struct file *f, bool add, unsigned seals)
{ (void)f; (void)add; (void)seals; return -ENOSYS; }
void text_printf(struct text *t, const char *fmt, ...)
{ (void)t; (void)fmt; }
void text_write(struct text *t, const char *s, size_t n)
{ (void)t; (void)s; (void)n; }
int proc_register(enum proc_tree tree, const struct proc_entry *entries,
                  unsigned n)
{ (void)tree; (void)entries; (void)n; return -ENOSYS; }
void proc_ops_set(const struct proc_ops *ops) { (void)ops; }
