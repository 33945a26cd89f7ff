/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registry of System V objects: see ipc_priv.h.
 *
 * An id is a slot's number below a sequence number. Slots are taken in turn,
 * and each round through them begins a new sequence, so that the id of
 * something removed does not soon name something else.
 *
 * Invariant: an object is in its slot until it is removed, and destroyed when
 * it is removed and nobody waits for it.
 */
#include "ipc_priv.h"

#define SLOT_BITS 15
#define SLOT_MASK ((1 << SLOT_BITS) - 1)
#define SLOTS_IN_TURN 64        /* at least, before a new round */
_Static_assert(SEMMNI <= SLOT_MASK && MSGMNI <= SLOT_MASK &&
               SHMMNI <= SLOT_MASK, "a slot's number fits in an id");

#define CAP_IPC_OWNER 15
#define CAP_SYS_ADMIN 21

static bool allowed(const struct ipc_perm *perm, unsigned mode)
{
    const struct creds *c = &process_current()->creds;
    unsigned have = perm->mode, want = mode >> 6 | mode >> 3 | mode;

    if (c->euid == perm->cuid || c->euid == perm->uid)
        have >>= 6;
    else if (ids__in_group(perm->cgid) || ids__in_group(perm->gid))
        have >>= 3;
    return !(want & ~have & 7) || ids__capable(CAP_IPC_OWNER);
}

static struct ipc_object *in_slot(struct ipc_kind *k, int id)
{
    unsigned i = (unsigned)id & SLOT_MASK;

    return id >= 0 && i < k->size ? k->slots[i] : NULL;
}

static struct ipc_object *find_key(struct ipc_kind *k, int key)
{
    struct ipc_object *o;

    for (unsigned i = 0; (o = ipc__next_locked(k, &i)) != NULL;) {
        if (o->perm.key == key)
            return o;
    }
    return NULL;
}

struct ipc_object *ipc__next_locked(struct ipc_kind *k, unsigned *at)
{
    while (*at < k->size) {
        struct ipc_object *o = k->slots[(*at)++];

        if (o)
            return o;
    }
    return NULL;
}

/* The next free slot after the last one, or from the start again; -ENOMEM. */
static int slot_take(struct ipc_kind *k)
{
    unsigned end = MIN(MAX(k->count * 3 / 2, (unsigned)SLOTS_IN_TURN),
                       k->ops->max), i = (unsigned)(k->last + 1);
    struct ipc_object **more;

    while (i < end && i < k->size && k->slots[i])
        i++;
    if (i >= end) {
        for (i = 0; i < k->size && k->slots[i]; i++)
            ;
    }
    if (i < k->size)
        return (int)i;
    end = MAX(k->size * 2, i + 16);
    more = krealloc(k->slots, end * sizeof(*more));
    if (!more)
        return -ENOMEM;
    memset(more + k->size, 0, (end - k->size) * sizeof(*more));
    k->slots = more;
    k->size = end;
    return (int)i;
}

static long create(struct ipc_kind *k, int key, uint64_t size, uint64_t flags)
{
    const struct creds *c = &process_current()->creds;
    struct ipc_object *o = k->ops->create(size, flags);
    int slot;

    if (IS_ERR(o))
        return PTR_ERR(o);
    slot = k->count < k->ops->max ? slot_take(k) : -ENOSPC;
    if (slot < 0) {
        k->ops->destroy(o);
        return slot;
    }
    if (slot <= k->last)
        k->seq++;
    k->last = slot;
    k->slots[slot] = o;
    k->count++;
    waitq_init(&o->wq);
    o->id = (k->seq << SLOT_BITS | slot) & INT32_MAX;
    o->ctime = ipc_now();
    o->perm = (struct ipc_perm){
        .key = key, .uid = c->euid, .cuid = c->euid, .gid = c->egid,
        .cgid = c->egid, .mode = flags & 0777, .seq = k->seq,
    };
    return o->id;
}

long ipc__get(struct ipc_kind *k, int key, uint64_t size, uint64_t flags)
{
    struct ipc_object *o;
    long r;

    mutex_lock(&k->lock);
    o = key == IPC_PRIVATE ? NULL : find_key(k, key);
    if (!o && key != IPC_PRIVATE && !(flags & IPC_CREAT))
        r = -ENOENT;
    else if (!o)
        r = create(k, key, size, flags);
    else if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
        r = -EEXIST;
    else if (!k->ops->fits(o, size))
        r = -EINVAL;
    else
        r = allowed(&o->perm, flags & 0777) ? o->id : -EACCES;
    mutex_unlock(&k->lock);
    return r;
}

struct ipc_object *ipc__obtain_locked(struct ipc_kind *k, int id,
                                      unsigned mode)
{
    struct ipc_object *o = in_slot(k, id);

    if (!o || o->id != id)
        return ERR_PTR(-EINVAL);
    return allowed(&o->perm, mode) ? o : ERR_PTR(-EACCES);
}

struct ipc_object *ipc__own_locked(struct ipc_kind *k, int id)
{
    uint32_t euid = process_current()->creds.euid;
    struct ipc_object *o = in_slot(k, id);

    if (!o || o->id != id)
        return ERR_PTR(-EINVAL);
    return euid == o->perm.cuid || euid == o->perm.uid ||
           ids__capable(CAP_SYS_ADMIN) ? o : ERR_PTR(-EPERM);
}

static long set(struct ipc_kind *k, int id, uaddr_t buf)
{
    _Alignas(8) char ds[IPC_DS_MAX];
    const struct ipc_perm *perm = (void *)ds;
    struct ipc_object *o;
    int err;

    if (copy_from_user(ds, buf, k->ops->ds_size))
        return -EFAULT;
    o = ipc__own_locked(k, id);
    if (IS_ERR(o))
        return PTR_ERR(o);
    if (perm->uid == UINT32_MAX || perm->gid == UINT32_MAX)
        return -EINVAL;
    err = k->ops->set ? k->ops->set(o, ds) : 0;
    if (err)
        return err;
    o->perm.uid = perm->uid;
    o->perm.gid = perm->gid;
    o->perm.mode = (o->perm.mode & ~0777u) | (perm->mode & 0777);
    o->ctime = ipc_now();
    return 0;
}

static long stat(struct ipc_kind *k, struct ipc_object *o, uaddr_t buf)
{
    _Alignas(8) char ds[IPC_DS_MAX] = { 0 };

    if (IS_ERR(o))
        return PTR_ERR(o);
    k->ops->stat(o, ds);
    memcpy(ds, &o->perm, sizeof(o->perm));
    return copy_to_user(buf, ds, k->ops->ds_size);
}

/* What the id's slot holds now, whatever its sequence: for who lists all. */
static long stat_slot(struct ipc_kind *k, int id, bool any, uaddr_t buf)
{
    struct ipc_object *o = in_slot(k, id);
    long r;

    if (!o)
        return -EINVAL;
    if (!any && !allowed(&o->perm, IPC_READ))
        return -EACCES;
    r = stat(k, o, buf);
    return r ? r : o->id;
}

static long info(struct ipc_kind *k, bool used, uaddr_t buf)
{
    _Alignas(8) char out[IPC_DS_MAX] = { 0 };
    size_t size = k->ops->info(used, out);
    unsigned top = k->size;

    while (top > 0 && !k->slots[top - 1])
        top--;
    if (copy_to_user(buf, out, size))
        return -EFAULT;
    return top ? (long)top - 1 : 0;
}

static long control(struct ipc_kind *k, int id, int cmd, uaddr_t buf)
{
    struct ipc_object *o;

    switch (cmd) {
    case IPC_STAT:
        return stat(k, ipc__obtain_locked(k, id, IPC_READ), buf);
    case IPC_SET:
        return set(k, id, buf);
    case IPC_RMID:
        o = ipc__own_locked(k, id);
        if (IS_ERR(o))
            return PTR_ERR(o);
        if (k->ops->remove)
            k->ops->remove(o);
        else
            ipc__remove_locked(k, o);
        return 0;
    case IPC_INFO:
        return info(k, false, buf);
    }
    switch (cmd - k->ops->stat_by_index) {
    case 0: return stat_slot(k, id, false, buf);
    case 1: return info(k, true, buf);
    case 2: return stat_slot(k, id, true, buf);
    default: return -EINVAL;
    }
}

long ipc__control(struct ipc_kind *k, int id, int cmd, uaddr_t buf)
{
    long r;

    if (id < 0 || cmd < 0)
        return -EINVAL;
    mutex_lock(&k->lock);
    r = control(k, id, cmd, buf);
    mutex_unlock(&k->lock);
    return r;
}

void ipc__changed(struct ipc_object *o)
{
    __atomic_fetch_add(&o->changes, 1, __ATOMIC_RELEASE);
    waitq_wake_all(&o->wq);
}

int ipc__wait_locked(struct ipc_kind *k, struct ipc_object *o,
                     nsec_t deadline)
{
    uint32_t seen = __atomic_load_n(&o->changes, __ATOMIC_RELAXED);
    int err;

    o->waiters++;
    mutex_unlock(&k->lock);
    err = waitq_wait(&o->wq, __atomic_load_n(&o->changes, __ATOMIC_ACQUIRE) !=
                     seen, deadline, WAIT_INTERRUPTIBLE);
    mutex_lock(&k->lock);
    o->waiters--;
    if (!o->removed)
        return err;
    if (!o->waiters)
        k->ops->destroy(o);
    return -EIDRM;
}

void ipc__remove_locked(struct ipc_kind *k, struct ipc_object *o)
{
    k->slots[o->id & SLOT_MASK] = NULL;
    k->count--;
    o->removed = true;
    ipc__changed(o);
    if (!o->waiters)
        k->ops->destroy(o);
}

/* ---------------- /proc ---------------- */

void ipc__show(struct ipc_kind *k, struct text *t)
{
    struct ipc_object *o;

    text_printf(t, "       key      %s\n", k->ops->head);
    mutex_lock(&k->lock);
    for (unsigned i = 0; (o = ipc__next_locked(k, &i)) != NULL;) {
        text_printf(t, "%10d %10d  %4o ", o->perm.key, o->id, o->perm.mode);
        k->ops->show(t, o);
    }
    mutex_unlock(&k->lock);
}
