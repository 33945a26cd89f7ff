/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86-64's part of arch.h that must be inline: the per-CPU area by GS base,
 * interrupts, spin locks, and the types arch.h leaves to each CPU.
 */
#ifndef HULL_ARCH_INLINE_H
#define HULL_ARCH_INLINE_H

#include "asm_priv.h"

#define ARCH_PROGRAM_END 0x7ffffffff000ull
#define ARCH_DIRECT_BASE 0xffff800000000000ull
#define ARCH_KMAP_START  0xffffc00000000000ull
#define ARCH_KMAP_END    0xffffc08000000000ull

/* The program's registers on the thread's kernel stack, in push order. */
struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t orig_rax;      /* system call number, or a trap's error code */
    uint64_t rip, cs, rflags, rsp;
    uint32_t ss;            /* IRETQ takes 16 bits of the eight bytes */
    uint32_t changed;       /* a system call wrote more than its result: the
                             * way back must load every register */
};

static inline long arch_syscall_nr(const struct regs *r)
{
    return (long)r->orig_rax;
}

static inline void arch_syscall_args(const struct regs *r, uint64_t args[6])
{
    args[0] = r->rdi;
    args[1] = r->rsi;
    args[2] = r->rdx;
    args[3] = r->r10;
    args[4] = r->r8;
    args[5] = r->r9;
}

static inline void arch_syscall_result(struct regs *r, long result)
{
    r->rax = (uint64_t)result;
}

static inline long arch_syscall_result_get(const struct regs *r)
{
    return (long)r->rax;
}

/*
 * [c] own CPU or not running  [a] atomic  [I] immutable after init
 * FPU state: see fpu.c.
 */
struct arch_thread {
    uint32_t work;          /* [a] */
    uint32_t fpu_live;      /* [a] 1 + CPU whose registers hold the state */
    uint64_t kstack;        /* [I] top of the kernel stack */
    uint64_t sp;            /* [c] saved stack pointer while switched out */
    uint64_t fs_base;       /* [c] valid while switched out */
    void *fpu;              /* [I] state area above kstack; NULL: never */
    bool in_program;        /* [c] has been in the program */
};

/* A set of page tables. The CPUs in `cpus` have it in CR3. */
struct arch_pt {
    paddr_t root;           /* [I] */
    uint64_t cpus;          /* [a] */
    uint32_t tables_gone;   /* [a] counts unlinked tables: until tables_seen */
    uint32_t tables_seen;   /* [a] is as far, a flush must reach CPUs that
                             * idle with this pt, too */
};

static inline unsigned cpu_id(void)
{
    unsigned id;
    __asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(CPU_ID));
    return id;
}

static inline struct thread *arch_current(void)
{
    struct thread *t;
    __asm__("movq %%gs:%c1, %0" : "=r"(t) : "i"(CPU_CURRENT));
    return t;
}

static inline void arch_current_set(struct thread *t)
{
    __asm__ volatile("movq %0, %%gs:%c1"
                     : : "r"(t), "i"(CPU_CURRENT) : "memory");
}

static inline void arch_resched_set(void)
{
    __asm__ volatile("movl $1, %%gs:%c0" : : "i"(CPU_RESCHED) : "memory");
}

static inline bool arch_resched_pending(void)
{
    uint32_t v;
    __asm__ volatile("movl %%gs:%c1, %0" : "=r"(v) : "i"(CPU_RESCHED));
    return v != 0;
}

static inline void arch_resched_clear(void)
{
    __asm__ volatile("movl $0, %%gs:%c0" : : "i"(CPU_RESCHED) : "memory");
}

static inline bool arch_thread_pinned(const struct arch_thread *t)
{
    return __atomic_load_n(&t->fpu_live, __ATOMIC_ACQUIRE) != 0;
}

static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

#define X86_FLAGS_IF 0x200u

static inline uint64_t arch_flags(void)
{
    uint64_t f;
    __asm__ volatile("pushfq; popq %0" : "=r"(f) : : "memory");
    return f;
}
static inline bool irq_enabled(void) { return arch_flags() & X86_FLAGS_IF; }
static inline void irq_enable(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}
static inline uint64_t irq_save(void)
{
    uint64_t f = arch_flags();
    if (f & X86_FLAGS_IF)
        irq_disable();
    return f;
}
static inline void irq_restore(uint64_t flags)
{
    if (flags & X86_FLAGS_IF)
        irq_enable();
}

/* The word is the holder's CPU number + 1. */
static inline void spin_init(struct spinlock *l) { l->word = 0; }
static inline bool spin_trylock(struct spinlock *l)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&l->word, &free, cpu_id() + 1, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
void x86_spin_contended(struct spinlock *l);
static inline void spin_lock(struct spinlock *l)
{
    if (unlikely(!spin_trylock(l)))
        x86_spin_contended(l);
}
static inline void spin_unlock(struct spinlock *l)
{
    __atomic_store_n(&l->word, 0, __ATOMIC_RELEASE);
}
static inline bool spin_held(const struct spinlock *l)
{
    return __atomic_load_n(&l->word, __ATOMIC_RELAXED) == cpu_id() + 1;
}
static inline uint64_t spin_lock_irqsave(struct spinlock *l)
{
    uint64_t flags = irq_save();
    spin_lock(l);
    return flags;
}
static inline void spin_unlock_irqrestore(struct spinlock *l, uint64_t flags)
{
    spin_unlock(l);
    irq_restore(flags);
}

static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(pa + ARCH_DIRECT_BASE);
}
/* Of the direct map and of the kernel's image. */
static inline paddr_t virt_to_phys(const void *va)
{
    uint64_t v = (uint64_t)va;
    return v >= KERNEL_BASE ? v - KERNEL_BASE : v - ARCH_DIRECT_BASE;
}

static inline uint64_t arch_cycles(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

#endif
