/* SPDX-License-Identifier: BSD-2-Clause */
/* guest/somain.c, built, as data; SOMAIN_BLOB is its path. */
    .section .rodata
    .global somain_blob, somain_blob_end
    .balign 16
somain_blob:
    .incbin SOMAIN_BLOB
somain_blob_end:
    .section .note.GNU-stack, "", @progbits
