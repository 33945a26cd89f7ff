/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One CPU's paragraph of /proc/cpuinfo, with Linux's names of the flags. Only
 * flags that the program can use are listed.
 */
#include "x86_priv.h"

struct flag_word {
    uint32_t leaf, sub;
    unsigned reg;               /* 0 eax ... 3 edx */
    const char *const *names;   /* 32 names, NULL: not listed */
};

static const char *const leaf1_edx[32] = {
    "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic",
    NULL, "sep", "mtrr", "pge", "mca", "cmov", "pat", "pse36", NULL,
    "clflush", NULL, NULL, NULL, "mmx", "fxsr", "sse", "sse2", "ss", "ht",
};
static const char *const leaf1_ecx[32] = {
    "pni", "pclmulqdq", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "ssse3",
    NULL, NULL, "fma", "cx16", NULL, NULL, NULL, "pcid", NULL, "sse4_1",
    "sse4_2", "x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes",
    "xsave", NULL, "avx", "f16c", "rdrand", "hypervisor",
};
static const char *const leaf7_ebx[32] = {
    "fsgsbase", NULL, NULL, "bmi1", "hle", "avx2", NULL, "smep", "bmi2",
    "erms", "invpcid", "rtm", NULL, NULL, NULL, NULL, "avx512f", "avx512dq",
    "rdseed", "adx", "smap", "avx512ifma", NULL, "clflushopt", "clwb", NULL,
    NULL, NULL, "avx512cd", "sha_ni", "avx512bw", "avx512vl",
};
static const char *const leaf7_ecx[32] = {
    NULL, "avx512vbmi", NULL, NULL, NULL, NULL, "avx512_vbmi2", NULL, "gfni",
    "vaes", "vpclmulqdq", "avx512_vnni", "avx512_bitalg", NULL,
    "avx512_vpopcntdq", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "rdpid",
};
static const char *const ext1_edx[32] = {
    [11] = "syscall", [20] = "nx", [26] = "pdpe1gb", [27] = "rdtscp",
    [29] = "lm",
};
static const char *const ext1_ecx[32] = {
    [0] = "lahf_lm", [5] = "abm", [6] = "sse4a", [8] = "3dnowprefetch",
};
static const char *const ext7_edx[32] = {
    [8] = "constant_tsc nonstop_tsc",
};

static const struct flag_word words[] = {
    { 1, 0, 3, leaf1_edx }, { 0x80000001, 0, 3, ext1_edx },
    { 0x80000007, 0, 3, ext7_edx }, { 1, 0, 2, leaf1_ecx },
    { 0x80000001, 0, 2, ext1_ecx }, { 7, 0, 1, leaf7_ebx },
    { 7, 0, 2, leaf7_ecx },
};

static int flags_format(char *buf, size_t size)
{
    int n = 0;

    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        const struct flag_word *w = &words[i];
        struct cpuid r = cpuid(w->leaf & 0x80000000, 0);
        uint32_t v[4];

        if (r.a < w->leaf)
            continue;
        r = cpuid(w->leaf, w->sub);
        memcpy(v, &r, sizeof(v));
        for (unsigned bit = 0; bit < 32; bit++)
            if ((v[w->reg] >> bit & 1) && w->names[bit])
                n += scnprintf(buf + n, size - (size_t)n, " %s",
                               w->names[bit]);
    }
    return n;
}

int arch_cpuinfo_format(unsigned cpu, char *buf, size_t size)
{
    uint32_t sig = cpuid(1, 0).a, khz = x86_tsc_khz();
    unsigned family = sig >> 8 & 15, model = sig >> 4 & 15;
    int n;

    if (family == 6 || family == 15)
        model |= (sig >> 16 & 15) << 4;
    if (family == 15)
        family += sig >> 20 & 0xff;
    n = scnprintf(buf, size,
        "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\n"
        "model\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n"
        "cpu MHz\t\t: %u.%03u\nphysical id\t: 0\nsiblings\t: %u\n"
        "core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\nfpu\t\t: yes\n"
        "fpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
        cpu, x86_features.vendor, family, model, x86_features.model,
        sig & 15, khz / 1000, khz % 1000, cpu_count(), cpu, cpu_count(),
        x86_cpus[cpu]->apic_id, cpuid(0, 0).a);
    n += flags_format(buf + n, size - (size_t)n);
    n += scnprintf(buf + n, size - (size_t)n,
        "\nbogomips\t: %u.%02u\nclflush size\t: 64\ncache_alignment\t: 64\n"
        "address sizes\t: %u bits physical, 48 bits virtual\n\n",
        khz / 500, khz / 5 % 100, x86_features.phys_bits);
    return n;
}
