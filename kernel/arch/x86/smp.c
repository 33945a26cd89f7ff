/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other CPUs: starting them, and interrupts that ask one to do something.
 *
 * Start: boot_cpu prepares a struct cpu and a stack for each, wakes all by
 * INIT and SIPI; each takes the next number (smp_entry.S), runs x86_ap_start
 * and calls sched's entry.
 *
 * Calls: one at a time. The caller holds call.lock, sets fn and arg, then
 * `pending`, and waits until every CPU has cleared its bit. A CPU that waits
 * for the lock with interrupts off serves calls meanwhile.
 */
#include "x86_priv.h"

#define TRAMPOLINE_PHYS 0x8000
#define START_TIMEOUT (2 * NSEC_PER_SEC)

extern uint8_t ap_trampoline[], ap_trampoline_end[];
extern uint64_t ap_stacks[CPUS_MAX];    /* smp_entry.S; by number */
extern uint32_t ap_last;

static struct {
    struct spinlock lock;
    void (*fn)(void *);
    void *arg;
    uint64_t pending;           /* [a] CPUs that have not served it yet */
} call;

static unsigned online = 1;     /* [a] */
static void (*ap_entry)(unsigned cpu);

unsigned cpu_count(void)
{
    return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

void arch_ipi_resched(unsigned cpu)
{
    x86_apic_ipi(x86_cpus[cpu]->apic_id, APIC_IPI_FIXED | VEC_RESCHED);
}

void x86_ipi_serve(void)
{
    uint64_t bit = 1ull << cpu_id();

    if (!(__atomic_load_n(&call.pending, __ATOMIC_ACQUIRE) & bit))
        return;
    call.fn(call.arg);
    __atomic_fetch_and(&call.pending, ~bit, __ATOMIC_RELEASE);
}

static void serve_polled(void)
{
    uint64_t flags = irq_save();

    x86_ipi_serve();
    irq_restore(flags);
    cpu_relax();
}

void x86_ipi_call(uint64_t mask, void (*fn)(void *), void *arg)
{
    mask &= ~(1ull << cpu_id());
    if (!mask)
        return;
    while (!spin_trylock(&call.lock))
        serve_polled();
    call.fn = fn;
    call.arg = arg;
    __atomic_store_n(&call.pending, mask, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < CPUS_MAX; i++)
        if (mask >> i & 1)
            x86_apic_ipi(x86_cpus[i]->apic_id, APIC_IPI_FIXED | VEC_CALL);
    while (__atomic_load_n(&call.pending, __ATOMIC_ACQUIRE))
        cpu_relax();
    spin_unlock(&call.lock);
}

void arch_ipi_call_others(void (*fn)(void *), void *arg)
{
    unsigned n = cpu_count();

    x86_ipi_call(n == 64 ? ~0ull : (1ull << n) - 1, fn, arg);
}

/* A new CPU's first C function, on its own stack. */
void x86_ap_start(unsigned id)
{
    struct cpu *c = x86_cpus[id];

    x86_cpu_init(c, id);
    x86_fpu_cpu_init();
    x86_apic_cpu_init();
    x86_clock_cpu_init();
    __atomic_store_n(&c->online, 1, __ATOMIC_RELEASE);
    while (cpu_count() != id)   /* join in order: ids have no gaps */
        cpu_relax();
    __atomic_store_n(&online, id + 1, __ATOMIC_RELEASE);
    ap_entry(id);
    x86_halt_forever();
}

static bool ap_prepare(unsigned id)
{
    paddr_t pa = x86_frame_alloc();
    uint8_t *stack = x86_stack_alloc(KSTACK_SIZE / PAGE_SIZE);
    uint8_t *nmi = x86_stack_alloc(1), *fatal = x86_stack_alloc(1);
    struct cpu *c;

    if (!pa || !stack || !nmi || !fatal)
        return false;
    c = phys_to_virt(pa);
    c->tss.ist[IST_NMI - 1] = (uint64_t)nmi + PAGE_SIZE;
    c->tss.ist[IST_DF - 1] = (uint64_t)fatal + PAGE_SIZE;
    c->tss.ist[IST_MC - 1] = c->tss.ist[IST_DF - 1];
    ap_stacks[id] = (uint64_t)stack + KSTACK_SIZE;
    x86_cpus[id] = c;
    return true;
}

static void ap_wake_all(void)
{
    uint32_t self = x86_apic_id();

    memcpy(phys_to_virt(TRAMPOLINE_PHYS), ap_trampoline,
           (size_t)(ap_trampoline_end - ap_trampoline));
    for (unsigned i = 0; i < x86_madt.cpu_count; i++)
        if (x86_madt.apic_ids[i] != self)
            x86_apic_ipi(x86_madt.apic_ids[i], APIC_IPI_INIT);
    for (unsigned i = 0; i < x86_madt.cpu_count; i++)
        if (x86_madt.apic_ids[i] != self)
            x86_apic_ipi(x86_madt.apic_ids[i],
                         APIC_IPI_STARTUP | TRAMPOLINE_PHYS >> 12);
}

unsigned arch_cpus_start(unsigned max, void (*entry)(unsigned cpu))
{
    unsigned want = MIN(max, x86_madt.cpu_count), ready = 1;
    nsec_t deadline = arch_clock() + START_TIMEOUT;

    x86_clock_log();
    ap_entry = entry;
    while (ready < want && ap_prepare(ready))
        ready++;
    if (ready == 1)
        return cpu_count();
    ap_last = ready - 1;
    ap_wake_all();
    while (cpu_count() < ready && arch_clock() < deadline)
        cpu_relax();
    if (cpu_count() < want)
        log_warn("only %u of %u CPUs started", cpu_count(), want);
    return cpu_count();
}
