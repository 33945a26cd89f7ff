/* SPDX-License-Identifier: BSD-2-Clause */
/* What pagetable.c and user_pt.c share: the entries' bits and the walk. */
#ifndef HULL_X86_PAGETABLE_PRIV_H
#define HULL_X86_PAGETABLE_PRIV_H

#include "x86_priv.h"

#define PTE_P    0x1ull
#define PTE_W    0x2ull
#define PTE_U    0x4ull
#define PTE_PWT  0x8ull
#define PTE_PCD  0x10ull
#define PTE_A    0x20ull
#define PTE_D    0x40ull
#define PTE_PS   0x80ull
#define PTE_G    0x100ull
#define PTE_NONE 0x200ull       /* ours, with P clear: a frame is here, but
                                 * no right to it (prot 0) */
#define PTE_NX   0x8000000000000000ull
#define PTE_ADDR 0x000ffffffffff000ull

#define GIB (1ull << 30)
#define CR4_PGE (1u << 7)

/* Level 1: 4 KiB entries, 2: 2 MiB, 3: 1 GiB, 4: 512 GiB. */
static inline unsigned pt__index(uint64_t va, unsigned level)
{
    return va >> (12 + 9 * (level - 1)) & 511;
}

/* The entry of `level` for va. Missing tables are made with `bits`; with bits
 * 0, or when memory is out, or when a large page is in the way: NULL. */
uint64_t *pt__entry(paddr_t root, uint64_t va, unsigned level, uint64_t bits);
/* Breaks the large page over va, if any, into 4 KiB ones. False: no memory. */
bool pt__split(paddr_t root, uint64_t va);

#endif
