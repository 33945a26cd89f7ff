/* SPDX-License-Identifier: BSD-2-Clause */
/* Running out: threads, mappings, address space, and getting them back. */
#include "t.h"
#include <sys/resource.h>

static void *wait_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int main(void)
{
    struct rlimit rl = { 300ul << 20, 300ul << 20 };
    static pthread_t t[4000];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    int n = 0, e = 0;

    t_start();
    R(setrlimit(RLIMIT_AS, &rl));
    void *p = mmap(NULL, 1ul << 30, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FACT("%s", p == MAP_FAILED ? strerrorname_np(errno) : "mapped");
    YES(malloc(1ul << 30) == NULL);
    pthread_mutex_lock(&gate);
    while (n < 4000 && !(e = pthread_create(&t[n], NULL, wait_gate, &gate)))
        n++;
    YES(n > 5 && n < 100);
    FACT("%s", strerrorname_np(e));
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < n; i++)
        pthread_join(t[i], NULL);
    P(pthread_create(&t[0], NULL, wait_gate, &gate));
    pthread_join(t[0], NULL);
    return 0;
}
