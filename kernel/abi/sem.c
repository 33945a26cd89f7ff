/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V semaphores. One lock guards all sets; whoever waits looks again at
 * each change of its set.
 *
 * Invariant: a set is freed when it is removed and nobody waits in it
 * (`waiters`). SEM_UNDO has no effect: what it would undo at the process's end
 * nobody is left to see.
 */
#include "ipc_priv.h"

#define SEMMNI 1024             /* sets */
#define SEMMSL 32000            /* in one set */
#define SEMOPM 500              /* operations of one call */
#define SEMVMX 32767
#define GETPID 11
#define GETVAL 12
#define GETALL 13
#define GETNCNT 14
#define GETZCNT 15
#define SETVAL 16
#define SETALL 17

struct semid_ds {
    struct ipc_perm perm;
    int64_t otime;
    uint64_t unused1;
    int64_t ctime;
    uint64_t unused2, nsems, unused3[2];
};
_Static_assert(sizeof(struct semid_ds) == 104, "semid_ds layout");

struct semop { uint16_t num; int16_t op, flags; };

struct sem {                    /* [lock] */
    uint16_t value;
    uint16_t wait_more, wait_zero;
    int pid;                    /* of the last change */
};

struct semset {
    struct list link;           /* [lock] */
    struct semid_ds ds;         /* [lock] */
    int id;                     /* [I] */
    bool removed;               /* [lock] */
    unsigned waiters;           /* [lock] */
    uint32_t changes;           /* [a] */
    struct waitq wq;
    struct sem *sems;           /* [I] */
};

static struct mutex lock = MUTEX_INIT(lock);
static struct list sets = LIST_INIT(sets);          /* [lock] */
static unsigned count;                              /* [lock] */
static int next_id;                                 /* [lock] */

static struct semset *find_id(int id)
{
    struct semset *s;

    list_for_each(s, &sets, link) {
        if (s->id == id)
            return s;
    }
    return NULL;
}

static void semset_free(struct semset *s)
{
    kfree(s->sems);
    kfree(s);
}

static void changed(struct semset *s)
{
    __atomic_fetch_add(&s->changes, 1, __ATOMIC_RELEASE);
    waitq_wake_all(&s->wq);
}

static void remove_locked(struct semset *s)
{
    list_del(&s->link);
    count--;
    s->removed = true;
    changed(s);
    if (!s->waiters)
        semset_free(s);
}

static long create(int key, int n, uint64_t flags)
{
    struct semset *s;

    if (n <= 0)
        return -EINVAL;
    if (count >= SEMMNI)
        return -ENOSPC;
    s = kzalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->sems = kcalloc((size_t)n, sizeof(*s->sems));
    if (!s->sems) {
        kfree(s);
        return -ENOMEM;
    }
    waitq_init(&s->wq);
    ipc_perm_init(&s->ds.perm, key, flags);
    s->ds.nsems = (uint64_t)n;
    s->ds.ctime = ipc_now();
    s->id = next_id++ & 0x7fffffff;
    list_add_tail(&sets, &s->link);
    count++;
    return s->id;
}

long sys_semget(int key, int n, uint64_t flags)
{
    struct semset *s, *found = NULL;
    long r;

    if (n < 0 || n > SEMMSL)
        return -EINVAL;
    mutex_lock(&lock);
    list_for_each(s, &sets, link) {
        if (key != IPC_PRIVATE && s->ds.perm.key == key)
            found = s;
    }
    if (found && (flags & IPC_CREAT) && (flags & IPC_EXCL))
        r = -EEXIST;
    else if (found)
        r = (uint64_t)n > found->ds.nsems ? -EINVAL : found->id;
    else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
        r = -ENOENT;
    else
        r = create(key, n, flags);
    mutex_unlock(&lock);
    return r;
}

/* All operations or none. 0, -ERANGE, -EAGAIN; 1: *at has to wait. */
static int try_locked(struct semset *s, const struct semop *ops, unsigned n,
                      const struct semop **at)
{
    int pid = process_current()->pid, r = 0;
    unsigned i = 0;

    for (; i < n; i++) {
        struct sem *sem = &s->sems[ops[i].num];
        int v = sem->value + ops[i].op;

        if (!ops[i].op ? sem->value != 0 : v < 0) {
            *at = &ops[i];
            r = (uint16_t)ops[i].flags & IPC_NOWAIT ? -EAGAIN : 1;
            break;
        }
        if (v > SEMVMX) {
            r = -ERANGE;
            break;
        }
        sem->value = (uint16_t)v;
    }
    if (r) {
        while (i-- > 0)
            s->sems[ops[i].num].value -= (uint16_t)ops[i].op;
        return r;
    }
    for (i = 0; i < n; i++)
        s->sems[ops[i].num].pid = pid;
    s->ds.otime = ipc_now();
    return 0;
}

/* Waits for a change, with the lock released meanwhile. */
static int wait_locked(struct semset *s, const struct semop *op,
                       nsec_t deadline)
{
    struct sem *sem = &s->sems[op->num];
    uint16_t *waits = op->op ? &sem->wait_more : &sem->wait_zero;
    uint32_t seen = __atomic_load_n(&s->changes, __ATOMIC_RELAXED);
    int err;

    ++*waits;
    s->waiters++;
    mutex_unlock(&lock);
    err = waitq_wait(&s->wq, __atomic_load_n(&s->changes, __ATOMIC_ACQUIRE) !=
                     seen, deadline, WAIT_INTERRUPTIBLE);
    mutex_lock(&lock);
    --*waits;
    s->waiters--;
    if (!s->removed)
        return err == -ETIMEDOUT ? -EAGAIN : err;
    if (!s->waiters)
        semset_free(s);
    return -EIDRM;
}

static long operate(int id, const struct semop *ops, unsigned n,
                    nsec_t deadline)
{
    const struct semop *at = NULL;
    struct semset *s;
    int r = 0;

    mutex_lock(&lock);
    s = id < 0 ? NULL : find_id(id);
    if (!s)
        r = -EINVAL;
    for (unsigned i = 0; !r && i < n; i++)
        r = ops[i].num >= s->ds.nsems ? -EFBIG : 0;
    while (!r) {
        r = try_locked(s, ops, n, &at);
        if (!r) {
            changed(s);
            break;
        }
        if (r > 0)
            r = wait_locked(s, at, deadline);
    }
    mutex_unlock(&lock);
    return r;
}

long sys_semtimedop(int id, uaddr_t uops, uint64_t n, uaddr_t timeout)
{
    struct semop fast[8], *ops = fast;
    nsec_t deadline = NSEC_FOREVER;
    long r;

    if (n < 1 || id < 0)
        return -EINVAL;
    if (n > SEMOPM)
        return -E2BIG;
    if (n > ARRAY_LEN(fast)) {
        ops = kmalloc(n * sizeof(*ops));
        if (!ops)
            return -ENOMEM;
    }
    r = copy_from_user(ops, uops, n * sizeof(*ops));
    if (!r && timeout)
        r = time__deadline_get(timeout, &deadline);
    if (!r)
        r = operate(id, ops, (unsigned)n, deadline);
    if (ops != fast)
        kfree(ops);
    return r;
}

long sys_semop(int id, uaddr_t ops, uint64_t n)
{
    return sys_semtimedop(id, ops, n, 0);
}

/* GETALL and SETALL. */
static long all_values(struct semset *s, uaddr_t array, bool set)
{
    size_t n = s->ds.nsems;
    uint16_t *v = kmalloc(n * sizeof(*v));
    long r = v ? 0 : -ENOMEM;

    if (!r && set)
        r = copy_from_user(v, array, n * sizeof(*v));
    for (size_t i = 0; !r && i < n; i++) {
        if (!set)
            v[i] = s->sems[i].value;
        else if (v[i] > SEMVMX)
            r = -ERANGE;
    }
    for (size_t i = 0; !r && set && i < n; i++) {
        s->sems[i].value = v[i];
        s->sems[i].pid = process_current()->pid;
    }
    if (!r && !set)
        r = copy_to_user(array, v, n * sizeof(*v));
    kfree(v);
    if (!r && set) {
        s->ds.ctime = ipc_now();
        changed(s);
    }
    return r;
}

static long one_value(struct semset *s, int num, int cmd, int value)
{
    struct sem *sem;

    if (cmd == SETVAL && (value < 0 || value > SEMVMX))
        return -ERANGE;
    if (num < 0 || (uint64_t)num >= s->ds.nsems)
        return -EINVAL;
    sem = &s->sems[num];
    switch (cmd) {
    case GETVAL: return sem->value;
    case GETPID: return sem->pid;
    case GETNCNT: return sem->wait_more;
    case GETZCNT: return sem->wait_zero;
    }
    sem->value = (uint16_t)value;
    sem->pid = process_current()->pid;
    s->ds.ctime = ipc_now();
    changed(s);
    return 0;
}

static long control(struct semset *s, int num, int cmd, uint64_t arg)
{
    struct semid_ds ds;

    switch (cmd) {
    case GETVAL: case GETPID: case GETNCNT: case GETZCNT: case SETVAL:
        return one_value(s, num, cmd, (int)arg);
    case GETALL: case SETALL:
        return all_values(s, arg, cmd == SETALL);
    case IPC_STAT:
        return copy_to_user(arg, &s->ds, sizeof(s->ds));
    case IPC_SET:
        if (copy_from_user(&ds, arg, sizeof(ds)))
            return -EFAULT;
        ipc_perm_set(&s->ds.perm, &ds.perm);
        s->ds.ctime = ipc_now();
        return 0;
    case IPC_RMID:
        remove_locked(s);
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_semctl(int id, int num, int cmd, uint64_t arg)
{
    struct semset *s;
    long r = -EINVAL;

    mutex_lock(&lock);
    s = id < 0 ? NULL : find_id(id);
    if (s)
        r = control(s, num, cmd, arg);
    mutex_unlock(&lock);
    return r;
}
