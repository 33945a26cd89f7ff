/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second stage's entry, and the way between the two modes: the loader
 * proper (loader.c) runs in 32-bit protected mode with flat segments and
 * calls the BIOS by bios_call(), which goes to real mode and back. All of it
 * lies below 64 KiB, so an offset is the same in both modes.
 */
#include "layout.h"

#define CODE32 0x08
#define DATA32 0x10
#define CODE16 0x18
#define DATA16 0x20
#define CR0_PE 1

    .section .text.start, "ax"
    .code16
    .global stage2_start
stage2_start:
    cli
    cld
    movb %dl, boot_drive
    call to_protected
    .code32
    movl $bss_start, %edi
    movl $bss_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb
    movzbl boot_drive, %eax
    pushl %eax
    call loader_main
1:  hlt
    jmp 1b

    /* Called in real mode, returns in protected mode; the stack stays. */
    .code16
to_protected:
    popw %bp
    movzwl %bp, %ebp
    movzwl %sp, %esp
    lgdt gdt_pointer
    movl %cr0, %eax
    orb $CR0_PE, %al
    movl %eax, %cr0
    ljmp $CODE32, $1f
    .code32
1:  movl $DATA32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    jmp *%ebp

/* void bios_call(uint32_t number, struct bios_regs *regs), cdecl */
    .global bios_call
bios_call:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl 20(%esp), %eax
    movb %al, interrupt + 1
    movl 24(%esp), %esi
    movl $real_regs, %edi
    movl $7, %ecx
    rep movsl
    ljmp $CODE16, $1f
    .code16
1:  movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andb $~CR0_PE, %al
    movl %eax, %cr0
    ljmp $0, $2f
2:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    lidt real_idt
    movl real_regs + 4, %ebx
    movl real_regs + 8, %ecx
    movl real_regs + 12, %edx
    movl real_regs + 16, %esi
    movl real_regs + 20, %edi
    movl real_regs, %eax
    sti
interrupt:
    int $0
    cli
    cld
    movl %eax, %cs:real_regs
    movl %ebx, %cs:real_regs + 4
    movl %ecx, %cs:real_regs + 8
    movl %edx, %cs:real_regs + 12
    movl %esi, %cs:real_regs + 16
    movl %edi, %cs:real_regs + 20
    pushfl
    popl %cs:real_regs + 24
    xorw %ax, %ax
    movw %ax, %ds
    call to_protected
    .code32
    movl 24(%esp), %edi
    movl $real_regs, %esi
    movl $7, %ecx
    rep movsl
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret

/* void kernel_enter(uint32_t entry, uint32_t start_info), cdecl: as the PVH
 * boot protocol wants it, never returns */
    .global kernel_enter
kernel_enter:
    movl 4(%esp), %ecx
    movl 8(%esp), %ebx
    xorl %eax, %eax
    lldt %ax
    pushl $2
    popfl
    jmp *%ecx

    .section .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff    /* CODE32 */
    .quad 0x00cf93000000ffff    /* DATA32 */
    .quad 0x00009b000000ffff    /* CODE16 */
    .quad 0x000093000000ffff    /* DATA16 */
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
real_idt:
    .word 0x3ff
    .long 0
    .balign 4
real_regs:
    .fill 7, 4, 0
boot_drive:
    .byte 0

    .section .note.GNU-stack, "", @progbits
