/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults as signals: codes, addresses, registers changed by the handler,
 * recovery on an alternate stack, vector state across a handler. */
#include "t.h"
#include <immintrin.h>
#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf out;
static volatile int code, signo;
static void *volatile addr;
static char alt[131072];
static volatile bool on_alt;

static void jump(int s, siginfo_t *si, void *uc)
{
    char here;

    (void)uc;
    signo = s;
    code = si->si_code;
    addr = si->si_addr;
    on_alt = &here >= alt && &here < alt + sizeof(alt);
    siglongjmp(out, 1);
}

static void show(const char *what, void *expect)
{
    FACT("%s: %s code %d addr %s", what, sigabbrev_np(signo), code,
         addr == expect ? "as expected" : "other");
}

#define TRY(what, expect, statement) do { \
    if (!sigsetjmp(out, 1)) { statement; FACT("%s: no trap", what); } \
    else show(what, expect); } while (0)

static void divide(int by)
{
    int q = 1, r = 0;

    __asm__ volatile("idivl %2" : "+a"(q), "+d"(r) : "r"(by));
}

static int overflow(int n)
{
    volatile char b[4096];

    b[0] = (char)n;
    return overflow(n + 1) + b[0];
}

static void skip(int s, siginfo_t *si, void *uc)
{
    ucontext_t *u = uc;

    (void)s;
    (void)si;
    u->uc_mcontext.gregs[REG_RIP] += 3;     /* mov (%rax),%rax: 48 8b 00 */
    u->uc_mcontext.gregs[REG_RAX] = 99;
    __m128 junk = _mm_set1_ps(7);           /* must not leak out */
    __asm__ volatile("movaps %0, %%xmm15; movaps %0, %%xmm3" : : "x"(junk)
                     : "xmm15", "xmm3");
}

static void set(int s, void *fn, int flags)
{
    struct sigaction sa = { 0 };

    sa.sa_flags = flags | SA_SIGINFO;
    sa.sa_sigaction = fn;
    sigaction(s, &sa, NULL);
}

static void change_registers(void)
{
    long r;
    int bad = 0;
    float want = 3;

    set(SIGSEGV, skip, 0);
    for (int i = 0; i < 1000; i++) {
        float x3;

        __asm__ volatile("movss %2, %%xmm3\n\txor %%eax, %%eax\n\t"
                         ".byte 0x48, 0x8b, 0x00\n\tmovss %%xmm3, %1"
                         : "=&a"(r), "=m"(x3) : "m"(want) : "xmm3");
        bad += r != 99 || x3 != 3;
    }
    FACT("bad after 1000 skips: %d", bad);
}

int main(void)
{
    char *ro = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
    char *rw = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
    volatile int zero = 0;
    volatile int sink;

    t_start();
    int fd = open("/tmp/short", O_CREAT | O_RDWR, 0600);
    ftruncate(fd, 100);
    char *file = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    set(SIGSEGV, jump, 0);
    set(SIGFPE, jump, 0);
    set(SIGILL, jump, 0);
    set(SIGBUS, jump, 0);
    set(SIGTRAP, jump, 0);
    TRY("null read", NULL, sink = *(volatile int *)NULL);
    TRY("null write", NULL, *(volatile int *)NULL = 1);
    TRY("read-only write", ro + 5, *(volatile char *)(ro + 5) = 1);
    TRY("none read", none, sink = *(volatile char *)none);
    TRY("exec data", rw, ((void (*)(void))rw)());
    TRY("non canonical", NULL, sink = *(volatile char *)0x8000000000000000);
    TRY("divide", addr, divide(zero));
    TRY("undefined", addr, __asm__ volatile("ud2"));
    TRY("breakpoint", NULL, __asm__ volatile("int3"));
    TRY("beyond the file", file + 4096, sink = file[4096]);
    sink = file[200];
    FACT("within the last page: %d", sink);
    sigaltstack(&ss, NULL);
    set(SIGSEGV, jump, SA_ONSTACK);
    if (!sigsetjmp(out, 1))
        overflow(0);
    FACT("stack overflow: %s, on the alternate stack: %d", sigabbrev_np(signo),
         on_alt);
    if (!sigsetjmp(out, 1))
        overflow(0);
    FACT("and again: %s", sigabbrev_np(signo));
    set(SIGSEGV, jump, 0);
    mprotect(ro, 8192, PROT_NONE);
    TRY("after mprotect", ro, sink = *(volatile char *)ro);
    munmap(ro, 4096);
    TRY("after munmap", ro, sink = *(volatile char *)ro);
    change_registers();
    signal(SIGSEGV, SIG_DFL);
    puts("ends by SIGSEGV");
    *(volatile int *)8 = 1;
    return 0;
}
