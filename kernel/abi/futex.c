/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes: a hash table of waiters by the word's key, and what threads owe
 * their waiters when they end (robust lists, the cleared thread id).
 *
 * Invariants:
 * F1  A waiter is in its bucket's list exactly while `queued`, both changed
 *     under the bucket's lock; who takes it out wakes the thread under that
 *     lock, so the thread (and the waiter on its stack) lives.
 * F2  The word is compared under the bucket's lock, with page faults refused
 *     (task.nofault); a word that is not mapped is made present outside.
 */
#include "abi_priv.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_LOCK_PI 6
#define FUTEX_UNLOCK_PI 7
#define FUTEX_TRYLOCK_PI 8
#define FUTEX_LOCK_PI2 13
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE 128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_CMD_MASK (~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME))
#define BITSET_ANY 0xffffffffu

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_MAX 2048         /* entries walked at a thread's end */
#define FUTEX_BUCKETS 256

struct futex_key {
    uint64_t word[2];
};

struct bucket {
    struct spinlock lock;
    struct list waiters;        /* [lock] */
} __aligned(64);

struct waiter {
    struct list link;           /* [bucket->lock] */
    struct bucket *bucket;      /* [its own lock] moves on requeue */
    struct futex_key key;
    uint32_t bitset;
    bool queued;
    bool owned;                 /* [I] waits for a lock, not for a wake-up */
    struct thread *thread;
};

static struct bucket buckets[FUTEX_BUCKETS];
static uint64_t waiting;        /* [a] */
static uint32_t lock_waiting, ends;     /* [a] of `owned`; tasks ended */

void futex__init(void)
{
    for (unsigned i = 0; i < FUTEX_BUCKETS; i++) {
        spin_init(&buckets[i].lock);
        list_init(&buckets[i].waiters);
    }
}

uint64_t futex__waiters(void)
{
    return __atomic_load_n(&waiting, __ATOMIC_RELAXED);
}

static struct bucket *bucket_of(const struct futex_key *k)
{
    return &buckets[hash_u64(k->word[0] ^ (k->word[1] >> 2)) %
                    FUTEX_BUCKETS];
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* A private futex is known by its address; mm says the rest. For private
 * memory both give the same, which pthread_join relies on. */
static int key_get(struct mm *mm, uaddr_t addr, bool private,
                   struct futex_key *k)
{
    if (addr & 3)
        return -EINVAL;
    if (!user_range_ok(addr, 4))
        return -EFAULT;
    if (private) {
        k->word[0] = (uint64_t)mm;
        k->word[1] = addr;
        return 0;
    }
    return mm_futex_key(mm, addr, k->word);
}

/* The word, without resolving faults: callable under a bucket's lock (F2). */
static int load_locked(uaddr_t addr, uint32_t *out)
{
    struct task *t = task_current();
    int err;

    t->nofault = true;
    err = arch_user_load32((const uint32_t *)addr, out);
    t->nofault = false;
    return err;
}

static void enqueue(struct bucket *b, struct waiter *w)
{
    w->bucket = b;
    w->queued = true;
    list_add_tail(&b->waiters, &w->link);
    __atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
}

static void dequeue(struct waiter *w)
{
    list_del(&w->link);
    w->queued = false;
    __atomic_fetch_sub(&waiting, 1, __ATOMIC_RELAXED);
}

static struct bucket *waiter_lock(struct waiter *w)
{
    for (;;) {
        struct bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);

        spin_lock(&b->lock);
        if (b == w->bucket)
            return b;
        spin_unlock(&b->lock);
    }
}

/* Locks the key's bucket with the word equal to val; 0, -EAGAIN, -EFAULT. */
static int lock_if_equal(const struct futex_key *k, uaddr_t addr,
                         uint32_t val, struct bucket **out)
{
    struct bucket *b = bucket_of(k);
    uint32_t now;

    spin_lock(&b->lock);
    while (load_locked(addr, &now)) {
        spin_unlock(&b->lock);
        if (arch_user_load32((const uint32_t *)addr, &now))
            return -EFAULT;
        spin_lock(&b->lock);
    }
    if (now != val) {
        spin_unlock(&b->lock);
        return -EAGAIN;
    }
    *out = b;
    return 0;
}

static int futex_wait(uaddr_t addr, uint32_t val, bool private,
                      nsec_t deadline, uint32_t bitset)
{
    struct task *t = task_current();
    struct waiter w = { .bitset = bitset, .thread = &t->thread };
    struct bucket *b;
    int err = key_get(t->proc->mm, addr, private, &w.key);

    if (!err && !bitset)
        err = -EINVAL;
    if (!err)
        err = lock_if_equal(&w.key, addr, val, &b);
    if (err)
        return err;
    enqueue(b, &w);
    do {
        thread_wait_prepare("futex");
        spin_unlock(&b->lock);
        err = thread_wait_commit(deadline, WAIT_INTERRUPTIBLE);
        b = waiter_lock(&w);
    } while (w.queued && !err);
    if (w.queued)
        dequeue(&w);
    else
        err = 0;
    spin_unlock(&b->lock);
    return err;
}

static int wake_locked(struct bucket *b, const struct futex_key *k, int n,
                       uint32_t bitset)
{
    struct waiter *w, *tmp;
    int woken = 0;

    list_for_each_safe(w, tmp, &b->waiters, link) {
        struct thread *t = w->thread;

        if (woken >= n)
            break;
        if (!key_equal(&w->key, k) || !(w->bitset & bitset))
            continue;
        dequeue(w);
        thread_wake(t);         /* F1: under the lock */
        woken++;
    }
    return woken;
}

static int futex_wake(struct mm *mm, uaddr_t addr, bool private, int n,
                      uint32_t bitset)
{
    struct futex_key k;
    struct bucket *b;
    int err = key_get(mm, addr, private, &k), woken;

    if (!err && !bitset)
        err = -EINVAL;
    if (err)
        return err;
    b = bucket_of(&k);
    spin_lock(&b->lock);
    woken = wake_locked(b, &k, MAX(n, 1), bitset);  /* as Linux: 0 is 1 */
    spin_unlock(&b->lock);
    return woken;
}

void futex__wake_addr(struct mm *mm, uaddr_t addr, int n)
{
    futex_wake(mm, addr, false, n, BITSET_ANY);
}

static void lock_two(struct bucket *a, struct bucket *b)
{
    if (a > b)
        spin_lock(&b->lock);
    spin_lock(&a->lock);
    if (a < b)
        spin_lock(&b->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
    spin_unlock(&a->lock);
    if (a != b)
        spin_unlock(&b->lock);
}

static int requeue_locked(struct bucket *from, const struct futex_key *k1,
                          struct bucket *to, const struct futex_key *k2,
                          int n)
{
    struct waiter *w, *tmp;
    struct list moved;
    int done = 0;

    list_init(&moved);
    list_for_each_safe(w, tmp, &from->waiters, link) {
        if (done >= n)
            break;
        if (!key_equal(&w->key, k1))
            continue;
        list_del(&w->link);
        list_add_tail(&moved, &w->link);
        w->key = *k2;
        __atomic_store_n(&w->bucket, to, __ATOMIC_RELEASE);
        done++;
    }
    list_splice_tail(&to->waiters, &moved);
    return done;
}

/* cmp NULL: plain REQUEUE. */
static int futex_requeue(uaddr_t addr, uaddr_t addr2, bool private, int wake,
                         int move, const uint32_t *cmp)
{
    struct mm *mm = process_current()->mm;
    struct futex_key k1, k2;
    struct bucket *b1, *b2;
    uint32_t now;
    int n, err = wake < 0 || move < 0 ? -EINVAL : 0;

    if (!err)
        err = key_get(mm, addr, private, &k1);
    if (!err)
        err = key_get(mm, addr2, private, &k2);
    if (err)
        return err;
    b1 = bucket_of(&k1);
    b2 = bucket_of(&k2);
    lock_two(b1, b2);
    while (cmp && load_locked(addr, &now)) {
        unlock_two(b1, b2);
        if (arch_user_load32((const uint32_t *)addr, &now))
            return -EFAULT;
        lock_two(b1, b2);
    }
    if (cmp && now != *cmp) {
        unlock_two(b1, b2);
        return -EAGAIN;
    }
    n = wake_locked(b1, &k1, wake, BITSET_ANY);
    n += requeue_locked(b1, &k1, b2, &k2, move);
    unlock_two(b1, b2);
    return n;
}

/* The operation packed into WAKE_OP's last argument. */
static int op_apply(uint32_t op, uint32_t old, uint32_t *out)
{
    uint32_t arg = op >> 12 & 0xfff;

    if (arg & 0x800)
        arg |= 0xfffff000;
    if (op & 0x80000000u)
        arg = 1u << (arg & 31);
    switch (op >> 28 & 7) {
    case 0: *out = arg; return 0;
    case 1: *out = old + arg; return 0;
    case 2: *out = old | arg; return 0;
    case 3: *out = old & ~arg; return 0;
    case 4: *out = old ^ arg; return 0;
    default: return -ENOSYS;
    }
}

static int op_compare(uint32_t op, uint32_t old, bool *out)
{
    int32_t arg = (int32_t)(op << 20) >> 20, v = (int32_t)old;

    switch (op >> 24 & 15) {
    case 0: *out = v == arg; return 0;
    case 1: *out = v != arg; return 0;
    case 2: *out = v < arg; return 0;
    case 3: *out = v <= arg; return 0;
    case 4: *out = v > arg; return 0;
    case 5: *out = v >= arg; return 0;
    default: return -ENOSYS;
    }
}

static int futex_wake_op(uaddr_t addr, uaddr_t addr2, bool private, int n1,
                         int n2, uint32_t op)
{
    struct mm *mm = process_current()->mm;
    uint32_t old, new_, seen;
    bool second;
    int n, err;

    if (addr2 & 3)
        return -EINVAL;
    if (!user_range_ok(addr2, 4) ||
        arch_user_load32((const uint32_t *)addr2, &old))
        return -EFAULT;
    for (;;) {
        err = op_apply(op, old, &new_);
        if (!err && arch_user_cmpxchg32((uint32_t *)addr2, old, new_, &seen))
            err = -EFAULT;
        if (err)
            return err;
        if (seen == old)
            break;
        old = seen;
    }
    err = op_compare(op, old, &second);
    if (err)
        return err;
    n = futex_wake(mm, addr, private, n1, BITSET_ANY);
    if (n >= 0 && second) {
        err = futex_wake(mm, addr2, private, n2, BITSET_ANY);
        n = err < 0 ? err : n + err;
    }
    return n;
}

static long wait_call(uaddr_t addr, int op, uint32_t val, uint64_t timeout,
                      uint32_t bitset)
{
    struct task *t = task_current();
    bool absolute = (op & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
    nsec_t deadline = NSEC_FOREVER, at;
    int err;

    if (timeout) {
        err = time__get(timeout, &at);
        if (err)
            return err;
        if (absolute)
            deadline = op & FUTEX_CLOCK_REALTIME ?
                time__from_realtime(at) : at;
        else if (t->resume)
            deadline = t->resume;
        else
            deadline = time__deadline(clock_monotonic(), at);
    }
    t->resume = 0;
    err = futex_wait(addr, val, op & FUTEX_PRIVATE, deadline, bitset);
    if (err != -EINTR)
        return err;
    if (timeout && !absolute) {
        t->resume = deadline;
        return -ERESTARTNOHAND;
    }
    return -ERESTARTSYS;
}

/* ---------------- locks whose word names the owner ---------------- */

/*
 * The kernel's half of priority-inheriting mutexes: the word holds the owner's
 * thread id and FUTEX_WAITERS; unlock hands the lock to the longest waiter.
 * Nothing is inherited, since no thread here has a real-time priority.
 */

/* The word from old to new_ under the bucket's lock: 0, -EAGAIN when it has
 * changed, -EFAULT when it cannot be written without a fault. */
static int swap_locked(uaddr_t addr, uint32_t old, uint32_t new_)
{
    struct task *t = task_current();
    uint32_t seen;
    int err;

    t->nofault = true;
    err = arch_user_cmpxchg32((uint32_t *)addr, old, new_, &seen);
    t->nofault = false;
    if (err)
        return -EFAULT;
    return seen == old ? 0 : -EAGAIN;
}

/* Makes the word present and writable; no lock held. */
static int fault_in(uaddr_t addr)
{
    uint32_t now, seen;

    if (arch_user_load32((const uint32_t *)addr, &now) ||
        arch_user_cmpxchg32((uint32_t *)addr, now, now, &seen))
        return -EFAULT;
    return 0;
}

static bool others_wait(struct bucket *b, const struct futex_key *k)
{
    struct waiter *w;

    list_for_each(w, &b->waiters, link) {
        if (key_equal(&w->key, k))
            return true;
    }
    return false;
}

/* One look at the word: 0 it is ours, -EBUSY to wait for it (marked), -EAGAIN
 * and -EFAULT to look again, else the call's answer. */
static int pi_try_locked(struct bucket *b, const struct futex_key *k,
                         uaddr_t addr, bool woken, bool try)
{
    uint32_t now, me = (uint32_t)task_current()->tid;

    if (load_locked(addr, &now))
        return -EFAULT;
    if ((now & FUTEX_TID_MASK) == me)
        return woken ? 0 : -EDEADLK;
    if (!(now & FUTEX_TID_MASK))
        return swap_locked(addr, now, me | (now & FUTEX_OWNER_DIED) |
                           (others_wait(b, k) ? FUTEX_WAITERS : 0));
    if (try)
        return -ENOLCK;         /* held; told apart from "look again" */
    if (!(now & FUTEX_WAITERS)) {
        int err = swap_locked(addr, now, now | FUTEX_WAITERS);

        if (err)
            return err;
    }
    return -EBUSY;
}

/* Queues w, unless a task has ended since `seen` was read: it may be the
 * owner, and may not have seen w (futex__task_gone). */
static bool enqueue_since(struct bucket *b, struct waiter *w, uint32_t seen)
{
    enqueue(b, w);
    __atomic_fetch_add(&lock_waiting, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&ends, __ATOMIC_SEQ_CST) == seen)
        return true;
    __atomic_fetch_sub(&lock_waiting, 1, __ATOMIC_RELAXED);
    dequeue(w);
    return false;
}

/* Sleeps as w, the bucket locked before and not after. *woken: the lock was
 * handed over. */
static int pi_wait(struct bucket *b, struct waiter *w, uint32_t seen,
                   nsec_t deadline, bool *woken)
{
    int err;

    if (!enqueue_since(b, w, seen)) {
        spin_unlock(&b->lock);
        return 0;
    }
    thread_wait_prepare("futex lock");
    spin_unlock(&b->lock);
    err = thread_wait_commit(deadline, WAIT_INTERRUPTIBLE);
    b = waiter_lock(w);
    *woken = !w->queued;
    if (w->queued)
        dequeue(w);
    spin_unlock(&b->lock);
    __atomic_fetch_sub(&lock_waiting, 1, __ATOMIC_RELAXED);
    return *woken ? 0 : err;
}

/* The owner that `word` names is gone: who waited has the lock now, and sees
 * it by the word, as on Linux. 0, or -EAGAIN, -EFAULT to look again. */
static int pi_inherit(const struct futex_key *k, uaddr_t addr, uint32_t word)
{
    struct bucket *b = bucket_of(k);
    int err;

    spin_lock(&b->lock);
    err = swap_locked(addr, word, (uint32_t)task_current()->tid |
                      FUTEX_WAITERS | FUTEX_OWNER_DIED);
    spin_unlock(&b->lock);
    return err;
}

/* -ESRCH: the word, now in *word, names no thread of ours. */
static int owner_check(uaddr_t addr, uint32_t *word)
{
    struct process *p = process_current();
    uint32_t again;
    uint64_t flags;
    bool there;

    if (arch_user_load32((const uint32_t *)addr, word))
        return -EFAULT;
    if (!(*word & FUTEX_TID_MASK))
        return 0;
    flags = spin_lock_irqsave(&p->lock);
    there = task__find_locked(p, *word & FUTEX_TID_MASK) != NULL;
    spin_unlock_irqrestore(&p->lock, flags);
    if (there || arch_user_load32((const uint32_t *)addr, &again))
        return 0;
    return again == *word ? -ESRCH : 0;
}

static int pi_lock(uaddr_t addr, bool private, nsec_t deadline, bool try)
{
    struct task *t = task_current();
    struct waiter w = { .bitset = BITSET_ANY, .thread = &t->thread,
                        .owned = true };
    bool woken = false, waited = false;
    int err = key_get(t->proc->mm, addr, private, &w.key);

    while (!err) {
        uint32_t seen = __atomic_load_n(&ends, __ATOMIC_SEQ_CST), word;
        struct bucket *b = bucket_of(&w.key);

        err = owner_check(addr, &word);
        if (err == -ESRCH && waited) {
            err = pi_inherit(&w.key, addr, word);
        } else if (err) {
            break;
        } else {
            spin_lock(&b->lock);
            err = pi_try_locked(b, &w.key, addr, woken, try);
            if (err == -EBUSY) {
                err = pi_wait(b, &w, seen, deadline, &woken);
                waited = true;
                continue;
            }
            spin_unlock(&b->lock);
        }
        if (!err)
            return 0;
        if (err == -EFAULT)
            err = fault_in(addr);
        else if (err == -EAGAIN)
            err = 0;
    }
    return err == -ENOLCK ? -EWOULDBLOCK : err;
}

static long lock_call(uaddr_t addr, bool private, uint64_t timeout, bool real)
{
    nsec_t deadline = NSEC_FOREVER;
    int err;

    if (timeout) {
        err = time__get(timeout, &deadline);
        if (err)
            return err;
        if (real)
            deadline = time__from_realtime(deadline);
    }
    err = pi_lock(addr, private, deadline, false);
    return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* Hands the lock to the first waiter, or frees it. */
static int pi_release_locked(struct bucket *b, const struct futex_key *k,
                             uaddr_t addr)
{
    uint32_t now, me = (uint32_t)task_current()->tid, new_ = 0;
    struct waiter *w, *next = NULL;
    unsigned n = 0;
    int err;

    if (load_locked(addr, &now))
        return -EFAULT;
    if ((now & FUTEX_TID_MASK) != me)
        return -EPERM;
    list_for_each(w, &b->waiters, link) {
        if (key_equal(&w->key, k) && n++ == 0)
            next = w;
    }
    if (next)
        new_ = (uint32_t)((struct task *)next->thread)->tid |
               (n > 1 ? FUTEX_WAITERS : 0);
    err = swap_locked(addr, now, new_);
    if (!err && next) {
        struct thread *t = next->thread;

        dequeue(next);
        thread_wake(t);
    }
    return err;
}

static int pi_unlock(uaddr_t addr, bool private)
{
    struct futex_key k;
    struct bucket *b;
    int err = key_get(process_current()->mm, addr, private, &k);

    while (!err) {
        b = bucket_of(&k);
        spin_lock(&b->lock);
        err = pi_release_locked(b, &k, addr);
        spin_unlock(&b->lock);
        if (!err)
            return 0;
        if (err == -EFAULT)
            err = fault_in(addr);
        else if (err == -EAGAIN)
            err = 0;
    }
    return err;
}

/* Not inlined: the stack that these need is not for who waits and wakes. */
__attribute__((noinline))
static long other_call(uaddr_t addr, int op, uint32_t val, uint64_t timeout,
                       uaddr_t addr2, uint32_t val3)
{
    bool private = op & FUTEX_PRIVATE;
    int cmd = op & FUTEX_CMD_MASK;

    switch (cmd) {
    case FUTEX_WAKE_BITSET:
        return futex_wake(process_current()->mm, addr, private, (int)val,
                          val3);
    case FUTEX_REQUEUE:
        return futex_requeue(addr, addr2, private, (int)val, (int)timeout,
                             NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(addr, addr2, private, (int)val, (int)timeout,
                             &val3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(addr, addr2, private, (int)val, (int)timeout,
                             val3);
    case FUTEX_LOCK_PI:
        return lock_call(addr, private, timeout, true);
    case FUTEX_LOCK_PI2:
        return lock_call(addr, private, timeout, op & FUTEX_CLOCK_REALTIME);
    case FUTEX_TRYLOCK_PI:
        return pi_lock(addr, private, 0, true);
    case FUTEX_UNLOCK_PI:
        return pi_unlock(addr, private);
    default:
        /* requeue to such locks, and what is gone */
        return abi__partial("futex", (uint64_t)cmd, -ENOSYS);
    }
}

long sys_futex(uaddr_t addr, int op, uint32_t val, uint64_t timeout,
               uaddr_t addr2, uint32_t val3)
{
    int cmd = op & FUTEX_CMD_MASK;

    if (unlikely(op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET &&
        cmd != FUTEX_LOCK_PI2)
        return -ENOSYS;
    if (cmd == FUTEX_WAIT)
        return wait_call(addr, op, val, timeout, BITSET_ANY);
    if (cmd == FUTEX_WAKE)
        return futex_wake(process_current()->mm, addr, op & FUTEX_PRIVATE,
                          (int)val, BITSET_ANY);
    if (cmd == FUTEX_WAIT_BITSET)
        return wait_call(addr, op, val, timeout, val3);
    return other_call(addr, op, val, timeout, addr2, val3);
}

/* ---------------- the end of a thread ---------------- */

/* `pending`: the thread was about to take or to free this one. */
static void robust_death(struct task *t, uaddr_t word, bool pending)
{
    uint32_t old, seen;

    if ((word & 3) || !user_range_ok(word, 4) ||
        arch_user_load32((const uint32_t *)word, &old))
        return;
    if (pending && !old)        /* freed, and died before it woke anybody */
        futex__wake_addr(t->proc->mm, word, 1);
    while ((old & FUTEX_TID_MASK) == (uint32_t)t->tid) {
        uint32_t new_ = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;

        if (arch_user_cmpxchg32((uint32_t *)word, old, new_, &seen))
            return;
        if (seen == old) {
            if (old & FUTEX_WAITERS)
                futex__wake_addr(t->proc->mm, word, 1);
            return;
        }
        old = seen;
    }
}

/* The list of locks the thread held: { next, offset of the word, pending }.
 * Bit 0 of an entry marks priority inheritance. */
static void robust_walk(struct task *t)
{
    uint64_t head[3], entry;

    if (copy_from_user(head, t->robust, sizeof(head)))
        return;
    entry = head[0];
    for (unsigned i = 0; i < ROBUST_MAX; i++) {
        uaddr_t at = entry & ~1ull;

        if (at == t->robust)
            break;
        if (get_user(&entry, at))
            break;
        if (at != (head[2] & ~1ull))
            robust_death(t, at + head[1], false);
    }
    if (head[2])
        robust_death(t, (head[2] & ~1ull) + head[1], true);
}

void futex__task_exit(struct task *t)
{
    uint32_t zero = 0;

    if (t->robust)
        robust_walk(t);
    if (t->clear_tid && !copy_to_user(t->clear_tid, &zero, sizeof(zero)))
        futex__wake_addr(t->proc->mm, t->clear_tid, 1);
    t->robust = t->clear_tid = 0;
}

void futex__task_gone(void)
{
    struct waiter *w;

    __atomic_fetch_add(&ends, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&lock_waiting, __ATOMIC_SEQ_CST))
        return;
    for (struct bucket *b = buckets; b < buckets + FUTEX_BUCKETS; b++) {
        spin_lock(&b->lock);
        list_for_each(w, &b->waiters, link) {
            if (w->owned)
                thread_wake(w->thread);
        }
        spin_unlock(&b->lock);
    }
}

long sys_set_robust_list(uaddr_t head, uint64_t size)
{
    if (size != 24)
        return -EINVAL;
    task_current()->robust = head;
    return 0;
}

long sys_get_robust_list(int tid, uaddr_t head, uaddr_t size)
{
    struct process *p = process_current();
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct task *t = tid ? task__find_locked(p, tid) : task_current();
    uaddr_t at = t ? t->robust : 0;

    spin_unlock_irqrestore(&p->lock, flags);
    if (!t)
        return -ESRCH;
    return put_user(size, (uint64_t)24) || put_user(head, at) ? -EFAULT : 0;
}
