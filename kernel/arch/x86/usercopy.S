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

    /*
     * Copies and zeroes in blocks of 64 bytes, words and bytes, or above
     * mem_string_from by string instructions. Where a block or a word
     * faults, what is left goes byte by byte, which ends exactly where the
     * memory does. rcx: bytes left.
     */
.macro COPY off, fixup
91: movq \off(%rsi), %rax
92: movq %rax, \off(%rdi)
    EXTABLE 91b, \fixup
    EXTABLE 92b, \fixup
.endm

.macro ZERO off, fixup
91: movq %rax, \off(%rdi)
    EXTABLE 91b, \fixup
.endm

    /* size_t arch_user_copy(void *dst, const void *src, size_t n) */
    .section .text.arch_user_copy, "ax"
    .globl arch_user_copy
arch_user_copy:
    movq %rdx, %rcx
    cmpq mem_string_from(%rip), %rcx
    jae 6f
    subq $64, %rcx
    jb 2f
1:  .irp off, 0, 8, 16, 24, 32, 40, 48, 56
    COPY \off, 8f
    .endr
    addq $64, %rsi
    addq $64, %rdi
    subq $64, %rcx
    jae 1b
2:  addq $64, %rcx
    jmp 4f
3:  COPY 0, 5f
    addq $8, %rsi
    addq $8, %rdi
    subl $8, %ecx
4:  cmpl $8, %ecx
    jae 3b
    testl %ecx, %ecx
    jz 7f
5:  movb (%rsi), %al
51: movb %al, (%rdi)
    incq %rsi
    incq %rdi
    decq %rcx
    jnz 5b
    jmp 7f
6:  shrq $3, %rcx
    andl $7, %edx
61: rep movsq
    movl %edx, %ecx
    jmp 4b
7:  movq %rcx, %rax
    ret
8:  addq $64, %rcx
    jmp 5b
9:  leaq (%rdx, %rcx, 8), %rcx
    jmp 5b
    EXTABLE 5b, 7b
    EXTABLE 51b, 7b
    EXTABLE 61b, 9b

    /* size_t arch_user_zero(void *dst, size_t n) */
    .section .text.arch_user_zero, "ax"
    .globl arch_user_zero
arch_user_zero:
    movq %rsi, %rcx
    xorl %eax, %eax
    cmpq mem_string_from(%rip), %rcx
    jae 6f
    subq $64, %rcx
    jb 2f
1:  .irp off, 0, 8, 16, 24, 32, 40, 48, 56
    ZERO \off, 8f
    .endr
    addq $64, %rdi
    subq $64, %rcx
    jae 1b
2:  addq $64, %rcx
    jmp 4f
3:  ZERO 0, 5f
    addq $8, %rdi
    subl $8, %ecx
4:  cmpl $8, %ecx
    jae 3b
    testl %ecx, %ecx
    jz 7f
5:  movb %al, (%rdi)
    incq %rdi
    decq %rcx
    jnz 5b
    jmp 7f
6:  movl %esi, %edx
    shrq $3, %rcx
    andl $7, %edx
61: rep stosq
    movl %edx, %ecx
    jmp 4b
7:  movq %rcx, %rax
    ret
8:  addq $64, %rcx
    jmp 5b
9:  leaq (%rdx, %rcx, 8), %rcx
    jmp 5b
    EXTABLE 5b, 7b
    EXTABLE 61b, 9b

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
