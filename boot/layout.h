/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Low memory while the loader runs; for assembler and C.
 *
 *   START     END       USE
 *   0x00500   0x07c00   the stack, growing down
 *   0x07c00   0x07e00   the boot sector
 *   0x08000   0x10000   the second stage and its data, what the kernel is
 *                       handed (start info, memory map) included
 *   0x10000   0x1fe00   what the BIOS reads from disk: 127 sectors
 *   0x20000   0x80000   the manifest, where it fits; else below the end of RAM
 */
#ifndef BOOT_LAYOUT_H
#define BOOT_LAYOUT_H

#define STACK_TOP     0x7c00
#define STAGE2_BASE   0x8000
#define STAGE2_END    0x10000
#define BOUNCE_BASE   0x10000
#define BOUNCE_SECTORS 127
#define MANIFEST_BASE 0x20000
#define MANIFEST_END  0x80000

#define HULL_STAGE2_SECTORS 63

#endif
