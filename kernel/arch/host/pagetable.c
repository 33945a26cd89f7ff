/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables walked by software: four levels of 512 entries in frames from
 * hooks->pt_alloc, so that running out of table frames is tested as well.
 * And a pretended TLB, which shows a flush that was forgotten.
 */
#include "host.h"

#define E_THERE 1ull    /* a leaf, or a table */
#define E_TABLE 2ull
#define E_PROT_SHIFT 2  /* PROT_*_BIT */
#define E_DIRTY (1ull << 5)
#define E_USED (1ull << 6)
#define E_ADDR PAGE_MASK

#define TLB_ENTRIES 4096

static struct tlb {
    struct arch_pt *pt;
    uaddr_t va;
    paddr_t pa;
    bool write;
} tlb[TLB_ENTRIES];

unsigned long host_tlb_flushes, host_faults;
void (*host_tlb_flush_hook)(void);
struct trap_info host_trap;

static unsigned slot_of(uaddr_t va, unsigned level)
{
    return (unsigned)(va >> (PAGE_SHIFT + 9 * (level - 1)) & 511);
}

static uint64_t span_of(unsigned level)
{
    return PAGE_SIZE << 9 * (level - 1);
}

/* The deepest entry for va; *level 1..4. */
static uint64_t *walk(struct arch_pt *pt, uaddr_t va, unsigned *level)
{
    uint64_t *table = phys_to_virt(pt->root);

    for (*level = 4;; --*level) {
        uint64_t *e = &table[slot_of(va, *level)];

        if (*level == 1 || !(*e & E_TABLE))
            return e;
        table = phys_to_virt(*e & E_ADDR);
    }
}

static bool leaf(uint64_t e)
{
    return (e & E_THERE) && !(e & E_TABLE);
}

int arch_pt_init(struct arch_pt *pt)
{
    pt->root = arch_hooks->pt_alloc();
    return pt->root ? 0 : -ENOMEM;
}

/* Depth is bounded by the four levels. */
static void tables_free(paddr_t table, unsigned level)
{
    const uint64_t *e = phys_to_virt(table);

    for (unsigned i = 0; level > 1 && i < 512; i++) {
        if (e[i] & E_TABLE)
            tables_free(e[i] & E_ADDR, level - 1);
    }
    arch_hooks->pt_free(table);
}

void arch_pt_release(struct arch_pt *pt)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        if (tlb[i].pt == pt)
            tlb[i].pt = NULL;
    }
    tables_free(pt->root, 4);
    pt->root = 0;
}

int arch_pt_map(struct arch_pt *pt, uaddr_t va, paddr_t pa, unsigned prot)
{
    unsigned want = prot & PT_HUGE ? 2 : 1, level;
    uint64_t *e;

    ASSERT(va < ARCH_PROGRAM_END && IS_ALIGNED(va, span_of(want)));
    ASSERT(IS_ALIGNED(pa, span_of(want)));
    for (;;) {
        paddr_t table;

        e = walk(pt, va, &level);
        ASSERT(!(level == 2 && want == 1 && leaf(*e)));
        if (level <= want)
            break;
        table = arch_hooks->pt_alloc();
        if (!table)
            return -ENOMEM;
        *e = table | E_THERE | E_TABLE;
    }
    if (level < want)
        return -EEXIST;
    *e = pa | E_THERE | (uint64_t)(prot & 7u) << E_PROT_SHIFT;
    return 0;
}

static void describe(uint64_t e, unsigned level, struct pt_entry *out)
{
    out->pa = e & E_ADDR;
    out->prot = (unsigned)(e >> E_PROT_SHIFT & 7);
    out->huge = level == 2;
    out->dirty = e & E_DIRTY;
    out->accessed = e & E_USED;
    out->table = false;
}

bool arch_pt_query(struct arch_pt *pt, uaddr_t va, struct pt_entry *out)
{
    unsigned level;
    uint64_t *e = walk(pt, va, &level);

    out->table = level == 1;
    if (!leaf(*e))
        return false;
    describe(*e, level, out);
    return true;
}

/* Unlinks the table of `level` (1: the last) over va if it is empty. False:
 * fn said stop. */
static bool trim(struct arch_pt *pt, uaddr_t va, unsigned level,
                 bool (*fn)(void *, uaddr_t, const struct pt_entry *),
                 void *arg)
{
    uint64_t *table = phys_to_virt(pt->root), *e = NULL;
    struct pt_entry out = { .table = true };

    for (unsigned l = 4; l > level; l--) {
        e = &table[slot_of(va, l)];
        if (!(*e & E_TABLE))
            return true;
        table = phys_to_virt(*e & E_ADDR);
    }
    for (unsigned i = 0; i < 512; i++) {
        if (table[i])
            return true;
    }
    out.pa = *e & E_ADDR;
    *e = 0;
    return fn(arg, va, &out);
}

void arch_pt_trim(struct arch_pt *pt, uaddr_t va, uaddr_t low, uaddr_t high,
                  bool (*fn)(void *arg, uaddr_t va, const struct pt_entry *e),
                  void *arg)
{
    for (unsigned level = 1; level < 4; level++) {
        uaddr_t base = ALIGN_DOWN(va, span_of(level + 1));

        if (base < low || base + span_of(level + 1) > high ||
            !trim(pt, base, level, fn, arg))
            return;
    }
}

uaddr_t arch_pt_unmap(struct arch_pt *pt, uaddr_t start, uaddr_t end,
                      bool (*fn)(void *arg, uaddr_t va,
                                 const struct pt_entry *e),
                      void *arg)
{
    uaddr_t va = start;
    bool go_on = true;

    while (va < end && go_on) {
        unsigned level;
        uint64_t *e = walk(pt, va, &level);

        if (leaf(*e)) {
            struct pt_entry out;

            ASSERT(IS_ALIGNED(va, span_of(level)) &&
                   end - va >= span_of(level));
            describe(*e, level, &out);
            *e = 0;
            go_on = fn(arg, va, &out);
        }
        va = ALIGN_DOWN(va, span_of(level)) + span_of(level);
        for (level = 1; level < 4 && IS_ALIGNED(va, span_of(level + 1));
             level++)
            go_on &= trim(pt, va - span_of(level + 1), level, fn, arg);
    }
    return MIN(va, end);
}

bool arch_pt_protect(struct arch_pt *pt, uaddr_t start, uaddr_t end,
                     unsigned prot)
{
    bool lost = false;
    uaddr_t va = start;

    while (va < end) {
        unsigned level, old;
        uint64_t *e = walk(pt, va, &level);

        if (leaf(*e)) {
            ASSERT(IS_ALIGNED(va, span_of(level)) &&
                   end - va >= span_of(level));
            old = (unsigned)(*e >> E_PROT_SHIFT & 7);
            *e &= ~(7ull << E_PROT_SHIFT);
            *e |= (uint64_t)(prot & 7u) << E_PROT_SHIFT;
            lost = lost || (old & ~prot);
        }
        va = ALIGN_DOWN(va, span_of(level)) + span_of(level);
    }
    return lost;
}

int arch_pt_split(struct arch_pt *pt, uaddr_t va)
{
    unsigned level;
    uint64_t *e = walk(pt, va, &level), *table;
    paddr_t pa;

    if (level != 2 || !leaf(*e))
        return 0;
    pa = arch_hooks->pt_alloc();
    if (!pa)
        return -ENOMEM;
    table = phys_to_virt(pa);
    for (unsigned i = 0; i < 512; i++)
        table[i] = *e + i * PAGE_SIZE;
    *e = pa | E_THERE | E_TABLE;
    return 0;
}

/* ---- the pretended TLB and CPU ---- */

void arch_tlb_flush(struct arch_pt *pt, uaddr_t start, uaddr_t end)
{
    void (*hook)(void) = host_tlb_flush_hook;

    host_tlb_flushes++;
    host_tlb_flush_hook = NULL;
    if (hook)
        hook();
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        if (tlb[i].pt == pt && tlb[i].va >= start && tlb[i].va < end)
            tlb[i].pt = NULL;
    }
}

bool host_tlb_sound(void)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        const struct tlb *t = &tlb[i];
        struct pt_entry e;
        paddr_t pa;

        if (!t->pt)
            continue;
        if (!arch_pt_query(t->pt, t->va, &e) || e.prot == 0)
            return false;
        pa = e.huge ? e.pa + (t->va & (HUGE_SIZE - 1)) : e.pa;
        if (pa != t->pa || (t->write && !(e.prot & PROT_WRITE_BIT)))
            return false;
    }
    return true;
}

static void tlb_fill(struct arch_pt *pt, uaddr_t va, paddr_t pa, bool write)
{
    tlb[(va >> PAGE_SHIFT) % TLB_ENTRIES] =
        (struct tlb){ pt, va & PAGE_MASK, pa, write };
}

void *host_touch(struct arch_pt *pt, uaddr_t va, unsigned flags)
{
    for (int tries = 0; tries < 1000; tries++) {
        unsigned level, prot, present;
        uint64_t *e = walk(pt, va, &level);

        prot = leaf(*e) ? (unsigned)(*e >> E_PROT_SHIFT & 7) : 0;
        if (prot && (!(flags & FAULT_WRITE) || (prot & PROT_WRITE_BIT)) &&
            (!(flags & FAULT_EXEC) || (prot & PROT_EXEC_BIT))) {
            uint64_t off = va & (span_of(level) - 1);
            paddr_t pa = (*e & E_ADDR) + off;

            *e |= E_USED | (flags & FAULT_WRITE ? E_DIRTY : 0);
            tlb_fill(pt, va, pa & PAGE_MASK, flags & FAULT_WRITE);
            return phys_to_virt(pa);
        }
        present = prot ? FAULT_PRESENT : 0;
        host_faults++;
        if (!arch_hooks->fault(va, flags | present, &host_trap))
            return NULL;
    }
    host_fail("a fault that is resolved again and again");
}
