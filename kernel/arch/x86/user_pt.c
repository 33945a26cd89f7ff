/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program's half of an address space: struct arch_pt, its entries, and
 * forgetting them on the CPUs that may have them cached.
 *
 * A CPU is in pt->cpus while pt is in its CR3. One that idles or runs a
 * kernel thread keeps it there, marked lazy: it is not interrupted for a
 * flush, but flushes when it comes back. Only when tables were unlinked it is
 * interrupted, too, since even an idle CPU may walk them.
 */
#include "pagetable_priv.h"

#define FLUSH_PAGES_MAX 32      /* beyond: everything */

int arch_pt_init(struct arch_pt *pt)
{
    paddr_t root = arch_hooks->pt_alloc();

    if (!root)
        return -ENOMEM;
    memcpy((uint64_t *)phys_to_virt(root) + 256,
           (uint64_t *)phys_to_virt(x86_kernel_root) + 256, 256 * 8);
    pt->root = root;
    pt->cpus = 0;
    pt->tables_gone = pt->tables_seen = 0;
    return 0;
}

static void leave(void *arg)
{
    struct arch_pt *pt = arg;
    struct cpu *c = cpu_self();

    if (c->pt != pt)
        return;
    c->pt = NULL;
    __atomic_fetch_and(&pt->cpus, ~(1ull << c->id), __ATOMIC_SEQ_CST);
    write_cr3(x86_kernel_root);
}

static void tables_free(paddr_t table, unsigned level, unsigned entries)
{
    uint64_t *e = phys_to_virt(table);

    for (unsigned i = 0; level > 1 && i < entries; i++)
        if ((e[i] & PTE_P) && !(e[i] & PTE_PS))
            tables_free(e[i] & PTE_ADDR, level - 1, 512);   /* 4 levels */
    arch_hooks->pt_free(table);
}

void arch_pt_release(struct arch_pt *pt)
{
    uint64_t flags = irq_save();

    leave(pt);
    irq_restore(flags);
    if (__atomic_load_n(&pt->cpus, __ATOMIC_SEQ_CST))
        arch_ipi_call_others(leave, pt);
    tables_free(pt->root, 4, 256);
    pt->root = 0;
}

static uint64_t leaf_bits(paddr_t pa, unsigned prot)
{
    uint64_t huge = prot & PT_HUGE ? PTE_PS : 0;

    if (!(prot & (PROT_READ_BIT | PROT_WRITE_BIT | PROT_EXEC_BIT)))
        return pa | PTE_NONE | PTE_U | PTE_NX | huge;
    return pa | PTE_P | PTE_U | PTE_A | huge |
           (prot & PROT_WRITE_BIT ? PTE_W : 0) |
           (prot & PROT_EXEC_BIT ? 0 : PTE_NX);
}

static bool is_leaf(uint64_t e, unsigned level)
{
    return (e & (PTE_P | PTE_NONE)) && (level == 1 || (e & PTE_PS));
}

int arch_pt_map(struct arch_pt *pt, uaddr_t va, paddr_t pa, unsigned prot)
{
    unsigned level = prot & PT_HUGE ? 2 : 1;
    uint64_t *e;

    ASSERT(va < ARCH_PROGRAM_END);
    e = pt__entry(pt->root, va, level, PTE_P | PTE_W | PTE_U);
    if (!e)
        return -ENOMEM;
    if (level == 2 && (*e & PTE_P) && !(*e & PTE_PS))
        return -EEXIST;
    __atomic_store_n(e, leaf_bits(pa, prot), __ATOMIC_RELEASE);
    return 0;
}

static void entry_describe(uint64_t e, unsigned level, struct pt_entry *out)
{
    out->huge = level == 2;
    out->table = false;
    out->pa = e & PTE_ADDR & ~(level == 2 ? HUGE_SIZE - 1 : 0);
    out->prot = 0;
    if (e & PTE_P)
        out->prot = PROT_READ_BIT | (e & PTE_W ? PROT_WRITE_BIT : 0) |
                    (e & PTE_NX ? 0 : PROT_EXEC_BIT);
    out->dirty = e & PTE_D;
    out->accessed = e & PTE_A;
}

/* The lowest entry that exists for va, and its level. */
static uint64_t *entry_lookup(paddr_t root, uaddr_t va, unsigned *level)
{
    uint64_t *table = phys_to_virt(root);

    for (unsigned l = 4;; l--) {
        uint64_t *e = &table[pt__index(va, l)];

        *level = l;
        if (l == 1 || !(*e & PTE_P) || (*e & PTE_PS))
            return e;
        table = phys_to_virt(*e & PTE_ADDR);
    }
}

bool arch_pt_query(struct arch_pt *pt, uaddr_t va, struct pt_entry *out)
{
    unsigned level;
    uint64_t *e = entry_lookup(pt->root, va, &level);

    if (!is_leaf(*e, level)) {
        out->table = level == 1;
        return false;
    }
    entry_describe(*e, level, out);
    return true;
}

static bool table_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < 512; i++)
        if (table[i])
            return false;
    return true;
}

/* Unlinks the table at e, which covers va. False: fn said stop. */
static bool table_unlink(struct arch_pt *pt, uaddr_t va, uint64_t *e,
                         bool (*fn)(void *, uaddr_t, const struct pt_entry *),
                         void *arg)
{
    struct pt_entry out = { .table = true, .pa = *e & PTE_ADDR };

    __atomic_store_n(e, 0, __ATOMIC_RELEASE);
    __atomic_fetch_add(&pt->tables_gone, 1, __ATOMIC_RELEASE);
    return fn(arg, va, &out);
}

/* `va` has just been reached, walking from start: unlinks the tables that end
 * there and are empty. False: fn said stop. */
static bool tables_trim(struct arch_pt *pt, uaddr_t start, uaddr_t va,
                        bool (*fn)(void *, uaddr_t, const struct pt_entry *),
                        void *arg)
{
    for (unsigned level = 1; level < 4; level++) {
        uint64_t span = PAGE_SIZE << 9 * level;
        uint64_t *e;

        if (!IS_ALIGNED(va, span))
            return true;
        e = pt__entry(pt->root, va - span, level + 1, 0);
        if (!e || !(*e & PTE_P) || (*e & PTE_PS))
            continue;
        if (va - start < span && !table_empty(phys_to_virt(*e & PTE_ADDR)))
            return true;
        if (!table_unlink(pt, va - span, e, fn, arg))
            return false;
    }
    return true;
}

void arch_pt_trim(struct arch_pt *pt, uaddr_t va, uaddr_t low, uaddr_t high,
                  bool (*fn)(void *arg, uaddr_t va, const struct pt_entry *e),
                  void *arg)
{
    for (unsigned level = 1; level < 4; level++) {
        uint64_t span = PAGE_SIZE << 9 * level;
        uaddr_t base = ALIGN_DOWN(va, span);
        uint64_t *e;

        if (base < low || base + span > high)
            return;
        e = pt__entry(pt->root, base, level + 1, 0);
        if (!e || !(*e & PTE_P) || (*e & PTE_PS))
            continue;
        if (!table_empty(phys_to_virt(*e & PTE_ADDR)) ||
            !table_unlink(pt, base, e, fn, arg))
            return;
    }
}

/* The end of what the entry, or the table of small pages, at va covers. */
static uaddr_t span_end(uaddr_t va, unsigned level, uaddr_t end)
{
    uint64_t span = PAGE_SIZE << 9 * (level > 1 ? level - 1 : 1);

    return MIN(ALIGN_DOWN(va, span) + span, end);
}

/* Takes the entries of one table away, from e at va on. Returns how far it
 * came, and sets *go_on to what fn said last. */
static uaddr_t table_unmap(uint64_t *e, uaddr_t va, uaddr_t stop,
                           bool (*fn)(void *, uaddr_t,
                                      const struct pt_entry *),
                           void *arg, bool *go_on)
{
    while (va < stop && *go_on) {
        uint64_t old = *e;

        if (unlikely(old)) {
            struct pt_entry out;

            entry_describe(__atomic_exchange_n(e, 0, __ATOMIC_ACQ_REL), 1,
                           &out);
            *go_on = fn(arg, va, &out);
        }
        va += PAGE_SIZE;
        e++;
    }
    return va;
}

uaddr_t arch_pt_unmap(struct arch_pt *pt, uaddr_t start, uaddr_t end,
                      bool (*fn)(void *arg, uaddr_t va,
                                 const struct pt_entry *e),
                      void *arg)
{
    uaddr_t va = start;

    while (va < end) {
        unsigned level;
        uint64_t *e = entry_lookup(pt->root, va, &level);
        uaddr_t stop = span_end(va, level, end);
        bool go_on = true;

        if (level == 1) {
            va = table_unmap(e, va, stop, fn, arg, &go_on);
        } else {
            if (is_leaf(*e, level)) {
                struct pt_entry out;

                entry_describe(__atomic_exchange_n(e, 0, __ATOMIC_ACQ_REL),
                               level, &out);
                go_on = fn(arg, va, &out);
            }
            va = stop;
        }
        /* An fn that stops the walk may have put its entry back. */
        if (IS_ALIGNED(va, HUGE_SIZE) &&
            !tables_trim(pt, go_on ? start : va, va, fn, arg))
            go_on = false;
        if (!go_on)
            break;
    }
    return va;
}

/* Gives *e other rights; the hardware may set A and D meanwhile. */
static bool entry_protect(uint64_t *e, unsigned level, unsigned prot)
{
    uint64_t old = __atomic_load_n(e, __ATOMIC_RELAXED), new_;

    do {
        new_ = leaf_bits(old & PTE_ADDR, prot | (level == 2 ? PT_HUGE : 0));
        new_ |= old & PTE_D;
    } while (!__atomic_compare_exchange_n(e, &old, new_, false,
                                          __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return ((old & PTE_P) && !(new_ & PTE_P)) ||
           ((old & PTE_W) && !(new_ & PTE_W)) ||
           (!(old & PTE_NX) && (new_ & PTE_NX));
}

bool arch_pt_protect(struct arch_pt *pt, uaddr_t start, uaddr_t end,
                     unsigned prot)
{
    uaddr_t va = start;
    bool lost = false;

    while (va < end) {
        unsigned level;
        uint64_t *e = entry_lookup(pt->root, va, &level);
        uaddr_t stop = span_end(va, level, end);

        for (; level == 1 && va < stop; va += PAGE_SIZE, e++)
            if (*e)
                lost |= entry_protect(e, level, prot);
        if (level > 1 && is_leaf(*e, level))
            lost |= entry_protect(e, level, prot);
        va = stop;
    }
    return lost;
}

bool pt__split(paddr_t root, uint64_t va)
{
    for (;;) {
        unsigned level;
        uint64_t *e = entry_lookup(root, va, &level), old = *e, *table;
        uint64_t step;
        paddr_t pa;

        if (level == 1 || !is_leaf(old, level))
            return true;
        pa = x86_frame_alloc();
        if (!pa)
            return false;
        table = phys_to_virt(pa);
        step = PAGE_SIZE << 9 * (level - 2);
        if (level == 2)
            old &= ~PTE_PS;
        for (unsigned i = 0; i < 512; i++)
            table[i] = old + i * step;
        __atomic_store_n(e, pa | PTE_P | PTE_W | (old & PTE_U),
                         __ATOMIC_RELEASE);
    }
}

int arch_pt_split(struct arch_pt *pt, uaddr_t va)
{
    return pt__split(pt->root, va) ? 0 : -ENOMEM;
}

/* --- forgetting --- */

struct flush {
    struct arch_pt *pt;
    uaddr_t start, end;
};

static void flush_here(void *arg)
{
    const struct flush *f = arg;

    if (cpu_self()->pt != f->pt)
        return;
    if (f->end - f->start > FLUSH_PAGES_MAX * PAGE_SIZE) {
        write_cr3(f->pt->root);
        return;
    }
    for (uaddr_t va = f->start; va < f->end; va += PAGE_SIZE)
        __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* True: cpu is lazy and will flush by itself when it comes back. */
static bool lazy_defer(struct cpu *c)
{
    uint32_t lazy = TLB_LAZY;

    if (__atomic_compare_exchange_n(&c->lazy, &lazy, TLB_LAZY_STALE, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return true;
    return lazy == TLB_LAZY_STALE;
}

void arch_tlb_flush(struct arch_pt *pt, uaddr_t start, uaddr_t end)
{
    struct flush f = { pt, start, end };
    uint32_t gone = __atomic_load_n(&pt->tables_gone, __ATOMIC_SEQ_CST);
    bool all = gone != __atomic_load_n(&pt->tables_seen, __ATOMIC_SEQ_CST);
    uint64_t targets, flags;

    flags = irq_save();
    flush_here(&f);
    targets = __atomic_load_n(&pt->cpus, __ATOMIC_SEQ_CST) &
              ~(1ull << cpu_id());
    irq_restore(flags);
    for (unsigned i = 0; targets >> i; i++)
        if ((targets >> i & 1) && !all && lazy_defer(x86_cpus[i]))
            targets &= ~(1ull << i);
    if (targets)
        x86_ipi_call(targets, flush_here, &f);
    /* Only now: a second flush meanwhile must not rely on ours. One that
     * writes less than another has written costs a round, no more. */
    if (all)
        __atomic_store_n(&pt->tables_seen, gone, __ATOMIC_RELEASE);
}

/* On a switch, interrupts off. NULL: a thread without an address space. */
void x86_pt_activate(struct arch_pt *pt)
{
    struct cpu *c = cpu_self();

    if (!pt) {
        /* From one such thread to the next a stale CPU stays stale. */
        if (c->pt && c->lazy == TLB_ACTIVE)
            __atomic_store_n(&c->lazy, TLB_LAZY, __ATOMIC_SEQ_CST);
        return;
    }
    if (c->pt == pt) {
        if (c->lazy && __atomic_exchange_n(&c->lazy, TLB_ACTIVE,
                                           __ATOMIC_SEQ_CST) ==
                       TLB_LAZY_STALE)
            write_cr3(pt->root);
        return;
    }
    if (c->pt)
        __atomic_fetch_and(&c->pt->cpus, ~(1ull << c->id), __ATOMIC_SEQ_CST);
    __atomic_fetch_or(&pt->cpus, 1ull << c->id, __ATOMIC_SEQ_CST);
    c->pt = pt;
    __atomic_store_n(&c->lazy, TLB_ACTIVE, __ATOMIC_SEQ_CST);
    write_cr3(pt->root);
}
