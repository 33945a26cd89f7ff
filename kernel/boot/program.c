/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program: its configuration from the manifest and the command line, the
 * root file system, its start, its end.
 */
#include "../abi/abi.h"
#include "../dev/dev.h"
#include "../observe/observe.h"
#include "boot_priv.h"
#include "config.h"
#include "disk.h"

#include <hull/exit.h>

/* What a shell says of a program that cannot be run, or found. */
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127
#define STATUS_SIGNALLED  128

static struct boot_config config;

/* For the tool, which takes these lines off the output. */
static void tell_end(int status)
{
    char line[HULL_MISSING_MAX], names[HULL_MISSING_MAX - 40];
    unsigned missing = abi_missing_names(names, sizeof(names));
    int n;

    if (missing) {
        n = scnprintf(line, sizeof(line), HULL_MISSING_LINE, missing, names);
        console_write(line, (size_t)n);
    }
    n = scnprintf(line, sizeof(line), HULL_EXIT_LINE, status);
    console_write(line, (size_t)n);
}

void boot_end(int status)
{
    fs_sync_all();
    if (config.exit_isa)
        tell_end(status);
    arch_power_off(status, config.exit_isa);
}

static void program_ended(const struct program_end *end)
{
    int status = end->signo ? STATUS_SIGNALLED + end->signo : end->status;

    log_info("the program ended with status %d", status);
    boot_end(status & 0xff);
}

static void power_off(bool restart)
{
    (void)restart;                      /* an image runs once */
    boot_end(0);
}

static void button_pressed(void *arg)
{
    (void)arg;
    abi_power_button();
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

void boot_abi_init(void)
{
    if (abi_init(&abi_ops) != 0)
        panic("no memory for the start");
}

/* A start that cannot go on: said already, now the end. */
static void require(int err, const char *what)
{
    if (err == 0)
        return;
    log_err("cannot start: %s (error %d)", what, -err);
    boot_end(STATUS_CANNOT_RUN);
}

/* From the loader if it passed one, else from the disk. */
static int manifest_read(const struct boot_disk *disk)
{
    void *data;
    size_t size;
    int err;

    if (boot_info.module_size)
        return config_read_manifest(&config, phys_to_virt(boot_info.module),
                                    boot_info.module_size);
    if (!disk->dev)
        return 0;
    err = boot_disk_manifest(disk, &data, &size);
    if (err)
        return err;
    err = config_read_manifest(&config, data, size);
    kfree(data);
    return err;
}

static int root_mount(const struct boot_disk *disk)
{
    if (disk->dev)
        return fs_mount_root(disk->dev, disk->header.root_off,
                             disk->header.root_size);
    /* Anything else on a disk is not ours to guess at. */
    log_warn("no disk with an image: the root is empty");
    return fs_mount_empty_root();
}

static void config_read(const struct boot_disk *disk)
{
    config_init(&config);
    require(manifest_read(disk), "the manifest");
    require(config_read_cmdline(&config, boot_info.cmdline),
            "the boot command line");
    if (config.loglevel >= 0)
        log_level_set(config.loglevel);
    if (config.volumes.count > 0) {
        log_err("volume %s: volumes are not supported yet",
                config.volumes.at[0]);
        require(-ENOSYS, "volumes");
    }
    if (config.argv.count == 0) {
        log_err("no program: neither manifest nor command line names one");
        require(-EINVAL, "no program");
    }
}

static void program_run(void)
{
    static const char *const none[] = { NULL };
    struct program_spec spec = {
        .argv = (const char *const *)config.argv.at,
        .envp = config.env.count ? (const char *const *)config.env.at : none,
        .workdir = config.workdir,
        .fixed_layout = config.fixed_layout,
        .strace = config.strace,
        .noecho = config.noecho,
    };
    int err;

    if (config.hostname)
        abi_hostname_set(config.hostname);
    err = program_start(&spec);
    if (err)
        boot_end(err == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

void boot_program_start(void)
{
    struct boot_disk disk = { .dev = NULL };

    boot_disk_find(&disk);
    config_read(&disk);
    require(boot_network_start(&config), "the network");
    require(root_mount(&disk), "the root file system");
    if (arch_power_button_set(button_pressed, NULL) != 0)
        log_info("no power button");
    boot_network_wait();
    if (config.stats_seconds)
        require(observe_stats_start(config.stats_seconds * NSEC_PER_SEC),
                "the counters");
    if (config.panic)
        panic("asked for on the boot command line");
    program_run();
}
