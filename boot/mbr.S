/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot sector. The BIOS loads it at 0x7c00, in real mode, with the boot
 * drive in DL. It reads the second stage, sectors 1 to 63, to STAGE2_BASE with
 * one request and jumps there, DL unchanged. The tool fills in the partition
 * table at 446.
 */
#include "layout.h"

    .code16
    .section .text.mbr, "ax"
    .global mbr_start
mbr_start:
    ljmp $0, $1f
1:  cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $STACK_TOP, %sp
    sti
    cld

    /* does this BIOS have the INT 13h extensions? */
    movb $0x41, %ah
    movw $0x55aa, %bx
    pushw %dx
    int $0x13
    popw %dx
    movw $no_extensions, %si
    jc fail
    cmpw $0xaa55, %bx
    jne fail

    movb $0x42, %ah
    movw $packet, %si
    pushw %dx
    int $0x13
    popw %dx
    movw $no_read, %si
    jc fail
    ljmp $0, $STAGE2_BASE

fail:
    lodsb
    testb %al, %al
    jz halt
    pushw %si
    pushw %ax
    movb $0x0e, %ah             /* teletype output */
    movw $0x0007, %bx
    int $0x10
    popw %ax
    movb $0x01, %ah             /* and to the first serial port */
    xorw %dx, %dx
    int $0x14
    popw %si
    jmp fail
halt:
    hlt
    jmp halt

    .balign 4
packet:
    .byte 16, 0
    .word HULL_STAGE2_SECTORS
    .word 0, STAGE2_BASE >> 4
    .quad 1

no_extensions:
    .asciz "hull: this BIOS lacks the INT 13h extensions\r\n"
no_read:
    .asciz "hull: cannot read the boot disk\r\n"

    .org 446
    .org 510
    .word 0xaa55

    .section .note.GNU-stack, "", @progbits
