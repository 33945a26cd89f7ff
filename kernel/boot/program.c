/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From devices to the program and from its end to the machine's: reads the
 * configuration, mounts the root, starts the program, waits, powers off.
 */
#include "program.h"

#include "../abi/abi.h"
#include "../dev/dev.h"
#include "config.h"
#include "disk.h"

#include <hull/exit.h>

static struct program_end program_end_seen;
static bool program_over;
static struct waitq over_wait = WAITQ_INIT(over_wait);

static void program_ended(const struct program_end *end)
{
    program_end_seen = *end;
    __atomic_store_n(&program_over, true, __ATOMIC_RELEASE);
    waitq_wake_all(&over_wait);
}

static void power_off(bool restart)
{
    (void)restart;
    fs_sync_all();
    arch_power_off(0, false);
}

static const struct abi_boot_ops abi_ops = {
    .console_write = console_write,
    .console_read = console_read,
    .console_rx_wait = &console_rx_wait,
    .console_size = console_size,
    .random_bytes = random_bytes,
    .program_ended = program_ended,
    .power_off = power_off,
};

static void power_button(void *arg)
{
    (void)arg;
    abi_power_button();
}

static void end_machine(const struct boot_config *c, int status)
{
    char line[32];
    int n;

    fs_sync_all();
    if (c->exit_isa) {
        n = scnprintf(line, sizeof(line), HULL_EXIT_LINE, status);
        console_write(line, (size_t)n);
    }
    arch_power_off(status, c->exit_isa);
}

/* The manifest of the loader or of the disk; then the command line. */
static int configure(struct boot_config *c, struct boot_disk *d, bool has_disk)
{
    void *data = NULL;
    size_t size;
    int err = 0;

    if (boot_info.module_size) {
        err = config_read_manifest(c, phys_to_virt(boot_info.module),
                                   boot_info.module_size);
    } else if (has_disk) {
        err = boot_disk_manifest(d, &data, &size);
        if (!err)
            err = config_read_manifest(c, data, size);
        kfree(data);
    }
    if (!err)
        err = config_read_cmdline(c, boot_info.cmdline);
    return err;
}

static int run(struct boot_config *c)
{
    struct program_spec spec = {
        .argv = (const char *const *)c->argv.at,
        .envp = (const char *const *)c->env.at,
        .workdir = c->workdir,
        .fixed_layout = c->fixed_layout,
        .strace = c->strace,
    };
    int err;

    if (!c->argv.count) {
        log_err("boot: nothing to run: no manifest and no --cmd");
        return 127;
    }
    if (c->hostname)
        abi_hostname_set(c->hostname);
    err = program_start(&spec);
    if (err) {
        log_err("boot: %s cannot be started: error %d", c->argv.at[0], -err);
        return err == -ENOENT ? 127 : 126;
    }
    arch_power_button_set(power_button, NULL);
    waitq_wait(&over_wait, __atomic_load_n(&program_over, __ATOMIC_ACQUIRE),
               NSEC_FOREVER, 0);
    if (program_end_seen.signo)
        return 128 + program_end_seen.signo;
    return program_end_seen.status;
}

const struct arch_hooks program_hooks = {
    .pt_alloc = mm_pt_alloc,
    .pt_free = mm_pt_free,
    .fault = abi_fault,
    .trap = abi_trap,
    .syscall = abi_syscall,
    .exit_work = abi_exit_work,
    .timer = sched_timer_interrupt,
    .resched = sched_resched_interrupt,
};

__noreturn void program_main(void)
{
    struct boot_config c;
    struct boot_disk disk;
    bool has_disk = boot_disk_find(&disk) == 0;
    int err;

    config_init(&c);
    fs_init();
    err = abi_init(&abi_ops);
    if (!err)
        err = configure(&c, &disk, has_disk);
    if (err) {
        log_err("boot: configuration: error %d", -err);
        end_machine(&c, HULL_EXIT_PANIC);
    }
    if (c.loglevel >= 0)
        log_level_set(c.loglevel);
    if (has_disk)
        err = fs_mount_root(disk.dev, disk.header.root_off,
                            disk.header.root_size);
    else
        err = fs_mount_empty_root();
    if (err) {
        log_err("boot: the root file system cannot be mounted: error %d",
                -err);
        end_machine(&c, HULL_EXIT_PANIC);
    }
    end_machine(&c, run(&c));
    UNREACHABLE();
}
