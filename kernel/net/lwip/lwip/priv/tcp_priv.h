/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands before lwIP's header of this name, and gives its lists of pcbs a way
 * in and out that does not walk them: tcp_demux.c.
 */
#ifndef HULL_LWIP_TCP_PRIV_H
#define HULL_LWIP_TCP_PRIV_H

#include_next "lwip/priv/tcp_priv.h"

void net__tcp_reg(struct tcp_pcb **list, struct tcp_pcb *pcb);
void net__tcp_rmv(struct tcp_pcb **list, struct tcp_pcb *pcb);

#undef TCP_REG
#undef TCP_RMV
#define TCP_REG(pcbs, pcb) net__tcp_reg((pcbs), (struct tcp_pcb *)(pcb))
#define TCP_RMV(pcbs, pcb) net__tcp_rmv((pcbs), (struct tcp_pcb *)(pcb))

#endif
