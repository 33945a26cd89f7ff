/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test that runs sched starts with, in place of unit_boot alone. */
#ifndef HULL_UNIT_SCHED_H
#define HULL_UNIT_SCHED_H

#include "unit.h"

#include "sched/sched.h"

/* unit_boot with 64 MiB, then sched, which the harness's hooks do not know. */
static inline void unit_sched_boot(void)
{
    static const struct arch_hooks hooks = {
        .pt_alloc = mm_pt_alloc,
        .pt_free = mm_pt_free,
        .fault = mm_fault,
        .timer = sched_timer_interrupt,
        .resched = sched_resched_interrupt,
    };

    unit_boot(64ull << 20);
    arch_hooks = &hooks;
    sched_init();
    irq_enable();
}

#endif
