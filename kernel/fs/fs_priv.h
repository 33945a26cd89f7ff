/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside fs: the one tree of names, vnodes, and what the file systems give.
 *
 * Every name that the kernel knows is a dentry in one tree; for file systems
 * in memory the tree is the only store. A directory that stands over a source
 * (EROFS, a table of /proc) is filled in as names are asked for: by `lookup`
 * for one name, by `populate` for all of them, after which it is `complete`
 * and the source is never asked again. So the overlay needs no second tree:
 * it is a tmpfs tree whose vnodes may still take their contents from below.
 *
 * Locks, outermost first:
 *   super.names   mutex   all changes of names in one file system
 *   vnode.lock    mutex   data of a file: write, truncate, copy-up
 *   ns            spin rw links, names and refs-from-tree of all dentries;
 *                         nothing blocks under it (see fs__ns_*)
 * A walk holds ns for reading over all names that are known.
 */
#ifndef HULL_FS_PRIV_H
#define HULL_FS_PRIV_H

#include "fs.h"

struct erofs_inode;
struct super;
struct walk;

/* ---------------- vnodes ---------------- */

/* Each member is optional, may block, and is called without locks. */
struct vnode_ops {
    /* A directory's source: the vnode for a name, with a reference, or
     * ERR_PTR(-ENOENT). */
    struct vnode *(*lookup)(struct vnode *dir, const char *name, size_t len);
    /* Adds all names of the source by fs__dentry_stub; 0 or -Exxx. */
    int (*populate)(struct vnode *dir, struct dentry *d);
    /* For directories whose names are never kept: entries from *pos on. */
    int (*readdir)(struct vnode *dir, struct dir_emit *emit, off_t *pos);
    /* Symlinks without vnode->target: the text, allocated, by ERR_PTR. */
    char *(*readlink)(struct vnode *v);
    /* Symlinks that lead to an object instead of a name: a dentry with a
     * reference, or *file. */
    int (*jump)(struct vnode *v, struct dentry **d, struct file **file);
    /* Opens in its own way (devices, /proc). ERR_PTR. */
    struct file *(*open)(struct vnode *v, struct dentry *d, uint32_t flags);
    /* The last reference is gone: what `extra` holds. */
    void (*free)(struct vnode *v);
};

enum vnode_flags {
    VNODE_COMPLETE = 1,     /* a directory's names are all dentries */
    VNODE_DYNAMIC  = 2,     /* a directory's names are never kept */
    VNODE_COPIED   = 4,     /* data no longer comes from lower */
    VNODE_PINNED   = 8,     /* in super.shared */
};

/* [I] immutable [a] atomic [l] lock [n] ns, changed under super.names too */
struct vnode {
    const struct vnode_ops *ops;        /* [I] never NULL */
    struct super *sb;                   /* [I] */
    uint32_t refs;                      /* [a] */
    uint32_t flags;                     /* [a] */
    uint32_t mode;                      /* type [I], permissions [a] */
    uint32_t nlink;                     /* [super.names] */
    uint32_t uid, gid;                  /* [a] */
    uint64_t ino, rdev;                 /* [I] */
    uint64_t size;                      /* [l] to write, [a] to read */
    int64_t atime, mtime, ctime, btime; /* [a] */
    struct mutex lock;
    struct page_cache *pc;              /* [l] to change; data pages */
    struct erofs_inode *lower;          /* [I] contents from below, or NULL */
    char *target;                       /* [I] of a symlink */
    struct tree children;               /* [n] of a directory, by cookie */
    uint64_t next_cookie;               /* [n] */
    unsigned negatives;                 /* [n] names kept as absent */
    struct dentry *alias;               /* [n] a name of it, unreferenced */
    void *fifo;                         /* io's slot [l] */
    struct vnode_locks *locks;          /* [locks.c] */
    struct xattr *xattrs;               /* [l] xattr.c's */
    struct list watches;                /* [inotify.c] */
    uint64_t charged;                   /* [a] pages counted in the super */
    unsigned seals;                     /* [l] of a memfd */
    const void *extra;                  /* [I] the ops' own */
    int id;                             /* [I] the ops' own */
    struct tree_node shared_node;       /* [super.names] in super.shared */
};

struct vnode *fs__vnode_create(struct super *sb, const struct vnode_ops *ops,
                               uint32_t mode, uint64_t ino);
struct vnode *fs__vnode_ref(struct vnode *v);
void fs__vnode_unref(struct vnode *v);
void fs__vnode_stat(struct vnode *v, struct kstat *st);
/* mask: 4 read, 2 write, 1 execute/search. 0 or -EACCES. */
int fs__vnode_permission(const struct fs_ctx *ctx, const struct vnode *v,
                         unsigned mask);
void fs__vnode_touch(struct vnode *v);      /* mtime and ctime are now */
static inline bool vnode_is(const struct vnode *v, uint32_t type)
{
    return (v->mode & S_IFMT) == type;
}

/* ---------------- supers and mounts ---------------- */

enum super_flags { SUPER_READ_ONLY = 1, SUPER_NO_CREATE = 2 };

struct super {
    const char *type;           /* [I] "tmpfs" */
    char source[32];            /* [I] as /proc/mounts shows it */
    unsigned flags;             /* [I] */
    uint64_t magic;             /* [I] statfs f_type */
    uint64_t dev;               /* [I] st_dev */
    struct mutex names;
    uint64_t next_ino;          /* [a] */
    uint64_t pages_used;        /* [a] */
    uint64_t pages_max;         /* [I] */
    uint64_t vnodes;            /* [a] */
    struct tree shared;         /* [names] lower vnodes with several names */
    struct erofs *lower;        /* [I] */
    struct dentry *root;        /* [I] referenced */
    struct mount *mount;        /* [ns] a super has one mount at most */
    struct list link;           /* [ns] of all mounted, in order */
};

struct mount {
    struct super *sb;           /* [I] */
    struct dentry *at;          /* [I] referenced; NULL for the root */
    unsigned flags;
    int id;
};

struct super *fs__super_create(const char *type, const char *source,
                               uint64_t magic, const struct vnode_ops *ops,
                               uint32_t root_mode);
void fs__super_free(struct super *sb);      /* never mounted */
struct super *fs__tmpfs_create(const char *source, uint32_t mode);
struct super *fs__overlay_create(struct erofs *lower, bool read_only,
                                 const char *source);
int fs__mount_at(struct super *sb, struct dentry *at);
/* Calls fn for each mount in order, with ns not held. */
void fs__mounts_each(void (*fn)(void *arg, struct super *sb,
                                const char *path), void *arg);
extern struct super *fs__root;
extern const struct vnode_ops fs__tmpfs_ops;
extern const struct vnode_ops fs__overlay_ops;
extern uint64_t fs__memory_pages;           /* [a] of all files in memory */
struct vnode *fs__overlay_vnode(struct super *sb, uint64_t nid);

/* ---------------- dentries ---------------- */

#define DENTRY_INLINE 32

enum dentry_flags {
    DENTRY_LINKED = 1,          /* in the hash and its parent's children */
    DENTRY_STUB   = 2,          /* the source has it; vnode not yet loaded */
};

/* [n] ns, changed under super.names too */
struct dentry {
    uint32_t refs;              /* [a] one for being linked */
    uint32_t hash;              /* [n] */
    uint8_t flags;              /* [n] */
    uint8_t len;                /* [n] of name */
    uint8_t dtype;              /* [n] of a stub */
    struct dentry *hash_next;   /* [n] */
    struct dentry *parent;      /* [n] referenced; itself at a root */
    struct vnode *vnode;        /* [n] referenced; NULL: absent, or a stub */
    struct super *mounted;      /* [n] what covers it */
    uint64_t ino;               /* [n] of a stub */
    uint64_t cookie;            /* [n] position in its directory */
    struct tree_node node;      /* [n] */
    char *name;                 /* [n] inline_name, or allocated */
    char inline_name[DENTRY_INLINE];
};

/* The lock of all names. Spins; nothing that holds it may block. */
void fs__ns_read_lock(void);
void fs__ns_read_unlock(void);
void fs__ns_write_lock(void);
void fs__ns_write_unlock(void);

uint32_t fs__name_hash(const char *name, size_t len);
struct dentry *fs__dentry_create(struct dentry *parent, const char *name,
                                 size_t len);   /* takes a parent reference */
struct dentry *fs__dentry_ref(struct dentry *d);
void fs__dentry_unref(struct dentry *d);
/* ns held: */
struct dentry *fs__dentry_find(struct dentry *dir, uint32_t hash,
                               const char *name, size_t len);
void fs__dentry_link(struct dentry *d);         /* takes the tree's ref */
void fs__dentry_unlink(struct dentry *d);       /* caller drops that ref */
void fs__dentry_set_vnode(struct dentry *d, struct vnode *v); /* takes it */
struct dentry *fs__vnode_name(struct vnode *v); /* alias, referenced, or NULL */
/* ns not held: */
/* The name in dir, asked from the source if need be, with a reference; NULL
 * when absent; ERR_PTR. May block. */
struct dentry *fs__dentry_get(struct dentry *dir, const char *name,
                              size_t len);
/* For populate: a name whose vnode is loaded later. */
int fs__dentry_stub(struct dentry *dir, const char *name, size_t len,
                    uint64_t ino, unsigned dtype);
/* Makes a directory complete. */
int fs__dentry_populate(struct dentry *dir);
bool fs__dentry_empty(struct dentry *dir);      /* complete; no names */
/* The first present name at or after a cookie, or NULL; ns held. */
struct dentry *fs__dentry_after(struct vnode *dir, uint64_t cookie);
/* The full path from `root` (NULL: the namespace's). Length without NUL. */
ssize_t fs__dentry_path(struct dentry *d, struct dentry *root, char *buf,
                        size_t size);
void fs__dentry_init(void);

/* ---------------- walking ---------------- */

enum walk_more {
    WALK_PARENT = 256,          /* stop before the last name */
    WALK_CREATE = 512,          /* the last name may be absent */
};

struct walk_link { struct vnode *vnode; char *text; };

/*
 * One walk. On success of fs__walk: `d` is the place, referenced, NULL with
 * WALK_PARENT or an absent last name under WALK_CREATE; then `parent`,
 * referenced, and name/len say what and where. fs__walk_release drops all.
 */
struct walk {
    struct fs_ctx *ctx;
    struct dentry *d, *parent;
    const char *name;
    size_t len;
    uint32_t hash;
    bool trailing;              /* slashes follow the last name */
    unsigned flags;
    struct file *file;          /* a magic link led to this, referenced */
    struct dentry *root, *held;
    const char *p;
    unsigned depth, links;
    const char *rest[SYMLINKS_MAX];
    struct walk_link link[SYMLINKS_MAX];
};
int fs__walk(struct walk *w, struct fs_ctx *ctx, struct file *at,
             const char *path, unsigned flags);
void fs__walk_release(struct walk *w);
/* As fs__walk; "" with FS_EMPTY is `at` itself, and if that has no name (a
 * pipe, a socket) w->file is set instead of w->d. */
int fs__place_find(struct walk *w, struct fs_ctx *ctx, struct file *at,
                   const char *path, unsigned walk);
/* The dentry behind an open file, referenced, or NULL; ns not held. */
struct dentry *fs__file_dentry(struct file *f);

/* ---------------- files ---------------- */

extern const struct file_ops fs__reg_ops, fs__dir_ops, fs__path_ops,
                             fs__proc_file_ops;
int fs__file_stat(struct file *f, struct kstat *st);
int fs__file_name(struct file *f, char *buf, size_t size);
void fs__file_release(struct file *f);
struct file *fs__open_vnode(struct fs_ctx *ctx, struct dentry *d,
                            uint32_t flags);
/* Data of regular files. Lock held where named so. */
int fs__data_init(struct vnode *v);             /* an own, empty store */
void fs__data_release(struct vnode *v);
int fs__data_own_locked(struct vnode *v);       /* copy up */
int fs__data_truncate(struct vnode *v, uint64_t size);
/* May the file end there? 0, or -EFBIG after telling the program. */
int fs__size_check(uint64_t end);
uint64_t fs__size_limit(void);
void fs__data_charge(struct vnode *v);
/* -EROFS for read-only file systems. */
int fs__may_write(const struct super *sb);
struct vnode *fs__create_vnode(struct fs_ctx *ctx, struct vnode *dir,
                               uint32_t mode, uint64_t rdev);
/* Puts v (its reference is taken) under the absent name; names held. */
int fs__names_add(struct dentry *dir, const char *name, size_t len,
                  struct vnode *v, struct dentry **out);

/* ---------------- inotify ---------------- */

#define IN_ACCESS        0x1u
#define IN_MODIFY        0x2u
#define IN_ATTRIB        0x4u
#define IN_CLOSE_WRITE   0x8u
#define IN_CLOSE_NOWRITE 0x10u
#define IN_OPEN          0x20u
#define IN_MOVED_FROM    0x40u
#define IN_MOVED_TO      0x80u
#define IN_CREATE        0x100u
#define IN_DELETE        0x200u
#define IN_DELETE_SELF   0x400u
#define IN_MOVE_SELF     0x800u
#define IN_UNMOUNT       0x2000u
#define IN_Q_OVERFLOW    0x4000u
#define IN_IGNORED       0x8000u
#define IN_ONLYDIR       0x1000000u
#define IN_DONT_FOLLOW   0x2000000u
#define IN_EXCL_UNLINK   0x4000000u
#define IN_MASK_CREATE   0x10000000u
#define IN_MASK_ADD      0x20000000u
#define IN_ISDIR         0x40000000u
#define IN_ONESHOT       0x80000000u

extern unsigned fs__watch_count;            /* [a] */
void fs__notify_slow(struct dentry *d, uint32_t mask, uint32_t cookie);
/* Something happened to what d names: tells its watchers and its parent's. */
static inline void fs__notify(struct dentry *d, uint32_t mask)
{
    if (unlikely(__atomic_load_n(&fs__watch_count, __ATOMIC_RELAXED)))
        fs__notify_slow(d, mask, 0);
}
/* The same about a name in dir, to dir's watchers only. */
void fs__notify_name(struct dentry *dir, const char *name, size_t len,
                     uint32_t mask, uint32_t cookie);
void fs__watches_drop(struct vnode *v);     /* v goes away: IN_IGNORED */

/* ---------------- locks ---------------- */

void fs__locks_free(struct vnode *v);
void fs__file_closed(struct file *f, void *table);
void fs__flock_release(struct file *f);

void fs__xattrs_free(struct vnode *v);

/* ---------------- pseudo file systems ---------------- */

struct super *fs__proc_create(enum proc_tree tree);
struct super *fs__devfs_create(void);
struct vnode *fs__devfs_find(uint32_t type, uint64_t rdev);
void fs__devfs_init(void);
struct dentry *fs__proc_file_dentry(struct file *f);
int fs__proc_last_tid(void);
void fs__proc_entries_add(void);            /* /proc's and /sys's own */
void fs__sys_cpus_add(void);                /* once the CPUs are known */
void fs__proc_init(void);
void fs__memfd_init(void);

struct text {
    char *buf;
    size_t len, size;
    bool failed;
};
void fs__text_init(struct text *t);
void fs__text_release(struct text *t);

#define MKDEV(major, minor) (((uint64_t)(major) << 8) | (minor))

#endif
