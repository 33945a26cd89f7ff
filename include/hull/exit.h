/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the program's end reaches the tool.
 *
 * With the boot word "exit=isa" the kernel writes one byte V to QEMU's
 * isa-debug-exit device at HULL_EXIT_PORT; QEMU then exits with (V << 1) | 1,
 * which cannot say more than 7 bits, so the kernel also prints, as the last
 * line on the console, the line HULL_EXIT_LINE, which the tool takes off the
 * output and believes first. Where the device is missing the kernel powers
 * off by ACPI after the line.
 *
 * Status: 0..255 as the program gave it; killed by signal N: 128 + N;
 * kernel panic: 255; out of memory: 137 (SIGKILL), as a shell shows Linux's.
 */
#ifndef HULL_EXIT_H
#define HULL_EXIT_H

#define HULL_EXIT_PORT  0x501
#define HULL_EXIT_PANIC 255

/* "\x1e" is ASCII RS, then "hull-exit:", a decimal status, '\n'. The RS
 * starts it wherever the cursor is, so output without a newline survives. */
#define HULL_EXIT_LINE  "\x1ehull-exit:%d\n"

/* Before it, where the program used system calls that Hull does not have: how
 * many different ones, and their names, with ", " between them; "..." stands
 * for those that do not fit. */
#define HULL_MISSING_LINE "\x1ehull-missing:%u %s\n"
#define HULL_MISSING_MAX  400     /* bytes of such a line */

#endif
