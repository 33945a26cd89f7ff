/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping in mm: sched's wait and wake, handed down, and the lock of an
 * address space built on them.
 *
 * A waiter counts itself in `waiters` before it tests the state; a releaser
 * changes the state before it reads `waiters`. Both orders are sequentially
 * consistent, so one of the two sees the other.
 */
#include "mm_priv.h"

const struct mm_sleep_ops *mm__sleep;

void mm_sleep_ops_set(const struct mm_sleep_ops *ops)
{
    mm__sleep = ops;
}

void mm__wait(void *addr, bool (*cond)(void *addr))
{
    if (cond(addr))
        return;
    /* Before sched exists there is one thread: nobody could end the wait. */
    ASSERT(mm__sleep);
    mm__sleep->wait(addr, cond);
}

void mm__wake(void *addr)
{
    if (mm__sleep)
        mm__sleep->wake(addr);
}

static bool try_read(struct mm_lock *l)
{
    uint32_t s = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

    while (!(s & MM_LOCK_WRITER) &&
           __atomic_load_n(&l->writers, __ATOMIC_SEQ_CST) == 0) {
        if (__atomic_compare_exchange_n(&l->state, &s, s + 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static bool try_write(struct mm_lock *l)
{
    uint32_t s = 0;

    return __atomic_compare_exchange_n(&l->state, &s, MM_LOCK_WRITER, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static bool may_read(void *arg)
{
    struct mm_lock *l = arg;

    return !(__atomic_load_n(&l->state, __ATOMIC_SEQ_CST) & MM_LOCK_WRITER) &&
           __atomic_load_n(&l->writers, __ATOMIC_SEQ_CST) == 0;
}

static bool may_write(void *arg)
{
    struct mm_lock *l = arg;

    return __atomic_load_n(&l->state, __ATOMIC_SEQ_CST) == 0;
}

static void wake_waiters(struct mm_lock *l)
{
    if (__atomic_load_n(&l->waiters, __ATOMIC_SEQ_CST) > 0)
        mm__wake(l);
}

void mm__read_lock(struct mm_lock *l)
{
    if (likely(try_read(l)))
        return;
    __atomic_fetch_add(&l->waiters, 1, __ATOMIC_SEQ_CST);
    do {
        mm__wait(l, may_read);
    } while (!try_read(l));
    __atomic_fetch_sub(&l->waiters, 1, __ATOMIC_SEQ_CST);
}

void mm__read_unlock(struct mm_lock *l)
{
    uint32_t old = __atomic_fetch_sub(&l->state, 1, __ATOMIC_SEQ_CST);

    ASSERT(old > 0 && !(old & MM_LOCK_WRITER));
    if (old == 1)
        wake_waiters(l);
}

void mm__write_lock(struct mm_lock *l)
{
    if (likely(try_write(l)))
        return;
    __atomic_fetch_add(&l->writers, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&l->waiters, 1, __ATOMIC_SEQ_CST);
    do {
        mm__wait(l, may_write);
    } while (!try_write(l));
    __atomic_fetch_sub(&l->waiters, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_sub(&l->writers, 1, __ATOMIC_SEQ_CST);
}

void mm__write_unlock(struct mm_lock *l)
{
    uint32_t old = __atomic_exchange_n(&l->state, 0, __ATOMIC_SEQ_CST);

    ASSERT(old == MM_LOCK_WRITER);
    wake_waiters(l);
}
