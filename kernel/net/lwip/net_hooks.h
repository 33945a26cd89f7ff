/* SPDX-License-Identifier: BSD-2-Clause */
/* The hooks that lwIP calls in net's own files. */
#ifndef HULL_NET_HOOKS_H
#define HULL_NET_HOOKS_H

#include "lwip/arch.h"
#include "lwip/ip_addr.h"

struct pbuf;
struct netif;
struct dhcp;
struct dhcp_msg;

/* port.c: RFC 6528's initial sequence number. */
u32_t net__tcp_isn(const ip_addr_t *local, u16_t local_port,
                   const ip_addr_t *remote, u16_t remote_port);
#define LWIP_HOOK_TCP_ISN(l, lp, r, rp) net__tcp_isn(l, lp, r, rp)

/* input.c: all of 127/8, and ICMP errors for sockets. 1: it took the packet. */
int net__ip4_input(struct pbuf *p, struct netif *in);
#define LWIP_HOOK_IP4_INPUT(p, in) net__ip4_input(p, in)

/* config.c: what lwIP's DHCP client does not ask for or read itself. */
void net__dhcp_options_add(u8_t *options, u16_t *len);
#define LWIP_HOOK_DHCP_APPEND_OPTIONS(netif, dhcp, state, msg, type, lenp) \
    net__dhcp_options_add((u8_t *)(msg)->options, (lenp))
void net__dhcp_option(struct netif *netif, u8_t option, u16_t len,
                      struct pbuf *p, u16_t offset);
#define LWIP_HOOK_DHCP_PARSE_OPTION(netif, dhcp, state, msg, type, option, \
                                    len, p, offset) \
    do { \
        (void)(msg); \
        net__dhcp_option(netif, option, (u16_t)(len), p, (u16_t)(offset)); \
    } while (0)

/* config.c: the gateway of a static IPv6 configuration, or NULL. */
const ip6_addr_t *net__nd6_gateway(struct netif *netif,
                                   const ip6_addr_t *dest);
#define LWIP_HOOK_ND6_GET_GW(netif, dest) net__nd6_gateway(netif, dest)

#endif
