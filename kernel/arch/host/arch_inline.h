/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host architecture: the kernel's rooms inside a Linux process, for unit
 * tests. One CPU; interrupts are a flag; RAM is an arena of the process whose
 * offset is the physical address; page tables are walked by software; the
 * clock stands until a test moves it.
 *
 * The program's half ends below every address a process has, so a user copy
 * can tell the program's pointers from the kernel's.
 */
#ifndef HULL_ARCH_INLINE_H
#define HULL_ARCH_INLINE_H

#define ARCH_PROGRAM_END 0x100000000000ull
#define ARCH_KMAP_START  0x200000000000ull
#define ARCH_KMAP_END    0x200080000000ull

struct regs {
    uint64_t nr, args[6], result;
    uint64_t pc, sp, fp;
    bool restart;
};

struct host_fiber;

struct arch_thread {
    uint32_t work;
    uint64_t kstack;
    uint64_t tls;
    struct host_fiber *fiber;
};

struct arch_pt {
    paddr_t root;
};

/* What the inline functions below use; everything else for tests is in
 * host.h. */
extern char *host_arena;
extern bool host_irqs_on;
extern bool host_resched;
extern struct thread *host_current;
extern nsec_t host_now;

__noreturn void host_fail(const char *what);

static inline unsigned cpu_id(void) { return 0; }
static inline struct thread *arch_current(void) { return host_current; }
static inline void arch_current_set(struct thread *t) { host_current = t; }
static inline void arch_resched_set(void) { host_resched = true; }
static inline bool arch_resched_pending(void) { return host_resched; }
static inline void arch_resched_clear(void) { host_resched = false; }
static inline bool arch_thread_pinned(const struct arch_thread *t)
{
    (void)t;
    return false;
}
static inline void cpu_relax(void) { }

static inline bool irq_enabled(void) { return host_irqs_on; }
static inline void irq_enable(void) { host_irqs_on = true; }
static inline void irq_disable(void) { host_irqs_on = false; }
static inline uint64_t irq_save(void)
{
    uint64_t old = host_irqs_on;

    host_irqs_on = false;
    return old;
}
static inline void irq_restore(uint64_t flags) { host_irqs_on = flags; }

/* Only one thread of execution exists: a lock that is taken is a deadlock. */
static inline void spin_init(struct spinlock *l) { l->word = 0; }
static inline bool spin_trylock(struct spinlock *l)
{
    if (l->word)
        return false;
    l->word = 1;
    return true;
}
static inline void spin_lock(struct spinlock *l)
{
    if (!spin_trylock(l))
        host_fail("spin lock taken twice");
}
static inline void spin_unlock(struct spinlock *l)
{
    if (!l->word)
        host_fail("spin lock released twice");
    l->word = 0;
}
static inline bool spin_held(const struct spinlock *l) { return l->word; }
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

static inline void *phys_to_virt(paddr_t pa) { return host_arena + pa; }
static inline paddr_t virt_to_phys(const void *va)
{
    return (paddr_t)((const char *)va - host_arena);
}
static inline uint64_t arch_cycles(void) { return host_now; }

#endif
