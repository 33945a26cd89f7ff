/* SPDX-License-Identifier: BSD-2-Clause */
/* The last part of start-up: the program, and the machine's end after it. */
#ifndef HULL_BOOT_PROGRAM_H
#define HULL_BOOT_PROGRAM_H

#include "../arch/arch.h"

/* What arch calls up by, from mm_init on. */
extern const struct arch_hooks program_hooks;

/* Devices and randomness are up. Reads the configuration, runs the program to
 * its end and powers off with its status (include/hull/exit.h). */
__noreturn void program_main(void);

#endif
