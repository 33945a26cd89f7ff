/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry from the program and from interrupted kernel code, and the way back
 * (K2, K3).
 *
 * A trap arrives on IST1, because the program shares ring 0 and owns the 128
 * bytes below its RSP. trap_common then moves to where the work is done: to
 * the top of the thread's kernel stack when the program was interrupted, else
 * below the interrupted stack pointer. From then on IST1 is free again.
 *
 * The frame on either stack is a struct regs.
 */
#include "asm_priv.h"

#define HAS_ERROR_CODE(v) \
    ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || \
     (v) == 29 || (v) == 30)

/* RCX points at [rcx][rax][vector][error][rip][cs][rflags][rsp][ss]. */
.macro PUSH_REGS_FROM_RCX
    pushq 64(%rcx)
    pushq 56(%rcx)
    pushq 48(%rcx)
    pushq 40(%rcx)
    pushq 32(%rcx)
    pushq 24(%rcx)
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq 0(%rcx)
    pushq 8(%rcx)
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movl 16(%rcx), %esi
    movq %rsp, %rdi
    cld
.endm

.macro POP_GENERAL
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
.endm

    .section .trap.text, "ax"

    .align 16
    .globl trap_stubs
trap_stubs:
.set vector, 0
.rept 256
    .align 16
    .if !HAS_ERROR_CODE(vector)
    pushq $0
    .endif
    pushq $vector
    .if vector == 2 || vector == 8 || vector == 18
    jmp trap_own_stack
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
.endr

trap_common:
    pushq %rax
    pushq %rcx
    movq %rsp, %rcx
    cmpq $0, 32(%rcx)
    js 2f
1:                                  /* the program was interrupted */
    testb $3, 40(%rcx)
    jz 3f
    swapgs
3:  movq %gs:CPU_KSTACK, %rsp
    PUSH_REGS_FROM_RCX
    xorl %ebp, %ebp                 /* the frame chain ends here */
    call trap_from_program
    jmp program_return

2:  movq 32(%rcx), %rax
    cmpq $syscall_window, %rax
    jb 4f
    cmpq $syscall_window_jmp, %rax
    ja 4f
    /* On the last steps of a system call, the interrupts already on: finish
     * them here, so that it counts as the program. */
    je 5f
    movq 56(%rcx), %rax
    movq (%rax), %rax
    movq %rax, 56(%rcx)
5:  movq 0(%rcx), %rax
    movq %rax, 32(%rcx)
    jmp 1b

    /* A system call that has not got to its stack has done nothing yet: the
     * program is before it. */
4:  cmpq $syscall_entry, %rax
    jb 7f
    cmpq $syscall_entry_stack, %rax
    jae 7f
    movq 0(%rcx), %rax
    subq $SYSCALL_LENGTH, %rax
    movq %rax, 32(%rcx)
    movq %r11, 48(%rcx)
    jmp 1b

7:  cmpq $0, 56(%rcx)
    jns 1b                          /* the program jumped up here by itself */
    cmpq $trap_stubs, %rax
    jb 6f
    cmpq $trap_entry_end, %rax
    jb trap_in_trap
6:  movq 56(%rcx), %rsp             /* the kernel was interrupted */
    andq $-16, %rsp
    subq $8, %rsp
    PUSH_REGS_FROM_RCX
    call trap_from_kernel
    POP_GENERAL
    addq $8, %rsp
    iretq

    /* No stack to move to: it ran into its guard page. */
trap_in_trap:
    movq %gs:CPU_DF_STACK, %rsp
    subq $8, %rsp
    PUSH_REGS_FROM_RCX
    call trap_fatal
    ud2

    /* NMI, double fault and machine check stay on stacks of their own. */
trap_own_stack:
    pushq %rax
    pushq %rcx
    movq %rsp, %rcx
    subq $8, %rsp
    PUSH_REGS_FROM_RCX
    call trap_own_stack_c
    POP_GENERAL
    addq $8, %rsp
    iretq
trap_entry_end:

    /*
     * void program_enter(const struct regs *regs): leaves the kernel. The
     * registers are moved up to the top of the kernel stack, which may
     * overlap where they are now: the highest goes first.
     */
    .globl program_enter
program_enter:
    movq %gs:CPU_KSTACK, %rsp
    movl $20, %ecx
1:  pushq (%rdi, %rcx, 8)
    decl %ecx
    jns 1b
    /* fall through */

    /* The frame is at RSP, interrupts are off. */
program_return:
    movq %gs:CPU_CURRENT, %rax
    movl THREAD_WORK(%rax), %eax
    orl %gs:CPU_RESCHED, %eax
    jnz program_work
    testb $3, REGS_CS(%rsp)
    jnz 1f
    POP_GENERAL
    addq $8, %rsp
    iretq
1:  POP_GENERAL
    addq $8, %rsp
    swapgs
    iretq
program_work:
    movq %rsp, %rdi
    call trap_exit_work
    jmp program_return

    /*
     * SYSCALL from ring 0: RCX and R11 hold where to return and the flags.
     * Interrupts stay as the program had them, on: trap_common knows the
     * instructions before the stack is ours, and nothing is preempted here.
     */
    .align 16
    .globl syscall_entry
syscall_entry:
    movq %rsp, %gs:CPU_SCRATCH
    movq %gs:CPU_KSTACK, %rsp
syscall_entry_stack:
    pushq $SEL_KERNEL_SS
    pushq %gs:CPU_SCRATCH
    pushq %r11
    pushq $SEL_KERNEL_CS
    pushq %rcx
    pushq %rax
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    movq arch_hooks, %rax
    testl $FLAGS_IF, %r11d
    jz 2f
1:  call *HOOKS_SYSCALL(%rax)
    cli
    movq %gs:CPU_CURRENT, %rax
    movl THREAD_WORK(%rax), %eax
    orl %gs:CPU_RESCHED, %eax
    orl REGS_CHANGED(%rsp), %eax
    jnz program_return
    addq $48, %rsp                  /* C has kept R12 to R15, RBP, RBX */
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $24, %rsp
    popfq
syscall_window:
    popq %rsp
syscall_window_jmp:
    jmp *%rcx

2:  sti                             /* the program had turned them off */
    jmp 1b

    .section .note.GNU-stack, "", @progbits
