/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks of ELF headers: every field that the loader uses is bounded
 * here, so that the loader cannot be led outside the file or the program's
 * half. Answers are texts for the log; NULL is good.
 */
#include "elf_priv.h"

const char *elf__check_header(const struct elf64_header *h, uint64_t file_size,
                              uint16_t machine)
{
    if (memcmp(h->ident, "\177ELF", 4))
        return "not an ELF file";
    if (h->ident[4] != 2 || h->ident[5] != 1)
        return "not a 64-bit little-endian ELF file";
    if (h->ident[6] != 1 || h->version != 1)
        return "unknown ELF version";
    if (h->machine != machine)
        return "made for another CPU";
    if (h->type != ET_EXEC && h->type != ET_DYN)
        return "neither a program nor a shared object";
    if (h->phentsize != sizeof(struct elf64_segment))
        return "program headers of a wrong size";
    if (h->phnum == 0 || h->phnum > ELF_PHDRS_MAX)
        return "no program headers, or too many";
    if (h->phoff > file_size ||
        h->phnum * sizeof(struct elf64_segment) > file_size - h->phoff)
        return "program headers beyond the end of the file (truncated?)";
    return NULL;
}

static const char *check_load(const struct elf64_segment *p, uint64_t file_size,
                              uint64_t address_end)
{
    if (p->filesz > p->memsz)
        return "a segment with more bytes in the file than in memory";
    if (p->offset > file_size || p->filesz > file_size - p->offset)
        return "a segment beyond the end of the file (truncated?)";
    if (p->vaddr >= address_end || p->memsz > address_end - p->vaddr)
        return "a segment beyond the program's addresses";
    if ((p->vaddr ^ p->offset) & (PAGE_SIZE - 1))
        return "a segment whose offset and address do not match";
    if (p->align & (p->align - 1))
        return "a segment alignment that is no power of two";
    if (p->align > 1ull << 30)
        return "a segment alignment beyond 1 GiB";
    return NULL;
}

/* Segments in rising order, as the ABI demands: then one look back finds any
 * overlap. */
static const char *add_load(const struct elf64_segment *p, bool first,
                            const struct elf64_header *h,
                            struct elf_layout *out)
{
    if (first) {
        out->start = ALIGN_DOWN(p->vaddr, PAGE_SIZE);
    } else if (p->vaddr < out->end_exact) {
        return "segments that overlap or are out of order";
    }
    out->end_exact = p->vaddr + p->memsz;
    out->end = ALIGN_UP(out->end_exact, PAGE_SIZE);
    if (p->align > out->align)
        out->align = p->align;
    if (!out->phdr && h->phoff >= p->offset &&
        h->phoff - p->offset < p->filesz)
        out->phdr = p->vaddr + (h->phoff - p->offset);
    return NULL;
}

const char *elf__check_phdrs(const struct elf64_header *h,
                             const struct elf64_segment *ph, uint64_t file_size,
                             uint64_t address_end, struct elf_layout *out)
{
    const char *bad = NULL;
    bool first = true;

    memset(out, 0, sizeof(*out));
    out->interp = -1;
    out->align = PAGE_SIZE;
    for (int i = 0; i < h->phnum && !bad; i++) {
        const struct elf64_segment *p = &ph[i];

        if (p->type == ELF64_PT_LOAD && p->memsz) {
            bad = check_load(p, file_size, address_end);
            if (!bad)
                bad = add_load(p, first, h, out);
            first = false;
        } else if (p->type == PT_INTERP) {
            if (p->filesz < 2 || p->filesz > PATH_MAX ||
                p->offset > file_size || p->filesz > file_size - p->offset)
                bad = "an interpreter name of a wrong size";
            out->interp = i;
        } else if (p->type == PT_GNU_STACK) {
            out->exec_stack = p->flags & PF_X;
        }
    }
    if (!bad && first)
        bad = "no segment to load";
    else if (!bad && (h->entry < out->start || h->entry >= out->end))
        bad = "an entry point outside of its segments";
    return bad;
}
