/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs and IO-APICs without ACPI: Intel's MultiProcessor table (version 1.4),
 * as Firecracker and bare microvms leave it; without that, one CPU and the
 * IO-APIC where every PC has it.
 */
#include "x86_priv.h"

#define IOAPIC_USUAL 0xfec00000u

/* The floating pointer: "_MP_", table u32, length u8 in 16 bytes, ... */
#define POINTER_SIZE  16u
/* The table: "PCMP", length u16, ..., entry count u16 at 34; entries at 44 */
#define TABLE_LENGTH  4
#define TABLE_COUNT   34
#define TABLE_ENTRIES 44u

enum entry_type { MP_CPU = 0, MP_IOAPIC = 2, MP_LAST = 4 };
#define MP_CPU_SIZE   20u
#define MP_OTHER_SIZE 8u
#define MP_ENABLED    1

static bool sum_is_zero(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while (n-- > 0)
        sum = (uint8_t)(sum + *p++);
    return sum == 0;
}

static const uint8_t *pointer_search(paddr_t from, paddr_t to)
{
    for (paddr_t pa = from; pa < to; pa += 16) {
        const uint8_t *p = phys_to_virt(pa);

        if (memcmp(p, "_MP_", 4) == 0 && sum_is_zero(p, POINTER_SIZE))
            return p;
    }
    return NULL;
}

static void entry_use(const uint8_t *e)
{
    struct x86_madt *m = &x86_madt;

    if (e[0] == MP_CPU && (e[3] & MP_ENABLED) && m->cpu_count < CPUS_MAX)
        m->apic_ids[m->cpu_count++] = e[1];
    if (e[0] == MP_IOAPIC && (e[3] & MP_ENABLED) &&
        m->ioapic_count < IOAPICS_MAX) {
        uint32_t pa;

        memcpy(&pa, e + 4, 4);
        m->ioapics[m->ioapic_count].pa = pa;
        m->ioapics[m->ioapic_count++].gsi_base = 0;
    }
}

static void table_read(uint32_t pa)
{
    const uint8_t *t = phys_to_virt(pa);
    uint16_t size, count;
    uint32_t at = TABLE_ENTRIES;

    if (pa > (1u << 20) - TABLE_ENTRIES || memcmp(t, "PCMP", 4) != 0)
        return;
    memcpy(&size, t + TABLE_LENGTH, 2);
    memcpy(&count, t + TABLE_COUNT, 2);
    if (pa + size > 1u << 20 || !sum_is_zero(t, size))
        return;
    for (unsigned i = 0; i < count; i++) {
        uint32_t n = at < size && t[at] == MP_CPU ? MP_CPU_SIZE
                                                  : MP_OTHER_SIZE;

        if (at + n > size || t[at] > MP_LAST)
            return;
        entry_use(t + at);
        at += n;
    }
}

/* Only below 1 MiB, which is mapped whatever the memory map says. */
void x86_mptable_init(void)
{
    const uint8_t *p = pointer_search(0x9fc00, 0xa0000);
    uint32_t pa;

    if (!p)
        p = pointer_search(0xf0000, 0x100000);
    if (p) {
        memcpy(&pa, p + 4, 4);
        table_read(pa);
    }
    if (x86_madt.cpu_count == 0) {
        x86_madt.apic_ids[0] = x86_apic_id();
        x86_madt.cpu_count = 1;
    }
    if (x86_madt.ioapic_count == 0)
        x86_madt.ioapics[x86_madt.ioapic_count++].pa = IOAPIC_USUAL;
}
