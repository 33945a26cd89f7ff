/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first-boot console: COM1, polled, and the port instructions. Works from
 * x86_early_console_init on; dev's console takes over later.
 */
#include "x86_priv.h"

#define COM1 0x3f8
#define LSR_EMPTY 0x20
#define LSR_SENT 0x40
#define SPINS_MAX 100000        /* a stuck port must not stop the boot */
#define DRAIN_CYCLES 20000000000ull     /* ten seconds at 2 GHz; nor the end */

static bool present;

uint8_t arch_in8(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

uint16_t arch_in16(uint16_t port)
{
    uint16_t v;
    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

uint32_t arch_in32(uint16_t port)
{
    uint32_t v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

void arch_out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

void arch_out16(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

void arch_out32(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

bool arch_has_ports(void)
{
    return true;
}

static void early_sink(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            arch_early_putc('\r');
        arch_early_putc(text[i]);
    }
}

void x86_early_console_init(void)
{
    log_sink_set(early_sink);
    arch_out8(COM1 + 7, 0x5a);              /* the scratch register holds? */
    present = arch_in8(COM1 + 7) == 0x5a;
    if (!present)
        return;
    arch_out8(COM1 + 3, 0x80);              /* divisor 1: 115200 */
    arch_out8(COM1 + 0, 1);
    arch_out8(COM1 + 1, 0);
    arch_out8(COM1 + 3, 0x03);              /* 8n1 */
    arch_out8(COM1 + 1, 0);                 /* no interrupts */
    arch_out8(COM1 + 4, 0x0b);
}

bool x86_early_console_present(void)
{
    return present;
}

void arch_early_putc(char c)
{
    if (!present)
        return;
    for (unsigned i = 0; i < SPINS_MAX; i++)
        if (arch_in8(COM1 + 5) & LSR_EMPTY)
            break;
    arch_out8(COM1, (uint8_t)c);
}

void x86_early_console_drain(void)
{
    uint64_t start = arch_cycles();         /* runs before the clock does */

    if (!present)
        return;
    while (!(arch_in8(COM1 + 5) & LSR_SENT) &&
           arch_cycles() - start < DRAIN_CYCLES)
        cpu_relax();
}
