/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the level IPPROTO_TCP.
 *
 * Nagle's algorithm is never on by itself: small writes go out at once. Only
 * TCP_CORK holds a part segment back, until it is full, uncorked or (poll) a
 * fifth of a second old, as on Linux.
 */
#include "tcp_sock_priv.h"

#include "lwip/priv/tcp_priv.h"

/* The head of Linux's struct tcp_info; the rest of it is zero. */
struct tcp_info_head {
    uint8_t state, ca_state, retransmits, probes, backoff, options, wscale,
            rate_limited;
    uint32_t rto, ato, snd_mss, rcv_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss,
             reordering;
    uint32_t rcv_rtt, rcv_space, total_retrans;
};
_Static_assert(sizeof(struct tcp_info_head) == 104, "Linux's layout");

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    (void)arg;
    (void)pcb;
    return ERR_OK;              /* lwIP then sends what waits */
}

void net__tcp_options_apply(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb)
        return;
    net__inet_apply(&t->in);
    if (t->cork)
        tcp_nagle_enable(pcb);
    else
        tcp_nagle_disable(pcb);
    pcb->keep_idle = (u32_t)t->keepidle * 1000u;
    pcb->keep_intvl = (u32_t)t->keepintvl * 1000u;
    pcb->keep_cnt = (u32_t)t->keepcnt;
    tcp_poll(pcb, t->cork ? on_poll : NULL, 1);
}

static int bounded(int v, int low, int high, int *out)
{
    if (v < low || v > high)
        return -EINVAL;
    *out = v;
    return 0;
}

static int value_set(struct tcp_sock *t, int name, int v)
{
    switch (name) {
    case TCP_NODELAY_OPT:
        t->nodelay = v != 0;
        if (v && t->pcb && tcp_state(t) == TCP_S_OPEN)
            tcp_output(t->pcb);
        return 0;
    case TCP_CORK:
        t->cork = v != 0;
        net__tcp_options_apply(t);
        if (!v && t->pcb && tcp_state(t) == TCP_S_OPEN)
            tcp_output(t->pcb);
        return 0;
    case TCP_QUICKACK:
        t->quickack = v != 0;
        if (v && t->pcb && (t->pcb->flags & TF_ACK_DELAY)) {
            tcp_ack_now(t->pcb);
            tcp_output(t->pcb);
        }
        return 0;
    case TCP_KEEPIDLE:     return bounded(v, 1, 32767, &t->keepidle);
    case TCP_KEEPINTVL:    return bounded(v, 1, 32767, &t->keepintvl);
    case TCP_KEEPCNT:      return bounded(v, 1, 127, &t->keepcnt);
    case TCP_SYNCNT:       return bounded(v, 1, 127, &t->syncnt);
    case TCP_MAXSEG:       return v ? bounded(v, 88, 32767, &t->maxseg) : 0;
    case TCP_DEFER_ACCEPT: t->defer_accept = MAX(v, 0); return 0;
    case TCP_USER_TIMEOUT: return bounded(v, 0, INT32_MAX, &t->user_timeout);
    case TCP_LINGER2:      t->linger2 = v; return 0;
    case TCP_WINDOW_CLAMP: return v < 0 ? -EINVAL : 0;
    default:               return -ENOPROTOOPT;
    }
}

int net__tcp_setopt(struct net_sock *s, int level, int name, const void *val,
                    uint32_t len)
{
    struct tcp_sock *t = tcp_sock_of(s);
    int v, err;

    if (level != IPPROTO_TCP)
        return net__inet_setopt(&t->in, level, name, val, len);
    if (name == TCP_CONGESTION)
        return len >= 4 && val && memcmp(val, "reno", 4) == 0 ? 0 : -ENOENT;
    err = net__opt_int(val, len, &v);
    if (err)
        return err;
    net__lock();
    err = value_set(t, name, v);
    if (!err)
        net__tcp_options_apply(t);
    net__unlock();
    return err;
}

/* Linux's state numbers, which are not lwIP's. */
static uint8_t linux_state(const struct tcp_sock *t)
{
    static const uint8_t map[] = {
        [CLOSED] = 7, [LISTEN] = 10, [SYN_SENT] = 2, [SYN_RCVD] = 3,
        [ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5,
        [CLOSE_WAIT] = 8, [CLOSING] = 11, [LAST_ACK] = 9, [TIME_WAIT] = 6,
    };

    if (tcp_state(t) == TCP_S_LISTEN)
        return 10;
    return t->pcb ? map[t->pcb->state] : 7;
}

static int info_get(struct tcp_sock *t, void *val, uint32_t *len)
{
    struct tcp_info_head i = { .state = linux_state(t) };
    struct tcp_pcb *pcb = t->pcb;

    if (pcb) {
        i.rto = (uint32_t)pcb->rto * TCP_SLOW_INTERVAL * 1000u;
        i.snd_mss = i.rcv_mss = i.advmss = pcb->mss;
        i.unacked = pcb->snd_queuelen;
        i.retransmits = pcb->nrtx;
        i.rtt = (uint32_t)(pcb->sa >> 3) * TCP_SLOW_INTERVAL * 1000u;
        i.snd_cwnd = pcb->cwnd / MAX(pcb->mss, (u16_t)1);
        i.snd_ssthresh = pcb->ssthresh / MAX(pcb->mss, (u16_t)1);
        i.rcv_space = pcb->rcv_wnd;
        i.pmtu = pcb->mss + 40u;
        i.wscale = (uint8_t)(pcb->snd_scale | pcb->rcv_scale << 4);
    } else if (t->group) {
        i.unacked = t->accept_count;
        i.sacked = t->backlog;
    }
    return net__opt_put(val, len, &i, sizeof(i));
}

static int value_get(struct tcp_sock *t, int name, int *v)
{
    switch (name) {
    case TCP_NODELAY_OPT:  *v = t->nodelay; break;
    case TCP_CORK:         *v = t->cork; break;
    case TCP_QUICKACK:     *v = t->quickack; break;
    case TCP_KEEPIDLE:     *v = t->keepidle; break;
    case TCP_KEEPINTVL:    *v = t->keepintvl; break;
    case TCP_KEEPCNT:      *v = t->keepcnt; break;
    case TCP_SYNCNT:       *v = t->syncnt ? t->syncnt : 6; break;
    case TCP_MAXSEG:       *v = t->pcb ? t->pcb->mss : 536; break;
    case TCP_DEFER_ACCEPT: *v = t->defer_accept; break;
    case TCP_USER_TIMEOUT: *v = t->user_timeout; break;
    case TCP_LINGER2:      *v = t->linger2 ? t->linger2 : 60; break;
    case TCP_WINDOW_CLAMP: *v = 0; break;
    case TCP_FASTOPEN:     *v = 0; break;
    default:               return -ENOPROTOOPT;
    }
    return 0;
}

int net__tcp_getopt(struct net_sock *s, int level, int name, void *val,
                    uint32_t *len)
{
    struct tcp_sock *t = tcp_sock_of(s);
    int v, err;

    if (level != IPPROTO_TCP)
        return net__inet_getopt(&t->in, level, name, val, len);
    if (name == TCP_CONGESTION)
        return net__opt_put(val, len, "reno", 5);
    net__lock();
    if (name == TCP_INFO) {
        err = info_get(t, val, len);
        net__unlock();
        return err;
    }
    err = value_get(t, name, &v);
    net__unlock();
    return err ? err : net__opt_put_int(val, len, v);
}
