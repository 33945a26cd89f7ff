/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions. PVH comes in 32-bit protected mode with EBX at
 * hvm_start_info; Linux's 64-bit protocol in long mode with RSI at
 * boot_params. Both build the same first tables (the low GiB, seen at 0, at
 * the direct map and at the image's base), go to the upper half and call
 * x86_start(kind, physical address of the boot data).
 */
#include "asm_priv.h"

#define PHYS(sym) (sym - KERNEL_BASE)
#define CR0_VALUE 0x80010033        /* PG WP NE ET MP PE */
#define CR4_EARLY 0x6a0             /* PAE PGE OSFXSR OSXMMEXCPT */
#define EFER_VALUE 0x901            /* NXE LME SCE */

    .section .note.pvh, "a", @note
    .align 4
    .long 4                         /* "Xen\0" */
    .long 4
    .long 18                        /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long PHYS(pvh_entry)

    .section .boot.text, "ax"
    .code32
    .globl pvh_entry
pvh_entry:
    cli
    cld
    movl %ebx, %esi
    movl $PHYS(boot_pd), %edi
    movl $0x83, %eax                /* 2 MiB, writable, present */
    movl $512, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b
    movl $PHYS(boot_pd) + 3, PHYS(boot_pdpt)
    movl $PHYS(boot_pd) + 3, PHYS(boot_pdpt) + 510 * 8
    movl $PHYS(boot_pdpt) + 3, PHYS(boot_pml4)
    movl $PHYS(boot_pdpt) + 3, PHYS(boot_pml4) + 256 * 8
    movl $PHYS(boot_pdpt) + 3, PHYS(boot_pml4) + 511 * 8
    xorl %ebp, %ebp                 /* kind 0: PVH */
    movl $PHYS(entry64), %edi
    /* Falls through with EDI where to go in long mode. */

    .globl long_mode_enter
long_mode_enter:                    /* also from the SMP trampoline */
    movl $CR4_EARLY, %eax
    movl %eax, %cr4
    movl $PHYS(boot_pml4), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $EFER_VALUE, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    lgdt PHYS(boot_gdt_pointer)
    ljmp $SEL_KERNEL_CS, $PHYS(1f)

    .code64
1:  movl $SEL_KERNEL_SS, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movq $KERNEL_BASE, %rax
    addq %rax, %rdi
    jmp *%rdi

entry64:
    movq $boot_stack_top - 8, %rsp
    lgdt boot_gdt_pointer_high
    movl %esi, %esi
    movl %ebp, %edi
    xorl %ebp, %ebp
    call x86_start
    ud2

    .globl linux_entry
linux_entry:
    cli
    cld
    movl $PHYS(boot_pd), %edi
    movl $0x83, %eax
    movl $512, %ecx
1:  movq %rax, (%rdi)
    addq $0x200000, %rax
    addq $8, %rdi
    decl %ecx
    jnz 1b
    movl $PHYS(boot_pd) + 3, %eax
    movl $PHYS(boot_pdpt), %edi
    movq %rax, (%rdi)
    movq %rax, 510 * 8(%rdi)
    leal 3(%rdi), %eax
    movl $PHYS(boot_pml4), %edi
    movq %rax, (%rdi)
    movq %rax, 256 * 8(%rdi)
    movq %rax, 511 * 8(%rdi)
    movl $CR4_EARLY, %eax
    movq %rax, %cr4
    movq %rdi, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $EFER_VALUE, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movq %rax, %cr0
    movq $boot_gdt_pointer_high, %rax
    lgdt (%rax)
    movq $boot_stack_top, %rsp
    pushq $SEL_KERNEL_CS
    pushq $2f
    lretq
2:  movl $SEL_KERNEL_SS, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $1, %ebp                   /* kind 1: Linux */
    jmp entry64

    .align 8
    .globl boot_gdt, boot_gdt_end, boot_gdt_pointer_high
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        /* code */
    .quad 0x00cf93000000ffff        /* data */
    .quad 0x00cf9b000000ffff        /* 32-bit code, for smp_entry.S */
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long PHYS(boot_gdt)
    .align 8
boot_gdt_pointer_high:
    .word boot_gdt_end - boot_gdt - 1
    .quad boot_gdt

    .section .bss.page, "aw", @nobits
    .align 4096
    .globl boot_pml4
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
    .globl boot_pd, boot_stack_top
boot_pd:                            /* later the guard page of the stack */
    .skip 4096
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
