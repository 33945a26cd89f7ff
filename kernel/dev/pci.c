/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI: the walk over the buses, memory BARs, MSI-X and the interrupt wires.
 *
 * Every access to configuration space may leave the guest, so little is read:
 * one word a possible device, more only of those present, buses only behind
 * bridges, BARs only of devices that a driver takes.
 */
#include "pci_priv.h"

enum {
    CFG_ID = 0x00, CFG_COMMAND = 0x04, CFG_CLASS = 0x08, CFG_HEADER = 0x0c,
    CFG_BAR0 = 0x10, CFG_BUSES = 0x18, CFG_WINDOW = 0x20, CFG_INTERRUPT = 0x3c,
};
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_NO_INTX = 0x400 };
#define CLASS_BRIDGE_PCI 0x0604
#define VENDOR_VIRTIO    0x1af4
#define MSIX_ENABLE      0x8000u
#define MSIX_MASK_ALL    0x4000u

static uint64_t buses_seen[BITMAP_WORDS(256)];
static uint8_t buses[PCI_BUSES_MAX];
static unsigned bus_count;

/* Where BARs go that nobody assigned: below the IO-APIC and microvm's
 * windows, above where firmware starts. Taken from the top down. */
#define ASSIGN_TOP    0xfe000000ull
#define ASSIGN_BOTTOM 0xf8000000ull
static paddr_t assign_next = ASSIGN_TOP;

static void bus_add(unsigned bus)
{
    if (bus > 255 || bitmap_test(buses_seen, bus))
        return;
    if (bus_count == PCI_BUSES_MAX) {
        log_warn("pci: more than %u buses; bus %u is not looked at",
                 PCI_BUSES_MAX, bus);
        return;
    }
    bitmap_set(buses_seen, bus);
    buses[bus_count++] = bus;
}

/* Returns whether there may be more functions beside this one. */
static bool function_scan(unsigned bdf)
{
    uint32_t id = arch_pci_read(bdf, CFG_ID, 4);
    struct pci_device p = { .bdf = bdf, .vendor = id, .device = id >> 16 };
    uint8_t header;

    if ((id & 0xffff) == 0xffff || !(id & 0xffff))
        return false;
    if (p.vendor == VENDOR_VIRTIO) {
        virtio_pci__found(&p);
        /* Only function 0 says whether there are others. */
        return !(bdf & 7) && arch_pci_read(bdf, CFG_HEADER + 2, 1) & 0x80;
    }
    header = arch_pci_read(bdf, CFG_HEADER + 2, 1);
    if ((header & 0x7f) == 1 &&
        arch_pci_read(bdf, CFG_CLASS, 4) >> 16 == CLASS_BRIDGE_PCI)
        bus_add(arch_pci_read(bdf, CFG_BUSES + 1, 1));
    return header & 0x80;
}

static void bus_scan(unsigned bus)
{
    unsigned dev, fn;

    for (dev = 0; dev < 32; dev++)
        if (function_scan(bus << 8 | dev << 3))
            for (fn = 1; fn < 8; fn++)
                function_scan(bus << 8 | dev << 3 | fn);
}

void pci__scan(void)
{
    unsigned i;

    if (!arch_pci_present())
        return;
    bus_add(0);
    /* The list grows while we walk it. A bridge that nobody gave a number
     * says 0, which was seen. */
    for (i = 0; i < bus_count; i++)
        bus_scan(buses[i]);
}

static uint64_t bar_size(unsigned bdf, unsigned at, bool wide)
{
    uint64_t mask;

    arch_pci_write(bdf, at, 4, 0xffffffff);
    mask = arch_pci_read(bdf, at, 4) & ~0xfu;
    if (wide) {
        arch_pci_write(bdf, at + 4, 4, 0xffffffff);
        mask |= (uint64_t)arch_pci_read(bdf, at + 4, 4) << 32;
    } else {
        mask |= 0xffffffff00000000ull;
    }
    return mask ? ~mask + 1 : 0;
}

/* Only on the root bus: a bridge would need a window too. */
static paddr_t bar_assign(struct pci_device *p, unsigned at, bool wide)
{
    uint64_t size;
    paddr_t addr;

    if (p->bdf >> 8) {
        log_err("pci %02x:%02x.%u: the firmware left it without an address",
                p->bdf >> 8, p->bdf >> 3 & 31, p->bdf & 7);
        return 0;
    }
    size = bar_size(p->bdf, at, wide);
    if (!size || size > assign_next - ASSIGN_BOTTOM) {
        log_err("pci %02x:%02x.%u: no room for %llu bytes of registers",
                p->bdf >> 8, p->bdf >> 3 & 31, p->bdf & 7,
                (unsigned long long)size);
        arch_pci_write(p->bdf, at, 4, 0);
        return 0;
    }
    size = MAX(size, PAGE_SIZE);
    addr = ALIGN_DOWN(assign_next - size, size);
    if (addr < ASSIGN_BOTTOM)
        return 0;
    assign_next = addr;
    arch_pci_write(p->bdf, at, 4, addr);
    if (wide)
        arch_pci_write(p->bdf, at + 4, 4, 0);
    return addr;
}

paddr_t pci__bar(struct pci_device *p, unsigned n)
{
    unsigned at = CFG_BAR0 + 4 * n;
    uint32_t low;
    paddr_t addr;
    bool wide;

    if (n > 5)
        return 0;
    if (p->bars[n])
        return p->bars[n];
    low = arch_pci_read(p->bdf, at, 4);
    wide = (low & 6) == 4;
    if (low & 1 || (wide && n == 5))
        return 0;
    addr = low & ~0xfu;
    if (wide)
        addr |= (uint64_t)arch_pci_read(p->bdf, at + 4, 4) << 32;
    if (!addr)
        addr = bar_assign(p, at, wide);
    return p->bars[n] = addr;
}

void pci__enable(struct pci_device *p)
{
    uint16_t now = arch_pci_read(p->bdf, CFG_COMMAND, 2);
    uint16_t want = (now | COMMAND_MEMORY | COMMAND_MASTER) & ~COMMAND_NO_INTX;

    if (now != want)
        arch_pci_write(p->bdf, CFG_COMMAND, 2, want);
}

/* MSI-X (PCI 3.0, 6.8.2): 2/2 control, 4/4 table offset | BAR. A table entry:
 * 0/8 address, 8/4 data, 12/4 control (bit 0 masks). */
int pci__msix_enable(struct pci_device *p)
{
    uint32_t where;
    uint16_t control;
    paddr_t bar;
    unsigned i;

    if (!p->msix_cap)
        return -ENODEV;
    control = arch_pci_read(p->bdf, p->msix_cap + 2, 2);
    where = arch_pci_read(p->bdf, p->msix_cap + 4, 4);
    bar = pci__bar(p, where & 7);
    if (!bar)
        return -ENODEV;
    p->msix_count = (control & 0x7ff) + 1;
    p->msix_table = arch_mmio_map(bar + (where & ~7u), p->msix_count * 16);
    if (!p->msix_table)
        return -ENOMEM;
    /* Entries are masked after a reset; firmware has no reason to touch
     * them, but a table left over by one is not ours to trust. */
    if (control & MSIX_ENABLE)
        for (i = 0; i < p->msix_count; i++)
            mmio_put32(p->msix_table, i * 16 + 12, 1);
    arch_pci_write(p->bdf, p->msix_cap + 2, 2,
                   (control & ~MSIX_MASK_ALL) | MSIX_ENABLE);
    return 0;
}

int pci__msix_vector(struct pci_device *p, unsigned n, irq_handler_fn *fn,
                     void *arg, unsigned cpu)
{
    uint64_t address;
    uint32_t data;
    int irq;

    ASSERT(n < p->msix_count);
    irq = arch_irq_alloc(fn, arg, cpu);
    if (irq < 0)
        return irq;
    arch_irq_msi(irq, &address, &data);
    mmio_put32(p->msix_table, n * 16, address);
    mmio_put32(p->msix_table, n * 16 + 4, address >> 32);
    mmio_put32(p->msix_table, n * 16 + 8, data);
    mmio_put32(p->msix_table, n * 16 + 12, 0);
    return 0;
}

int pci__intx_attach(struct pci_device *p, irq_handler_fn *fn, void *arg)
{
    unsigned pin = arch_pci_read(p->bdf, CFG_INTERRUPT + 1, 1);
    int gsi;

    if (pin < 1 || pin > 4)
        return -ENODEV;
    gsi = arch_pci_intx_gsi(p->bdf, pin);
    if (gsi < 0)
        return gsi;
    /* PCI wires are level-triggered; on PCs active high behind the chipset
     * for lines below 16, active low above. */
    return dev__line_attach(gsi, true, gsi >= 16, fn, arg);
}
