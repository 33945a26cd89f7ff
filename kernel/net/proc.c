/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The texts of /proc/net, and the room's counters.
 */
#include "tcp_sock_priv.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

struct out {
    void (*put)(void *arg, const char *s, size_t n);
    void *arg;
};

static void emit(const struct out *o, const char *fmt, ...)
    __printf_like(2, 3);

static void emit(const struct out *o, const char *fmt, ...)
{
    char line[256];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    o->put(o->arg, line, MIN((size_t)n, sizeof(line) - 1));
}

static void show_dev(const struct out *o)
{
    struct netdev_stats s;
    char name[16];

    emit(o, "Inter-|   Receive                                              "
            "  |  Transmit\n");
    emit(o, " face |bytes    packets errs drop fifo frame compressed "
            "multicast|bytes    packets errs drop fifo colls carrier "
            "compressed\n");
    for (unsigned i = 1; i <= NICS_MAX + 1; i++) {
        struct netif *n = net__netif_by_index(i);

        if (!n)
            continue;
        net__netif_traffic(n, &s);
        net__netif_name(n, name);
        emit(o, "%6s: %7lu %7lu    0 %4lu    0     0          0         0 "
                "%8lu %7lu    0 %4lu    0     0       0          0\n", name,
             (unsigned long)s.rx_bytes, (unsigned long)s.rx_packets,
             (unsigned long)s.rx_drops, (unsigned long)s.tx_bytes,
             (unsigned long)s.tx_packets, (unsigned long)s.tx_drops);
    }
}

static void address_hex(const ip_addr_t *a, bool v6, char *buf, size_t size)
{
    const uint32_t *w;

    if (!v6) {
        snprintf(buf, size, "%08X", IP_IS_V4(a)
                 ? ip4_addr_get_u32(ip_2_ip4(a)) : 0u);
    } else if (IP_IS_V4(a)) {
        snprintf(buf, size, "0000000000000000FFFF0000%08X",
                 ip4_addr_get_u32(ip_2_ip4(a)));
    } else {
        w = ip_2_ip6(a)->addr;
        snprintf(buf, size, "%08X%08X%08X%08X", w[0], w[1], w[2], w[3]);
    }
}

static void show_head(const struct out *o, bool v6)
{
    emit(o, "  sl  local_address%s rem_address%s   st tx_queue rx_queue tr "
            "tm->when retrnsmt   uid  timeout inode\n",
         v6 ? "                        " : "", v6 ? "                        "
                                                  : "");
}

static void show_pair(const struct out *o, unsigned i, bool v6,
                      const ip_addr_t *local, unsigned lport,
                      const ip_addr_t *remote, unsigned rport, unsigned state,
                      const struct net_sock *s)
{
    char l[40], r[40];

    address_hex(local, v6, l, sizeof(l));
    address_hex(remote, v6, r, sizeof(r));
    emit(o, "%4u: %s:%04X %s:%04X %02X 00000000:00000000 00:00000000 "
            "00000000     0        0 %lu 1 0000000000000000 0\n", i, l, lport,
         r, rport, state, (unsigned long)(s ? s->ino : 0));
}

/* An AF_INET6 socket's; without one, as far as its address tells. */
static bool is_v6(const struct net_sock *s, const ip_addr_t *local)
{
    return s ? s->domain == AF_INET6 : !IP_IS_V4(local);
}

static void show_listening(const struct out *o, bool v6, unsigned *i)
{
    struct tcp_pcb_listen *l;
    struct tcp_sock *t;

    for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next) {
        struct tcp_group *g = l->callback_arg;

        if (!g)
            continue;
        list_for_each(t, &g->socks, group_link) {
            if (is_v6(&t->in.s, &l->local_ip) == v6)
                show_pair(o, (*i)++, v6, &l->local_ip, l->local_port,
                          v6 ? IP6_ADDR_ANY : IP4_ADDR_ANY, 0, 10, &t->in.s);
        }
    }
}

static void show_tcp(const struct out *o, bool v6)
{
    static const uint8_t state[] = {
        [CLOSED] = 7, [LISTEN] = 10, [SYN_SENT] = 2, [SYN_RCVD] = 3,
        [ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5,
        [CLOSE_WAIT] = 8, [CLOSING] = 11, [LAST_ACK] = 9, [TIME_WAIT] = 6,
    };
    struct tcp_pcb *lists[2] = { tcp_active_pcbs, tcp_tw_pcbs }, *p;
    unsigned i = 0;

    show_head(o, v6);
    show_listening(o, v6, &i);
    for (unsigned k = 0; k < 2; k++) {
        for (p = lists[k]; p; p = p->next) {
            struct tcp_sock *t = tcp_ext_arg_get(p, net__tcp_arg_sock);
            const struct net_sock *s = t ? &t->in.s : NULL;

            if (is_v6(s, &p->local_ip) == v6)
                show_pair(o, i++, v6, &p->local_ip, p->local_port,
                          &p->remote_ip, p->remote_port, state[p->state], s);
        }
    }
}

static void show_tcp4(const struct out *o) { show_tcp(o, false); }
static void show_tcp6(const struct out *o) { show_tcp(o, true); }

static void show_udp(const struct out *o, bool v6)
{
    struct udp_pcb *p;
    unsigned i = 0;

    show_head(o, v6);
    for (p = udp_pcbs; p; p = p->next) {
        const struct net_sock *s = net__udp_owner(p);

        if (p->local_port && is_v6(s, &p->local_ip) == v6)
            show_pair(o, i++, v6, &p->local_ip, p->local_port,
                      v6 && p->remote_port == 0 ? IP6_ADDR_ANY
                                                : &p->remote_ip,
                      p->remote_port, p->remote_port ? 1 : 7, s);
    }
}

static void show_udp4(const struct out *o) { show_udp(o, false); }
static void show_udp6(const struct out *o) { show_udp(o, true); }

static void show_if_inet6(const struct out *o)
{
    const ip6_addr_t *a;
    struct netif *n;
    char name[16];
    bool lo;

    NETIF_FOREACH(n) {
        net__netif_name(n, name);
        lo = net__netif_index(n) == 1;
        for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
            if (!ip6_addr_isvalid(netif_ip6_addr_state(n, i)))
                continue;
            a = netif_ip6_addr(n, i);
            emit(o, "%08x%08x%08x%08x %02x %02x %02x 80 %8s\n",
                 lwip_ntohl(a->addr[0]), lwip_ntohl(a->addr[1]),
                 lwip_ntohl(a->addr[2]), lwip_ntohl(a->addr[3]),
                 net__netif_index(n), lo ? 128u : 64u,
                 lo ? 0x10u : ip6_addr_islinklocal(a) ? 0x20u : 0u, name);
        }
    }
}

static void show_route(const struct out *o)
{
    struct netif *n;
    char name[16];
    uint32_t ip, mask, gw;

    emit(o, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask"
            "\t\tMTU\tWindow\tIRTT\n");
    NETIF_FOREACH(n) {
        ip = ip4_addr_get_u32(netif_ip4_addr(n));
        mask = ip4_addr_get_u32(netif_ip4_netmask(n));
        gw = ip4_addr_get_u32(netif_ip4_gw(n));
        if (!ip || net__netif_index(n) == 1)
            continue;
        net__netif_name(n, name);
        if (gw && n == netif_default)
            emit(o, "%s\t00000000\t%08X\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
                 name, gw);
        emit(o, "%s\t%08X\t00000000\t0001\t0\t0\t0\t%08X\t0\t0\t0\n", name,
             ip & mask, mask);
    }
}

static void show_sockstat(const struct out *o)
{
    struct tcp_pcb *p;
    unsigned active = 0, tw = 0;

    for (p = tcp_active_pcbs; p; p = p->next)
        active++;
    for (p = tcp_tw_pcbs; p; p = p->next)
        tw++;
    emit(o, "sockets: used %lu\n", (unsigned long)net__sock_count);
    emit(o, "TCP: inuse %u orphan 0 tw %u alloc %lu mem 0\n", active, tw,
         (unsigned long)net__mem.tcp_pcbs);
    emit(o, "UDP: inuse %lu mem 0\n", (unsigned long)net__mem.udp_pcbs);
    emit(o, "UDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n");
}

static void show_snmp(const struct out *o)
{
    const struct stats_mib2 *m = &lwip_stats.mib2;
    struct tcp_pcb *p;
    unsigned established = 0;

    for (p = tcp_active_pcbs; p; p = p->next)
        established += p->state == ESTABLISHED;
    emit(o, "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors "
            "InDiscards InDelivers OutRequests OutDiscards OutNoRoutes\n");
    emit(o, "Ip: 2 %u %u %u %u %u %u %u %u %u\n", IP_DEFAULT_TTL,
         m->ipinreceives, m->ipinhdrerrors, m->ipinaddrerrors,
         m->ipindiscards, m->ipindelivers, m->ipoutrequests,
         m->ipoutdiscards, m->ipoutnoroutes);
    emit(o, "Tcp: ActiveOpens PassiveOpens AttemptFails EstabResets "
            "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts\n");
    emit(o, "Tcp: %u %u %u %u %u %u %u %u %u %u\n", m->tcpactiveopens,
         m->tcppassiveopens, m->tcpattemptfails, m->tcpestabresets,
         established, m->tcpinsegs, m->tcpoutsegs, m->tcpretranssegs,
         m->tcpinerrs, m->tcpoutrsts);
    emit(o, "Udp: InDatagrams NoPorts InErrors OutDatagrams\n");
    emit(o, "Udp: %u %u %u %u\n", m->udpindatagrams, m->udpnoports,
         m->udpinerrors, m->udpoutdatagrams);
}

static const struct {
    const char *name;
    void (*show)(const struct out *o);
} files[] = {
    { "dev", show_dev }, { "tcp", show_tcp4 }, { "tcp6", show_tcp6 },
    { "udp", show_udp4 }, { "udp6", show_udp6 },
    { "if_inet6", show_if_inet6 }, { "route", show_route },
    { "sockstat", show_sockstat }, { "snmp", show_snmp },
};

bool net_proc_show(const char *name, void (*put)(void *arg, const char *s,
                                                 size_t n), void *arg)
{
    struct out o = { put, arg };

    if (strcmp(name, "unix") == 0) {
        net__unix_proc(put, arg);
        return true;
    }
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        if (strcmp(files[i].name, name) != 0)
            continue;
        net__lock();
        files[i].show(&o);
        net__unlock();
        return true;
    }
    return false;
}

void net_counters_get(struct net_counters *out)
{
    memset(out, 0, sizeof(*out));
    out->sockets = __atomic_load_n(&net__sock_count, __ATOMIC_RELAXED);
    out->tcp_pcbs = __atomic_load_n(&net__mem.tcp_pcbs, __ATOMIC_RELAXED);
    out->pbufs = __atomic_load_n(&net__mem.pbufs, __ATOMIC_RELAXED);
    out->drops = __atomic_load_n(&net__drops, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < net__card_count; i++) {
        out->rx += net__cards[i].dev->stats.rx_packets;
        out->tx += net__cards[i].dev->stats.tx_packets;
    }
}
