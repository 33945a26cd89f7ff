/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi's door: the Linux personality. It owns the list of system calls,
 * processes and their threads, program loading, signals, futexes, the vDSO,
 * the console's tty and the process part of /proc.
 *
 * Order of use, by boot: abi_init once, after fs_init and before the root is
 * mounted (it registers devices and /proc entries); arch_hooks filled with
 * abi_syscall, abi_fault, abi_trap and abi_exit_work; the root mounted;
 * program_start once. The end of the program comes through
 * abi_boot_ops.program_ended. What abi needs of rooms it may not see (the
 * console, random numbers) comes in the same struct.
 */
#ifndef HULL_ABI_H
#define HULL_ABI_H

#include "../fs/fs.h"
#include "../net/net.h"

/* How the program ended. */
struct program_end {
    int status;             /* 0..255 as the program gave it */
    int signo;              /* killed by this signal; 0: it exited */
    bool oom;               /* killed because memory ran out */
};

/* Handed down by boot. All are required. */
struct abi_boot_ops {
    /* The console (dev.h). write may block, thread context. */
    void (*console_write)(const char *buf, size_t n);
    size_t (*console_read)(char *buf, size_t n);
    struct waitq *console_rx_wait;
    void (*console_size)(unsigned *cols, unsigned *rows);
    /* Any number of random bytes, never blocks (dev.h). */
    void (*random_bytes)(void *buf, size_t n);
    /* Every thread of the program is gone and everything it held has been
     * released. Called once, in a kernel thread; may block or not return. */
    void (*program_ended)(const struct program_end *end);
    /* reboot(2): the program asked for power-off or restart. Optional. */
    void (*power_off)(bool restart);
};

/* Registers /dev/tty, /dev/console and the /proc entries of processes; sets
 * mm's and net's hooks that belong to abi. ops must live for ever. -ENOMEM. */
int abi_init(const struct abi_boot_ops *ops);

/* What to run. Strings are copied; the lists end with NULL. */
struct program_spec {
    const char *const *argv;    /* argv[0] is the path, looked up in the
                                 * environment's PATH if it has no slash */
    const char *const *envp;
    const char *workdir;        /* NULL: "/" */
    bool fixed_layout;          /* no randomised addresses (K10) */
    bool strace;                /* log each system call */
    bool noecho;                /* the console starts without echo */
};

/* Loads the program from the root file system, opens the console as 0, 1 and
 * 2, makes the process with its first thread and starts it. Returns 0 at once,
 * or why it could not be loaded, after a log line that says so: -ENOENT,
 * -EACCES, -ENOEXEC, -ENOMEM, -ENOTDIR... Thread context. */
int program_start(const struct program_spec *spec);

/* The power button: SIGTERM to the process. Interrupt context allowed. */
void abi_power_button(void);

/* The host name of uname; cut to 64 bytes. */
void abi_hostname_set(const char *name);
void abi_hostname_get(char out[65]);

/* Turns the tracing of system calls on or off while the program runs. */
void abi_strace_set(bool on);

/* arch_hooks members, see arch.h. abi_fault counts and calls mm_fault. */
void abi_syscall(struct regs *regs);
bool abi_fault(uaddr_t addr, unsigned flags, struct trap_info *info);
void abi_trap(struct regs *regs, const struct trap_info *info);
void abi_exit_work(struct regs *regs);

/* Calls of system calls that Hull does not have, for tools: the number of
 * calls of `nr`, and its name or NULL beyond the list. */
uint64_t abi_missing_count(unsigned nr);
const char *abi_syscall_name(unsigned nr);
/* Writes their names into buf, ", " between them, cut to whole names with
 * "..." at the end; how many there are. */
unsigned abi_missing_names(char *buf, size_t size);

/* Threads and processes that exist: all 0 after the program's end. */
struct abi_counters { uint64_t processes, tasks, futex_waiters; };
void abi_counters_get(struct abi_counters *out);

#endif
