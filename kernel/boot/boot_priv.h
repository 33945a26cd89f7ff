/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of boot/ share: the steps of the start-up list. */
#ifndef HULL_BOOT_PRIV_H
#define HULL_BOOT_PRIV_H

#include "config.h"

void boot_abi_init(void);               /* program.c */
void boot_program_start(void);          /* program.c */

/* Starts net as the configuration says; DHCP goes on by itself. */
int boot_network_start(const struct boot_config *c);    /* network.c */
/* With the root mounted: keeps the files of /etc that tell of the network,
 * and waits a while for the first address. */
void boot_network_wait(void);

/* Prints the exit line (include/hull/exit.h) and ends the machine. */
__noreturn void boot_end(int status);

#endif
