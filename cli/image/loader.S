/* SPDX-License-Identifier: BSD-2-Clause */
/* build/boot/bios.bin as data; LOADER_BLOB is its path. */
    .section .rodata
    .global loader_blob, loader_blob_end
    .balign 16
loader_blob:
    .incbin LOADER_BLOB
loader_blob_end:
    .section .note.GNU-stack, "", @progbits
