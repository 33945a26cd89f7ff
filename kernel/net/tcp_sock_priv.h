/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP socket over lwIP's pcb.
 *
 *   IDLE --bind--> IDLE (bound) --listen--> LISTEN
 *   IDLE --connect--> CONNECTING --on_connected--> OPEN
 *   CONNECTING, OPEN --on_error--> CLOSED;  CLOSED --connect--> CONNECTING
 *   a listener's on_accept makes one that is OPEN
 *   OPEN: rx_eof after the peer's FIN, tx_shut after ours; the pcb may be
 *   gone then (both FINs acknowledged, TIME_WAIT over): pcb is NULL.
 *
 * Received pbufs form one chain by ->next (their tot_len means nothing). lwIP
 * appends under rx_lock; only the holder of rx_mutex takes away, so a
 * receiver copies out of the head with no spin lock held. The window is
 * opened again (tcp_recved) lazily, at the next entry to lwIP, or at once
 * when a quarter of it has been read.
 */
#ifndef HULL_TCP_SOCK_PRIV_H
#define HULL_TCP_SOCK_PRIV_H

#include "net_priv.h"

enum tcp_sock_state { TCP_S_IDLE, TCP_S_CONNECTING, TCP_S_OPEN,
                      TCP_S_LISTEN, TCP_S_CLOSED };

struct tcp_group;

struct tcp_sock {
    struct inet_sock in;
    struct tcp_pcb *pcb;        /* [net] N3; NULL also while LISTEN */
    uint32_t state;             /* [a] written under [net] */
    bool connect_told;          /* [net] connect() has returned success */

    struct pbuf *rx_head;       /* [rx], taken from by [m] */
    struct pbuf *rx_tail;       /* [rx] */
    uint32_t rx_offset;         /* [m] bytes of the head already read */
    uint32_t rx_bytes;          /* [a] readable */
    uint32_t rx_unwindowed;     /* [a] read, not yet told to lwIP */
    bool rx_eof, rx_shut;       /* [a] */

    bool tx_shut;               /* [a] */
    bool tx_wait;               /* [a] somebody waits for room */
    uint32_t tx_room;           /* [a] bytes that a send may queue now */
    bool nodelay, cork, quickack;       /* [net] as set */
    int keepidle, keepintvl, keepcnt;   /* [net] seconds, seconds, count */
    int defer_accept, user_timeout, syncnt, linger2, maxseg; /* kept */

    struct tcp_group *group;    /* [net] while LISTEN */
    struct list group_link;     /* [net] */
    struct list accept_queue;   /* [net] of accept_link: OPEN, no file yet */
    struct list accept_link;    /* [net] */
    uint32_t accept_count;      /* [a] */
    uint32_t backlog;           /* [net] */
};

/* The sockets that share one listening pcb: one, or several by SO_REUSEPORT. */
struct tcp_group {
    struct tcp_pcb *pcb;        /* [net] in state LISTEN */
    struct list socks;          /* [net] of group_link */
    unsigned count;             /* [net] */
    bool reuseport;             /* [I] */
    uint32_t half_open;         /* [net] pcbs in SYN_RCVD */
    uint32_t queued, backlog;   /* [net] sums over socks */
};

/* What the two ext args of a pcb are for. */
extern uint8_t net__tcp_arg_sock, net__tcp_arg_group;

static inline struct tcp_sock *tcp_sock_of(struct net_sock *s)
{
    return container_of(s, struct tcp_sock, in.s);
}
static inline uint32_t tcp_state(const struct tcp_sock *t)
{
    return __atomic_load_n(&t->state, __ATOMIC_SEQ_CST);
}

/* tcp.c; all under the net lock */
struct tcp_sock *net__tcp_alloc(int domain);            /* ERR_PTR */
int net__tcp_pcb_get(struct tcp_sock *t);               /* makes one */
int net__tcp_bind_any(struct tcp_sock *t);              /* if not bound */
void net__tcp_attach(struct tcp_sock *t, struct tcp_pcb *pcb);
void net__tcp_detach(struct tcp_sock *t);
void net__tcp_abort(struct tcp_sock *t);
void net__tcp_room_update(struct tcp_sock *t);
void net__tcp_window_open(struct tcp_sock *t);
void net__tcp_options_apply(struct tcp_sock *t);
void net__tcp_free(struct tcp_sock *t);
uint32_t net__tcp_poll(struct net_sock *s);

/* tcp_listen.c */
int net__tcp_listen(struct net_sock *s, int backlog);
struct net_sock *net__tcp_accept(struct net_sock *s, bool nonblock);
void net__tcp_unlisten(struct tcp_sock *t);             /* net lock held */
int net__tcp_listen_conflict(struct tcp_sock *t, const ip_addr_t *ip,
                             uint16_t port);            /* net lock held */

/* tcp_data.c */
ssize_t net__tcp_sendmsg(struct net_sock *s, struct net_msg *m, bool nb);
ssize_t net__tcp_recvmsg(struct net_sock *s, struct net_msg *m, bool nb);
err_t net__tcp_on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
                       err_t err);
void net__tcp_rx_drop(struct tcp_sock *t);

/* tcp_opt.c */
int net__tcp_setopt(struct net_sock *s, int level, int name, const void *val,
                    uint32_t len);
int net__tcp_getopt(struct net_sock *s, int level, int name, void *val,
                    uint32_t *len);

#endif
