/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals nested on an alternate stack until it is full: the next frame does
 * not go below it, the program ends by SIGSEGV, that cannot be caught there.
 */
#include "t.h"

#define SIZE (256 * 1024)
static char *stack;
static int depth;

static void nest(int s)
{
    char here;

    (void)s;
    if (&here < stack || &here >= stack + SIZE) {
        FACT("ran off the stack");
        _exit(1);
    }
    if (++depth == 3)
        FACT("nested");
    if (depth > SIZE / 256)
        _exit(2);
    raise(SIGUSR1);
}

static void on_segv(int s)
{
    (void)s;
    FACT("caught");
    _exit(3);
}

int main(void)
{
    struct sigaction sa = { .sa_handler = nest,
                            .sa_flags = SA_ONSTACK | SA_NODEFER };
    char *area = mmap(NULL, 3 * SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t ss = { .ss_sp = stack = area + SIZE, .ss_size = SIZE };

    t_start();
    R(sigaltstack(&ss, NULL));
    R(sigaction(SIGUSR1, &sa, NULL));
    sa.sa_handler = on_segv;
    sa.sa_flags = SA_ONSTACK;
    R(sigaction(SIGSEGV, &sa, NULL));
    R(raise(SIGUSR1));
    return 0;
}
