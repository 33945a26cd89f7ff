/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_main: the one ordered list of the kernel's start-up, and the hooks
 * that arch calls up by.
 */
#include "../sched/sched.h"

static void early_sink(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            arch_early_putc('\r');
        arch_early_putc(text[i]);
    }
}

void kernel_main(void)
{
    log_sink_set(early_sink);
    log_level_set(LOG_INFO);
    log_info("Hull on %s, %s", arch_hypervisor(), arch_cpu_model());
    panic("nothing to run yet");
}
