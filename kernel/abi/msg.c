/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V message queues. One lock guards all of them; whoever waits looks
 * again at each change of its queue, which is freed when it is removed and
 * nobody waits for it.
 */
#include "ipc_priv.h"

#define MSGMNI 1024             /* queues */
#define MSGMAX 8192             /* bytes of one message */
#define MSGMNB 16384            /* bytes of one queue at first */
#define MSG_NOERROR 010000u
#define MSG_EXCEPT 020000u
#define MSG_COPY 040000u

struct msqid_ds {
    struct ipc_perm perm;
    int64_t stime, rtime, ctime;
    uint64_t cbytes, qnum, qbytes;
    int32_t lspid, lrpid;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct msqid_ds) == 120, "msqid_ds layout");

struct message {
    struct list link;           /* [lock] */
    int64_t type;
    size_t size;
    char text[];
};

struct queue {
    struct list link;           /* [lock] */
    struct msqid_ds ds;         /* [lock] */
    struct list messages;       /* [lock] */
    int id;                     /* [I] */
    bool removed;               /* [lock] */
    unsigned waiters;           /* [lock] */
    uint32_t changes;           /* [a] */
    struct waitq wq;
};

static struct mutex lock = MUTEX_INIT(lock);
static struct list queues = LIST_INIT(queues);      /* [lock] */
static unsigned count;                              /* [lock] */
static int next_id;                                 /* [lock] */

static struct queue *find_id(int id)
{
    struct queue *q;

    list_for_each(q, &queues, link) {
        if (q->id == id)
            return q;
    }
    return NULL;
}

static void changed(struct queue *q)
{
    __atomic_fetch_add(&q->changes, 1, __ATOMIC_RELEASE);
    waitq_wake_all(&q->wq);
}

static void remove_locked(struct queue *q)
{
    struct message *m, *tmp;

    list_for_each_safe(m, tmp, &q->messages, link)
        kfree(m);
    list_init(&q->messages);
    list_del(&q->link);
    count--;
    q->removed = true;
    changed(q);
    if (!q->waiters)
        kfree(q);
}

static long create(int key, uint64_t flags)
{
    struct queue *q = count < MSGMNI ? kzalloc(sizeof(*q)) : NULL;

    if (!q)
        return count < MSGMNI ? -ENOMEM : -ENOSPC;
    list_init(&q->messages);
    waitq_init(&q->wq);
    ipc_perm_init(&q->ds.perm, key, flags);
    q->ds.qbytes = MSGMNB;
    q->ds.ctime = ipc_now();
    q->id = next_id++ & 0x7fffffff;
    list_add_tail(&queues, &q->link);
    count++;
    return q->id;
}

long sys_msgget(int key, uint64_t flags)
{
    struct queue *q, *found = NULL;
    long r;

    mutex_lock(&lock);
    list_for_each(q, &queues, link) {
        if (key != IPC_PRIVATE && q->ds.perm.key == key)
            found = q;
    }
    if (found && (flags & IPC_CREAT) && (flags & IPC_EXCL))
        r = -EEXIST;
    else if (found)
        r = found->id;
    else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
        r = -ENOENT;
    else
        r = create(key, flags);
    mutex_unlock(&lock);
    return r;
}

/* Waits for a change, with the lock released meanwhile. */
static int wait_locked(struct queue *q)
{
    uint32_t seen = __atomic_load_n(&q->changes, __ATOMIC_RELAXED);
    int err;

    q->waiters++;
    mutex_unlock(&lock);
    err = waitq_wait(&q->wq, __atomic_load_n(&q->changes, __ATOMIC_ACQUIRE) !=
                     seen, NSEC_FOREVER, WAIT_INTERRUPTIBLE);
    mutex_lock(&lock);
    q->waiters--;
    if (!q->removed)
        return err ? -ERESTARTNOHAND : 0;
    if (!q->waiters)
        kfree(q);
    return -EIDRM;
}

static long send(int id, struct message *m, uint64_t flags)
{
    struct queue *q;
    int err = 0;

    mutex_lock(&lock);
    q = find_id(id);
    if (!q)
        err = -EINVAL;
    while (!err && (q->ds.cbytes + m->size > q->ds.qbytes ||
                    q->ds.qnum >= q->ds.qbytes))
        err = flags & IPC_NOWAIT ? -EAGAIN : wait_locked(q);
    if (!err) {
        list_add_tail(&q->messages, &m->link);
        q->ds.cbytes += m->size;
        q->ds.qnum++;
        q->ds.lspid = process_current()->pid;
        q->ds.stime = ipc_now();
        changed(q);
    }
    mutex_unlock(&lock);
    return err;
}

long sys_msgsnd(int id, uaddr_t msg, uint64_t size, uint64_t flags)
{
    struct message *m;
    int64_t type;
    long r;

    if (get_user(&type, msg))
        return -EFAULT;
    if (size > MSGMAX || id < 0 || type < 1)
        return -EINVAL;
    m = kmalloc(sizeof(*m) + size);
    if (!m)
        return -ENOMEM;
    m->type = type;
    m->size = size;
    r = copy_from_user(m->text, msg + sizeof(type), size);
    if (!r)
        r = send(id, m, flags);
    if (r)
        kfree(m);
    return r;
}

/* The message that `type` asks for: the first, the first of (or except) that
 * type, or the first of the lowest type up to -type. */
static struct message *choose(struct queue *q, int64_t type, uint64_t flags)
{
    struct message *m, *best = NULL;

    list_for_each(m, &q->messages, link) {
        if (type < 0) {
            if (m->type <= (type == INT64_MIN ? INT64_MAX : -type) &&
                (!best || m->type < best->type))
                best = m;
        } else if (!type || (m->type == type) == !(flags & MSG_EXCEPT)) {
            return m;
        }
    }
    return best;
}

static int take(int id, uint64_t size, int64_t type, uint64_t flags,
                struct message **out)
{
    struct message *m = NULL;
    struct queue *q;
    int err = 0;

    mutex_lock(&lock);
    q = find_id(id);
    if (!q)
        err = -EINVAL;
    while (!err && !(m = choose(q, type, flags)))
        err = flags & IPC_NOWAIT ? -ENOMSG : wait_locked(q);
    if (!err && m->size > size && !(flags & MSG_NOERROR))
        err = -E2BIG;
    if (!err) {
        list_del(&m->link);
        q->ds.cbytes -= m->size;
        q->ds.qnum--;
        q->ds.lrpid = process_current()->pid;
        q->ds.rtime = ipc_now();
        changed(q);
        *out = m;
    }
    mutex_unlock(&lock);
    return err;
}

long sys_msgrcv(int id, uaddr_t out, uint64_t size, int64_t type,
                uint64_t flags)
{
    struct message *m;
    long r;

    if (id < 0 || (int64_t)size < 0 || (flags & MSG_COPY))
        return flags & MSG_COPY ? -ENOSYS : -EINVAL;
    r = take(id, size, type, flags, &m);
    if (r)
        return r;
    size = MIN(size, m->size);
    r = put_user(out, m->type) || copy_to_user(out + sizeof(m->type), m->text,
                                               size) ? -EFAULT : (long)size;
    kfree(m);
    return r;
}

static long control(struct queue *q, int cmd, uaddr_t buf)
{
    struct msqid_ds ds;

    switch (cmd) {
    case IPC_STAT:
        return copy_to_user(buf, &q->ds, sizeof(q->ds));
    case IPC_SET:
        if (copy_from_user(&ds, buf, sizeof(ds)))
            return -EFAULT;
        if (ds.qbytes > MSGMNB && process_current()->creds.euid)
            return -EPERM;
        ipc_perm_set(&q->ds.perm, &ds.perm);
        q->ds.qbytes = ds.qbytes;
        q->ds.ctime = ipc_now();
        changed(q);
        return 0;
    case IPC_RMID:
        remove_locked(q);
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_msgctl(int id, int cmd, uaddr_t buf)
{
    struct queue *q;
    long r = -EINVAL;

    mutex_lock(&lock);
    q = id < 0 ? NULL : find_id(id);
    if (q)
        r = control(q, cmd, buf);
    mutex_unlock(&lock);
    return r;
}
