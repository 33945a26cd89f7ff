/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The power button: the PM1 event block's status bit behind the SCI on a PC,
 * a generic event device (GED) on machines with reduced ACPI hardware. The
 * GED's place is known to AML only; QEMU's shape of it is looked for in the
 * DSDT: a region "EREG" of SystemMemory and an extended interrupt.
 */
#include "x86_priv.h"

#define PWRBTN (1u << 8)
#define GED_POWER_DOWN 2u

static irq_handler_fn *button_fn;
static void *button_arg;
static uint16_t status_port;
static volatile uint32_t *ged;

static void pm1_interrupt(void *arg)
{
    (void)arg;
    if (!(arch_in16(status_port) & PWRBTN))
        return;
    arch_out16(status_port, PWRBTN);
    button_fn(button_arg);
}

static void ged_interrupt(void *arg)
{
    (void)arg;
    if (*ged & GED_POWER_DOWN)          /* reading clears it */
        button_fn(button_arg);
}

static int pm1_set(const struct x86_power_button *b)
{
    int irq;

    if (!b->event_port || b->event_size < 4)
        return -ENODEV;
    status_port = b->event_port;
    irq = arch_irq_alloc(pm1_interrupt, NULL, 0);
    if (irq < 0)
        return irq;
    arch_out16(status_port, PWRBTN);
    arch_out16((uint16_t)(status_port + b->event_size / 2), PWRBTN);
    return arch_irq_route_isa(irq, b->sci);
}

/* A press before the interrupt is routed is seen here: the device keeps it. */
static int ged_set(const struct x86_power_button *b)
{
    int irq, err;

    ged = arch_mmio_map(b->ged, 4);
    if (!ged)
        return -ENOMEM;
    irq = arch_irq_alloc(ged_interrupt, NULL, 0);
    if (irq < 0)
        return irq;
    err = arch_irq_route_gsi(irq, b->ged_gsi, b->ged_level, b->ged_low);
    if (err == 0)
        ged_interrupt(NULL);
    return err;
}

int arch_power_button_set(irq_handler_fn *fn, void *arg)
{
    struct x86_power_button b;

    x86_acpi_power_button(&b);
    button_fn = fn;
    button_arg = arg;
    if (b.ged)
        return ged_set(&b);
    return pm1_set(&b);
}
