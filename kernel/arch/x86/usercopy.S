/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies where one side is the program's memory. An instruction that may
 * fault has an .extable line: where to go on when hooks->fault says no.
 */
#include "asm_priv.h"

.macro EXTABLE at, fixup
    .pushsection .extable, "a"
    .long \at - ., \fixup - .
    .popsection
.endm

    /* A word at off of where rsi and rdi are, or with from 0 of rdi alone. */
.macro WORD from, off, fixup
    .if \from
91: movq \off(%rsi), %rax
    EXTABLE 91b, \fixup
    .endif
92: movq %rax, \off(%rdi)
    EXTABLE 92b, \fixup
.endm

.macro ADVANCE from, bytes
    .if \from
    addq $\bytes, %rsi
    .endif
    addq $\bytes, %rdi
.endm

    /*
     * Moves rdx bytes from rsi, or with from 0 the zero in rax, to rdi, and
     * returns how many it did not: in blocks of 64 bytes, words and bytes, or
     * above mem_string_from by string instructions. Where a block or a word
     * faults, what is left goes byte by byte, which ends exactly where the
     * memory does. rcx: bytes left.
     */
.macro MOVE from
    movq %rdx, %rcx
    cmpq mem_string_from(%rip), %rcx
    jae 6f
    subq $64, %rcx
    jb 2f
1:  .irp off, 0, 8, 16, 24, 32, 40, 48, 56
    WORD \from, \off, 8f
    .endr
    ADVANCE \from, 64
    subq $64, %rcx
    jae 1b
2:  addq $64, %rcx
    jmp 4f
3:  WORD \from, 0, 5f
    ADVANCE \from, 8
    subl $8, %ecx
4:  cmpl $8, %ecx
    jae 3b
    testl %ecx, %ecx
    jz 7f
5:  .if \from
    movb (%rsi), %al
    EXTABLE 5b, 7f
    .endif
51: movb %al, (%rdi)
    EXTABLE 51b, 7f
    ADVANCE \from, 1
    decq %rcx
    jnz 5b
    jmp 7f
6:  shrq $3, %rcx
    andl $7, %edx
61: .if \from
    rep movsq
    .else
    rep stosq
    .endif
    EXTABLE 61b, 9f
    movl %edx, %ecx
    jmp 4b
7:  movq %rcx, %rax
    ret
8:  addq $64, %rcx
    jmp 5b
9:  leaq (%rdx, %rcx, 8), %rcx
    jmp 5b
.endm

    /* size_t arch_user_copy(void *dst, const void *src, size_t n) */
    .section .text.arch_user_copy, "ax"
    .globl arch_user_copy
arch_user_copy:
    MOVE 1

    /* size_t arch_user_zero(void *dst, size_t n) */
    .section .text.arch_user_zero, "ax"
    .globl arch_user_zero
arch_user_zero:
    movq %rsi, %rdx
    xorl %eax, %eax
    MOVE 0

    /*
     * ssize_t arch_user_strnlen(const char *s, size_t n): byte by byte to a
     * multiple of 8, then by words, which never cross a page. A word has a
     * zero byte where (w - 0x01..) & ~w has the top bit of a byte set.
     */
    .section .text.arch_user_strnlen, "ax"
    .globl arch_user_strnlen
arch_user_strnlen:
    xorl %eax, %eax
    movabsq $0x0101010101010101, %r8
    movq %r8, %r9
    shlq $7, %r9
1:  cmpq %rsi, %rax
    jae 6f
    leaq (%rdi, %rax), %rcx
    testb $7, %cl
    jz 3f
2:  cmpb $0, (%rcx)
    je 7f
    incq %rax
    jmp 1b
3:  movq (%rdi, %rax), %rcx
    movq %rcx, %rdx
    subq %r8, %rdx
    notq %rcx
    andq %rcx, %rdx
    andq %r9, %rdx
    jnz 5f
    addq $8, %rax
    cmpq %rsi, %rax
    jb 3b
    jmp 6f
5:  bsfq %rdx, %rdx
    shrl $3, %edx
    addq %rdx, %rax
6:  cmpq %rsi, %rax                 /* the NUL may lie behind n */
    cmovaq %rsi, %rax
7:  ret
8:  movq $-14, %rax                 /* -EFAULT */
    ret
    EXTABLE 2b, 8b
    EXTABLE 3b, 8b

    /* int arch_user_load32(const uint32_t *p, uint32_t *out) */
    .section .text.arch_user_load32, "ax"
    .globl arch_user_load32
arch_user_load32:
1:  movl (%rdi), %ecx
    movl %ecx, (%rsi)
    xorl %eax, %eax
    ret
2:  movl $-14, %eax
    ret
    EXTABLE 1b, 2b

    /* int arch_user_cmpxchg32(uint32_t *p, uint32_t old, uint32_t new_,
     *                         uint32_t *seen) */
    .section .text.arch_user_cmpxchg32, "ax"
    .globl arch_user_cmpxchg32
arch_user_cmpxchg32:
    movl %esi, %eax
1:  lock cmpxchgl %edx, (%rdi)
    movl %eax, (%rcx)
    xorl %eax, %eax
    ret
2:  movl $-14, %eax
    ret
    EXTABLE 1b, 2b

    .section .note.GNU-stack, "", @progbits
