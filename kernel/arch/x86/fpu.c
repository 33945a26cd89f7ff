/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU and vector state of threads that run the program; kernel code never
 * touches it.
 *
 *   clean --x86_fpu_enter--> live in this CPU's registers
 *   live --x86_fpu_switch to another program thread--> saved in t->fpu
 *   saved --x86_fpu_switch to it--> live
 *
 * A CPU that goes idle or runs a kernel thread leaves the state where it is,
 * so a thread that comes straight back pays nothing; until then
 * t->fpu_live names the CPU and the thread is pinned to it.
 *
 * The area is XSAVE's standard format (a signal frame needs that), at most
 * a page, or FXSAVE's where XSAVE is missing.
 */
#include "x86_priv.h"

#define XCR0_X87    0x1u
#define XCR0_SSE    0x2u
#define XCR0_AVX    0x4u
#define XCR0_AVX512 0xe0u

#define CR4_PAE        (1u << 5)
#define CR4_PGE        (1u << 7)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)

#define FPU_LEGACY_SIZE 512
#define FPU_HEADER_END  576

static uint8_t clean_area[FPU_HEADER_END] __aligned(64);

static void area_save(void *area)
{
    if (x86_features.xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)"
                         : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
    else
        x86_fpu_save(area);
}

/* All components, whatever has been saved there before. */
void x86_fpu_save(void *area)
{
    if (x86_features.xsave)
        __asm__ volatile("xsave64 (%0)"
                         : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void area_restore(const void *area)
{
    if (x86_features.xsave)
        __asm__ volatile("xrstor64 (%0)"
                         : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* As area_restore, for an area that came from the program. */
static bool area_restore_checked(const void *area)
{
    bool ok;

    if (x86_features.xsave)
        __asm__ volatile("1: xrstor64 (%1)\n movb $1, %0\n jmp 3f\n"
                         "2: movb $0, %0\n3:\n"
                         ".pushsection .extable,\"a\"\n"
                         ".long 1b - ., 2b - .\n.popsection"
                         : "=&q"(ok) : "r"(area), "a"(~0u), "d"(~0u)
                         : "memory");
    else
        __asm__ volatile("1: fxrstor64 (%1)\n movb $1, %0\n jmp 3f\n"
                         "2: movb $0, %0\n3:\n"
                         ".pushsection .extable,\"a\"\n"
                         ".long 1b - ., 2b - .\n.popsection"
                         : "=&q"(ok) : "r"(area) : "memory");
    return ok;
}

/* On each CPU. */
void x86_fpu_cpu_init(void)
{
    struct x86_features *f = &x86_features;
    uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    uint64_t offered;

    if (f->xsave)
        cr4 |= CR4_OSXSAVE;
    if (f->fsgsbase)
        cr4 |= CR4_FSGSBASE;
    write_cr4(cr4);
    f->xsave_size = FPU_LEGACY_SIZE;
    f->xcr0 = XCR0_X87 | XCR0_SSE;
    if (f->xsave) {
        struct cpuid r = cpuid(0xd, 0);

        offered = (uint64_t)r.d << 32 | r.a;
        if (offered & XCR0_AVX)
            f->xcr0 |= XCR0_AVX;
        if ((offered & XCR0_AVX512) == XCR0_AVX512 && (f->xcr0 & XCR0_AVX))
            f->xcr0 |= XCR0_AVX512;
        __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)f->xcr0),
                         "d"((uint32_t)(f->xcr0 >> 32)));
        f->xsave_size = cpuid(0xd, 0).b;
        f->xsaveopt = cpuid(0xd, 1).a & 1;
    }
    ASSERT(f->xsave_size <= X86_FPU_AREA_MAX);
    __asm__ volatile("fninit");
    x86_fpu_clean_init();
}

/* The state a program starts with: all clear, but for two control words. */
void x86_fpu_clean_init(void)
{
    static uint8_t probe[FPU_LEGACY_SIZE] __aligned(64);
    uint16_t fcw = 0x37f;
    uint32_t mxcsr = 0x1f80, mask;

    __asm__ volatile("fxsave64 (%0)" : : "r"(probe) : "memory");
    memcpy(&mask, probe + 28, 4);
    x86_features.mxcsr_mask = mask ? mask : 0xffbf;
    memcpy(clean_area, &fcw, 2);
    memcpy(clean_area + 24, &mxcsr, 4);
}

void x86_fpu_thread_init(struct arch_thread *t, void *area)
{
    t->fpu = area;
    t->fpu_live = 0;
    t->in_program = false;
    memset(area, 0, x86_features.xsave_size);
}

/* Saves whatever thread's state is in the registers. Interrupts off. */
static void owner_evict(struct cpu *c)
{
    struct arch_thread *owner = c->fpu_owner;

    if (!owner)
        return;
    area_save(owner->fpu);
    c->fpu_owner = NULL;
    __atomic_store_n(&owner->fpu_live, 0, __ATOMIC_RELEASE);
}

void arch_thread_unpin(struct arch_thread *t)
{
    struct cpu *c = cpu_self();

    if (c->fpu_owner == t)
        owner_evict(c);
}

static void owner_set(struct cpu *c, struct arch_thread *t)
{
    c->fpu_owner = t;
    __atomic_store_n(&t->fpu_live, c->id + 1, __ATOMIC_RELEASE);
}

/* `t`, which has been in the program, is about to run. Interrupts off. */
void x86_fpu_switch(struct arch_thread *t)
{
    struct cpu *c = cpu_self();

    if (c->fpu_owner == t)
        return;
    ASSERT(!t->fpu_live);
    owner_evict(c);
    area_restore(t->fpu);
    owner_set(c, t);
}

/* The current thread goes to the program for the first time. */
void x86_fpu_enter(struct arch_thread *t)
{
    struct cpu *c = cpu_self();

    owner_evict(c);
    area_restore(clean_area);
    owner_set(c, t);
}

/* The current thread's state as of now, into `area` (aligned to 64). */
void x86_fpu_get(void *area)
{
    uint64_t flags = irq_save();

    x86_fpu_save(area);
    irq_restore(flags);
}

/* Loads a checked area as the current thread's state. */
bool x86_fpu_set(const void *area)
{
    uint64_t flags = irq_save();
    bool ok = area_restore_checked(area);

    if (!ok)
        area_restore(clean_area);
    irq_restore(flags);
    return ok;
}

/* The clean state, as for a new program. */
bool x86_fpu_reset(void)
{
    uint64_t flags = irq_save();

    area_restore(clean_area);
    irq_restore(flags);
    return true;
}

void arch_thread_copy(struct arch_thread *t, struct arch_thread *parent)
{
    ASSERT(parent == (struct arch_thread *)arch_current());
    if (!parent->in_program)
        return;
    x86_fpu_get(t->fpu);
    t->fs_base = arch_tls_get();
    t->in_program = true;
}

/* The thread is dead and off every CPU, but its state may still be named as
 * live on the CPU where it died. */
static void owner_forget(void *arg)
{
    struct cpu *c = cpu_self();

    if (c->fpu_owner == arg)
        c->fpu_owner = NULL;
}

void arch_thread_release(struct arch_thread *t)
{
    uint32_t live = __atomic_load_n(&t->fpu_live, __ATOMIC_ACQUIRE);

    if (live) {
        uint64_t flags = irq_save();
        unsigned here = cpu_id();

        owner_forget(t);
        irq_restore(flags);
        if (live != here + 1)
            x86_ipi_call(1ull << (live - 1), owner_forget, t);
    }
    t->fpu_live = 0;
    t->fpu = NULL;
}
