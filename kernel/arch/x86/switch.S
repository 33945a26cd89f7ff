/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching kernel stacks. */
#include "asm_priv.h"

    /* void context_switch(uint64_t *save_sp, uint64_t sp) */
    .section .text.context_switch, "ax"
    .globl context_switch
context_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    /* A new thread's first instructions: entry in RBX, its argument in R12. */
    .globl context_first
context_first:
    movq %r12, %rdi
    xorl %ebp, %ebp
    call *%rbx
    ud2

    .section .note.GNU-stack, "", @progbits
