/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trap means: a page fault goes to hooks->fault, an interrupt to its
 * handler, a trap of the program to hooks->trap in Linux's terms, anything
 * else of the kernel to panic. trap_entry.S has moved to the right stack.
 */
#include "x86_priv.h"

enum vector {
    VEC_DE = 0, VEC_DB = 1, VEC_NMI = 2, VEC_BP = 3, VEC_UD = 6, VEC_DF = 8,
    VEC_NP = 11, VEC_SS = 12, VEC_GP = 13, VEC_PF = 14, VEC_MF = 16,
    VEC_AC = 17, VEC_MC = 18, VEC_XM = 19, VEC_EXCEPTIONS = 32,
};

static const char *const vector_names[] = {
    "divide error", "debug", "NMI", "breakpoint", "overflow", "bounds",
    "invalid opcode", "no FPU", "double fault", "vector 9", "invalid TSS",
    "segment not present", "stack segment", "general protection",
    "page fault", "vector 15", "FPU error", "alignment", "machine check",
    "SIMD error",
};

#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_FETCH   16u

/* Linux's numbers. */
enum { SIGILL_ = 4, SIGTRAP_ = 5, SIGBUS_ = 7, SIGFPE_ = 8, SIGSEGV_ = 11 };
#define SI_KERNEL    0x80
#define ILL_ILLOPN   2
#define TRAP_BRKPT_  1
#define TRAP_TRACE   2
#define BUS_ADRALN   1
#define SEGV_MAPERR  1

struct extable_entry { int32_t at, fixup; };    /* relative to the field */
extern const struct extable_entry extable_start[], extable_end[];

uint64_t x86_extable_find(uint64_t rip)
{
    for (const struct extable_entry *e = extable_start; e < extable_end; e++)
        if ((uint64_t)&e->at + (uint64_t)(int64_t)e->at == rip)
            return (uint64_t)&e->fixup + (uint64_t)(int64_t)e->fixup;
    return 0;
}

static const char *vector_name(unsigned vector)
{
    return vector < ARRAY_LEN(vector_names) ? vector_names[vector]
                                            : "unknown trap";
}

static unsigned fault_flags(uint64_t error)
{
    return (error & PF_PRESENT ? FAULT_PRESENT : 0) |
           (error & PF_WRITE ? FAULT_WRITE : 0) |
           (error & PF_FETCH ? FAULT_EXEC : 0);
}

/* FPE_* from the status bits of the x87 or SSE unit: invalid, denormal, zero
 * divide, overflow, underflow, inexact in bits 0..5. */
static int fpe_code(unsigned raised)
{
    if (raised & 1)
        return 7;       /* FPE_FLTINV */
    if (raised & 4)
        return 3;       /* FPE_FLTDIV */
    if (raised & 8)
        return 4;       /* FPE_FLTOVF */
    if (raised & (16 | 2))
        return 5;       /* FPE_FLTUND */
    if (raised & 32)
        return 6;       /* FPE_FLTRES */
    return 0;
}

static int fpe_code_x87(void)
{
    uint16_t control, status;

    __asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
    return fpe_code(status & ~control & 0x3f);
}

static int fpe_code_sse(void)
{
    uint32_t mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return fpe_code(mxcsr & ~(mxcsr >> 7) & 0x3f);
}

static void info_set(struct trap_info *info, int signo, int code, uaddr_t addr)
{
    info->signo = signo;
    info->code = code;
    info->addr = addr;
}

static void trap_describe(struct regs *regs, unsigned vector,
                          struct trap_info *info)
{
    switch (vector) {
    case VEC_DE:
        info_set(info, SIGFPE_, 1 /* FPE_INTDIV */, regs->rip);
        break;
    case VEC_DB:
        info_set(info, SIGTRAP_, TRAP_TRACE, regs->rip);
        break;
    case VEC_BP:
        info_set(info, SIGTRAP_, SI_KERNEL, 0);
        break;
    case VEC_UD:
        info_set(info, SIGILL_, ILL_ILLOPN, regs->rip);
        break;
    case VEC_NP:
    case VEC_SS:
        info_set(info, SIGBUS_, SI_KERNEL, 0);
        break;
    case VEC_MF:
        info_set(info, SIGFPE_, fpe_code_x87(), regs->rip);
        break;
    case VEC_XM:
        info_set(info, SIGFPE_, fpe_code_sse(), regs->rip);
        break;
    case VEC_AC:
        info_set(info, SIGBUS_, BUS_ADRALN, 0);
        break;
    default:
        info_set(info, SIGSEGV_, SI_KERNEL, 0);
        break;
    }
}

/* A jump of the kernel's to nowhere looks like the program's; its stack
 * pointer gives it away. */
static void wild_jump_check(struct regs *regs, unsigned vector)
{
    uint64_t top = cpu_self()->kstack;

    if (regs->rsp < top && regs->rsp >= top - KSTACK_SIZE)
        x86_panic_regs(regs, "kernel jumped to %#lx (%s)", regs->rip,
                       vector_name(vector));
}

static void program_exception(struct regs *regs, unsigned vector)
{
    struct trap_info info = { .trapno = vector, .error = regs->orig_rax };
    uint64_t address = vector == VEC_PF ? read_cr2() : 0;

    wild_jump_check(regs, vector);
    if (vector == VEC_DB)
        __asm__ volatile("movq %0, %%db6" : : "r"(0ul));
    irq_enable();
    if (vector == VEC_PF) {
        unsigned flags = fault_flags(regs->orig_rax) | FAULT_FROM_PROGRAM;

        info_set(&info, SIGSEGV_, SEGV_MAPERR, address);
        if (address < ARCH_PROGRAM_END &&
            arch_hooks->fault(address, flags, &info))
            goto out;
        info.trapno = VEC_PF;
        info.error = regs->orig_rax;
    } else {
        trap_describe(regs, vector, &info);
    }
    regs->orig_rax = ~0ull;     /* not a system call to be restarted */
    arch_hooks->trap(regs, &info);
out:
    irq_disable();
}

void trap_from_program(struct regs *regs, unsigned vector)
{
    if (vector < VEC_EXCEPTIONS || vector == VEC_INT80) {
        program_exception(regs, vector);
        return;
    }
    regs->orig_rax = ~0ull;
    x86_irq_dispatch(vector);
}

static bool kernel_page_fault(struct regs *regs, uint64_t fixup)
{
    uint64_t address = read_cr2();
    struct trap_info info;
    bool interrupts = regs->rflags & FLAG_IF, resolved;

    if (!fixup || address >= ARCH_PROGRAM_END)
        return false;
    if (interrupts)
        irq_enable();
    resolved = arch_hooks->fault(address, fault_flags(regs->orig_rax), &info);
    if (interrupts)
        irq_disable();
    return resolved;
}

void trap_from_kernel(struct regs *regs, unsigned vector)
{
    uint64_t fixup;

    if (vector >= VEC_EXCEPTIONS) {
        x86_irq_dispatch(vector);
        /* STI lets no interrupt in before HLT. A hypervisor that forgets so
         * when the guest exits there (QEMU's emulated SVM does) would have
         * the CPU halt with its wake-up behind it. */
        if (regs->rip == (uint64_t)x86_idle_halt)
            regs->rip = (uint64_t)x86_idle_end;
        return;
    }
    fixup = x86_extable_find(regs->rip);
    if (vector == VEC_PF && kernel_page_fault(regs, fixup))
        return;
    if (fixup) {
        regs->rip = fixup;
        return;
    }
    if (vector == VEC_PF)
        x86_panic_regs(regs, "page fault at %#lx, error %#lx", read_cr2(),
                       regs->orig_rax);
    x86_panic_regs(regs, "%s, error %#lx", vector_name(vector),
                   regs->orig_rax);
}

void trap_own_stack_c(struct regs *regs, unsigned vector)
{
    if (vector == VEC_NMI && x86_nmi_stop_pending())
        x86_halt_forever();
    if (vector == VEC_NMI)
        return;
    trap_fatal(regs, vector);
}

void trap_fatal(struct regs *regs, unsigned vector)
{
    if (vector == VEC_PF)
        x86_panic_regs(regs, "kernel stack overflow? page fault at %#lx",
                       read_cr2());
    x86_panic_regs(regs, "%s, error %#lx", vector_name(vector),
                   regs->orig_rax);
}

void trap_exit_work(struct regs *regs)
{
    irq_enable();
    arch_hooks->exit_work(regs);
    irq_disable();
}
