/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every CPU architecture provides. x86/ implements it on the machine,
 * host/ inside a Linux process for unit tests. "arch_inline.h" comes from the
 * chosen folder and defines struct arch_thread, struct arch_pt, struct regs
 * and the inline functions marked (inline).
 *
 * arch is below every room but lib, so what it must ask of them (page frames,
 * what to do on a fault or a system call) is handed down in struct arch_hooks.
 */
#ifndef HULL_ARCH_H
#define HULL_ARCH_H

#include "../lib/lib.h"

struct thread;          /* sched's; its first member is struct arch_thread */
struct regs;            /* the program's registers at kernel entry */

/* --- locks that spin --- */
struct spinlock {
    uint32_t word;      /* [a] 0 free */
};
#define SPINLOCK_INIT { 0 }

/*
 * (inline)
 *   unsigned cpu_id(void)                 this CPU, 0..cpu_count()-1
 *   struct thread *arch_current(void)     the running thread
 *   void arch_current_set(struct thread *t)  names the thread that already
 *                                         runs here: boot's, an idle loop's
 *   bool irq_enabled(void); void irq_enable(void); void irq_disable(void)
 *   uint64_t irq_save(void); void irq_restore(uint64_t)
 *   void cpu_relax(void)
 *   void spin_init(l); void spin_lock(l); bool spin_trylock(l);
 *   void spin_unlock(l); bool spin_held(const l)
 *   uint64_t spin_lock_irqsave(l); void spin_unlock_irqrestore(l, flags)
 *   void *phys_to_virt(paddr_t); paddr_t virt_to_phys(const void *)
 *                                         through the direct map of all RAM
 *   uint64_t arch_cycles(void)            the time-stamp counter
 *
 * There is no preemption in the kernel: an interrupt whose return address is
 * in the kernel's half returns to it. So per-CPU data needs irq_save only
 * against interrupt handlers, and a spin lock taken in a handler is always
 * taken with interrupts off elsewhere.
 *
 * struct arch_thread has at least:
 *   uint32_t work      [a] non-zero: run hooks->exit_work before the program
 *   uint64_t kstack    top of the kernel stack
 * struct regs is complete (every general register, flags, instruction and
 * stack pointer), so that signals may read and change all of it.
 */
#include "arch_inline.h"

/* --- boot information, gathered by the arch entry --- */
enum memmap_type { MEMMAP_RAM = 1, MEMMAP_RESERVED, MEMMAP_ACPI, MEMMAP_NVS };
struct memmap_range {
    paddr_t start;
    uint64_t size;
    uint32_t type;
};
struct boot_info {
    char cmdline[CMDLINE_MAX];
    struct memmap_range map[MEMMAP_MAX];
    unsigned map_count;
    paddr_t module;             /* the manifest, when the loader passed one */
    uint64_t module_size;       /* 0: none */
    paddr_t acpi_rsdp;          /* 0: search or none */
    nsec_t wall_at_boot;        /* real time of arch_clock()==0, 0 unknown */
};
/* Filled before kernel_main runs; read-only afterwards. */
extern struct boot_info boot_info;

/* The kernel's image in memory, rounded out to pages. */
paddr_t arch_image_start(void);
paddr_t arch_image_end(void);

/* boot's entry, called by arch on the boot CPU with interrupts off, a stack,
 * per-CPU area 0, traps installed and a direct map of all RAM in the memory
 * map. Does not return. */
__noreturn void kernel_main(void);

/* --- what arch calls up --- */
enum fault_flags {
    FAULT_WRITE = 1,
    FAULT_EXEC = 2,
    FAULT_PRESENT = 4,      /* a protection fault, not a missing page */
    FAULT_FROM_PROGRAM = 8, /* the faulting instruction is the program's */
};

/* A trap of the program, already in Linux's terms. */
struct trap_info {
    int signo;              /* SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS */
    int code;               /* si_code: SEGV_MAPERR, FPE_INTDIV, ... */
    uaddr_t addr;           /* si_addr */
    uint32_t trapno;        /* as uc_mcontext's trapno, err on x86 */
    uint64_t error;
};

struct arch_hooks {
    /* A zeroed page frame for a page table, or 0 when memory is out. */
    paddr_t (*pt_alloc)(void);
    void (*pt_free)(paddr_t pa);
    /* A fault at an address in the program's half, from the program or from a
     * user copy. May block; called with interrupts on when the interrupted
     * code had them on. True: resolved, retry. False: arch uses the exception
     * table if the kernel faulted, or calls trap(). On false *info holds
     * signo, code and addr for trap(). */
    bool (*fault)(uaddr_t addr, unsigned flags, struct trap_info *info);
    /* The program trapped. Queues the signal; exit_work delivers it. */
    void (*trap)(struct regs *regs, const struct trap_info *info);
    /* A system call: reads number and arguments from regs, sets the result.
     * Interrupts on. */
    void (*syscall)(struct regs *regs);
    /* arch_thread.work or the CPU's resched flag was set on the way back to
     * the program: preempt, deliver signals, stop. Interrupts on; may block;
     * may change regs or not return (thread exit). */
    void (*exit_work)(struct regs *regs);
    /* The CPU's one-shot timer fired. Interrupts off. */
    void (*timer)(void);
    /* A CPU was asked to look at its run queue. Interrupts off. */
    void (*resched)(void);
};
extern const struct arch_hooks *arch_hooks;     /* set by boot, once */

/* --- CPUs --- */
unsigned cpu_count(void);                   /* online ones */
/* Starts the other CPUs (count limited to max); each calls entry(cpu) on its
 * own idle stack with interrupts off. Returns how many are online in all. */
unsigned arch_cpus_start(unsigned max, void (*entry)(unsigned cpu));
/* Makes `cpu` call hooks->resched soon; from any context. */
void arch_ipi_resched(unsigned cpu);
/* Sets this CPU's resched flag: an interrupt that returns to the program goes
 * through exit_work. Cleared by arch_resched_clear(). (inline)
 *   void arch_resched_set(void); bool arch_resched_pending(void);
 *   void arch_resched_clear(void) */
/* Runs fn(arg) on every other online CPU, in interrupt context, and waits.
 * Interrupts must be on, or the caller must hold no spin lock that a handler
 * takes; a second caller meanwhile is served first. */
void arch_ipi_call_others(void (*fn)(void *), void *arg);
/* Stops all other CPUs for good (panic, power-off). Safe in any state. */
void arch_cpus_stop(void);
/* Enables interrupts and halts until one comes; returns with them off.
 * Atomic: an interrupt between a check and this call is not lost. */
void arch_cpu_idle(void);

/* --- threads --- */
/* Prepares `t` so that the first switch to it calls entry(arg) on the kernel
 * stack whose top is kstack, with interrupts off. The FPU state starts clean.
 * -ENOMEM. */
int arch_thread_init(struct arch_thread *t, void *kstack_top,
                     void (*entry)(void *), void *arg);
/* Takes a copy of the parent's FPU state and thread pointer (for clone). */
void arch_thread_copy(struct arch_thread *t, struct arch_thread *parent);
void arch_thread_release(struct arch_thread *t);    /* frees its FPU area */
/* Switches stacks and what else is per thread (program TLS base, FPU state
 * lazily: see arch_fpu_*, address space if pt differs and is not NULL).
 * Interrupts off. Returns, later, in the context of `prev`'s thread.
 * Sets arch_current(). */
void arch_thread_switch(struct thread *prev, struct thread *next,
                        struct arch_pt *pt);
/* True while t's FPU state lives only in the registers of an idle CPU: only
 * that CPU may run it, so the balancer skips it. (inline)
 *   bool arch_thread_pinned(const struct arch_thread *t) */
/* Saves t's FPU state if this CPU's registers hold it, so that another CPU may
 * run t next. t runs here and is about to leave. Interrupts off. */
void arch_thread_unpin(struct arch_thread *t);

/* The program's thread pointer (FS base on x86). For the current thread. */
void arch_tls_set(uaddr_t base);
uaddr_t arch_tls_get(void);
void arch_thread_tls_set(struct arch_thread *t, uaddr_t base); /* not running */

/* Leaves the kernel for the program with these registers; the kernel stack is
 * reset to its top. Runs exit_work first if there is work. */
__noreturn void arch_program_enter(const struct regs *regs);

/* --- registers, as system calls and signals see them --- */
/* (An architecture may define those of system calls inline.) */
void arch_regs_init(struct regs *r, uaddr_t pc, uaddr_t sp);
long arch_syscall_nr(const struct regs *r);
void arch_syscall_args(const struct regs *r, uint64_t args[6]);
void arch_syscall_result(struct regs *r, long result);
long arch_syscall_result_get(const struct regs *r);
/* Turns an interrupted call into one that runs again on return. */
void arch_syscall_restart(struct regs *r);
/* As restart, but with another call number (restart_syscall). */
void arch_syscall_restart_as(struct regs *r, long nr);
uaddr_t arch_regs_pc(const struct regs *r);
uaddr_t arch_regs_sp(const struct regs *r);
uaddr_t arch_regs_fp(const struct regs *r);
void arch_regs_set_sp(struct regs *r, uaddr_t sp);
/* "rip=... rsp=..." over several lines, for messages. */
int arch_regs_format(const struct regs *r, char *buf, size_t size);
/* For `siginfo` of 128 bytes and Linux's rt_sigframe of this CPU. */
struct arch_sigframe {
    uaddr_t handler, restorer;
    int signo;
    bool siginfo_wanted;        /* SA_SIGINFO */
    uaddr_t stack_base;         /* alternate stack that it must fit on */
    uint64_t stack_size;        /* 0: none */
    bool stack_enter;           /* it starts at the top of that */
    const void *siginfo;        /* 128 bytes */
    uint64_t mask;              /* uc_sigmask */
    uaddr_t ss_sp;              /* uc_stack */
    int ss_flags;
    uint64_t ss_size;
    uint32_t trapno;            /* of the last trap, for uc_mcontext */
    uint64_t error;
    uaddr_t fault_addr;         /* cr2 */
};
/* Writes the frame (XSAVE state included) to the program's stack and points
 * regs at the handler. -EFAULT when the stack cannot take it; regs unchanged. */
int arch_sigframe_push(struct regs *r, const struct arch_sigframe *f);
/* rt_sigreturn: reads the frame at regs' stack pointer back: all registers and
 * the XSAVE state, sanitised. Outputs uc_sigmask and uc_stack. -EFAULT. */
int arch_sigframe_pop(struct regs *r, uint64_t *mask, uaddr_t *ss_sp,
                      int *ss_flags, uint64_t *ss_size);
size_t arch_sigframe_min(void);     /* AT_MINSIGSTKSZ */

/* Auxiliary vector values of this CPU: AT_HWCAP, AT_HWCAP2, AT_PLATFORM. */
uint64_t arch_hwcap(void);
uint64_t arch_hwcap2(void);
const char *arch_platform(void);            /* "x86_64" */
uint16_t arch_elf_machine(void);            /* EM_X86_64 */
/* arch_prctl and the like. -ENOSYS / -EINVAL. */
long arch_sys_prctl(uint64_t code, uint64_t arg);

/* --- address translation --- */
#define PROT_READ_BIT   1u
#define PROT_WRITE_BIT  2u
#define PROT_EXEC_BIT   4u
#define PT_HUGE         8u      /* map: one 2 MiB page */

struct pt_entry {
    paddr_t pa;
    unsigned prot;          /* PROT_*_BIT */
    bool huge;
    bool dirty, accessed;
    bool table;             /* only from unmap: pa is an emptied table */
};
int arch_pt_init(struct arch_pt *pt);       /* kernel half shared. -ENOMEM */
void arch_pt_release(struct arch_pt *pt);   /* frees tables, not frames */
/* Maps pa at va (a page, or 2 MiB with PT_HUGE). Replaces what is there only
 * if it maps the same level; a huge page in the way is the caller's bug.
 * No flush is needed for entries that were not present. -ENOMEM; -EEXIST for
 * PT_HUGE where a table of small pages is. The caller holds the address
 * space's page-table lock. */
int arch_pt_map(struct arch_pt *pt, uaddr_t va, paddr_t pa, unsigned prot);
/* False when nothing is mapped at va; then out->table says whether a table of
 * small pages covers it (so that no huge page fits). */
bool arch_pt_query(struct arch_pt *pt, uaddr_t va, struct pt_entry *out);
/* Removes every mapping in [start,end), calling fn for each with its entry;
 * the frames must not be reused before arch_tlb_flush. A huge page that
 * straddles a bound must have been split. When fn returns false the walk stops
 * behind that entry; fn may map elsewhere, or the same again and stop. Returns the first address not walked (end: all done).
 * Tables that are known to have become empty are unlinked and passed to fn
 * as well, with e->table set: the caller gives them to hooks->pt_free after
 * the flush. Costs what is mapped, not the size of the range. */
uaddr_t arch_pt_unmap(struct arch_pt *pt, uaddr_t start, uaddr_t end,
                      bool (*fn)(void *arg, uaddr_t va,
                                 const struct pt_entry *e),
                      void *arg);
/* Unlinks the empty tables that cover va and nothing outside [low,high), and
 * passes them (3 at most) to fn as arch_pt_unmap does. */
void arch_pt_trim(struct arch_pt *pt, uaddr_t va, uaddr_t low, uaddr_t high,
                  bool (*fn)(void *arg, uaddr_t va, const struct pt_entry *e),
                  void *arg);
/* Changes protection of what is mapped in [start,end); prot 0 makes entries
 * non-accessible but keeps frames (query still finds them, with prot 0).
 * True when an entry lost a right, so that a flush is needed. */
bool arch_pt_protect(struct arch_pt *pt, uaddr_t start, uaddr_t end,
                     unsigned prot);
/* Breaks the huge page over va into 512 small ones. -ENOMEM. */
int arch_pt_split(struct arch_pt *pt, uaddr_t va);
/* Forgets cached translations of [start,end) on every CPU that runs pt, and
 * waits. Must not be called with a spin lock held. */
void arch_tlb_flush(struct arch_pt *pt, uaddr_t start, uaddr_t end);

/* The kernel's own mappings, outside the direct map (stacks, modules).
 * -ENOMEM. Addresses from the range ARCH_KMAP_START..END (arch_inline.h). */
int arch_kmap(void *va, paddr_t pa, unsigned prot);
/* What was mapped, or 0. Other CPUs may still know it: nobody may touch va,
 * and arch_kmap_flush comes before va is mapped again. */
paddr_t arch_kunmap(void *va);
/* Forgets every unmapped kernel address on all CPUs, as arch_ipi_call_others
 * does it. */
void arch_kmap_flush(void);
/* Device registers, uncached. NULL when out of memory. Never unmapped. */
volatile void *arch_mmio_map(paddr_t pa, uint64_t size);
/* Read-only kernel text, no-execute data: called once when start-up is done. */
void arch_kernel_protect(void);
/* First and last+1 address the program may use. */
#define ARCH_PROGRAM_START 0x1000ull
/* ARCH_PROGRAM_END is in arch_inline.h */

/* --- the program's memory, from the kernel --- */
/* Copies n bytes where one side is the program's; returns how many bytes were
 * NOT copied (0: all). Faults are resolved by hooks->fault. The caller has
 * checked that the range is in the program's half. */
size_t arch_user_copy(void *dst, const void *src, size_t n);
size_t arch_user_zero(void *dst, size_t n);
/* Bytes before the NUL, at most n (n: none found); -EFAULT. */
ssize_t arch_user_strnlen(const char *s, size_t n);
/* 32-bit atomics for futexes. 0 or -EFAULT. */
int arch_user_load32(const uint32_t *p, uint32_t *out);
int arch_user_cmpxchg32(uint32_t *p, uint32_t old, uint32_t new_,
                        uint32_t *seen);

/* --- time --- */
/* Nanoseconds since boot, monotonic over all CPUs. */
nsec_t arch_clock(void);
/* Sets this CPU's one-shot timer to an absolute arch_clock() time (in the past:
 * at once); NSEC_FOREVER turns it off. Interrupts off. */
void arch_timer_set(nsec_t deadline);
/* Fills the vDSO's data page: clock scale and the offset of real time. */
struct arch_vdso_clock {
    uint64_t cycle_base;
    uint32_t mult, shift;       /* ns = (cycles - base) * mult >> shift */
    nsec_t mono_base;
    bool usable;                /* cycles can be read by the program */
    bool cpu_known;             /* so can the CPU's number (RDTSCP) */
};
void arch_vdso_clock_get(struct arch_vdso_clock *out);

/* --- interrupts of devices --- */
typedef void irq_handler_fn(void *arg);     /* interrupts off, must not block */
/* Takes a free vector aimed at `cpu`. Returns an irq number >= 0 or -ENOSPC. */
int arch_irq_alloc(irq_handler_fn *fn, void *arg, unsigned cpu);
/* Message-signalled: what the device must write. */
void arch_irq_msi(int irq, uint64_t *address, uint32_t *data);
/* Routes a global system interrupt (IO-APIC pin) to it. -ENODEV. */
int arch_irq_route_gsi(int irq, unsigned gsi, bool level, bool active_low);
/* Sends ISA interrupt n through the firmware's overrides. -ENODEV. */
int arch_irq_route_isa(int irq, unsigned n);

/* --- the platform --- */
uint8_t arch_in8(uint16_t port);   uint32_t arch_in32(uint16_t port);
uint16_t arch_in16(uint16_t port);
void arch_out8(uint16_t port, uint8_t v);
void arch_out16(uint16_t port, uint16_t v);
void arch_out32(uint16_t port, uint32_t v);
bool arch_has_ports(void);
/* PCI configuration space, by ECAM or ports. False: no PCI here. */
bool arch_pci_present(void);
uint32_t arch_pci_read(unsigned bdf, unsigned offset, unsigned size);
void arch_pci_write(unsigned bdf, unsigned offset, unsigned size, uint32_t v);
/* The interrupt line a PCI INTx pin is wired to, or -ENODEV. */
int arch_pci_intx_gsi(unsigned bdf, unsigned pin);
/* An ACPI table by its signature, mapped and checksum-verified, or NULL. */
const void *arch_acpi_find(const char sig[4]);
/* Calls fn (in interrupt context) when the power button is pressed. */
int arch_power_button_set(irq_handler_fn *fn, void *arg);
/* Ends the machine: isa-debug-exit if use_isa, else ACPI S5, else reset, else
 * halt. Interrupts may be in any state. */
__noreturn void arch_power_off(int status, bool use_isa);
/* Hardware randomness. False when the CPU has none or it failed. */
bool arch_random_u64(uint64_t *out);
/* First-boot console, polled, works before everything; for the log sink. */
void arch_early_putc(char c);
/* "AMD EPYC ..." and the /proc/cpuinfo flags line; CPU's frequency in kHz. */
const char *arch_cpu_model(void);
int arch_cpuinfo_format(unsigned cpu, char *buf, size_t size);
/* The hypervisor's name as its CPUID leaf says: "KVM", "TCG", "none"... */
const char *arch_hypervisor(void);

/* --- panic --- */
/* Writes up to n return addresses of the current stack; returns how many. */
unsigned arch_backtrace(uint64_t *pcs, unsigned n);
/* Where a panic prints when arch_early_putc leads nowhere. */
void arch_panic_sink_set(log_sink_fn *sink);

#endif
