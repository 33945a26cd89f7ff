/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP leaves out of IPv4 input: the whole of 127/8 is this machine, ICMP
 * errors reach the socket whose packet caused them, and a connection that a
 * peer opens while DHCP still negotiates waits for the address instead of for
 * the peer's retransmission. Under the net lock.
 */
#include "net_priv.h"

#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "net_hooks.h"

static int icmp_errno(unsigned type, unsigned code)
{
    if (type == ICMP_TE)
        return EHOSTUNREACH;
    switch (code) {
    case ICMP_DUR_NET:   return ENETUNREACH;
    case ICMP_DUR_PROTO: return ENOPROTOOPT;
    case ICMP_DUR_PORT:  return ECONNREFUSED;
    case ICMP_DUR_FRAG:  return 0;
    default:             return EHOSTUNREACH;
    }
}

/* bytes: an ICMP message with the start of the packet it is about. */
static void icmp_error_input(const uint8_t *icmp, unsigned len)
{
    const uint8_t *ip = icmp + 8;
    unsigned hlen, proto, lport, rport;
    ip_addr_t local, remote;
    int err;

    if (len < 8 + IP_HLEN + 8 || (ip[0] >> 4) != 4)
        return;
    hlen = (ip[0] & 15u) * 4u;
    if (hlen < IP_HLEN || len < 8 + hlen + 8)
        return;
    err = icmp_errno(icmp[0], icmp[1]);
    if (!err)
        return;
    IP_ADDR4(&local, ip[12], ip[13], ip[14], ip[15]);
    IP_ADDR4(&remote, ip[16], ip[17], ip[18], ip[19]);
    lport = (unsigned)ip[hlen] << 8 | ip[hlen + 1];
    rport = (unsigned)ip[hlen + 2] << 8 | ip[hlen + 3];
    proto = ip[9];
    if (proto == IP_PROTO_UDP)
        net__udp_icmp_error(&local, (uint16_t)lport, &remote,
                            (uint16_t)rport, err);
    else if (proto == IP_PROTO_TCP)
        net__tcp_icmp_error(&local, (uint16_t)lport, &remote,
                            (uint16_t)rport, err);
}

static void icmp_look(const struct pbuf *p, const struct netif *in,
                      const struct ip_hdr *iph)
{
    unsigned hlen = IPH_HL_BYTES(iph), total = lwip_ntohs(IPH_LEN(iph));
    const uint8_t *icmp = (const uint8_t *)p->payload + hlen;

    if (hlen < IP_HLEN || total < hlen + 8 || p->len < total ||
        (IPH_OFFSET(iph) & PP_HTONS(IP_OFFMASK | IP_MF)))
        return;
    if (icmp[0] != ICMP_DUR && icmp[0] != ICMP_TE)
        return;
    /* The loopback interface has no checksums. */
    if ((in->chksum_flags & NETIF_CHECKSUM_CHECK_ICMP) &&
        inet_chksum(icmp, (u16_t)(total - hlen)) != 0)
        return;
    icmp_error_input(icmp, total - hlen);
}

/* lwIP accepts one address an interface: for the length of this packet the
 * loopback interface has the one that the packet is for. */
static int loopback_input(struct pbuf *p, struct netif *in,
                          const struct ip_hdr *iph)
{
    ip4_addr_t saved = *netif_ip4_addr(in);

    ip4_addr_set_u32(ip_2_ip4(&in->ip_addr), iph->dest.addr);
    ip4_input(p, in);
    ip4_addr_copy(*ip_2_ip4(&in->ip_addr), saved);
    return 1;
}

/* SYNs that came before the address. A hypervisor's port forwarding sends the
 * first one as soon as the card speaks, and tries again seconds later. */
static struct {
    struct pbuf *p;
    struct netif *in;
} early[EARLY_SYNS_MAX];
static unsigned early_count;

static bool is_syn(const struct pbuf *p, const struct ip_hdr *iph)
{
    unsigned hlen = IPH_HL_BYTES(iph);
    const struct tcp_hdr *tcp;

    if (IPH_PROTO(iph) != IP_PROTO_TCP || hlen < IP_HLEN ||
        p->len < hlen + TCP_HLEN)
        return false;
    tcp = (const struct tcp_hdr *)((const uint8_t *)p->payload + hlen);
    return (TCPH_FLAGS(tcp) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static bool early_keep(struct pbuf *p, struct netif *in,
                       const struct ip_hdr *iph)
{
    if (!ip4_addr_isany(netif_ip4_addr(in)) || early_count == EARLY_SYNS_MAX ||
        !is_syn(p, iph))
        return false;
    early[early_count].p = p;
    early[early_count++].in = in;
    return true;
}

void net__early_release(void)
{
    unsigned n = early_count;

    early_count = 0;
    for (unsigned i = 0; i < n; i++) {
        if (ip4_addr_isany(netif_ip4_addr(early[i].in)))
            pbuf_free(early[i].p);
        else
            ip4_input(early[i].p, early[i].in);
    }
}

int net__ip4_input(struct pbuf *p, struct netif *in)
{
    const struct ip_hdr *iph = p->payload;

    if (p->len < IP_HLEN || IPH_V(iph) != 4)
        return 0;
    if (IPH_PROTO(iph) == IP_PROTO_ICMP)
        icmp_look(p, in, iph);
    if (net__netif_index(in) == 1) {
        if ((iph->dest.addr & 0xff) == 127 &&
            iph->dest.addr != ip4_addr_get_u32(netif_ip4_addr(in)))
            return loopback_input(p, in, iph);
    } else if ((iph->dest.addr & 0xff) == 127 ||
               (iph->src.addr & 0xff) == 127) {
        pbuf_free(p);           /* a forgery: never seen on a wire */
        return 1;
    } else if (early_keep(p, in, iph)) {
        return 1;
    }
    return 0;
}
