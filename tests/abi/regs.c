/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every register but RCX and R11, the flags, vector registers and the red
 * zone survive system calls, while signals and other threads interrupt; and a
 * fault in the midst of it.
 */
#include "t.h"

#define THREADS 4
#define ROUNDS  20000

static volatile long signals_seen, faults_seen, spoiled, done;
static volatile int finished;

/* Tramples on what the interrupted code holds in vector registers. */
static void on_signal(int s)
{
    (void)s;
    __atomic_fetch_add(&signals_seen, 1, __ATOMIC_RELAXED);
    __asm__ volatile("pxor %%xmm7, %%xmm7; pxor %%xmm15, %%xmm15"
                     : : : "xmm7", "xmm15");
}

static void on_fault(int s, siginfo_t *info, void *uc)
{
    (void)s;
    (void)uc;
    __atomic_fetch_add(&faults_seen, 1, __ATOMIC_RELAXED);
    mprotect((void *)((uintptr_t)info->si_addr & ~4095ul), 4096,
             PROT_READ | PROT_WRITE);
}

/* 0 when everything is as it was after the call of number nr. */
__attribute__((noinline)) static long call_spoils(long nr, long seed)
{
    long bad = 1;

    __asm__ volatile(
        "movq %%rsp, %%r8\n"
        "leaq 3(%%rbx), %%r9\n leaq 5(%%rbx), %%r10\n"
        "leaq 7(%%rbx), %%r12\n leaq 9(%%rbx), %%r13\n"
        "leaq 11(%%rbx), %%r14\n leaq 13(%%rbx), %%r15\n"
        "movq %%rbx, %%xmm7\n leaq (%%rbx, %%rbx), %%rcx\n"
        "movq %%rcx, %%xmm15\n"
        "subq $256, %%rsp\n"
        "movq %%rbx, -8(%%rsp)\n movq %%rbx, -128(%%rsp)\n"
        "xorl %%edi, %%edi\n xorl %%esi, %%esi\n xorl %%edx, %%edx\n"
        "stc\n syscall\n"
        "jnc 1f\n"
        "leaq 256(%%rsp), %%rcx\n cmpq %%rcx, %%r8\n jne 1f\n"
        "cmpq %%rbx, -8(%%rsp)\n jne 1f\n"
        "cmpq %%rbx, -128(%%rsp)\n jne 1f\n"
        "leaq 3(%%rbx), %%rcx\n cmpq %%rcx, %%r9\n jne 1f\n"
        "leaq 5(%%rbx), %%rcx\n cmpq %%rcx, %%r10\n jne 1f\n"
        "leaq 7(%%rbx), %%rcx\n cmpq %%rcx, %%r12\n jne 1f\n"
        "leaq 9(%%rbx), %%rcx\n cmpq %%rcx, %%r13\n jne 1f\n"
        "leaq 11(%%rbx), %%rcx\n cmpq %%rcx, %%r14\n jne 1f\n"
        "leaq 13(%%rbx), %%rcx\n cmpq %%rcx, %%r15\n jne 1f\n"
        "movq %%xmm7, %%rcx\n cmpq %%rcx, %%rbx\n jne 1f\n"
        "leaq (%%rbx, %%rbx), %%rdx\n movq %%xmm15, %%rcx\n"
        "cmpq %%rdx, %%rcx\n jne 1f\n"
        "xorl %%edi, %%edi\n"
        "jmp 2f\n1: movl $1, %%edi\n2: movq %%r8, %%rsp\n"
        : "=D"(bad), "+a"(nr) : "b"(seed)
        : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "xmm7", "xmm15", "memory", "cc");
    return bad;
}

static void *work(void *arg)
{
    long id = (long)arg, bad = 0;
    volatile long *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (long i = 0; i < ROUNDS; i++) {
        bad += call_spoils(i % 16 ? SYS_getppid : SYS_sched_yield,
                           id * 1000003 + i * 17);
        if (i % 500 == 0) {
            mprotect((void *)page, 4096, PROT_NONE);
            *page = i;
            bad += *page != i;
        }
    }
    __atomic_fetch_add(&spoiled, bad, __ATOMIC_RELAXED);
    __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED);
    while (!finished)               /* alive while it may be signalled */
        usleep(1000);
    return NULL;
}

static void *pester(void *arg)
{
    pthread_t *threads = arg;

    for (unsigned i = 0; !finished; i++) {
        pthread_kill(threads[i % THREADS], SIGUSR1);
        usleep(300);
    }
    return NULL;
}

int main(void)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    pthread_t threads[THREADS], pest;

    sigaction(SIGUSR1, &sa, NULL);
    sa.sa_sigaction = on_fault;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &sa, NULL);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    pthread_create(&pest, NULL, pester, threads);
    while (done < THREADS)
        usleep(1000);
    finished = 1;
    pthread_join(pest, NULL);
    for (long i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("spoiled %ld\n", spoiled);
    printf("signals came: %s\n", signals_seen > 0 ? "yes" : "no");
    printf("faults %ld\n", faults_seen);
    return 0;
}
