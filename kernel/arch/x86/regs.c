/* SPDX-License-Identifier: BSD-2-Clause */
/* struct regs as system calls and messages see it. */
#include "x86_priv.h"

void arch_regs_init(struct regs *r, uaddr_t pc, uaddr_t sp)
{
    memset(r, 0, sizeof(*r));
    r->rip = pc;
    r->rsp = sp;
    r->cs = SEL_KERNEL_CS;
    r->ss = SEL_KERNEL_SS;
    r->rflags = FLAG_IF | 2;
    r->orig_rax = ~0ull;
}

#define SYSCALL_INSN_SIZE 2

void arch_syscall_restart(struct regs *r)
{
    r->rax = r->orig_rax;
    r->rip -= SYSCALL_INSN_SIZE;
    r->changed = 1;
}

void arch_syscall_restart_as(struct regs *r, long nr)
{
    r->rax = (uint64_t)nr;
    r->rip -= SYSCALL_INSN_SIZE;
    r->changed = 1;
}

uaddr_t arch_regs_pc(const struct regs *r)
{
    return r->rip;
}

uaddr_t arch_regs_sp(const struct regs *r)
{
    return r->rsp;
}

uaddr_t arch_regs_fp(const struct regs *r)
{
    return r->rbp;
}

void arch_regs_set_sp(struct regs *r, uaddr_t sp)
{
    r->rsp = sp;
}

int arch_regs_format(const struct regs *r, char *buf, size_t size)
{
    return scnprintf(buf, size,
        "rip=%016lx rsp=%016lx rflags=%08lx cs=%02lx\n"
        "rax=%016lx rbx=%016lx rcx=%016lx rdx=%016lx\n"
        "rsi=%016lx rdi=%016lx rbp=%016lx r8 =%016lx\n"
        "r9 =%016lx r10=%016lx r11=%016lx r12=%016lx\n"
        "r13=%016lx r14=%016lx r15=%016lx\n",
        r->rip, r->rsp, r->rflags, r->cs, r->rax, r->rbx, r->rcx, r->rdx,
        r->rsi, r->rdi, r->rbp, r->r8, r->r9, r->r10, r->r11, r->r12, r->r13,
        r->r14, r->r15);
}
