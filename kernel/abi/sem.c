/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V semaphores. Whoever waits looks again at each change of its set.
 * Ids, permissions and the life of a set are the registry's.
 *
 * SEM_UNDO has no effect: what it would undo at the process's end nobody is
 * left to see.
 */
#include "ipc_priv.h"

#define SEM_STAT 18
#define SEMVMX 32767
#define SEM_UNDO_SIZE 20        /* seminfo's semusz: only told */
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
    struct ipc_object obj;      /* first */
    int64_t otime;              /* [lock] */
    uint64_t nsems;             /* [I] */
    struct sem sems[];
};

struct seminfo {
    int32_t map, mni, mns, mnu, msl, opm, ume, usz, vmx, aem;
};

static struct ipc_object *set_create(uint64_t n, uint64_t flags)
{
    struct semset *s;

    (void)flags;
    if (!n)
        return ERR_PTR(-EINVAL);
    s = kzalloc(sizeof(*s) + n * sizeof(s->sems[0]));
    if (!s)
        return ERR_PTR(-ENOMEM);
    s->nsems = n;
    return &s->obj;
}

static void set_destroy(struct ipc_object *o)
{
    kfree(o);
}

static bool set_fits(const struct ipc_object *o, uint64_t n)
{
    return n <= ((const struct semset *)o)->nsems;
}

static void set_stat(struct ipc_object *o, void *out)
{
    struct semid_ds *ds = out;

    ds->otime = ((struct semset *)o)->otime;
    ds->nsems = ((struct semset *)o)->nsems;
    ds->ctime = o->ctime;
}

static size_t set_info(bool used, void *out)
{
    struct seminfo *i = out;
    struct ipc_object *o;

    *i = (struct seminfo){
        .map = SEMMNS, .mni = SEMMNI, .mns = SEMMNS, .mnu = SEMMNS,
        .msl = SEMMSL, .opm = SEMOPM, .ume = SEMOPM, .usz = SEM_UNDO_SIZE,
        .vmx = SEMVMX, .aem = SEMVMX,
    };
    if (!used)
        return sizeof(*i);
    i->usz = (int)sem__kind.count;
    i->aem = 0;
    for (unsigned n = 0; (o = ipc__next_locked(&sem__kind, &n)) != NULL;)
        i->aem += (int)((struct semset *)o)->nsems;
    return sizeof(*i);
}

static void set_show(struct text *t, struct ipc_object *o)
{
    const struct semset *s = (struct semset *)o;

    text_printf(t, "%10llu %5u %5u %5u %5u %10lld %10lld\n",
                (unsigned long long)s->nsems, o->perm.uid, o->perm.gid,
                o->perm.cuid, o->perm.cgid, (long long)s->otime,
                (long long)o->ctime);
}

static const struct ipc_ops set_ops = {
    .max = SEMMNI, .stat_by_index = SEM_STAT,
    .ds_size = sizeof(struct semid_ds),
    .head = "semid perms      nsems   uid   gid  cuid  cgid      otime"
            "      ctime",
    .create = set_create, .destroy = set_destroy, .fits = set_fits,
    .stat = set_stat, .info = set_info, .show = set_show,
};

struct ipc_kind sem__kind = IPC_KIND_INIT(sem__kind, &set_ops);

long sys_semget(int key, int n, uint64_t flags)
{
    if (n < 0 || n > SEMMSL)
        return -EINVAL;
    return ipc__get(&sem__kind, key, (uint64_t)n, flags);
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
    s->otime = ipc_now();
    return 0;
}

static int wait_locked(struct semset *s, const struct semop *op,
                       nsec_t deadline)
{
    struct sem *sem = &s->sems[op->num];
    uint16_t *waits = op->op ? &sem->wait_more : &sem->wait_zero;
    int err;

    ++*waits;
    err = ipc__wait_locked(&sem__kind, &s->obj, deadline);
    if (err != -EIDRM)
        --*waits;
    return err == -ETIMEDOUT ? -EAGAIN : err;
}

static long operate(int id, const struct semop *ops, unsigned n,
                    nsec_t deadline)
{
    const struct semop *at = NULL;
    bool alter = false;
    struct semset *s;
    int r = 0;

    for (unsigned i = 0; i < n; i++)
        alter |= ops[i].op != 0;
    mutex_lock(&sem__kind.lock);
    s = (struct semset *)ipc__obtain_locked(&sem__kind, id,
                                            alter ? IPC_WRITE : IPC_READ);
    if (IS_ERR(s))
        r = (int)PTR_ERR(s);
    for (unsigned i = 0; !r && i < n; i++)
        r = ops[i].num >= s->nsems ? -EFBIG : 0;
    while (!r) {
        r = try_locked(s, ops, n, &at);
        if (!r) {
            ipc__changed(&s->obj);
            break;
        }
        if (r > 0)
            r = wait_locked(s, at, deadline);
    }
    mutex_unlock(&sem__kind.lock);
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
    size_t n = s->nsems;
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
        s->obj.ctime = ipc_now();
        ipc__changed(&s->obj);
    }
    return r;
}

static long one_value(struct semset *s, int num, int cmd, int value)
{
    struct sem *sem;

    if (cmd == SETVAL && (value < 0 || value > SEMVMX))
        return -ERANGE;
    if (num < 0 || (uint64_t)num >= s->nsems)
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
    s->obj.ctime = ipc_now();
    ipc__changed(&s->obj);
    return 0;
}

long sys_semctl(int id, int num, int cmd, uint64_t arg)
{
    bool all = cmd == GETALL || cmd == SETALL;
    struct semset *s;
    long r;

    if (!all && cmd != GETVAL && cmd != GETPID && cmd != GETNCNT &&
        cmd != GETZCNT && cmd != SETVAL)
        return ipc__control(&sem__kind, id, cmd, arg);
    mutex_lock(&sem__kind.lock);
    s = (struct semset *)ipc__obtain_locked(&sem__kind, id,
        cmd == SETALL || cmd == SETVAL ? IPC_WRITE : IPC_READ);
    if (IS_ERR(s))
        r = PTR_ERR(s);
    else if (all)
        r = all_values(s, arg, cmd == SETALL);
    else
        r = one_value(s, num, cmd, (int)arg);
    mutex_unlock(&sem__kind.lock);
    return r;
}
