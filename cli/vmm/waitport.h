/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaving a machine to itself once its program answers. */
#ifndef CLI_VMM_WAITPORT_H
#define CLI_VMM_WAITPORT_H

#include <netinet/in.h>
#include <stdint.h>

/*
 * Splits the tool in two. In the new process it returns, and the machine is to
 * be run there. The first one never returns: it leaves with 0 once a request
 * to that TCP port at that address of this host (0: any) is answered by at
 * least one byte, or with the other's status where that ends before. A signal
 * that ends the first one stops the machine. (A connection alone says nothing:
 * QEMU takes it before the guest is there.)
 */
void waitport_split(struct in_addr address, uint16_t port);

#endif
