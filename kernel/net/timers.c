/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's clocks. Each of its timer functions runs at its own interval, but
 * only while it has something to do, so that an idle machine sleeps. Stands in
 * for lwIP's timeouts.c. Everything here is under the net lock.
 */
#include "net_priv.h"

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"

#define ACK_DELAY_MSEC 40

static bool ack_pending;        /* input came since the last fast timer */
static void ack_tick(void)
{
    ack_pending = false;
    net__tcp_ack_tick();
}

static void tcp_slow_tick(void)
{
    tcp_slowtmr();
    tcp_fasttmr();              /* closes that had no memory for the FIN */
    net__tcp_timewait_trim();
}

static bool ack_wanted(void)
{
    return ack_pending;
}

bool net__tcp_active(void)
{
    return tcp_active_pcbs || tcp_tw_pcbs;
}

static bool igmp_wanted(void)
{
    struct netif *n;
    struct igmp_group *g;

    NETIF_FOREACH(n)
        for (g = netif_igmp_data(n); g; g = g->next)
            if (g->timer)
                return true;
    return false;
}

static bool mld_wanted(void)
{
    struct netif *n;
    struct mld_group *g;

    NETIF_FOREACH(n)
        for (g = netif_mld6_data(n); g; g = g->next)
            if (g->timer)
                return true;
    return false;
}

static bool cards_wanted(void)
{
    return net__card_count > 0;
}

static bool dhcp_wanted(void)
{
    struct netif *n;

    NETIF_FOREACH(n)
        if (netif_dhcp_data(n))
            return true;
    return false;
}

static struct clockwork {
    unsigned msec;
    void (*fn)(void);
    bool (*wanted)(void);
    nsec_t due;                 /* NSEC_FOREVER: not running */
} works[] = {
    { ACK_DELAY_MSEC, ack_tick, ack_wanted, NSEC_FOREVER },
    { TCP_SLOW_INTERVAL, tcp_slow_tick, net__tcp_active, NSEC_FOREVER },
    { ARP_TMR_INTERVAL, etharp_tmr, cards_wanted, NSEC_FOREVER },
    { ND6_TMR_INTERVAL, nd6_tmr, cards_wanted, NSEC_FOREVER },
    { IP_TMR_INTERVAL, ip_reass_tmr, cards_wanted, NSEC_FOREVER },
    { IP6_REASS_TMR_INTERVAL, ip6_reass_tmr, cards_wanted, NSEC_FOREVER },
    { DHCP_COARSE_TIMER_MSECS, dhcp_coarse_tmr, dhcp_wanted, NSEC_FOREVER },
    { DHCP_FINE_TIMER_MSECS, dhcp_fine_tmr, dhcp_wanted, NSEC_FOREVER },
    { IGMP_TMR_INTERVAL, igmp_tmr, igmp_wanted, NSEC_FOREVER },
    { MLD6_TMR_INTERVAL, mld6_tmr, mld_wanted, NSEC_FOREVER },
};

static nsec_t next_due = NSEC_FOREVER;

static void work_start(struct clockwork *w)
{
    nsec_t due = clock_monotonic() + w->msec * NSEC_PER_MSEC;

    if (w->due != NSEC_FOREVER)
        return;
    w->due = due;
    next_due = MIN(next_due, due);
}

void net__timers_init(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(works); i++)
        if (works[i].wanted())
            work_start(&works[i]);
}

void net__timers_ack_soon(void)
{
    if (ack_pending)
        return;
    ack_pending = true;
    work_start(&works[0]);
}

/* lwIP's, called when a TCP pcb comes to life. */
void tcp_timer_needed(void)
{
    if (net__tcp_active())
        work_start(&works[1]);
}

nsec_t net__timers_next(void)
{
    return next_due;
}

nsec_t net__timers_run(nsec_t now)
{
    next_due = NSEC_FOREVER;
    for (unsigned i = 0; i < ARRAY_LEN(works); i++) {
        struct clockwork *w = &works[i];

        if (w->due <= now) {
            w->due = NSEC_FOREVER;
            if (w->wanted())
                w->fn();
        }
        if (w->due == NSEC_FOREVER && w->wanted())
            w->due = now + w->msec * NSEC_PER_MSEC;
        next_due = MIN(next_due, w->due);
    }
    return next_due;
}
