/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the CPU offers: x86_features, names, auxiliary vector values, the
 * hardware's random numbers.
 */
#include "x86_priv.h"

struct x86_features x86_features;

static uint32_t feature_edx, feature_ecx;       /* of leaf 1 */

static void text_from_regs(char *out, const uint32_t *words, size_t n)
{
    memcpy(out, words, n);
    out[n] = '\0';
}

static void hypervisor_init(void)
{
    struct x86_features *f = &x86_features;
    struct cpuid r = cpuid(0x40000000, 0);
    uint32_t text[3] = { r.b, r.c, r.d };

    text_from_regs(f->hypervisor_name, text, 12);
    if (strncmp(f->hypervisor_name, "KVMKVMKVM", 9) == 0) {
        f->kvm = true;
        f->kvm_features = cpuid(0x40000001, 0).a;
        strlcpy(f->hypervisor_name, "KVM", sizeof(f->hypervisor_name));
    } else if (str_starts(f->hypervisor_name, "TCGTCG")) {
        strlcpy(f->hypervisor_name, "TCG", sizeof(f->hypervisor_name));
        mem_string_from = SIZE_MAX;     /* it leaves them after each word */
    }
}

static void model_init(uint32_t max_extended)
{
    uint32_t text[12];

    if (max_extended < 0x80000004) {
        strlcpy(x86_features.model, "unknown", sizeof(x86_features.model));
        return;
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid r = cpuid(0x80000002 + i, 0);
        memcpy(&text[i * 4], &r, 16);
    }
    text_from_regs(x86_features.model, text, 48);
}

void x86_features_init(void)
{
    struct x86_features *f = &x86_features;
    struct cpuid r = cpuid(0, 0);
    uint32_t max = r.a, max_extended = cpuid(0x80000000, 0).a;
    uint32_t vendor[3] = { r.b, r.d, r.c };

    text_from_regs(f->vendor, vendor, 12);
    r = cpuid(1, 0);
    feature_edx = r.d;
    feature_ecx = r.c;
    f->xsave = r.c >> 26 & 1;
    f->rdrand = r.c >> 30 & 1;
    f->x2apic = r.c >> 21 & 1;
    f->tsc_deadline = r.c >> 24 & 1;
    f->hypervisor = r.c >> 31 & 1;
    if (max >= 7)
        f->fsgsbase = cpuid(7, 0).b & 1;
    if (max_extended >= 0x80000001)
        f->gib_pages = cpuid(0x80000001, 0).d >> 26 & 1;
    if (max_extended >= 0x80000007)
        f->tsc_invariant = cpuid(0x80000007, 0).d >> 8 & 1;
    f->phys_bits = 36;
    if (max_extended >= 0x80000008)
        f->phys_bits = cpuid(0x80000008, 0).a & 0xff;
    strlcpy(f->hypervisor_name, "none", sizeof(f->hypervisor_name));
    if (f->hypervisor)
        hypervisor_init();
    model_init(max_extended);
}

uint64_t arch_hwcap(void)
{
    return feature_edx;
}

#define HWCAP2_FSGSBASE 2u

uint64_t arch_hwcap2(void)
{
    return x86_features.fsgsbase ? HWCAP2_FSGSBASE : 0;
}

const char *arch_platform(void)
{
    return "x86_64";
}

uint16_t arch_elf_machine(void)
{
    return 62;          /* EM_X86_64 */
}

const char *arch_cpu_model(void)
{
    return x86_features.model;
}

const char *arch_hypervisor(void)
{
    return x86_features.hypervisor_name;
}

bool arch_random_u64(uint64_t *out)
{
    uint8_t ok;

    if (!x86_features.rdrand)
        return false;
    for (unsigned i = 0; i < 10; i++) {         /* Intel's advice: 10 */
        uint64_t v;

        __asm__ volatile("rdrand %0; setc %1" : "=r"(v), "=qm"(ok));
        if (ok) {
            *out = v;
            return true;
        }
    }
    return false;
}
