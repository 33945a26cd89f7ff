/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of x86/ share: struct cpu, special registers, and each
 * file's start-up functions in the order x86_start calls them.
 */
#ifndef HULL_X86_PRIV_H
#define HULL_X86_PRIV_H

#include "../arch.h"

/* --- per CPU --- */
struct x86_tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];        /* IST n is ist[n - 1] */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iomap;
} __packed;
_Static_assert(sizeof(struct x86_tss) == 104, "TSS layout");

#define TRAP_STACK_SIZE 512

/* [I] after its CPU started  [c] own CPU  [a] atomic */
struct cpu {
    struct cpu *self;               /* [I] */
    struct thread *current;         /* [c] */
    uint64_t kstack;                /* [c] where struct regs of the thread
                                     * ends: 8 below arch_thread.kstack */
    uint64_t scratch;               /* [c] the program's RSP, at SYSCALL */
    uint32_t id;                    /* [I] */
    uint32_t resched;               /* [c] */
    uint64_t df_stack;              /* [I] top */
    uint32_t apic_id;               /* [I] */
    uint32_t online;                /* [a] */
    struct arch_thread *fpu_owner;  /* [c] whose state is in the registers */
    struct arch_pt *pt;             /* [c] in CR3; NULL: the kernel's own */
    uint32_t lazy;                  /* [a] enum tlb_lazy */
    uint32_t timer_armed;           /* [c] */
    uint64_t gdt[8];                /* [I] */
    struct x86_tss tss;             /* [I] */
    uint32_t ipi_target;            /* [c] 1 + APIC id in ICR's high half */
    uint8_t trap_stack[TRAP_STACK_SIZE] __aligned(16);
};

extern struct cpu *x86_cpus[CPUS_MAX];      /* [I] once online */

static inline struct cpu *cpu_self(void)
{
    struct cpu *c;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(c) : "i"(CPU_SELF));
    return c;
}

/* --- special registers and instructions --- */
static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (uint64_t)hi << 32 | lo;
}
static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v),
                     "d"((uint32_t)(v >> 32)) : "memory");
}
#define X86_CR_ACCESS(name) \
static inline uint64_t read_##name(void) \
{ \
    uint64_t v; \
    __asm__ volatile("movq %%" #name ", %0" : "=r"(v)); \
    return v; \
} \
static inline void write_##name(uint64_t v) \
{ \
    __asm__ volatile("movq %0, %%" #name : : "r"(v) : "memory"); \
}
X86_CR_ACCESS(cr0)
X86_CR_ACCESS(cr2)
X86_CR_ACCESS(cr3)
X86_CR_ACCESS(cr4)

struct cpuid { uint32_t a, b, c, d; };
static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                     : "a"(leaf), "c"(sub));
    return r;
}

#define MSR_APIC_BASE   0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_PAT         0x277
#define MSR_EFER        0xc0000080
#define MSR_STAR        0xc0000081
#define MSR_LSTAR       0xc0000082
#define MSR_SFMASK      0xc0000084
#define MSR_FS_BASE     0xc0000100
#define MSR_GS_BASE     0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX     0xc0000103

#define FLAG_CF 0x1u
#define FLAG_TF 0x100u
#define FLAG_IF ((unsigned)FLAGS_IF)
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_RF 0x10000u
#define FLAG_AC 0x40000u
#define FLAG_ID 0x200000u

#define CR4_OSXSAVE  (1u << 18)
#define CR4_FSGSBASE (1u << 16)

/* What the boot CPU offers; the others are taken to be alike. */
struct x86_features {
    bool fsgsbase, xsave, xsaveopt, rdrand, x2apic, tsc_deadline, gib_pages;
    bool tsc_invariant, hypervisor, kvm;
    uint64_t xcr0;
    uint32_t xsave_size;        /* of the whole area, standard format */
    uint32_t mxcsr_mask;
    uint32_t kvm_features;
    uint32_t phys_bits;
    char vendor[13], model[49], hypervisor_name[13];
};
extern struct x86_features x86_features;

/* --- the order of start-up on the boot CPU, and each file's part --- */
__noreturn void x86_start(unsigned kind, paddr_t data);   /* start.c */
void x86_early_console_init(void);                        /* console.c */
bool x86_early_console_present(void);
/* Waits until the last bytes have left the port: a FIFO's worth goes with the
 * machine if its reader was slow. Not for ever. */
void x86_early_console_drain(void);
void x86_features_init(void);                             /* cpuid.c */
void x86_cpu_init(struct cpu *c, unsigned id);            /* cpu.c */
void x86_fpu_cpu_init(void);                              /* fpu.c */
void x86_pagetable_init(void);                            /* pagetable.c */
void x86_acpi_init(void);                                 /* acpi.c */
void x86_apic_init(void);                                 /* apic.c */
void x86_mptable_init(void);                              /* mptable.c */
void x86_ioapic_init(void);                               /* ioapic.c */
void x86_clock_init(void);                                /* clock.c */
void x86_clock_log(void);
void x86_panic_init(void);                                /* panic.c */

/* --- traps: trap_entry.S calls these --- */
extern uint8_t trap_stubs[];
extern uint8_t x86_idle_halt[], x86_idle_end[];         /* thread.c */
extern uint8_t syscall_entry[];
void trap_from_program(struct regs *regs, unsigned vector);
void trap_from_kernel(struct regs *regs, unsigned vector);
void trap_own_stack_c(struct regs *regs, unsigned vector);
__noreturn void trap_fatal(struct regs *regs, unsigned vector);
void trap_exit_work(struct regs *regs);
__noreturn void program_enter(const struct regs *regs);
void x86_irq_dispatch(unsigned vector);                   /* irq.c */
/* Where a faulting instruction continues, or 0. */
uint64_t x86_extable_find(uint64_t rip);

/* --- page tables --- */
enum tlb_lazy { TLB_ACTIVE, TLB_LAZY, TLB_LAZY_STALE };
/* A zeroed frame for tables and per-CPU data: from behind the image until mm
 * has taken the memory map, from hooks->pt_alloc after. 0: out of memory. */
paddr_t x86_frame_alloc(void);
/* Maps n fresh frames with an unmapped page below; the lowest address. */
void *x86_stack_alloc(unsigned pages);
extern uint64_t x86_kernel_root;        /* CR3 of the kernel's own tables */
extern uint64_t boot_pml4[512];
/* Makes `pt` (NULL: none needed) this CPU's address space. */
void x86_pt_activate(struct arch_pt *pt);

/* --- threads --- */
void context_switch(uint64_t *save_sp, uint64_t sp);
void context_first(void);
#define X86_FPU_AREA_MAX 2816       /* XSAVE up to AVX-512 is 2696 */
void x86_fpu_clean_init(void);
void x86_fpu_thread_init(struct arch_thread *t, void *area);
void x86_fpu_switch(struct arch_thread *t);
void x86_fpu_enter(struct arch_thread *t);
void x86_fpu_save(void *area);
void x86_fpu_get(void *area);
bool x86_fpu_set(const void *area);
bool x86_fpu_reset(void);
void x86_clock_cpu_init(void);
void x86_wall_init(void);           /* rtc.c */
void x86_timer_interrupt(void);
uint32_t x86_tsc_khz(void);
void x86_ap_start(unsigned id);

/* --- what the ACPI tables say --- */
#define IOAPICS_MAX   8
#define OVERRIDES_MAX 16
struct x86_madt {
    unsigned cpu_count;
    uint32_t apic_ids[CPUS_MAX];
    unsigned ioapic_count;
    struct { paddr_t pa; uint32_t gsi_base; } ioapics[IOAPICS_MAX];
    unsigned override_count;
    struct { uint8_t isa; uint32_t gsi; uint16_t flags; }
        overrides[OVERRIDES_MAX];
};
extern struct x86_madt x86_madt;
/* The PM timer's port, 0: none. 3.579545 MHz, 24 bits at least. */
extern uint16_t x86_pm_timer_port;

/* --- the panic body, with registers when a trap caused it --- */
__noreturn void x86_panic_regs(const struct regs *regs, const char *fmt, ...)
    __printf_like(2, 3);
/* "name+0x12" of a kernel address, from the embedded symbols. */
int x86_symbol_format(uint64_t pc, char *buf, size_t size);

/* --- interrupt controllers --- */
void x86_apic_cpu_init(void);
uint32_t x86_apic_id(void);
void x86_apic_eoi(void);
void x86_apic_ipi(uint32_t apic_id, uint32_t command);
void x86_apic_timer_init(bool deadline);
void x86_apic_timer_count(uint32_t ticks);
uint32_t x86_apic_timer_left(void);
#define APIC_IPI_FIXED   0x00000u
#define APIC_IPI_NMI     0x00400u
#define APIC_IPI_INIT    0x04500u
#define APIC_IPI_STARTUP 0x04600u
/* Serves what another CPU waits for us to do; from the interrupt, or polled
 * while waiting with interrupts off. */
void x86_ipi_serve(void);
/* Runs fn(arg) on the CPUs of the mask, this one not among them; waits. */
void x86_ipi_call(uint64_t mask, void (*fn)(void *), void *arg);
unsigned x86_irq_apic_id(int irq);
/* Where the power button is; ged 0: not by GED, event_port 0: not by PM1. */
struct x86_power_button {
    uint16_t event_port, event_size, sci;
    paddr_t ged;
    uint32_t ged_gsi;
    bool ged_level, ged_low;
};
void x86_acpi_power_button(struct x86_power_button *out);
/* Asks for S5. False when the tables know no way. */
bool x86_acpi_power_off(void);
bool x86_nmi_stop_pending(void);
__noreturn void x86_halt_forever(void);

#endif
