/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending the machine, and stopping CPUs for good.
 */
#include "x86_priv.h"

#include <hull/exit.h>

static uint32_t stopping;       /* [a] NMIs mean: halt */

bool x86_nmi_stop_pending(void)
{
    return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

void x86_halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void arch_cpus_stop(void)
{
    __atomic_store_n(&stopping, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < CPUS_MAX; i++)
        if (i != cpu_id() && x86_cpus[i] && x86_cpus[i]->online)
            x86_apic_ipi(x86_cpus[i]->apic_id, APIC_IPI_NMI);
}

/* An empty IDT turns the next trap into a triple fault. */
static void triple_fault(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __packed none = { 0, 0 };

    __asm__ volatile("lidt %0; int3" : : "m"(none));
}

/* A request to the hardware may take a while; what comes after it, a reset,
 * must not overtake it. */
#define POWER_OFF_WAIT NSEC_PER_SEC

static void wait_for_the_end(void)
{
    nsec_t end = arch_clock() + POWER_OFF_WAIT;

    while (arch_clock() < end)
        cpu_relax();
}

void arch_power_off(int status, bool use_isa)
{
    irq_disable();
    arch_cpus_stop();
    x86_early_console_drain();
    if (use_isa)
        arch_out8(HULL_EXIT_PORT, (uint8_t)status);
    if (x86_acpi_power_off())
        wait_for_the_end();
    arch_out8(0x64, 0xfe);          /* keyboard controller: reset */
    triple_fault();
    x86_halt_forever();
}
