/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V message queues. Whoever waits looks again at each change of its
 * queue. Ids, permissions and the life of a queue are the registry's.
 */
#include "ipc_priv.h"

#define MSG_STAT 11
#define MSG_NOERROR 010000u
#define MSG_EXCEPT 020000u
#define MSG_COPY 040000u
#define MSG_SEGMENT 16          /* msginfo's msgssz and msgseg: only told */
#define MSG_SEGMENTS 0xffff
#define CAP_SYS_RESOURCE 24

struct msqid_ds {
    struct ipc_perm perm;
    int64_t stime, rtime, ctime;
    uint64_t cbytes, qnum, qbytes;
    int32_t lspid, lrpid;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct msqid_ds) == 120, "msqid_ds layout");

struct msginfo {
    int32_t pool, map, max, mnb, mni, ssz, tql;
    uint16_t seg;
};

struct message {
    struct list link;           /* [lock] */
    int64_t type;
    size_t size;
    char text[];
};

struct queue {
    struct ipc_object obj;      /* first */
    struct msqid_ds ds;         /* [lock] without perm and ctime */
    struct list messages;       /* [lock] */
};

static struct ipc_object *queue_create(uint64_t size, uint64_t flags)
{
    struct queue *q = kzalloc(sizeof(*q));

    (void)size;
    (void)flags;
    if (!q)
        return ERR_PTR(-ENOMEM);
    list_init(&q->messages);
    q->ds.qbytes = MSGMNB;
    return &q->obj;
}

static void queue_destroy(struct ipc_object *o)
{
    struct queue *q = (struct queue *)o;
    struct message *m, *tmp;

    list_for_each_safe(m, tmp, &q->messages, link)
        kfree(m);
    kfree(q);
}

static bool queue_fits(const struct ipc_object *o, uint64_t size)
{
    (void)o;
    (void)size;
    return true;
}

static void queue_stat(struct ipc_object *o, void *out)
{
    struct msqid_ds *ds = out;

    *ds = ((struct queue *)o)->ds;
    ds->ctime = o->ctime;
}

static int queue_set(struct ipc_object *o, const void *in)
{
    const struct msqid_ds *ds = in;

    if (ds->qbytes > MSGMNB && !ids__capable(CAP_SYS_RESOURCE))
        return -EPERM;
    ((struct queue *)o)->ds.qbytes = ds->qbytes;
    ipc__changed(o);
    return 0;
}

static size_t queue_info(bool used, void *out)
{
    struct msginfo *i = out;
    struct ipc_object *o;

    *i = (struct msginfo){
        .pool = MSGMNI * MSGMNB / 1024, .map = MSGMNB, .max = MSGMAX,
        .mnb = MSGMNB, .mni = MSGMNI, .ssz = MSG_SEGMENT, .tql = MSGMNB,
        .seg = MSG_SEGMENTS,
    };
    if (!used)
        return sizeof(*i);
    i->pool = (int)msg__kind.count;
    i->map = i->tql = 0;
    for (unsigned n = 0; (o = ipc__next_locked(&msg__kind, &n)) != NULL;) {
        i->map += (int)((struct queue *)o)->ds.qnum;
        i->tql += (int)((struct queue *)o)->ds.cbytes;
    }
    return sizeof(*i);
}

static void queue_show(struct text *t, struct ipc_object *o)
{
    const struct msqid_ds *ds = &((struct queue *)o)->ds;

    text_printf(t, "%11llu %10llu %5u %5u %5u %5u %5u %5u %10lld %10lld "
                "%10lld\n", (unsigned long long)ds->cbytes,
                (unsigned long long)ds->qnum, ds->lspid, ds->lrpid,
                o->perm.uid, o->perm.gid, o->perm.cuid, o->perm.cgid,
                (long long)ds->stime, (long long)ds->rtime,
                (long long)o->ctime);
}

static const struct ipc_ops queue_ops = {
    .max = MSGMNI, .stat_by_index = MSG_STAT,
    .ds_size = sizeof(struct msqid_ds),
    .head = "msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid"
            "  cgid      stime      rtime      ctime",
    .create = queue_create, .destroy = queue_destroy, .fits = queue_fits,
    .stat = queue_stat, .set = queue_set, .info = queue_info,
    .show = queue_show,
};

struct ipc_kind msg__kind = IPC_KIND_INIT(msg__kind, &queue_ops);

long sys_msgget(int key, uint64_t flags)
{
    return ipc__get(&msg__kind, key, 0, flags);
}

long sys_msgctl(int id, int cmd, uaddr_t buf)
{
    return ipc__control(&msg__kind, id, cmd, buf);
}

static int wait_locked(struct queue *q)
{
    int err = ipc__wait_locked(&msg__kind, &q->obj, NSEC_FOREVER);

    return err == -EINTR ? -ERESTARTNOHAND : err;
}

static long send(int id, struct message *m, uint64_t flags)
{
    struct queue *q;
    int err = 0;

    mutex_lock(&msg__kind.lock);
    q = (struct queue *)ipc__obtain_locked(&msg__kind, id, IPC_WRITE);
    if (IS_ERR(q))
        err = (int)PTR_ERR(q);
    while (!err && (q->ds.cbytes + m->size > q->ds.qbytes ||
                    q->ds.qnum >= q->ds.qbytes))
        err = flags & IPC_NOWAIT ? -EAGAIN : wait_locked(q);
    if (!err) {
        list_add_tail(&q->messages, &m->link);
        q->ds.cbytes += m->size;
        q->ds.qnum++;
        q->ds.lspid = process_current()->pid;
        q->ds.stime = ipc_now();
        ipc__changed(&q->obj);
    }
    mutex_unlock(&msg__kind.lock);
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

    mutex_lock(&msg__kind.lock);
    q = (struct queue *)ipc__obtain_locked(&msg__kind, id, IPC_READ);
    if (IS_ERR(q))
        err = (int)PTR_ERR(q);
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
        ipc__changed(&q->obj);
        *out = m;
    }
    mutex_unlock(&msg__kind.lock);
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
