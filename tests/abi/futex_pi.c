/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes that pass a lock on: priority inheritance, robust lists; odd
 * arguments. */
#include "t.h"
#include <linux/futex.h>

static uint32_t word, word2;

static long futex(uint32_t *u, int op, uint32_t val, const void *t,
                  uint32_t *u2, uint32_t val3)
{
    return syscall(SYS_futex, u, op, val, t, u2, val3);
}

static struct timespec soon(int clock, long ns)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    ts.tv_nsec += ns;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    return ts;
}

static void *lock_pi(void *arg)
{
    (void)arg;
    long r = futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    bool mine = (word & FUTEX_TID_MASK) == (uint32_t)gettid();
    long u = futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);

    return (void *)(r * 100 + mine * 10 + u);
}

static void inheritance(void)
{
    struct timespec ts = soon(CLOCK_REALTIME, 20000000);
    pthread_t t;
    void *r;

    word = 0;
    R(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    YES(word == (uint32_t)gettid());
    R(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    R(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    t = t_thread(lock_pi, NULL);
    while (!(*(volatile uint32_t *)&word & FUTEX_WAITERS))
        t_sleep_ms(1);
    t_sleep_ms(50);
    R(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    pthread_join(t, &r);
    FACT("waiter %ld, word %x", (long)r, word & FUTEX_TID_MASK);
    R(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    word = 1;
    R(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    word = 0x3ffffff0;
    R(futex(&word, FUTEX_LOCK_PI, 0, &ts, NULL, 0));
    word = 0;
    R(futex(&word, FUTEX_LOCK_PI2, 0, NULL, NULL, 0));
    R(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    R(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
}

static void *die_owning(void *arg)
{
    (void)arg;
    R(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    while (!(*(volatile uint32_t *)&word & FUTEX_WAITERS))
        t_sleep_ms(1);
    t_sleep_ms(50);
    return NULL;
}

static void *inherit(void *arg)
{
    long r = futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    uint32_t now = *(volatile uint32_t *)&word;

    *(uint32_t *)arg = now & ~FUTEX_TID_MASK;
    if ((now & FUTEX_TID_MASK) != (uint32_t)gettid())
        r = 77;
    t_sleep_ms(20);
    return (void *)(r * 100 + futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

/* An owner that ends without a word, and not on any robust list. */
static void dead_owners(void)
{
    pthread_t t, waits[2];
    uint32_t bits[2];
    void *r;

    word = 0;
    t = t_thread(die_owning, NULL);
    while (!*(volatile uint32_t *)&word)
        t_sleep_ms(1);
    for (int i = 0; i < 2; i++)
        waits[i] = t_thread(inherit, &bits[i]);
    pthread_join(t, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_join(waits[i], &r);
        FACT("inherits %ld", (long)r);
    }
    FACT("%d was told", !!(bits[0] & FUTEX_OWNER_DIED) +
                        !!(bits[1] & FUTEX_OWNER_DIED));
    FACT("word %x", word);
    word = 0x3fffff00;
    R(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    R(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
}

static pthread_mutex_t m;
static void *try_timed(void *arg)
{
    struct timespec ts = soon(CLOCK_REALTIME, 20000000);

    (void)arg;
    return (void *)(long)pthread_mutex_timedlock(&m, &ts);
}

static void *count_up(void *arg)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&m);
        ++*(int *)arg;
        pthread_mutex_unlock(&m);
    }
    return NULL;
}

static void *die_holding(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&m);
    return NULL;
}

static void mutexes(int robust)
{
    pthread_mutexattr_t a;
    pthread_t t[4];
    void *r;
    int n = 0;

    pthread_mutexattr_init(&a);
    P(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
    if (robust)
        pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    P(pthread_mutex_init(&m, &a));
    P(pthread_mutex_lock(&m));
    P(pthread_mutex_trylock(&m));
    pthread_join(t_thread(try_timed, NULL), &r);
    FACT("timed %s", strerrorname_np((int)(long)r));
    P(pthread_mutex_unlock(&m));
    for (int i = 0; i < 4; i++)
        t[i] = t_thread(count_up, &n);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    FACT("n %d", n);
    if (robust) {
        pthread_join(t_thread(die_holding, NULL), NULL);
        P(pthread_mutex_lock(&m));
        P(pthread_mutex_consistent(&m));
        P(pthread_mutex_unlock(&m));
    }
}

static void lists(void)
{
    void *head;
    size_t len = 0;

    R(syscall(SYS_get_robust_list, 0, &head, &len));
    FACT("len %ld", (long)len);
    R(syscall(SYS_get_robust_list, 999999, &head, &len));
    R(syscall(SYS_get_robust_list, 0, 8, &len));
    R(syscall(SYS_set_robust_list, head, 23));
    R(syscall(SYS_set_robust_list, head, 24));
}

static void arguments(void)
{
    struct timespec ts = { 0, -1 };
    uint32_t *odd = (uint32_t *)((char *)&word + 2);

    R(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    R(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0));
    R(futex(&word, FUTEX_WAIT, 0, (void *)8, NULL, 0));
    R(futex(odd, FUTEX_WAKE, 1, NULL, NULL, 0));
    R(futex(&word, FUTEX_REQUEUE, 1, (void *)1, odd, 0));
    R(futex(&word, FUTEX_REQUEUE, -1, (void *)1, &word2, 0));
    R(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &word2, 0xf << 28));
    R(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &word2, 0xf << 24));
    R(futex(&word, FUTEX_FD, 1, NULL, NULL, 0));
    R(futex(NULL, FUTEX_WAKE, 1, NULL, NULL, 0));
    R(futex((void *)0xffff800000000000, FUTEX_WAKE, 1, NULL, NULL, 0));
    R(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
    R(futex((uint32_t *)"read-only\0\0\0", FUTEX_WAKE, 1, NULL, NULL, 0));
}

int main(void)
{
    t_start();
    inheritance();
    dead_owners();
    mutexes(0);
    mutexes(1);
    lists();
    arguments();
    return 0;
}
