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

    /* size_t arch_user_copy(void *dst, const void *src, size_t n) */
    .section .text.arch_user_copy, "ax"
    .globl arch_user_copy
arch_user_copy:
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
1:  rep movsq
    movl %edx, %ecx
2:  rep movsb
    xorl %eax, %eax
    ret
3:  leaq (%rdx, %rcx, 8), %rax
    ret
4:  movq %rcx, %rax
    ret
    EXTABLE 1b, 3b
    EXTABLE 2b, 4b

    /* size_t arch_user_zero(void *dst, size_t n) */
    .section .text.arch_user_zero, "ax"
    .globl arch_user_zero
arch_user_zero:
    movq %rsi, %rcx
    movl %esi, %edx
    shrq $3, %rcx
    andl $7, %edx
    xorl %eax, %eax
1:  rep stosq
    movl %edx, %ecx
2:  rep stosb
    ret
3:  leaq (%rdx, %rcx, 8), %rax
    ret
4:  movq %rcx, %rax
    ret
    EXTABLE 1b, 3b
    EXTABLE 2b, 4b

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
