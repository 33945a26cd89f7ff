/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that QEMU starts by PVH and that only says when its first
 * instruction came: "entry HEX", by the TSC, which -icount shift=0 makes a
 * count of instructions. What remains of a guest's own figure after taking
 * this off is the guest's, not the firmware's.
 */
    .section .note.pvh, "a"
    .long 4, 4, 18              /* "Xen", XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long _start

    .text
    .code32
    .globl _start
_start:
    rdtsc
    mov %eax, %ebp
    mov %edx, %edi
    mov $name, %esi
    mov $6, %ecx
    mov $0x3f8, %edx
    rep outsb
    mov %edi, %ebx
    call hex
    mov %ebp, %ebx
    call hex
    mov $10, %al
    out %al, %dx
    mov $0x501, %edx            /* isa-debug-exit */
    out %al, %dx
1:  hlt
    jmp 1b

hex:                            /* ebx, to the port in dx */
    mov $8, %ecx
2:  rol $4, %ebx
    mov %bl, %al
    and $15, %al
    add $48, %al                /* '0' */
    cmp $57, %al
    jbe 3f
    add $39, %al                /* 'a' - '9' - 1 */
3:  out %al, %dx
    loop 2b
    ret

name:
    .ascii "entry "
