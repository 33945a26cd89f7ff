/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A further CPU's first instructions. ap_trampoline is copied below 1 MiB and
 * entered in real mode with CS:0 at its start; it uses no other data there.
 */
#include "asm_priv.h"

#define PHYS(sym) (sym - KERNEL_BASE)

    .section .boot.text, "ax"
    .globl ap_trampoline, ap_trampoline_end
    .code16
ap_trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl ap_gdt_pointer - ap_trampoline
    movl $0x11, %eax                /* ET PE */
    movl %eax, %cr0
    ljmpl $0x18, $PHYS(ap_protected)
    .align 4
ap_gdt_pointer:
    .word 4 * 8 - 1                 /* all of boot_gdt */
    .long PHYS(boot_gdt)
ap_trampoline_end:

    .code32
ap_protected:
    movl $SEL_KERNEL_SS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $PHYS(ap_entry64), %edi
    jmp long_mode_enter

    .code64
ap_entry64:
    lgdt boot_gdt_pointer_high
    movl $1, %edi
    lock xaddl %edi, ap_next
    cmpl ap_last, %edi
    ja 1f                           /* more CPUs than wanted */
    movq x86_kernel_root, %rax      /* maps the stacks */
    movq %rax, %cr3
    movq ap_stacks(, %rdi, 8), %rsp
    xorl %ebp, %ebp
    subq $8, %rsp
    jmp x86_ap_start
1:  cli
    hlt
    jmp 1b

    .data
    .align 8
    .globl ap_stacks, ap_last
ap_next:
    .long 1
ap_last:
    .long 0
    .bss
    .align 8
ap_stacks:
    .skip 64 * 8

    .section .note.GNU-stack, "", @progbits
