/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page that the kernel writes and the vDSO reads, mapped below it.
 *
 *   OFFSET  SIZE  MEANING
 *   0       4     sequence: odd while the kernel changes the page
 *   4       4     1: cycles can be turned into time by what follows
 *   8       8     cycles at mono_base
 *   16      4     multiplier, ns = (cycles - base) * mult >> shift
 *   20      4     shift
 *   24      8     monotonic time at the base, ns
 *   32      8     real time minus monotonic time, ns
 *   40      4     1: the CPU says its number (RDTSCP on x86)
 */
#ifndef HULL_ABI_VDSO_DATA_H
#define HULL_ABI_VDSO_DATA_H

#include <stdint.h>

struct vdso_data {
    uint32_t seq;
    uint32_t usable;
    uint64_t cycle_base;
    uint32_t mult, shift;
    uint64_t mono_base;
    uint64_t real_offset;
    uint32_t cpu_known;
    uint32_t pad;
};
_Static_assert(sizeof(struct vdso_data) == 48, "vDSO page layout");

#endif
