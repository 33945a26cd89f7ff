/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks that sleep. A mutex's word says all; its wait queue is only touched
 * when the word says that somebody waits. The kernel is not preempted, so on
 * one CPU an owner that holds a mutex is asleep and spinning is pointless.
 */
#include "sched_priv.h"

#define SPIN_TURNS 200u

enum mutex_word { MUTEX_FREE, MUTEX_HELD, MUTEX_WAITERS };

void mutex_init(struct mutex *m)
{
    m->word = MUTEX_FREE;
    m->owner = NULL;
    waitq_init(&m->wq);
}

bool mutex_trylock(struct mutex *m)
{
    uint32_t seen = MUTEX_FREE;

    if (!__atomic_compare_exchange_n(&m->word, &seen, MUTEX_HELD, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    __atomic_store_n(&m->owner, thread_current(), __ATOMIC_RELAXED);
    return true;
}

/* Is a thread at work that will unlock soon? The owner may be gone and its
 * memory freed, so it is compared with what the CPUs run, not looked into. */
static bool owner_running(const struct mutex *m)
{
    struct thread *owner = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);

    if (!owner)
        return true;            /* just taken or just released */
    for (unsigned i = 0; i < cpu_count(); i++)
        if (__atomic_load_n(&sched__rq[i].current, __ATOMIC_RELAXED) == owner)
            return true;
    return false;
}

static bool spin_for(struct mutex *m)
{
    if (cpu_count() == 1)
        return false;
    for (unsigned i = 0; i < SPIN_TURNS; i++) {
        if (__atomic_load_n(&m->word, __ATOMIC_RELAXED) == MUTEX_FREE &&
            mutex_trylock(m))
            return true;
        if (i % 16 == 0 && !owner_running(m))
            return false;
        cpu_relax();
    }
    return false;
}

static bool take_as_waiter(struct mutex *m)
{
    return __atomic_exchange_n(&m->word, MUTEX_WAITERS, __ATOMIC_ACQUIRE) ==
           MUTEX_FREE;
}

/* Not inlined: the entry on its stack is not for who finds the lock free. */
__attribute__((noinline)) static void lock_contended(struct mutex *m)
{
    ASSERT(m->owner != thread_current());
    if (spin_for(m))
        return;
    waitq_wait(&m->wq, take_as_waiter(m), NSEC_FOREVER, WAIT_EXCLUSIVE);
    __atomic_store_n(&m->owner, thread_current(), __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *m)
{
    if (unlikely(!mutex_trylock(m)))
        lock_contended(m);
}

void mutex_unlock(struct mutex *m)
{
    ASSERT(m->owner == thread_current());
    __atomic_store_n(&m->owner, NULL, __ATOMIC_RELAXED);
    if (__atomic_exchange_n(&m->word, MUTEX_FREE, __ATOMIC_RELEASE) ==
        MUTEX_WAITERS)
        waitq_wake(&m->wq, 1, ~0u);
}

bool mutex_held(const struct mutex *m)
{
    return __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == thread_current();
}

/* ---------------- readers and a writer ---------------- */

void rwlock_init(struct rwlock *l)
{
    spin_init(&l->lock);
    l->readers = 0;
    l->writers_waiting = 0;
    waitq_init(&l->wq);
}

static bool read_try(struct rwlock *l)
{
    bool got;

    spin_lock(&l->lock);
    got = l->readers >= 0 && !l->writers_waiting;
    if (got)
        l->readers++;
    spin_unlock(&l->lock);
    return got;
}

/* `waiting`: this writer is counted among those that wait. */
static bool write_try(struct rwlock *l, bool waiting)
{
    bool got;

    spin_lock(&l->lock);
    got = l->readers == 0;
    if (got) {
        l->readers = -1;
        l->writers_waiting -= waiting;
    }
    spin_unlock(&l->lock);
    return got;
}

void rwlock_read_lock(struct rwlock *l)
{
    if (likely(read_try(l)))
        return;
    waitq_wait(&l->wq, read_try(l), NSEC_FOREVER, 0);
}

void rwlock_write_lock(struct rwlock *l)
{
    if (likely(write_try(l, false)))
        return;
    spin_lock(&l->lock);
    l->writers_waiting++;
    spin_unlock(&l->lock);
    waitq_wait(&l->wq, write_try(l, true), NSEC_FOREVER, 0);
}

void rwlock_read_unlock(struct rwlock *l)
{
    bool wake;

    spin_lock(&l->lock);
    ASSERT(l->readers > 0);
    wake = --l->readers == 0;
    spin_unlock(&l->lock);
    if (wake)
        waitq_wake_all(&l->wq);
}

void rwlock_write_unlock(struct rwlock *l)
{
    spin_lock(&l->lock);
    ASSERT(l->readers == -1);
    l->readers = 0;
    spin_unlock(&l->lock);
    waitq_wake_all(&l->wq);
}
