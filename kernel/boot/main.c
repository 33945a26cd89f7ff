/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_main: the one ordered list of the kernel's start-up, and the hooks
 * that arch calls up by. What to run, and its end, is program.c's.
 */
#include "../abi/abi.h"
#include "../dev/dev.h"
#include "../observe/observe.h"
#include "boot_priv.h"

static const struct arch_hooks hooks = {
    .pt_alloc = mm_pt_alloc,
    .pt_free = mm_pt_free,
    .fault = abi_fault,
    .trap = abi_trap,
    .syscall = abi_syscall,
    .exit_work = abi_exit_work,
    .timer = sched_timer_interrupt,
    .resched = sched_resched_interrupt,
};

/* The log level that the command line asks for must hold before it is read
 * in full, which needs the heap. */
static void log_start(void)
{
    const char *word = boot_info.cmdline;
    size_t n = strlen("loglevel=");

    log_sink_set(console_write_sync);   /* arch's early one until dev_init */
    arch_panic_sink_set(console_write_sync);
    for (; *word; word++)
        if ((word == boot_info.cmdline || word[-1] == ' ') &&
            str_starts(word, "loglevel=") && word[n] >= '0' && word[n] <= '7')
            log_level_set(word[n] - '0');
}

/* Each line's needs are the lines above it. */
void kernel_main(void)
{
    log_start();
    log_info("Hull on %s, %s", arch_hypervisor(), arch_cpu_model());
    mm_init(&boot_info);                /* frames, heap */
    arch_hooks = &hooks;                /* arch may ask for frames */
    sched_init();                       /* this becomes a thread */
    irq_enable();
    arch_cpus_start(CPUS_MAX, sched_cpu_run);
    dev_init(boot_info.cmdline);        /* disks, NICs, console */
    random_init();
    arch_kernel_protect();
    fs_init();
    boot_abi_init();                    /* /dev/console, /proc of processes */
    boot_program_start();               /* the manifest, the root, argv[0] */
    log_info("%u CPUs, up in %lu us", cpu_count(), arch_clock() / 1000);
    for (;;)
        thread_sleep_until(NSEC_FOREVER, 0);
}
