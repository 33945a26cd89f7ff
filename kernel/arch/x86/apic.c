/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC, as x2APIC where the CPU offers it, else by its registers in
 * memory: end of interrupt, interrupts between CPUs, the one-shot timer's
 * registers (what to load into them is clock.c's).
 */
#include "x86_priv.h"

#define APIC_ID         0x020
#define APIC_TPR        0x080
#define APIC_EOI        0x0b0
#define APIC_SVR        0x0f0
#define APIC_ESR        0x280
#define APIC_ICR        0x300
#define APIC_ICR_HIGH   0x310
#define APIC_LVT_TIMER  0x320
#define APIC_LVT_LINT0  0x350
#define APIC_LVT_LINT1  0x360
#define APIC_LVT_ERROR  0x370
#define APIC_INITIAL    0x380
#define APIC_CURRENT    0x390
#define APIC_DIVIDE     0x3e0

#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_X2     (1u << 10)
#define SVR_ENABLE      0x100
#define LVT_MASKED      0x10000
#define LVT_NMI         0x400
#define LVT_DEADLINE    0x40000
#define ICR_BUSY        0x1000
#define ICR_ASSERT      0x4000
#define DIVIDE_BY_1     0xb
#define X2APIC_MSR      0x800

static volatile uint8_t *registers;     /* [I] NULL: x2APIC */

static uint32_t apic_read(unsigned reg)
{
    if (!registers)
        return (uint32_t)rdmsr(X2APIC_MSR + reg / 16);
    return *(volatile uint32_t *)(registers + reg);
}

static void apic_write(unsigned reg, uint32_t v)
{
    if (!registers)
        wrmsr(X2APIC_MSR + reg / 16, v);
    else
        *(volatile uint32_t *)(registers + reg) = v;
}

uint32_t x86_apic_id(void)
{
    return registers ? apic_read(APIC_ID) >> 24 : apic_read(APIC_ID);
}

void x86_apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

/* Any context; an interrupt in between may send one, too. */
void x86_apic_ipi(uint32_t apic_id, uint32_t command)
{
    uint64_t flags;

    if (!registers) {
        __asm__ volatile("mfence; lfence" : : : "memory");
        wrmsr(X2APIC_MSR + APIC_ICR / 16, (uint64_t)apic_id << 32 | command);
        return;
    }
    flags = irq_save();
    /* A hypervisor's APIC is never busy, and each access may be an exit. */
    while (!x86_features.hypervisor && (apic_read(APIC_ICR) & ICR_BUSY))
        cpu_relax();
    if (cpu_self()->ipi_target != apic_id + 1)
        apic_write(APIC_ICR_HIGH, apic_id << 24);
    cpu_self()->ipi_target = apic_id + 1;
    apic_write(APIC_ICR, command | ICR_ASSERT);
    irq_restore(flags);
}

/* The timer: vector VEC_TIMER, by TSC deadline or by counting down. */
void x86_apic_timer_init(bool deadline)
{
    apic_write(APIC_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, VEC_TIMER | (deadline ? LVT_DEADLINE : 0));
    /* A later write of the deadline must not overtake this one. */
    __asm__ volatile("mfence" : : : "memory");
}

void x86_apic_timer_count(uint32_t ticks)
{
    apic_write(APIC_INITIAL, ticks);
}

uint32_t x86_apic_timer_left(void)
{
    return apic_read(APIC_CURRENT);
}

/* Each CPU's own part. */
void x86_apic_cpu_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    if (!registers)
        base |= APIC_BASE_X2;
    wrmsr(MSR_APIC_BASE, base);
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_LVT_ERROR, VEC_ERROR);
    apic_write(APIC_SVR, SVR_ENABLE | VEC_SPURIOUS);
    cpu_self()->apic_id = x86_apic_id();
}

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

void x86_apic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    arch_out8(PIC1_DATA, 0xff);         /* the 8259s say nothing */
    arch_out8(PIC2_DATA, 0xff);
    if (!x86_features.x2apic && !(base & APIC_BASE_X2)) {
        registers = arch_mmio_map(base & 0xffffff000ull, PAGE_SIZE);
        if (!registers)
            panic("no memory for the APIC's mapping");
    }
    x86_apic_cpu_init();
    cpu_self()->online = 1;
}
