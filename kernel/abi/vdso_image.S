/* SPDX-License-Identifier: BSD-2-Clause */
/* The vDSO's file, page-aligned so that its pages can be mapped as they are. */
    .section .rodata.vdso, "a", @progbits
    .balign 4096
    .globl abi__vdso_start, abi__vdso_end
abi__vdso_start:
    .incbin "vdso.so"
abi__vdso_end:
    .balign 4096
    .section .note.GNU-stack, "", @progbits
