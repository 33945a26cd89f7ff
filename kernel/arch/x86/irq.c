/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt vectors: who handles each, and how a device's interrupt gets one.
 * An irq number is its vector, the same on every CPU.
 */
#include "x86_priv.h"

struct irq {
    irq_handler_fn *fn;     /* [a] NULL: free */
    void *arg;              /* [I] once fn is set */
    unsigned cpu;           /* [I] */
};

static struct irq irqs[256];
static struct spinlock irq_lock = SPINLOCK_INIT;
static uint64_t spurious;       /* [a] interrupts nobody waits for */

int arch_irq_alloc(irq_handler_fn *fn, void *arg, unsigned cpu)
{
    uint64_t flags = spin_lock_irqsave(&irq_lock);
    int found = -ENOSPC;

    for (int v = VEC_DEVICE_FIRST; v <= VEC_DEVICE_LAST; v++) {
        if (v == VEC_INT80 || irqs[v].fn)
            continue;
        irqs[v].arg = arg;
        irqs[v].cpu = cpu;
        __atomic_store_n(&irqs[v].fn, fn, __ATOMIC_RELEASE);
        found = v;
        break;
    }
    spin_unlock_irqrestore(&irq_lock, flags);
    return found;
}

unsigned x86_irq_apic_id(int irq)
{
    return x86_cpus[irqs[irq].cpu]->apic_id;
}

void arch_irq_msi(int irq, uint64_t *address, uint32_t *data)
{
    *address = 0xfee00000 | (uint64_t)(x86_irq_apic_id(irq) & 0xff) << 12;
    *data = (uint32_t)irq;
}

static void device_interrupt(unsigned vector)
{
    irq_handler_fn *fn = __atomic_load_n(&irqs[vector].fn, __ATOMIC_ACQUIRE);

    if (fn)
        fn(irqs[vector].arg);
    else
        __atomic_fetch_add(&spurious, 1, __ATOMIC_RELAXED);
    x86_apic_eoi();
}

void x86_irq_dispatch(unsigned vector)
{
    switch (vector) {
    case VEC_TIMER:
        x86_apic_eoi();
        x86_timer_interrupt();
        break;
    case VEC_RESCHED:
        x86_apic_eoi();
        arch_hooks->resched();
        break;
    case VEC_CALL:
        x86_apic_eoi();
        x86_ipi_serve();
        break;
    case VEC_SPURIOUS:
        __atomic_fetch_add(&spurious, 1, __ATOMIC_RELAXED);
        break;
    default:
        device_interrupt(vector);
        break;
    }
}
