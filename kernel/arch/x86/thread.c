/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads as the CPU sees them: the first frame, switching, the program's
 * thread pointer, going to the program. The FPU area takes the top of the
 * kernel stack, so that a thread needs no memory beyond its stack.
 */
#include "x86_priv.h"

static void fs_write(uint64_t base)
{
    if (x86_features.fsgsbase)
        __asm__ volatile("wrfsbase %0" : : "r"(base));
    else
        wrmsr(MSR_FS_BASE, base);
}

static uint64_t fs_read(void)
{
    uint64_t base;

    if (!x86_features.fsgsbase)
        return rdmsr(MSR_FS_BASE);
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

int arch_thread_init(struct arch_thread *t, void *kstack_top,
                     void (*entry)(void *), void *arg)
{
    uint64_t area = ALIGN_DOWN((uint64_t)kstack_top - x86_features.xsave_size,
                               64);
    uint64_t *sp = (uint64_t *)area;

    memset(t, 0, sizeof(*t));
    x86_fpu_thread_init(t, (void *)area);
    t->kstack = area;
    *--sp = 0;                          /* keeps the first frame aligned */
    *--sp = (uint64_t)context_first;    /* where context_switch returns to */
    *--sp = 0;                          /* rbp */
    *--sp = (uint64_t)entry;            /* rbx */
    *--sp = (uint64_t)arg;              /* r12 */
    *--sp = 0;                          /* r13 r14 r15 */
    *--sp = 0;
    *--sp = 0;
    t->sp = (uint64_t)sp;
    return 0;
}

void arch_thread_switch(struct thread *prev, struct thread *next,
                        struct arch_pt *pt)
{
    struct arch_thread *p = (struct arch_thread *)prev;
    struct arch_thread *n = (struct arch_thread *)next;
    struct cpu *c = cpu_self();

    if (p->in_program)
        p->fs_base = fs_read();
    if (n->in_program) {
        fs_write(n->fs_base);
        x86_fpu_switch(n);
    }
    c->current = next;
    c->kstack = n->kstack - 8;
    x86_pt_activate(pt);
    context_switch(&p->sp, n->sp);
}

void arch_tls_set(uaddr_t base)
{
    struct arch_thread *t = (struct arch_thread *)arch_current();

    t->fs_base = base;
    if (t->in_program)
        fs_write(base);
}

uaddr_t arch_tls_get(void)
{
    struct arch_thread *t = (struct arch_thread *)arch_current();

    return t->in_program ? fs_read() : t->fs_base;
}

void arch_thread_tls_set(struct arch_thread *t, uaddr_t base)
{
    t->fs_base = base;
}

void arch_program_enter(const struct regs *regs)
{
    struct arch_thread *t = (struct arch_thread *)arch_current();

    irq_disable();
    ASSERT(t->fpu);
    if (!t->in_program) {
        x86_fpu_enter(t);
        fs_write(t->fs_base);
        t->in_program = true;
    }
    program_enter(regs);
}

/* Where it halts, and what follows: trap_from_kernel knows both. */
__attribute__((noinline, noclone))
void arch_cpu_idle(void)
{
    __asm__ volatile("sti\n"
                     ".globl x86_idle_halt, x86_idle_end\n"
                     "x86_idle_halt: hlt\n"
                     "x86_idle_end: cli" : : : "memory");
}

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

/* GS belongs to the kernel while the program shares ring 0. */
long arch_sys_prctl(uint64_t code, uint64_t arg)
{
    uint64_t base;

    switch (code) {
    case ARCH_SET_FS:
        if (arg >= ARCH_PROGRAM_END)
            return -EPERM;
        arch_tls_set(arg);
        return 0;
    case ARCH_GET_FS:
        base = arch_tls_get();
        break;
    case ARCH_GET_GS:
        base = 0;
        break;
    default:
        return -EINVAL;
    }
    if (arg > ARCH_PROGRAM_END - sizeof(base) ||
        arch_user_copy((void *)arg, &base, sizeof(base)) != 0)
        return -EFAULT;
    return 0;
}
