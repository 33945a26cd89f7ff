/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IO-APICs: which pin raises which vector. After reset every pin is
 * masked; only those that a device asks for are ever touched.
 */
#include "x86_priv.h"

#define IOAPIC_USUAL 0xfec00000ull

#define REG_VERSION 1
#define REG_PIN(n)  (0x10 + 2 * (n))

#define PIN_LEVEL   (1u << 15)
#define PIN_LOW     (1u << 13)

struct ioapic {
    volatile uint32_t *regs;    /* [I] */
    uint32_t gsi_base, pins;    /* [I] */
};

static struct ioapic ioapics[IOAPICS_MAX];
static unsigned ioapic_count;
static struct spinlock lock = SPINLOCK_INIT;

static uint32_t ioapic_read(struct ioapic *io, uint32_t reg)
{
    io->regs[0] = reg;
    return io->regs[4];
}

static void ioapic_write(struct ioapic *io, uint32_t reg, uint32_t v)
{
    io->regs[0] = reg;
    io->regs[4] = v;
}

static void ioapic_add(paddr_t pa, uint32_t gsi_base)
{
    struct ioapic *io = &ioapics[ioapic_count];
    uint32_t version;

    io->regs = arch_mmio_map(pa, PAGE_SIZE);
    if (!io->regs)
        return;
    version = ioapic_read(io, REG_VERSION);
    if (version == 0 || version == UINT32_MAX)
        return;                 /* nobody there */
    io->gsi_base = gsi_base;
    io->pins = (version >> 16 & 0xff) + 1;
    ioapic_count++;
}

void x86_ioapic_init(void)
{
    for (unsigned i = 0; i < x86_madt.ioapic_count; i++)
        ioapic_add(x86_madt.ioapics[i].pa, x86_madt.ioapics[i].gsi_base);
    /* A machine without ACPI (microvm,acpi=off; Firecracker before 1.8) has
     * its one where every PC has it. */
    if (x86_madt.ioapic_count == 0)
        ioapic_add(IOAPIC_USUAL, 0);
}

int arch_irq_route_gsi(int irq, unsigned gsi, bool level, bool active_low)
{
    for (unsigned i = 0; i < ioapic_count; i++) {
        struct ioapic *io = &ioapics[i];
        uint32_t pin = gsi - io->gsi_base;
        uint64_t flags;

        if (gsi < io->gsi_base || pin >= io->pins)
            continue;
        flags = spin_lock_irqsave(&lock);
        ioapic_write(io, REG_PIN(pin) + 1, x86_irq_apic_id(irq) << 24);
        ioapic_write(io, REG_PIN(pin), (uint32_t)irq |
                     (level ? PIN_LEVEL : 0) | (active_low ? PIN_LOW : 0));
        spin_unlock_irqrestore(&lock, flags);
        return 0;
    }
    return -ENODEV;
}

/* Overrides' flags, ACPI's MPS INTI: polarity in bits 0-1, trigger in 2-3;
 * 0 is the bus's own: active high, edge. */
int arch_irq_route_isa(int irq, unsigned n)
{
    for (unsigned i = 0; i < x86_madt.override_count; i++) {
        unsigned f = x86_madt.overrides[i].flags;

        if (x86_madt.overrides[i].isa == n)
            return arch_irq_route_gsi(irq, x86_madt.overrides[i].gsi,
                                      (f >> 2 & 3) == 3, (f & 3) == 3);
    }
    return arch_irq_route_gsi(irq, n, false, false);
}
