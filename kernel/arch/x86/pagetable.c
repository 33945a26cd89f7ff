/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own half of the address space, which every struct arch_pt
 * shares: the direct map of RAM, the image, kmap, device registers, stacks.
 *
 * The top-level entries of that half are all made in x86_pagetable_init and
 * never change, so a new address space copies them once. The program's half
 * is user_pt.c's.
 *
 * Until mm asks for the image's end, frames for tables come from right behind
 * the image; after that from hooks->pt_alloc.
 */
#include "pagetable_priv.h"

#define MMIO_START  0xffffd00000000000ull
#define MMIO_END    0xffffd08000000000ull
#define STACK_START 0xffffd10000000000ull
#define STACK_END   0xffffd18000000000ull
#define EARLY_MAPPED (1ull << 30)       /* entry.S maps this much */

extern uint8_t image_start[], text_end[], rodata_start[], rodata_end[],
               data_start[], image_end[], boot_pd[];

uint64_t x86_kernel_root;

static paddr_t early_next, early_end;   /* frames behind the image */
static bool early_open;
static struct spinlock map_lock = SPINLOCK_INIT;    /* kernel half, below */
static uint64_t mmio_next = MMIO_START;             /* [map_lock] */
static uint64_t stack_next = STACK_START;           /* [map_lock] */

paddr_t arch_image_start(void)
{
    return KERNEL_PHYS;
}

paddr_t arch_image_end(void)
{
    early_open = false;
    return early_next;
}

paddr_t x86_frame_alloc(void)
{
    paddr_t pa = early_next;

    if (!early_open)
        return arch_hooks->pt_alloc();
    if (pa + PAGE_SIZE > early_end)
        panic("no memory behind the kernel's image");
    early_next += PAGE_SIZE;
    memset(phys_to_virt(pa), 0, PAGE_SIZE);
    return pa;
}

static void early_init(void)
{
    early_next = virt_to_phys(image_end);
    for (unsigned i = 0; i < boot_info.map_count; i++) {
        const struct memmap_range *r = &boot_info.map[i];

        if (r->type == MEMMAP_RAM && r->start <= early_next &&
            r->start + r->size > early_next)
            early_end = MIN(r->start + r->size, EARLY_MAPPED);
    }
    /* A boot module may lie in between: stop before it. */
    if (boot_info.module_size && boot_info.module >= early_next)
        early_end = MIN(early_end, boot_info.module);
    early_open = true;
}

uint64_t *pt__entry(paddr_t root, uint64_t va, unsigned level, uint64_t bits)
{
    uint64_t *table = phys_to_virt(root);

    for (unsigned l = 4;; l--) {
        uint64_t *e = &table[pt__index(va, l)];

        if (l == level)
            return e;
        if (!(*e & PTE_P)) {
            paddr_t pa;

            if (!bits || *e)
                return NULL;
            pa = x86_frame_alloc();
            if (!pa)
                return NULL;
            __atomic_store_n(e, pa | bits, __ATOMIC_RELEASE);
        } else if (*e & PTE_PS) {
            return NULL;
        }
        table = phys_to_virt(*e & PTE_ADDR);
    }
}

/* Maps [va, va+size) to pa with pages of 1 << (12 + 9 * (level - 1)). */
static bool map_level(uint64_t va, paddr_t pa, uint64_t size, uint64_t bits,
                      unsigned level)
{
    uint64_t step = PAGE_SIZE << 9 * (level - 1);

    for (uint64_t at = 0; at < size; at += step) {
        uint64_t *e = pt__entry(x86_kernel_root, va + at, level,
                                PTE_P | PTE_W);
        if (!e)
            return false;
        *e = (pa + at) | bits | (level > 1 ? PTE_PS : 0);
    }
    return true;
}

/* One range of RAM, rounded out to 2 MiB, with 1 GiB pages inside it. */
static void direct_map(paddr_t start, paddr_t end)
{
    uint64_t bits = PTE_P | PTE_W | PTE_G | PTE_NX | PTE_A | PTE_D;

    start = ALIGN_DOWN(start, HUGE_SIZE);
    end = ALIGN_UP(end, HUGE_SIZE);
    while (start < end) {
        unsigned level = 2;
        uint64_t size = HUGE_SIZE, *e;

        if (x86_features.gib_pages && IS_ALIGNED(start, GIB) &&
            end - start >= GIB) {
            level = 3;
            size = GIB;
        }
        e = pt__entry(x86_kernel_root, (uint64_t)phys_to_virt(start), level,
                      PTE_P | PTE_W);
        if (level == 3 && e && (*e & PTE_P) && !(*e & PTE_PS)) {
            /* Another range has small parts of this GiB already. */
            size = HUGE_SIZE;
            e = pt__entry(x86_kernel_root, (uint64_t)phys_to_virt(start), 2,
                          PTE_P | PTE_W);
        }
        if (e && !(*e & PTE_P))
            *e = start | bits | PTE_PS;
        start += size;
    }
}

static void image_map(const uint8_t *start, const uint8_t *end, uint64_t bits)
{
    uint64_t va = ALIGN_DOWN((uint64_t)start, PAGE_SIZE);
    uint64_t size = ALIGN_UP((uint64_t)end, PAGE_SIZE) - va;

    map_level(va, va - KERNEL_BASE, size, bits | PTE_P | PTE_G | PTE_A, 1);
}

/* Tables below the top level for regions that grow later. */
static void top_prepare(uint64_t va)
{
    pt__entry(x86_kernel_root, va, 3, PTE_P | PTE_W);
}

void x86_pagetable_init(void)
{
    early_init();
    x86_kernel_root = x86_frame_alloc();
    for (unsigned i = 0; i < boot_info.map_count; i++) {
        const struct memmap_range *r = &boot_info.map[i];

        if (r->type != MEMMAP_RESERVED &&
            r->start + r->size <= 1ull << x86_features.phys_bits)
            direct_map(r->start, r->start + r->size);
    }
    direct_map(0, HUGE_SIZE);           /* firmware tables below 1 MiB */
    image_map(image_start, text_end, 0);
    image_map(rodata_start, rodata_end, PTE_NX);
    image_map(data_start, image_end, PTE_NX | PTE_W | PTE_D);
    *pt__entry(x86_kernel_root, (uint64_t)boot_pd, 1, 0) = 0;
    top_prepare(ARCH_KMAP_START);
    top_prepare(MMIO_START);
    top_prepare(STACK_START);
    write_cr3(x86_kernel_root);
}

static void flush_global(void *unused)
{
    (void)unused;
    write_cr4(read_cr4() & ~CR4_PGE);
    write_cr4(read_cr4() | CR4_PGE);
}

/* The image's text and constants must not be writable by the direct map
 * either: splits its large page there. */
void arch_kernel_protect(void)
{
    paddr_t from = KERNEL_PHYS;
    paddr_t to = virt_to_phys(rodata_end);

    for (paddr_t pa = from; pa < to; pa += PAGE_SIZE) {
        uint64_t va = (uint64_t)phys_to_virt(pa), *e;

        if (!pt__split(x86_kernel_root, va)) {
            log_warn("kernel text stays writable by the direct map: no "
                     "memory");
            return;
        }
        e = pt__entry(x86_kernel_root, va, 1, 0);
        if (e)
            *e &= ~PTE_W;
    }
    flush_global(NULL);
}

static uint64_t prot_bits(unsigned prot)
{
    return PTE_P | PTE_G | PTE_A | PTE_D |
           (prot & PROT_WRITE_BIT ? PTE_W : 0) |
           (prot & PROT_EXEC_BIT ? 0 : PTE_NX);
}

int arch_kmap(void *va, paddr_t pa, unsigned prot)
{
    uint64_t flags = spin_lock_irqsave(&map_lock);
    bool ok = map_level((uint64_t)va, pa, PAGE_SIZE, prot_bits(prot), 1);

    spin_unlock_irqrestore(&map_lock, flags);
    return ok ? 0 : -ENOMEM;
}

paddr_t arch_kunmap(void *va)
{
    uint64_t flags = spin_lock_irqsave(&map_lock);
    uint64_t *e = pt__entry(x86_kernel_root, (uint64_t)va, 1, 0);
    paddr_t pa = 0;

    if (e && (*e & PTE_P)) {
        pa = *e & PTE_ADDR;
        *e = 0;
    }
    spin_unlock_irqrestore(&map_lock, flags);
    return pa;
}

void arch_kmap_flush(void)
{
    uint64_t flags = irq_save();

    flush_global(NULL);
    irq_restore(flags);
    arch_ipi_call_others(flush_global, NULL);
}

volatile void *arch_mmio_map(paddr_t pa, uint64_t size)
{
    uint64_t bits = PTE_P | PTE_W | PTE_NX | PTE_G | PTE_A | PTE_D |
                    PTE_PCD | PTE_PWT;
    paddr_t first = ALIGN_DOWN(pa, PAGE_SIZE);
    uint64_t whole = ALIGN_UP(pa + size, PAGE_SIZE) - first, va;
    unsigned level = IS_ALIGNED(first | whole, HUGE_SIZE) ? 2 : 1;
    uint64_t flags;
    bool ok;

    if (size == 0 || pa + size < pa || pa + size > 1ull << 52)
        return NULL;
    flags = spin_lock_irqsave(&map_lock);
    va = level == 2 ? ALIGN_UP(mmio_next, HUGE_SIZE) : mmio_next;
    ok = whole <= MMIO_END - va && map_level(va, first, whole, bits, level);
    if (ok)
        mmio_next = va + whole;
    spin_unlock_irqrestore(&map_lock, flags);
    return ok ? (volatile void *)(va + (pa - first)) : NULL;
}

void *x86_stack_alloc(unsigned pages)
{
    uint64_t va, flags;

    flags = spin_lock_irqsave(&map_lock);
    va = stack_next + PAGE_SIZE;        /* the guard page below */
    stack_next = va + pages * PAGE_SIZE;
    spin_unlock_irqrestore(&map_lock, flags);
    for (unsigned i = 0; i < pages; i++) {
        paddr_t pa = x86_frame_alloc();

        if (!pa || arch_kmap((void *)(va + i * PAGE_SIZE), pa,
                             PROT_READ_BIT | PROT_WRITE_BIT) != 0)
            return NULL;
    }
    return (void *)va;
}
