/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the ELF64 format that the boot loader and the kernel read
 * (System V ABI; the host's <elf.h> is neither's to include). */
#ifndef HULL_ELF64_H
#define HULL_ELF64_H

#include <stdint.h>

#define ELF64_MAGIC   "\177ELF\2\1"     /* class 64, little-endian */
#define ELF64_X86_64  62
#define ELF64_PT_LOAD 1
#define ELF64_PT_NOTE 4

struct elf64_header {
    uint8_t  ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf64_header) == 64, "ELF header");

struct elf64_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf64_segment) == 56, "program header");

struct elf64_note {
    uint32_t namesz, descsz, type;
};

#endif
