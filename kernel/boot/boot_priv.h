/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of boot/ share: the steps of the start-up list. */
#ifndef HULL_BOOT_PRIV_H
#define HULL_BOOT_PRIV_H

#include "../lib/lib.h"

void boot_abi_init(void);               /* program.c */
void boot_program_start(void);          /* program.c */

/* Prints the exit line (include/hull/exit.h) and ends the machine. */
__noreturn void boot_end(int status);

#endif
