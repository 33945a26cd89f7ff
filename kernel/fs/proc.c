/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc and /sys: trees made from one list of entries, each a path and what
 * makes its content. A directory is whatever is a prefix of an entry's path;
 * its vnode carries that prefix in `extra` and a thread's number in `id`.
 *
 * Of /proc, "self" stands for the process: /proc/PID shows it, /proc/self
 * links there. Below "self/task" the names are the threads' numbers and what
 * stands below is listed as "self/task/TID"; below "self/fd" they are the
 * open descriptors. Such names come and go, so they are never kept.
 */
#include "fs_priv.h"

#define PROC_MAGIC  0x9fa0
#define SYSFS_MAGIC 0x62656572
#define STORE_MAX   4096
#define TASK        "self/task"
#define TID         "self/task/TID"
#define FD          "self/fd"
#define FDINFO      "self/fdinfo"

struct node {
    struct list link;
    struct proc_entry e;
    int id;                     /* 0: the directory's */
};

static struct list trees[2];                        /* [lock] newest first */
static struct mutex lock = MUTEX_INIT(lock);
static const struct proc_ops *procs;                /* [I] once set */

static const struct vnode_ops dir_ops, file_ops, link_ops, fd_ops, task_ops,
                              fd_link_ops, self_ops;

void proc_ops_set(const struct proc_ops *ops)
{
    procs = ops;
}

int fs__proc_last_tid(void)
{
    return procs && procs->last_tid ? procs->last_tid() : 1;
}

int proc_register_as(enum proc_tree tree, const struct proc_entry *e, int id)
{
    struct node *n = kzalloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->e = *e;
    n->id = id;
    mutex_lock(&lock);
    list_add_head(&trees[tree], &n->link);
    mutex_unlock(&lock);
    return 0;
}

int proc_register(enum proc_tree tree, const struct proc_entry *entries,
                  unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int err = proc_register_as(tree, &entries[i], 0);
        if (err)
            return err;
    }
    return 0;
}

/* ---------------- the content of an entry ---------------- */

/* An open file: what was generated. */
struct proc_file {
    struct dentry *dentry;      /* [I] referenced */
    const struct node *node;    /* [I] */
    int id;                     /* [I] */
    struct mutex lock;
    struct text text;           /* [lock] */
    bool used;                  /* [lock] read since it was made */
};

static int content_make(struct proc_file *p)
{
    fs__text_release(&p->text);
    p->used = false;
    if (p->node->e.show)
        p->node->e.show(&p->text, p->id);
    return p->text.failed ? -ENOMEM : 0;
}

static ssize_t proc_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct proc_file *p = f->private;
    ssize_t n = 0;
    mutex_lock(&p->lock);
    if (*pos == 0 && p->used)   /* read again from the start: as of now */
        n = content_make(p);
    p->used = true;
    if (!n && (uint64_t)*pos < p->text.len) {
        n = copy_to_iter(it, p->text.buf + *pos,
                         MIN(it->left, p->text.len - (size_t)*pos));
        if (n > 0)
            *pos += n;
    }
    mutex_unlock(&p->lock);
    return n;
}

static ssize_t proc_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct proc_file *p = f->private;
    size_t n = it->left;
    if (!p->node->e.store)
        return -EIO;            /* as Linux, whose mode bits stop the rest */
    if (n > STORE_MAX)
        return -EINVAL;
    char *buf = kmalloc(n + 1);
    if (!buf)
        return -ENOMEM;
    ssize_t got = copy_from_iter(it, buf, n);
    if (got >= 0) {
        buf[got] = 0;
        int err = p->node->e.store(buf, (size_t)got, p->id);
        if (err)
            got = err;
        else
            *pos += got;
    }
    kfree(buf);
    return got;
}

static off_t proc_seek(struct file *f, off_t off, int whence)
{
    if (whence == SEEK_CUR)
        off += f->pos;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (off < 0)
        return -EINVAL;
    f->pos = off;
    return off;
}

static void proc_release(struct file *f)
{
    struct proc_file *p = f->private;
    fs__text_release(&p->text);
    fs__dentry_unref(p->dentry);
    kfree(p);
}

const struct file_ops fs__proc_file_ops = {
    .type = "proc",
    .read = proc_read, .write = proc_write, .seek = proc_seek,
    .stat = fs__file_stat, .name = fs__file_name, .release = proc_release,
};

struct dentry *fs__proc_file_dentry(struct file *f)
{
    struct proc_file *p = f->private;
    return p->dentry;
}

static struct file *entry_open(struct vnode *v, struct dentry *d,
                               uint32_t flags)
{
    const struct node *n = v->extra;
    struct proc_file *p = kzalloc(sizeof(*p));
    if (!p)
        return ERR_PTR(-ENOMEM);
    p->node = n;
    p->id = n->id ? n->id : v->id;
    mutex_init(&p->lock);
    int err = content_make(p);
    struct file *f = err ? NULL : file_create(&fs__proc_file_ops, p, flags);
    if (!f) {
        fs__text_release(&p->text);
        kfree(p);
        return ERR_PTR(-ENOMEM);
    }
    p->dentry = fs__dentry_ref(d);
    f->vnode = v;
    return f;
}

static char *text_take(struct text *t)
{
    if (t->failed || !t->buf) {
        bool failed = t->failed;
        fs__text_release(t);
        return ERR_PTR(failed ? -ENOMEM : -ENOENT);
    }
    return t->buf;
}

static char *entry_readlink(struct vnode *v)
{
    const struct node *n = v->extra;
    struct text t;
    fs__text_init(&t);
    n->e.show(&t, n->id ? n->id : v->id);
    return text_take(&t);
}

/* ---------------- directories ---------------- */

static struct vnode *node_make(struct vnode *dir, const struct vnode_ops *ops,
                               uint32_t mode, const void *extra, int id)
{
    struct vnode *v = fs__vnode_create(dir->sb, ops, mode, 0);
    if (!v)
        return ERR_PTR(-ENOMEM);
    v->extra = extra;
    v->id = id;
    return v;
}

static const char *prefix_of(const struct vnode *dir)
{
    return dir->extra ? dir->extra : "";
}

/* The rest of path below prefix, or NULL. */
static const char *path_below(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);
    if (!n)
        return path;
    if (strncmp(path, prefix, n) || path[n] != '/')
        return NULL;
    return path + n + 1;
}

static enum proc_tree tree_of(const struct vnode *v)
{
    return v->sb->magic == PROC_MAGIC ? PROC_TREE : SYS_TREE;
}

/* A directory whose names are the start of path: `len` bytes of it. */
static struct vnode *subdir_make(struct vnode *dir, const char *path,
                                 size_t len)
{
    char *prefix = kmalloc(len + 1);
    if (!prefix)
        return ERR_PTR(-ENOMEM);
    memcpy(prefix, path, len);
    prefix[len] = 0;
    const struct vnode_ops *ops = &dir_ops;
    if (!strcmp(prefix, TASK))
        ops = &task_ops;
    else if (!strcmp(prefix, FD) || !strcmp(prefix, FDINFO))
        ops = &fd_ops;
    struct vnode *v = node_make(dir, ops, S_IFDIR | 0555, prefix, dir->id);
    if (IS_ERR(v)) {
        kfree(prefix);
        return v;
    }
    if (ops != &dir_ops || dir->flags & VNODE_DYNAMIC)
        v->flags |= VNODE_DYNAMIC;
    return v;
}

static void dir_free(struct vnode *v)
{
    kfree((void *)(uintptr_t)v->extra);
}

static struct vnode *entry_make(struct vnode *dir, const struct node *n)
{
    if ((n->e.mode & S_IFMT) == S_IFLNK)
        return node_make(dir, &link_ops, S_IFLNK | 0777, n, dir->id);
    return node_make(dir, &file_ops, S_IFREG | (n->e.mode & 07777), n,
                     dir->id);
}

static struct vnode *list_lookup(struct vnode *dir, const char *name,
                                 size_t len)
{
    struct vnode *v = ERR_PTR(-ENOENT);
    struct node *n;
    mutex_lock(&lock);
    list_for_each(n, &trees[tree_of(dir)], link) {
        const char *rest = path_below(n->e.path, prefix_of(dir));
        if (!rest || rest[0] == '-' || strncmp(rest, name, len))
            continue;
        if (!rest[len]) {
            v = entry_make(dir, n);
            break;
        }
        if (rest[len] == '/') {
            v = subdir_make(dir, n->e.path,
                            (size_t)(rest - n->e.path) + len);
            break;
        }
    }
    mutex_unlock(&lock);
    return v;
}

/* A name that is a number, or -1. */
static int number_of(const char *name, size_t len)
{
    int n = 0;
    if (!len || len > 9 || (name[0] == '0' && len > 1))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        n = n * 10 + (name[i] - '0');
    }
    return n;
}

static bool name_is(const char *name, size_t len, const char *want)
{
    return len == strlen(want) && !memcmp(name, want, len);
}

static struct vnode *dir_lookup(struct vnode *dir, const char *name,
                                size_t len)
{
    bool root = !dir->extra && tree_of(dir) == PROC_TREE;
    if (root && procs) {
        if (name_is(name, len, "self") || name_is(name, len, "thread-self"))
            return node_make(dir, &self_ops, S_IFLNK | 0777, NULL,
                             name[0] == 't');
        if (number_of(name, len) == procs->self_pid())
            return subdir_make(dir, "self", 4);
    }
    if (root && name_is(name, len, "self"))
        return ERR_PTR(-ENOENT);
    return list_lookup(dir, name, len);
}

/* Adds the names that the list has below dir. */
static int dir_populate(struct vnode *dir, struct dentry *d)
{
    bool root = !dir->extra && tree_of(dir) == PROC_TREE;
    struct node *n;
    int err = 0;
    mutex_lock(&lock);
    list_for_each(n, &trees[tree_of(dir)], link) {
        const char *rest = path_below(n->e.path, prefix_of(dir));
        if (!rest || rest[0] == '-' || (root && str_starts(rest, "self/")))
            continue;
        const char *slash = strchr(rest, '/');
        size_t len = slash ? (size_t)(slash - rest) : strlen(rest);
        unsigned dtype = slash ? 4
                       : (n->e.mode & S_IFMT) == S_IFLNK ? 10 : 8;
        err = fs__dentry_stub(d, rest, len, dir->ino, dtype);
        if (err)
            break;
    }
    mutex_unlock(&lock);
    if (err || !root || !procs)
        return err;
    char pid[16];
    int len = scnprintf(pid, sizeof(pid), "%d", procs->self_pid());
    err = fs__dentry_stub(d, "self", 4, dir->ino, 10);
    if (!err)
        err = fs__dentry_stub(d, "thread-self", 11, dir->ino, 10);
    if (!err)
        err = fs__dentry_stub(d, pid, (size_t)len, dir->ino, 4);
    return err;
}

/* Names below a thread's directory, which are never kept: position is the
 * number of the entry in the list + 2. */
static int dir_readdir(struct vnode *dir, struct dir_emit *emit, off_t *pos)
{
    struct node *n;
    off_t i = 2;
    if (!(dir->flags & VNODE_DYNAMIC))
        return 0;
    mutex_lock(&lock);
    list_for_each(n, &trees[tree_of(dir)], link) {
        const char *rest = path_below(n->e.path, prefix_of(dir));
        if (rest && rest[0] != '-' && !strchr(rest, '/') && i >= *pos) {
            if (!emit->fn(emit, rest, strlen(rest), dir->ino,
                          (n->e.mode & S_IFMT) == S_IFLNK ? 10 : 8, i + 1))
                break;
            *pos = i + 1;
        }
        i++;
    }
    mutex_unlock(&lock);
    return 0;
}

static char *self_readlink(struct vnode *v)
{
    struct text t;
    fs__text_init(&t);
    text_printf(&t, "%d", procs->self_pid());
    if (v->id)
        text_printf(&t, "/task/%d", procs->current_tid
                                    ? procs->current_tid()
                                    : procs->self_pid());
    return text_take(&t);
}

/* ---------------- threads ---------------- */

static struct vnode *task_lookup(struct vnode *dir, const char *name,
                                 size_t len)
{
    int tid = number_of(name, len);
    if (tid < 0 || !procs || !procs->task_exists(tid))
        return ERR_PTR(-ENOENT);
    struct vnode *v = subdir_make(dir, TID, strlen(TID));
    if (!IS_ERR(v))
        v->id = tid;
    return v;
}

static int task_readdir(struct vnode *dir, struct dir_emit *emit, off_t *pos)
{
    if (!procs)
        return 0;
    for (int tid = procs->task_next((int)*pos - 2); tid;
         tid = procs->task_next(tid)) {
        char name[16];
        int n = scnprintf(name, sizeof(name), "%d", tid);
        if (!emit->fn(emit, name, (size_t)n, dir->ino, 4, tid + 2))
            break;
        *pos = tid + 2;
    }
    return 0;
}

/* ---------------- descriptors ---------------- */

static struct file *fd_file(int fd)
{
    struct fdtable *t = procs ? procs->fds() : NULL;
    return t ? fdtable_get(t, fd) : NULL;
}

static void fdinfo_show(struct text *t, int fd)
{
    struct file *f = fd_file(fd);
    if (!f)
        return;
    struct vnode *v = f->vnode;
    text_printf(t, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\n",
                (long long)f->pos, f->flags,
                v && v->sb->mount ? v->sb->mount->id : 0);
    fdtable_put(f);
}

static const struct node fdinfo_node = {
    .e = { .path = "", .mode = 0444, .show = fdinfo_show },
};

static struct vnode *fd_lookup(struct vnode *dir, const char *name,
                               size_t len)
{
    int fd = number_of(name, len);
    struct file *f = fd < 0 ? NULL : fd_file(fd);
    if (!f)
        return ERR_PTR(-ENOENT);
    uint32_t access = f->flags & O_ACCMODE;
    fdtable_put(f);
    if (!strcmp(prefix_of(dir), FDINFO))
        return node_make(dir, &file_ops, S_IFREG | 0444, &fdinfo_node, fd);
    uint32_t mode = access == O_RDONLY ? 0500 : access == O_WRONLY ? 0300
                                                                   : 0700;
    return node_make(dir, &fd_link_ops, S_IFLNK | mode, NULL, fd);
}

static int fd_readdir(struct vnode *dir, struct dir_emit *emit, off_t *pos)
{
    struct fdtable *t = procs ? procs->fds() : NULL;
    bool info = !strcmp(prefix_of(dir), FDINFO);
    if (!t)
        return 0;
    for (int fd = fdtable_next(t, (int)*pos - 2); fd >= 0;
         fd = fdtable_next(t, fd + 1)) {
        char name[16];
        int n = scnprintf(name, sizeof(name), "%d", fd);
        if (!emit->fn(emit, name, (size_t)n, dir->ino, info ? 8 : 10, fd + 3))
            break;
        *pos = fd + 3;
    }
    return 0;
}

/* "/path", "pipe:[7]", "socket:[8]", "anon_inode:[eventpoll]". */
static char *fd_readlink(struct vnode *v)
{
    struct file *f = fd_file(v->id);
    char *buf = f ? kmalloc(PATH_MAX) : NULL;
    struct kstat st;
    if (!buf) {
        if (f)
            fdtable_put(f);
        return ERR_PTR(f ? -ENOMEM : -ENOENT);
    }
    if (fs_file_path(f, buf, PATH_MAX) < 0) {
        const char *type = f->ops->type;
        if ((!strcmp(type, "pipe") || !strcmp(type, "socket")) &&
            !file_stat(f, &st))
            snprintf(buf, PATH_MAX, "%s:[%llu]", type,
                     (unsigned long long)st.ino);
        else
            snprintf(buf, PATH_MAX, "anon_inode:[%s]", type);
    }
    fdtable_put(f);
    return buf;
}

static int fd_jump(struct vnode *v, struct dentry **d, struct file **file)
{
    struct file *f = fd_file(v->id);
    if (!f)
        return -ENOENT;
    int err = 0;
    struct dentry *there = fs__file_dentry(f);
    if (there)
        *d = there;
    else if (file)
        *file = file_ref(f);
    else
        err = -ENOTDIR;
    fdtable_put(f);
    return err;
}

/* ---------------- operations, start-up ---------------- */

static const struct vnode_ops dir_ops = {
    .lookup = dir_lookup, .populate = dir_populate, .readdir = dir_readdir,
    .free = dir_free,
};
static const struct vnode_ops task_ops = {
    .lookup = task_lookup, .readdir = task_readdir, .free = dir_free,
};
static const struct vnode_ops fd_ops = {
    .lookup = fd_lookup, .readdir = fd_readdir, .free = dir_free,
};
static const struct vnode_ops file_ops = { .open = entry_open };
static const struct vnode_ops link_ops = { .readlink = entry_readlink };
static const struct vnode_ops self_ops = { .readlink = self_readlink };
static const struct vnode_ops fd_link_ops = {
    .readlink = fd_readlink, .jump = fd_jump,
};

struct super *fs__proc_create(enum proc_tree tree)
{
    bool proc = tree == PROC_TREE;
    struct super *sb = fs__super_create(proc ? "proc" : "sysfs",
                                        proc ? "proc" : "sysfs",
                                        proc ? PROC_MAGIC : SYSFS_MAGIC,
                                        &dir_ops, 0555);
    if (sb)
        sb->flags |= SUPER_NO_CREATE;
    if (!proc)
        fs__sys_cpus_add();
    return sb;
}

static void nothing_show(struct text *t, int id)
{
    (void)t;
    (void)id;
}

void fs__proc_init(void)
{
    /* These only make their directories known; "-" is never shown. */
    static const struct proc_entry dirs[] = {
        { FD "/-", 0, nothing_show, NULL },
        { FDINFO "/-", 0, nothing_show, NULL },
        { TID "/-", 0, nothing_show, NULL },
    };
    list_init(&trees[PROC_TREE]);
    list_init(&trees[SYS_TREE]);
    proc_register(PROC_TREE, dirs, ARRAY_LEN(dirs));
    fs__proc_entries_add();
}
