/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time by the TSC, and the one-shot timer by TSC deadline or APIC count.
 *
 * The TSC's rate comes from whoever knows it: KVM's paravirtual clock, the
 * hypervisor's timing leaf, the CPU's own leaf; else it is measured against
 * the APIC timer where its rate is known (QEMU's TCG counts nanoseconds), the
 * ACPI PM timer or the PIT. All CPUs' TSCs are taken to agree.
 */
#include "x86_priv.h"

#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define KVM_FEATURE_CLOCK2  (1u << 3)
#define PVCLOCK_STABLE      1u

#define PM_TIMER_HZ   3579545u
#define PIT_HZ        1193182u
#define MEASURE_NS    (2 * NSEC_PER_MSEC)
#define KHZ_PER_GHZ   1000000u

struct pvclock {
    uint32_t version, pad0;
    uint64_t tsc_timestamp, system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, pad[2];
} __packed;

/* ns = cycles * mult >> shift, the product in 128 bits */
struct scale {
    uint32_t mult, shift;
};

static uint64_t tsc_khz_known;          /* [I] */
static uint64_t cycle_base;             /* [I] TSC at arch_clock() == 0 */
static struct scale to_ns, from_ns;     /* [I] TSC */
static struct scale apic_from_ns;       /* [I] APIC timer ticks */
static bool deadline_mode;              /* [I] */
static const char *rate_source;         /* [I] who knew the TSC's rate */
static nsec_t timer_deadline[CPUS_MAX]; /* [c] */

static uint64_t scale_apply(struct scale s, uint64_t v)
{
    return (uint64_t)((unsigned __int128)v * s.mult >> s.shift);
}

/* The scale num/den with as many bits as fit. */
static struct scale scale_make(uint64_t num, uint64_t den)
{
    struct scale s = { 0, 0 };
    uint64_t whole = num, rest = 0, q;

    q = whole / den;
    rest = whole % den;
    while (q < 1u << 31 && s.shift < 63) {
        rest <<= 1;
        q = q << 1 | (rest >= den);
        if (rest >= den)
            rest -= den;
        s.shift++;
    }
    s.mult = (uint32_t)q;
    return s;
}

static uint64_t pvclock_khz(void)
{
    static volatile struct pvclock area __aligned(64);
    uint64_t hz;

    if (!x86_features.kvm || !(x86_features.kvm_features & KVM_FEATURE_CLOCK2))
        return 0;
    wrmsr(MSR_KVM_SYSTEM_TIME, virt_to_phys((const void *)&area) | 1);
    wrmsr(MSR_KVM_SYSTEM_TIME, 0);
    if (!area.tsc_to_system_mul)
        return 0;
    /* ns = (tsc << shift) * mul >> 32 */
    hz = (NSEC_PER_SEC << 32) / area.tsc_to_system_mul;
    hz = area.tsc_shift < 0 ? hz << -area.tsc_shift : hz >> area.tsc_shift;
    return hz / 1000;
}

static uint64_t leaf_khz(void)
{
    uint32_t max = cpuid(0, 0).a;

    if (x86_features.hypervisor && cpuid(0x40000000, 0).a >= 0x40000010) {
        uint32_t khz = cpuid(0x40000010, 0).a;

        if (khz)
            return khz;
    }
    if (max >= 0x15) {
        struct cpuid r = cpuid(0x15, 0);

        if (r.a && r.b && r.c)
            return (uint64_t)r.c * r.b / r.a / 1000;
    }
    return 0;
}

/* --- measuring against a reference that counts up, masked --- */

static uint32_t reference_apic(void)
{
    return ~x86_apic_timer_left();
}

static uint32_t reference_pm(void)
{
    return arch_in32(x86_pm_timer_port);
}

static uint32_t reference_pit(void)
{
    uint8_t lo, hi;

    arch_out8(0x43, 0);                 /* latch counter 0 */
    lo = arch_in8(0x40);
    hi = arch_in8(0x40);
    return ~((uint32_t)hi << 8 | lo);
}

struct reference {
    uint32_t (*read)(void);
    uint32_t mask;
    uint32_t hz;
};

struct sample {
    uint64_t tsc;
    uint32_t ref;
};

/* The read whose TSC brackets are closest, of several. */
static struct sample sample_take(const struct reference *r)
{
    struct sample best = { 0, 0 };
    uint64_t narrowest = ~0ull;

    for (unsigned i = 0; i < 8; i++) {
        uint64_t before = arch_cycles();
        uint32_t ref = r->read();
        uint64_t after = arch_cycles();

        if (after - before < narrowest) {
            narrowest = after - before;
            best.tsc = before + (after - before) / 2;
            best.ref = ref;
        }
    }
    return best;
}

static bool reference_pick(struct reference *r)
{
    if (strcmp(x86_features.hypervisor_name, "TCG") == 0) {
        x86_apic_timer_init(false);
        x86_apic_timer_count(~0u);
        *r = (struct reference){ reference_apic, ~0u, NSEC_PER_SEC };
        return true;
    }
    if (x86_pm_timer_port) {
        *r = (struct reference){ reference_pm, 0xffffff, PM_TIMER_HZ };
        return true;
    }
    arch_out8(0x43, 0x34);              /* counter 0: rate, from 65536 */
    arch_out8(0x40, 0);
    arch_out8(0x40, 0);
    *r = (struct reference){ reference_pit, 0xffff, PIT_HZ };
    return true;
}

/* Waits n reference ticks; returns the TSC cycles and APIC ticks of it. */
static void measure(const struct reference *r, uint64_t *tsc, uint64_t *apic,
                    uint64_t *ticks)
{
    uint64_t want = MEASURE_NS * r->hz / NSEC_PER_SEC, start_tsc;
    struct sample a, b;
    uint32_t apic_a;

    x86_apic_timer_init(false);
    x86_apic_timer_count(~0u);
    a = sample_take(r);
    apic_a = x86_apic_timer_left();
    start_tsc = arch_cycles();
    while (((r->read() - a.ref) & r->mask) < want)
        if (arch_cycles() - start_tsc > 1ull << 32)
            break;                      /* the reference stands still */
    b = sample_take(r);
    *apic = apic_a - x86_apic_timer_left();
    *tsc = b.tsc - a.tsc;
    *ticks = (b.ref - a.ref) & r->mask;
    x86_apic_timer_count(0);
}

static void rates_measure(uint64_t *tsc_khz, uint64_t *apic_khz)
{
    struct reference r;
    uint64_t tsc, apic, ticks;

    reference_pick(&r);
    measure(&r, &tsc, &apic, &ticks);
    if (ticks == 0 || tsc == 0)
        panic("clock: no time reference that runs");
    if (!*tsc_khz)
        *tsc_khz = tsc * r.hz / ticks / 1000;
    if (r.read == reference_apic)
        *apic_khz = KHZ_PER_GHZ;
    else if (!*apic_khz)
        *apic_khz = apic * r.hz / ticks / 1000;
}

/* This CPU's timer. */
static bool rdtscp_known(void)
{
    return cpuid(0x80000000, 0).a >= 0x80000001 &&
           (cpuid(0x80000001, 0).d >> 27 & 1);
}

void x86_clock_cpu_init(void)
{
    if (rdtscp_known())
        wrmsr(MSR_TSC_AUX, cpu_id());   /* for the vDSO's getcpu */
    timer_deadline[cpu_id()] = NSEC_FOREVER;
    x86_apic_timer_init(deadline_mode);
}

void x86_clock_init(void)
{
    uint64_t tsc_khz = pvclock_khz(), apic_khz = 0;

    rate_source = tsc_khz ? "kvmclock" : "CPUID";
    if (!tsc_khz)
        tsc_khz = leaf_khz();
    if (!tsc_khz)
        rate_source = "measurement";
    deadline_mode = x86_features.tsc_deadline;
    if (x86_features.kvm)
        apic_khz = KHZ_PER_GHZ;         /* KVM's APIC bus counts ns */
    if (!tsc_khz || (!deadline_mode && !apic_khz))
        rates_measure(&tsc_khz, &apic_khz);
    tsc_khz_known = tsc_khz;
    to_ns = scale_make(1000000, tsc_khz);
    from_ns = scale_make(tsc_khz, 1000000);
    apic_from_ns = scale_make(apic_khz ? apic_khz : KHZ_PER_GHZ, 1000000);
    cycle_base = arch_cycles();
    x86_clock_cpu_init();
    x86_wall_init();
}

/* Once the log's level is known. */
void x86_clock_log(void)
{
    log_debug("clock: TSC %lu kHz by %s, timer by %s", tsc_khz_known,
              rate_source, deadline_mode ? "TSC deadline" : "APIC count");
}

uint32_t x86_tsc_khz(void)
{
    return (uint32_t)tsc_khz_known;
}

nsec_t arch_clock(void)
{
    return scale_apply(to_ns, arch_cycles() - cycle_base);
}

void arch_timer_set(nsec_t deadline)
{
    nsec_t now;
    uint64_t ticks;

    timer_deadline[cpu_id()] = deadline;
    if (deadline_mode) {
        wrmsr(MSR_TSC_DEADLINE, deadline == NSEC_FOREVER ? 0 :
              cycle_base + scale_apply(from_ns, deadline) + 1);
        return;
    }
    if (deadline == NSEC_FOREVER) {
        x86_apic_timer_count(0);
        return;
    }
    now = arch_clock();
    ticks = deadline > now ? scale_apply(apic_from_ns, deadline - now) : 0;
    x86_apic_timer_count((uint32_t)MIN(ticks + 1, (uint64_t)UINT32_MAX));
}

/* The count reaches some seconds only: a later deadline takes several. */
void x86_timer_interrupt(void)
{
    nsec_t deadline = timer_deadline[cpu_id()];

    if (deadline == NSEC_FOREVER)
        return;
    if (arch_clock() < deadline) {
        arch_timer_set(deadline);
        return;
    }
    timer_deadline[cpu_id()] = NSEC_FOREVER;
    arch_hooks->timer();
}

void arch_vdso_clock_get(struct arch_vdso_clock *out)
{
    out->cycle_base = cycle_base;
    out->mult = to_ns.mult;
    out->shift = to_ns.shift;
    out->mono_base = 0;
    out->usable = true;
    out->cpu_known = rdtscp_known();
}
