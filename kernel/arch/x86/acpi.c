/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Hull reads from ACPI, without an AML interpreter: tables by signature,
 * CPUs and IO-APICs from the MADT, power-off and the PM timer from the FADT,
 * the S5 values from a search through the DSDT's bytes.
 *
 * Tables come from outside: each is length- and checksum-verified, and a bad
 * one is as good as absent.
 */
#include "x86_priv.h"

#define TABLE_MAX (1u << 20)
#define HEADER_SIZE 36u

struct x86_madt x86_madt;
uint16_t x86_pm_timer_port;

static paddr_t root_table;
static unsigned root_entry_size;        /* 8: XSDT, 4: RSDT */
static const uint8_t *dsdt_table;       /* NULL: none that is sound */

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static bool sum_is_zero(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while (n-- > 0)
        sum = (uint8_t)(sum + *p++);
    return sum == 0;
}

static bool direct_mapped(paddr_t pa, uint64_t size)
{
    if (pa + size <= HUGE_SIZE)
        return true;
    for (unsigned i = 0; i < boot_info.map_count; i++) {
        const struct memmap_range *r = &boot_info.map[i];

        /* The map is made of large pages, rounded out. */
        if (r->type != MEMMAP_RESERVED &&
            pa >= ALIGN_DOWN(r->start, HUGE_SIZE) &&
            pa + size <= ALIGN_UP(r->start + r->size, HUGE_SIZE))
            return true;
    }
    return false;
}

static const uint8_t *phys_view(paddr_t pa, uint64_t size)
{
    if (pa + size < pa)
        return NULL;
    if (direct_mapped(pa, size))
        return phys_to_virt(pa);
    return (const uint8_t *)arch_mmio_map(pa, size);
}

/* The verified table at pa, or NULL; any signature when sig is NULL. */
static const uint8_t *table_view(paddr_t pa, const char *sig)
{
    const uint8_t *p = phys_view(pa, HEADER_SIZE);
    uint32_t size;

    if (!p || (sig && memcmp(p, sig, 4) != 0))
        return NULL;
    size = get32(p + 4);
    if (size < HEADER_SIZE || size > TABLE_MAX)
        return NULL;
    p = phys_view(pa, size);
    if (!p || !sum_is_zero(p, size)) {
        log_warn("ACPI: a table with a bad checksum is ignored");
        return NULL;
    }
    return p;
}

const void *arch_acpi_find(const char sig[4])
{
    const uint8_t *root;
    uint32_t size;

    if (!root_table)
        return NULL;
    if (memcmp(sig, "DSDT", 4) == 0)    /* hangs off the FADT, not the root */
        return dsdt_table;
    root = phys_view(root_table, HEADER_SIZE);
    root = root ? phys_view(root_table, get32(root + 4)) : NULL;
    if (!root)
        return NULL;
    size = get32(root + 4);
    for (uint32_t at = HEADER_SIZE; at + root_entry_size <= size;
         at += root_entry_size) {
        paddr_t pa = root_entry_size == 8 ? get64(root + at)
                                          : get32(root + at);
        const uint8_t *t = pa ? table_view(pa, sig) : NULL;

        if (t)
            return t;
    }
    return NULL;
}

static bool rsdp_use(paddr_t pa)
{
    const uint8_t *p = phys_view(pa, 36);

    if (!p || memcmp(p, "RSD PTR ", 8) != 0 || !sum_is_zero(p, 20))
        return false;
    root_table = get32(p + 16);
    root_entry_size = 4;
    if (p[15] >= 2 && get32(p + 20) >= 36 && sum_is_zero(p, 36) &&
        get64(p + 24)) {
        root_table = get64(p + 24);
        root_entry_size = 8;
    }
    if (!table_view(root_table, root_entry_size == 8 ? "XSDT" : "RSDT"))
        root_table = 0;
    return root_table != 0;
}

static void rsdp_find(void)
{
    if (boot_info.acpi_rsdp && rsdp_use(boot_info.acpi_rsdp))
        return;
    for (paddr_t pa = 0xe0000; pa < 0x100000; pa += 16)
        if (*(const uint64_t *)phys_to_virt(pa) == 0x2052545020445352ull &&
            rsdp_use(pa)) {
            boot_info.acpi_rsdp = pa;
            return;
        }
}

/* --- the MADT --- */

enum madt_type { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2,
                 MADT_CPU_X2 = 9 };
#define MADT_CPU_ENABLED 1u

static void madt_cpu(uint32_t apic_id, uint32_t flags)
{
    if (!(flags & MADT_CPU_ENABLED))
        return;
    if (x86_madt.cpu_count == CPUS_MAX) {
        log_warn("ACPI: more than %d CPUs; APIC id %u stays off", CPUS_MAX,
                 apic_id);
        return;
    }
    x86_madt.apic_ids[x86_madt.cpu_count++] = apic_id;
}

static void madt_entry(const uint8_t *e, unsigned size)
{
    struct x86_madt *m = &x86_madt;

    if (e[0] == MADT_CPU && size >= 8) {
        madt_cpu(e[3], get32(e + 4));
    } else if (e[0] == MADT_CPU_X2 && size >= 16) {
        madt_cpu(get32(e + 4), get32(e + 8));
    } else if (e[0] == MADT_IOAPIC && size >= 12 &&
               m->ioapic_count < IOAPICS_MAX) {
        m->ioapics[m->ioapic_count].pa = get32(e + 4);
        m->ioapics[m->ioapic_count++].gsi_base = get32(e + 8);
    } else if (e[0] == MADT_OVERRIDE && size >= 10 &&
               m->override_count < OVERRIDES_MAX) {
        m->overrides[m->override_count].isa = e[3];
        m->overrides[m->override_count].gsi = get32(e + 4);
        m->overrides[m->override_count++].flags = e[8];
    }
}

static void madt_read(void)
{
    const uint8_t *t = arch_acpi_find("APIC");
    uint32_t size = t ? get32(t + 4) : 0, at = 44;

    while (at + 2 <= size && t[at + 1] >= 2 && at + t[at + 1] <= size) {
        madt_entry(t + at, t[at + 1]);
        at += t[at + 1];
    }
}

/* --- power-off --- */

#define FADT_DSDT        40
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT    64
#define FADT_PM1B_CNT    68
#define FADT_PM_TIMER    76
#define FADT_FLAGS       112
#define FADT_X_DSDT      140
#define FADT_SLEEP_REG   244
#define FADT_HW_REDUCED  (1u << 20)
#define GAS_SIZE         12
#define GAS_MEMORY       0
#define GAS_PORT         1

#define PM1_SLP_EN       (1u << 13)
#define SLEEP_EN         (1u << 5)

static struct {
    bool known;
    uint8_t typ_a, typ_b;
    uint16_t pm1a, pm1b;
    uint16_t sleep_port;                /* hardware-reduced */
    volatile uint8_t *sleep_mem;
} s5;

static const uint8_t *element_byte(const uint8_t *p, uint8_t *out)
{
    if (*p == 0x0a) {                   /* BytePrefix */
        *out = p[1];
        return p + 2;
    }
    *out = *p;                          /* ZeroOp, OneOp */
    return p + 1;
}

/* Name (_S5_, Package { SLP_TYPa, SLP_TYPb, ... }) */
static bool s5_search(const uint8_t *dsdt)
{
    uint32_t size = get32(dsdt + 4);

    for (uint32_t i = HEADER_SIZE; i + 16 < size; i++) {
        const uint8_t *p = dsdt + i;

        if (memcmp(p, "_S5_", 4) != 0 || p[4] != 0x12)
            continue;
        p += 5;
        p += (*p >> 6) + 2;             /* PkgLength, NumElements */
        p = element_byte(p, &s5.typ_a);
        element_byte(p, &s5.typ_b);
        return true;
    }
    return false;
}

static void fadt_reduced(const uint8_t *fadt, uint32_t size)
{
    const uint8_t *gas = fadt + FADT_SLEEP_REG;

    if (size < FADT_SLEEP_REG + GAS_SIZE || !get64(gas + 4))
        return;
    if (gas[0] == GAS_PORT)
        s5.sleep_port = (uint16_t)get64(gas + 4);
    else if (gas[0] == GAS_MEMORY)
        s5.sleep_mem = arch_mmio_map(get64(gas + 4), 1);
}

static void fadt_read(void)
{
    const uint8_t *fadt = arch_acpi_find("FACP");
    uint32_t size = fadt ? get32(fadt + 4) : 0;
    paddr_t dsdt_pa;

    if (size < FADT_FLAGS + 4)
        return;
    if (get32(fadt + FADT_FLAGS) & FADT_HW_REDUCED) {
        fadt_reduced(fadt, size);
    } else {
        s5.pm1a = (uint16_t)get32(fadt + FADT_PM1A_CNT);
        s5.pm1b = (uint16_t)get32(fadt + FADT_PM1B_CNT);
        x86_pm_timer_port = (uint16_t)get32(fadt + FADT_PM_TIMER);
        /* Hand the hardware over from SMM, when it is not yet ours. */
        if (get32(fadt + FADT_SMI_CMD) && s5.pm1a &&
            !(arch_in16(s5.pm1a) & 1))
            arch_out8((uint16_t)get32(fadt + FADT_SMI_CMD),
                      fadt[FADT_ACPI_ENABLE]);
    }
    dsdt_pa = get32(fadt + FADT_DSDT);
    if (size >= FADT_X_DSDT + 8 && get64(fadt + FADT_X_DSDT))
        dsdt_pa = get64(fadt + FADT_X_DSDT);
    dsdt_table = dsdt_pa ? table_view(dsdt_pa, "DSDT") : NULL;
    s5.known = dsdt_table && s5_search(dsdt_table);
}

bool x86_acpi_power_off(void)
{
    if (!s5.known)
        return false;
    if (s5.sleep_mem)
        *s5.sleep_mem = (uint8_t)(s5.typ_a << 2 | SLEEP_EN);
    else if (s5.sleep_port)
        arch_out8(s5.sleep_port, (uint8_t)(s5.typ_a << 2 | SLEEP_EN));
    else if (s5.pm1a)
        arch_out16(s5.pm1a, (uint16_t)(s5.typ_a << 10 | PM1_SLP_EN));
    if (s5.pm1b)
        arch_out16(s5.pm1b, (uint16_t)(s5.typ_b << 10 | PM1_SLP_EN));
    return s5.sleep_mem || s5.sleep_port || s5.pm1a;
}

/* --- the power button --- */

#define FADT_SCI         46
#define FADT_PM1A_EVT    56
#define FADT_PM1_EVT_LEN 88

/* OperationRegion (EREG, SystemMemory, DWord address, ...) */
static paddr_t ged_region(const uint8_t *dsdt, uint32_t size)
{
    static const uint8_t start[] = { 0x5b, 0x80, 'E', 'R', 'E', 'G', 0,
                                     0x0c };

    for (uint32_t i = HEADER_SIZE; i + 16 < size; i++)
        if (memcmp(dsdt + i, start, sizeof(start)) == 0)
            return get32(dsdt + i + sizeof(start));
    return 0;
}

/* The first extended interrupt descriptor with one interrupt behind the
 * device's name. */
static bool ged_interrupt(const uint8_t *dsdt, uint32_t size,
                          struct x86_power_button *out)
{
    uint32_t i = HEADER_SIZE;

    while (i + 16 < size && memcmp(dsdt + i, "ACPI0013", 8) != 0)
        i++;
    for (; i + 16 < size; i++) {
        const uint8_t *p = dsdt + i;

        if (p[0] != 0x89 || p[1] != 6 || p[2] != 0 || p[4] != 1)
            continue;
        out->ged_level = !(p[3] & 2);
        out->ged_low = p[3] & 4;
        out->ged_gsi = get32(p + 5);
        return true;
    }
    return false;
}

void x86_acpi_power_button(struct x86_power_button *out)
{
    const uint8_t *fadt = arch_acpi_find("FACP");
    uint32_t size = fadt ? get32(fadt + 4) : 0;

    memset(out, 0, sizeof(*out));
    if (size < FADT_FLAGS + 4)
        return;
    if (get32(fadt + FADT_FLAGS) & FADT_HW_REDUCED) {
        if (dsdt_table)
            out->ged = ged_region(dsdt_table, get32(dsdt_table + 4));
        if (out->ged && !ged_interrupt(dsdt_table, get32(dsdt_table + 4),
                                       out))
            out->ged = 0;
        return;
    }
    memcpy(&out->sci, fadt + FADT_SCI, 2);
    out->event_port = (uint16_t)get32(fadt + FADT_PM1A_EVT);
    out->event_size = fadt[FADT_PM1_EVT_LEN];
}

void x86_acpi_init(void)
{
    rsdp_find();
    madt_read();
    fadt_read();
}
