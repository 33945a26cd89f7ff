/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader of programs needs of the ELF64 format beyond the common
 * part, and the checks of its headers that need no file: pure, so that tests
 * can feed them anything.
 */
#ifndef HULL_ABI_ELF_PRIV_H
#define HULL_ABI_ELF_PRIV_H

#include <hull/elf64.h>

#include "../lib/lib.h"

#define ET_EXEC 2
#define ET_DYN 3
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_PHDR 6
#define PT_GNU_STACK 0x6474e551
#define PF_X 1u
#define PF_W 2u
#define PF_R 4u
#define ELF_PHDRS_MAX 128       /* far beyond what linkers make */

/* What the program headers say, checked. Addresses are without bias. */
struct elf_layout {
    uint64_t start, end;        /* of all PT_LOADs, page-rounded */
    uint64_t end_exact;         /* the end of the last one's memory */
    uint64_t align;             /* the largest p_align, a power of two */
    uint64_t phdr;              /* address of the program headers, or 0 */
    int interp;                 /* index of PT_INTERP or -1 */
    bool exec_stack;
};

/* NULL when the header is one this machine can run; else what is wrong. */
const char *elf__check_header(const struct elf64_header *h, uint64_t file_size,
                              uint16_t machine);
/* Same for the program headers (h->phnum of them); fills *out. */
const char *elf__check_phdrs(const struct elf64_header *h,
                             const struct elf64_segment *ph, uint64_t file_size,
                             uint64_t address_end, struct elf_layout *out);

#endif
