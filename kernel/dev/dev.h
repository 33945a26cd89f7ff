/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery and the small devices: buses, console, randomness.
 */
#ifndef HULL_DEV_H
#define HULL_DEV_H

#include "../sched/sched.h"

/* Finds every device on PCI and virtio-mmio (the ACPI tables and words of the
 * boot command line name the latter) and starts the drivers. Few exits: no
 * scan of empty buses. Needs mm, sched and interrupts. */
void dev_init(const char *cmdline);

/* --- the console: the first virtio-console port, else the 16550 --- */
/* Writes all of it, blocking until the device took it. Thread context. */
void console_write(const char *buf, size_t n);
/* As the log's sink: any context, also before dev_init; polls the device, and
 * drops what it will not take. Line feeds become CR LF. */
void console_write_sync(const char *buf, size_t n);
/* Up to n bytes that were typed; 0 when none. */
size_t console_read(char *buf, size_t n);
extern struct waitq console_rx_wait;    /* woken when bytes arrive */
/* Window size, 80x24 unless the device says. */
void console_size(unsigned *cols, unsigned *rows);

/* --- randomness (K10): a ChaCha20 generator seeded from RDRAND, virtio-rng
 * and timing; never blocks after random_init --- */
void random_init(void);             /* after dev_init; thread context */
void random_bytes(void *buf, size_t n);
void random_add(const void *seed, size_t n);
bool random_seeded(void);           /* by a real entropy source */

#endif
