/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of the host: contexts of the process that hand over to each other.
 * They run on stacks of their own, larger than a kernel stack, because
 * instrumented code and the C library need more.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "fiber_priv.h"
#include "host.h"

#define FIBER_STACK (256 * 1024)

struct host_fiber {
    ucontext_t context;
    void *stack;                /* NULL: the process's own */
    const void *bottom;         /* for the sanitizer */
    size_t size;
    void *fake;                 /* the sanitizer's fake stack */
    void (*entry)(void *);
    void *arg;
    struct host_fiber *next, **link;
};

static struct host_fiber *running, *came_from;
static struct host_fiber *all;  /* where the leak checker finds them */

static struct arch_thread *of_thread(struct thread *t)
{
    return (struct arch_thread *)t;     /* its first member */
}

static void arrive(struct host_fiber *f)
{
    __sanitizer_finish_switch_fiber(f->fake, &came_from->bottom,
                                    &came_from->size);
    running = f;
}

static void start(void)
{
    struct host_fiber *f = running;

    arrive(f);
    f->entry(f->arg);
    host_fail("a thread returned from its entry");
}

int arch_thread_init(struct arch_thread *t, void *kstack_top,
                     void (*entry)(void *), void *arg)
{
    struct host_fiber *f = calloc(1, sizeof(*f));

    if (!f)
        return -ENOMEM;
    f->stack = mmap(NULL, FIBER_STACK, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (f->stack == MAP_FAILED) {
        free(f);
        return -ENOMEM;
    }
    f->bottom = f->stack;
    f->size = FIBER_STACK;
    f->entry = entry;
    f->arg = arg;
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = FIBER_STACK;
    makecontext(&f->context, start, 0);
    f->next = all;
    f->link = &all;
    if (all)
        all->link = &f->next;
    all = f;
    t->fiber = f;
    t->kstack = (uintptr_t)kstack_top;
    return 0;
}

void arch_thread_copy(struct arch_thread *t, struct arch_thread *parent)
{
    t->tls = parent->tls;
}

void arch_thread_release(struct arch_thread *t)
{
    if (!t->fiber)
        return;
    munmap(t->fiber->stack, FIBER_STACK);
    *t->fiber->link = t->fiber->next;
    if (t->fiber->next)
        t->fiber->next->link = t->fiber->link;
    free(t->fiber);
    t->fiber = NULL;
}

void arch_thread_switch(struct thread *prev, struct thread *next,
                        struct arch_pt *pt)
{
    struct arch_thread *from = of_thread(prev), *to = of_thread(next);

    if (!from->fiber)
        from->fiber = calloc(1, sizeof(*from->fiber));
    if (!from->fiber)
        host_fail("no memory");
    if (pt)
        host_pt_set(pt);
    host_current = next;
    came_from = from->fiber;
    running = to->fiber;
    __sanitizer_start_switch_fiber(&from->fiber->fake, to->fiber->bottom,
                                   to->fiber->size);
    swapcontext(&from->fiber->context, &to->fiber->context);
    arrive(from->fiber);
}

void arch_tls_set(uaddr_t base) { of_thread(host_current)->tls = base; }
uaddr_t arch_tls_get(void) { return of_thread(host_current)->tls; }
void arch_thread_tls_set(struct arch_thread *t, uaddr_t base)
{
    t->tls = base;
}

void arch_thread_unpin(struct arch_thread *t)
{
    (void)t;                    /* the host keeps no state in registers */
}
