/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V objects: one registry (ipc.c) for the three kinds of them (msg.c,
 * sem.c, shm.c). It has the ids, keys and permissions, what is the same of the
 * *get and *ctl calls, waiting for an object to change, and /proc/sysvipc.
 *
 * Of use to a kind, in this order: ipc__get makes an object or finds it by
 * its key; with the kind's lock held, ipc__obtain_locked finds it by its id,
 * ipc__changed and ipc__wait_locked are the two ends of waiting, and
 * ipc__remove_locked ends it. Nobody frees an object but ops->destroy.
 */
#ifndef HULL_ABI_IPC_PRIV_H
#define HULL_ABI_IPC_PRIV_H

#include "abi_priv.h"

#define IPC_PRIVATE 0
#define IPC_CREAT 01000u
#define IPC_EXCL 02000u
#define IPC_NOWAIT 04000u
#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_INFO 3

#define IPC_READ 0444u          /* what ipc__obtain_locked asks for */
#define IPC_WRITE 0222u
#define IPC_DS_MAX 120          /* the largest ds */

struct ipc_perm {
    int32_t key;
    uint32_t uid, gid, cuid, cgid, mode;
    uint16_t seq, pad[3];
    uint64_t unused[2];
};
_Static_assert(sizeof(struct ipc_perm) == 48, "ipc_perm layout");

/* [I] immutable  [a] atomic  [lock] its kind's */
struct ipc_object {
    struct ipc_perm perm;       /* [lock] */
    int64_t ctime;              /* [lock] */
    int id;                     /* [I] */
    bool removed;               /* [lock] no id finds it any more */
    unsigned waiters;           /* [lock] */
    uint32_t changes;           /* [a] */
    struct waitq wq;
};

struct ipc_kind;

/* All but create are called with the lock held; all are required. */
struct ipc_ops {
    unsigned max;               /* objects */
    int stat_by_index;          /* *_STAT; *_INFO and *_STAT_ANY follow it */
    size_t ds_size;             /* of its *_ds, which begins with ipc_perm */
    const char *head;           /* its columns in /proc/sysvipc past perms */
    /* A new one, its first member a zeroed ipc_object, or ERR_PTR. */
    struct ipc_object *(*create)(uint64_t size, uint64_t flags);
    void (*destroy)(struct ipc_object *o);
    /* Is it as large as *get asks? */
    bool (*fits)(const struct ipc_object *o, uint64_t size);
    void (*stat)(struct ipc_object *o, void *ds);   /* all past perm */
    /* IPC_SET: all past perm that can be set; 0 or -Exxx. NULL: nothing. */
    int (*set)(struct ipc_object *o, const void *ds);
    /* IPC_RMID: ipc__remove_locked, now or later. NULL: now. */
    void (*remove)(struct ipc_object *o);
    /* What can be, or is, used; out is zeroed, IPC_DS_MAX large. Its size. */
    size_t (*info)(bool used, void *out);
    void (*show)(struct text *t, struct ipc_object *o);
};

struct ipc_kind {
    struct mutex lock;          /* of the objects too */
    const struct ipc_ops *ops;  /* [I] */
    struct ipc_object **slots;  /* [lock] by the low bits of an id */
    unsigned size, count;       /* [lock] slots, objects */
    int last;                   /* [lock] the slot taken last */
    uint16_t seq;               /* [lock] rounds through the slots */
};

#define IPC_KIND_INIT(kind, ops_) \
    { .lock = MUTEX_INIT((kind).lock), .ops = (ops_), .last = -1 }

/* The whole of a *get call: an id or -Exxx. Takes the lock. */
long ipc__get(struct ipc_kind *k, int key, uint64_t size, uint64_t flags);

/* The object of this id, if the program may do `mode` with it; or ERR_PTR. */
struct ipc_object *ipc__obtain_locked(struct ipc_kind *k, int id,
                                      unsigned mode);
/* The same, for who may change or remove it: its owner. */
struct ipc_object *ipc__own_locked(struct ipc_kind *k, int id);

/* The commands that every kind has: IPC_* and the *_STAT, *_INFO of it.
 * -EINVAL: none of them. Takes the lock. */
long ipc__control(struct ipc_kind *k, int id, int cmd, uaddr_t buf);

void ipc__changed(struct ipc_object *o);
/* Sleeps until the object changes, the lock released meanwhile. 0, -ETIMEDOUT,
 * -EINTR; -EIDRM: the object is gone, the pointer with it. */
int ipc__wait_locked(struct ipc_kind *k, struct ipc_object *o,
                     nsec_t deadline);
void ipc__remove_locked(struct ipc_kind *k, struct ipc_object *o);

/* The next object in the table from slot *at, which it moves on; NULL. */
struct ipc_object *ipc__next_locked(struct ipc_kind *k, unsigned *at);

/* A file of /proc/sysvipc. */
void ipc__show(struct ipc_kind *k, struct text *t);

static inline int64_t ipc_now(void)
{
    return (int64_t)(clock_realtime() / NSEC_PER_SEC);
}

extern struct ipc_kind msg__kind, sem__kind, shm__kind;

#define MSGMNI 32000            /* queues */
#define MSGMAX 8192             /* bytes of one message */
#define MSGMNB 16384            /* bytes of one queue at first */
#define SEMMNI 32000            /* sets */
#define SEMMSL 32000            /* in one set */
#define SEMMNS (SEMMNI * SEMMSL)
#define SEMOPM 500              /* operations of one call */
#define SHMMNI 4096             /* segments */
#define SHMMAX (UINT64_MAX - (1ull << 24))      /* bytes of one */

#endif
