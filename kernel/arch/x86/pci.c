/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space: by memory where the MCFG table says so (one exit an
 * access), else by ports 0xCF8/0xCFC.
 */
#include "x86_priv.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

#define MCFG_ENTRIES   44
#define MCFG_ENTRY_SIZE 16
#define BUS_SIZE       (1ull << 20)
#define BUSES          256u

static enum { UNKNOWN, NONE, PORTS, MEMORY } mode;
static paddr_t ecam;                    /* of bus 0 */
static unsigned bus_first, bus_last;
/* Two buses share a 2 MiB mapping, made at their first access. */
static volatile uint8_t *pairs[BUSES / 2];
static struct spinlock lock = SPINLOCK_INIT;    /* ports, pairs */

static void mode_find(void)
{
    const uint8_t *mcfg = arch_acpi_find("MCFG");
    uint32_t size = 0;

    if (mcfg)
        memcpy(&size, mcfg + 4, 4);
    if (size >= MCFG_ENTRIES + MCFG_ENTRY_SIZE) {
        memcpy(&ecam, mcfg + MCFG_ENTRIES, 8);
        bus_first = mcfg[MCFG_ENTRIES + 10];
        bus_last = mcfg[MCFG_ENTRIES + 11];
        if (IS_ALIGNED(ecam, HUGE_SIZE) && ecam) {
            mode = MEMORY;
            return;
        }
    }
    arch_out32(CONFIG_ADDRESS, CONFIG_ENABLE);
    mode = arch_in32(CONFIG_ADDRESS) == CONFIG_ENABLE ? PORTS : NONE;
}

bool arch_pci_present(void)
{
    if (mode == UNKNOWN)
        mode_find();
    return mode != NONE;
}

static volatile uint8_t *ecam_view(unsigned bdf, unsigned offset)
{
    unsigned bus = bdf >> 8;

    if (bus < bus_first || bus > bus_last || offset >= PAGE_SIZE)
        return NULL;
    if (!pairs[bus / 2])
        pairs[bus / 2] = arch_mmio_map(ecam + (bus & ~1u) * BUS_SIZE,
                                       2 * BUS_SIZE);
    if (!pairs[bus / 2])
        return NULL;
    return pairs[bus / 2] + (bdf & 0x1ff) * PAGE_SIZE + offset;
}

static bool access_ok(unsigned bdf, unsigned offset, unsigned size)
{
    return arch_pci_present() && bdf < BUSES << 8 &&
           (size == 1 || size == 2 || size == 4) && offset % size == 0 &&
           (mode == MEMORY || offset < 256);
}

static uint16_t port_select(unsigned bdf, unsigned offset)
{
    arch_out32(CONFIG_ADDRESS, CONFIG_ENABLE | bdf << 8 | (offset & 0xfc));
    return (uint16_t)(CONFIG_DATA + (offset & 3));
}

static uint32_t port_read(unsigned bdf, unsigned offset, unsigned size)
{
    uint64_t flags = spin_lock_irqsave(&lock);
    uint16_t port = port_select(bdf, offset);
    uint32_t v = size == 1 ? arch_in8(port) :
                 size == 2 ? arch_in16(port) : arch_in32(port);

    spin_unlock_irqrestore(&lock, flags);
    return v;
}

static void port_write(unsigned bdf, unsigned offset, unsigned size,
                       uint32_t v)
{
    uint64_t flags = spin_lock_irqsave(&lock);
    uint16_t port = port_select(bdf, offset);

    if (size == 1)
        arch_out8(port, (uint8_t)v);
    else if (size == 2)
        arch_out16(port, (uint16_t)v);
    else
        arch_out32(port, v);
    spin_unlock_irqrestore(&lock, flags);
}

/* All ones where nothing answers, as on the bus. */
uint32_t arch_pci_read(unsigned bdf, unsigned offset, unsigned size)
{
    volatile uint8_t *p;

    if (!access_ok(bdf, offset, size))
        return ~0u;
    if (mode == PORTS)
        return port_read(bdf, offset, size);
    p = ecam_view(bdf, offset);
    if (!p)
        return ~0u;
    return size == 1 ? *p : size == 2 ? *(volatile uint16_t *)p
                                      : *(volatile uint32_t *)p;
}

void arch_pci_write(unsigned bdf, unsigned offset, unsigned size, uint32_t v)
{
    volatile uint8_t *p;

    if (!access_ok(bdf, offset, size))
        return;
    if (mode == PORTS) {
        port_write(bdf, offset, size, v);
        return;
    }
    p = ecam_view(bdf, offset);
    if (!p)
        return;
    if (size == 1)
        *p = (uint8_t)v;
    else if (size == 2)
        *(volatile uint16_t *)p = (uint16_t)v;
    else
        *(volatile uint32_t *)p = v;
}

#define PCI_INTERRUPT_LINE 0x3c

/* The wiring is in AML; firmware has noted the line it chose, which the
 * chipsets of pc and q35 raise at the IO-APIC pin of that number, too. */
int arch_pci_intx_gsi(unsigned bdf, unsigned pin)
{
    uint32_t line;

    if (pin == 0)
        return -ENODEV;
    line = arch_pci_read(bdf, PCI_INTERRUPT_LINE, 1);
    return line > 0 && line < 16 ? (int)line : -ENODEV;
}
