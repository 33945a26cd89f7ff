/* SPDX-License-Identifier: BSD-2-Clause */
/* futex operations, robust mutexes, condition variables, barriers. */
#include "t.h"
#include <linux/futex.h>

static uint32_t word, word2;

static long futex(uint32_t *u, int op, uint32_t val, const void *t,
                  uint32_t *u2, uint32_t val3)
{
    return syscall(SYS_futex, u, op, val, t, u2, val3);
}

static void *wait_bits(void *arg)
{
    return (void *)futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL,
                         (uint32_t)(uintptr_t)arg);
}

static void *wait_plain(void *arg)
{
    return (void *)futex(arg, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void basic(void)
{
    struct timespec ts = { 0, 20000000 }, abs;

    R(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
    R(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0));
    R(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    R(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 0, &ts, NULL, 0));
    R(futex((uint32_t *)16, FUTEX_WAIT, 0, &ts, NULL, 0));
    R(futex(&word, FUTEX_WAIT_BITSET, 0, &ts, NULL, 0));
    R(futex(&word, 99, 0, &ts, NULL, 0));
    clock_gettime(CLOCK_MONOTONIC, &abs);
    abs.tv_nsec += 20000000;
    if (abs.tv_nsec >= 1000000000) {
        abs.tv_sec++;
        abs.tv_nsec -= 1000000000;
    }
    int64_t t0 = t_now();
    R(futex(&word, FUTEX_WAIT_BITSET, 0, &abs, NULL, ~0u));
    YES(t_now() - t0 > 15000000);
    clock_gettime(CLOCK_REALTIME, &abs);
    R(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &abs, NULL,
            ~0u));
    ts.tv_nsec = 2000000000;
    R(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0));
}

static void bitsets(void)
{
    pthread_t a = t_thread(wait_bits, (void *)1), b = t_thread(wait_bits,
                                                              (void *)2);
    void *ra, *rb;

    t_sleep_ms(600);
    R(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 4));
    R(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2));
    pthread_join(b, &rb);
    R(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0));
    pthread_join(a, &ra);
    FACT("%ld %ld", (long)ra, (long)rb);
}

static void requeue(void)
{
    pthread_t t[3];

    for (int i = 0; i < 3; i++)
        t[i] = t_thread(wait_plain, &word);
    t_sleep_ms(600);
    R(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)10, &word2, 5));
    R(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)10, &word2, 0));
    R(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0));
    R(futex(&word2, FUTEX_WAKE, 10, NULL, NULL, 0));
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    t[0] = t_thread(wait_plain, &word);
    t[1] = t_thread(wait_plain, &word2);
    t_sleep_ms(600);
    R(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &word2,
            FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0)));
    FACT("word2 %u", word2);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
}

static pthread_mutex_t robust;
static void *die_holding(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&robust);
    return NULL;
}

static void robust_list(void)
{
    pthread_mutexattr_t a;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &a);
    pthread_join(t_thread(die_holding, NULL), NULL);
    P(pthread_mutex_lock(&robust));
    P(pthread_mutex_consistent(&robust));
    P(pthread_mutex_unlock(&robust));
    P(pthread_mutex_lock(&robust));
}

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t bar;
static int turn, rounds;

static void *pinger(void *arg)
{
    int me = (int)(intptr_t)arg;

    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&m);
        while (turn != me)
            pthread_cond_wait(&c, &m);
        turn = !me;
        rounds++;
        pthread_cond_broadcast(&c);
        pthread_mutex_unlock(&m);
    }
    pthread_barrier_wait(&bar);
    return NULL;
}

int main(void)
{
    pthread_t a, b;
    struct timespec ts;

    t_start();
    basic();
    bitsets();
    requeue();
    robust_list();
    pthread_barrier_init(&bar, NULL, 3);
    a = t_thread(pinger, (void *)0);
    b = t_thread(pinger, (void *)1);
    pthread_barrier_wait(&bar);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    FACT("rounds %d", rounds);
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec = 0;
    pthread_mutex_lock(&m);
    P(pthread_cond_timedwait(&c, &m, &ts));
    P(pthread_mutex_timedlock(&m, &ts));
    return 0;
}
