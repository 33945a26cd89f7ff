/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real time at boot: KVM's wall clock, else the CMOS clock. The MC146818
 * register numbers are those of every PC.
 */
#include "x86_priv.h"

#define MSR_KVM_WALL_CLOCK 0x4b564d00
#define KVM_FEATURE_CLOCK2 (1u << 3)

#define RTC_INDEX 0x70
#define RTC_DATA  0x71
#define RTC_A     0x0a
#define RTC_B     0x0b
#define RTC_A_UPDATING 0x80
#define RTC_B_BINARY   0x04
#define RTC_B_24H      0x02
#define RTC_SPINS_MAX  10000

struct kvm_wall {
    uint32_t version, sec, nsec;
} __packed;

static bool kvm_wall_read(void)
{
    static volatile struct kvm_wall wall __aligned(16);

    if (!x86_features.kvm || !(x86_features.kvm_features & KVM_FEATURE_CLOCK2))
        return false;
    wrmsr(MSR_KVM_WALL_CLOCK, virt_to_phys((const void *)&wall));
    if (!wall.sec)
        return false;
    /* The wall clock when the guest was started: a few ms ago. */
    boot_info.wall_at_boot = wall.sec * NSEC_PER_SEC + wall.nsec;
    return true;
}

static uint8_t rtc_read(uint8_t reg)
{
    arch_out8(RTC_INDEX, reg);
    return arch_in8(RTC_DATA);
}

static unsigned from_bcd(unsigned v, bool binary)
{
    return binary ? v : (v >> 4) * 10 + (v & 15);
}

/* Days since 1970-01-01 of a Gregorian date. */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212,
                                       243, 273, 304, 334 };
    unsigned y = year - 1;
    uint64_t days = y * 365ull + y / 4 - y / 100 + y / 400;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    days += before[month - 1] + (month > 2 && leap) + day - 1;
    return days - 719162;               /* those up to 1970-01-01 */
}

void x86_wall_init(void)
{
    unsigned t[6];      /* second minute hour day month year */
    static const uint8_t regs[6] = { 0, 2, 4, 7, 8, 9 };
    uint8_t b;
    bool binary, pm;
    unsigned spins = 0;

    if (kvm_wall_read())
        return;
    b = rtc_read(RTC_B);
    if (b == 0xff)
        return;                         /* no such device */
    while ((rtc_read(RTC_A) & RTC_A_UPDATING) && spins++ < RTC_SPINS_MAX)
        cpu_relax();
    for (unsigned i = 0; i < 6; i++)
        t[i] = rtc_read(regs[i]);
    binary = b & RTC_B_BINARY;
    pm = !(b & RTC_B_24H) && (t[2] & 0x80);
    t[2] &= b & RTC_B_24H ? 0xff : 0x7f;
    for (unsigned i = 0; i < 6; i++)
        t[i] = from_bcd(t[i], binary);
    if (!(b & RTC_B_24H))
        t[2] = t[2] % 12 + (pm ? 12 : 0);
    if (t[4] < 1 || t[4] > 12 || t[3] < 1 || t[3] > 31 || t[2] > 23)
        return;
    boot_info.wall_at_boot = (days_of(2000 + t[5], t[4], t[3]) * 86400 +
                              t[2] * 3600 + t[1] * 60 + t[0]) * NSEC_PER_SEC;
}
