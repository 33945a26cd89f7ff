/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_main: the one ordered list of the kernel's start-up, and the hooks
 * that arch calls up by.
 */
#include "../dev/dev.h"
#include "../mm/mm.h"
#include "../sched/sched.h"
#include "program.h"

static void early_sink(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            arch_early_putc('\r');
        arch_early_putc(text[i]);
    }
}

/* Each line's needs are the lines above it. */
void kernel_main(void)
{
    log_sink_set(early_sink);
    log_level_set(LOG_INFO);
    log_info("Hull on %s, %s", arch_hypervisor(), arch_cpu_model());
    mm_init(&boot_info);                /* frames, heap */
    arch_hooks = &program_hooks;        /* arch may ask for frames */
    sched_init();                       /* this becomes a thread */
    irq_enable();
    arch_cpus_start(CPUS_MAX, sched_cpu_run);
    dev_init(boot_info.cmdline);        /* disks, NICs, console */
    random_init();
    arch_kernel_protect();
    log_info("%u CPUs, up in %lu us", cpu_count(), arch_clock() / 1000);
    program_main();                     /* root, program, power-off */
}
