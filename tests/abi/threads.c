/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: TLS, detach, cancel, keys, stacks, 1,000 at once, exit codes. */
#include "t.h"
#include <semaphore.h>

static __thread int tls = 5;
static __thread char big_tls[5000] = "tls";
static pthread_key_t key;
static int destroyed;
static sem_t sem;

static void destroy(void *p)
{
    (void)p;
    __sync_fetch_and_add(&destroyed, 1);
}

static void *body(void *arg)
{
    long bad = tls != 5 || strcmp(big_tls, "tls");

    tls = (int)(intptr_t)arg;
    pthread_setspecific(key, &tls);
    sched_yield();
    return (void *)(bad + (tls != (int)(intptr_t)arg));
}

static void *sleeper(void *arg)
{
    (void)arg;
    sem_wait(&sem);
    return NULL;
}

static void *cancelled(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    return NULL;
}

static void *deep(void *arg)
{
    volatile char here[200000];

    memset((char *)here, 1, sizeof(here));
    return here[100000] ? arg : NULL;
}

static void thousand(void)
{
    static pthread_t t[1000];
    pthread_attr_t a;
    int made = 0;

    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 65536);
    sem_init(&sem, 0, 0);
    while (made < 1000 && !pthread_create(&t[made], &a, sleeper, NULL))
        made++;
    FACT("made %d", made);
    for (int i = 0; i < made; i++)
        sem_post(&sem);
    for (int i = 0; i < made; i++)
        pthread_join(t[i], NULL);
    FACT("joined");
}

int main(void)
{
    pthread_t t[20];
    void *r;
    long bad = 0;

    t_start();
    pthread_key_create(&key, destroy);
    for (int round = 0; round < 10; round++) {
        for (long i = 0; i < 20; i++)
            t[i] = t_thread(body, (void *)i);
        for (int i = 0; i < 20; i++) {
            pthread_join(t[i], &r);
            bad += (long)r;
        }
    }
    FACT("bad %ld destroyed %d tls %d", bad, destroyed, tls);
    t[0] = t_thread(cancelled, NULL);
    t_sleep_ms(20);
    P(pthread_cancel(t[0]));
    P(pthread_join(t[0], &r));
    YES(r == PTHREAD_CANCELED);
    t[0] = t_thread(deep, (void *)77);
    pthread_join(t[0], &r);
    FACT("deep %ld", (long)r);
    thousand();
    YES(gettid() == getpid());
    YES(syscall(SYS_set_tid_address, NULL) == gettid());
    char name[16];
    P(pthread_setname_np(pthread_self(), "renamed"));
    P(pthread_getname_np(pthread_self(), name, sizeof(name)));
    FACT("%s", name);
    pthread_attr_t a;
    void *base;
    size_t size;
    P(pthread_getattr_np(pthread_self(), &a));
    pthread_attr_getstack(&a, &base, &size);
    YES((char *)&a >= (char *)base && (char *)&a < (char *)base + size);
    pthread_exit(NULL);
}
