/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP sockets: their life, from socket() to the pcb's end. Data is in
 * tcp_data.c, listeners in tcp_listen.c, options in tcp_opt.c.
 */
#include "tcp_sock_priv.h"

#include "lwip/priv/tcp_priv.h"

#define PORT_TRIES 28300u       /* a little more than there are ports */

uint8_t net__tcp_arg_sock, net__tcp_arg_group;

static void on_destroyed(u8_t id, void *data)
{
    struct tcp_sock *t = data;

    (void)id;
    if (!t)
        return;
    t->pcb = NULL;
    t->in.ip = NULL;
    __atomic_store_n(&t->tx_room, 0, __ATOMIC_SEQ_CST);
}

static const struct tcp_ext_arg_callbacks sock_arg_ops = {
    .destroy = on_destroyed,
};

void net__tcp_init(void)
{
    net__tcp_arg_sock = tcp_ext_arg_alloc_id();
    net__tcp_arg_group = tcp_ext_arg_alloc_id();
}

/* ---------------- callbacks of lwIP ---------------- */

/* Room in what SO_SNDBUF allows, as far as lwIP has it. */
void net__tcp_room_update(struct tcp_sock *t)
{
    uint32_t used, limit, room = 0;

    if (t->pcb && t->pcb->snd_queuelen < TCP_SND_QUEUELEN - 8) {
        used = TCP_SND_BUF - t->pcb->snd_buf;
        limit = MIN(t->in.s.sndbuf, (uint32_t)TCP_SND_BUF);
        room = limit > used ? limit - used : 0;
    }
    __atomic_store_n(&t->tx_room, room, __ATOMIC_SEQ_CST);
}

static bool writable(const struct tcp_sock *t)
{
    uint32_t limit = MIN(t->in.s.sndbuf, (uint32_t)TCP_SND_BUF);

    return __atomic_load_n(&t->tx_room, __ATOMIC_SEQ_CST) >= limit / 3;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct tcp_sock *t = arg;

    (void)pcb;
    (void)len;
    net__tcp_room_update(t);
    if (__atomic_load_n(&t->tx_wait, __ATOMIC_SEQ_CST) && writable(t)) {
        __atomic_store_n(&t->tx_wait, false, __ATOMIC_SEQ_CST);
        net__wake(&t->in.s, POLLOUT | POLLWRNORM);
    }
    return ERR_OK;
}

static int error_number(const struct tcp_sock *t, err_t err)
{
    if (err == ERR_CLSD)
        return 0;
    if (tcp_state(t) == TCP_S_CONNECTING)
        return err == ERR_RST ? ECONNREFUSED : ETIMEDOUT;
    if (err == ERR_RST)
        return t->rx_eof ? EPIPE : ECONNRESET;
    return err == ERR_ABRT ? ETIMEDOUT : ECONNABORTED;
}

/* The pcb is gone already; on_destroyed has run. */
static void on_error(void *arg, err_t err)
{
    struct tcp_sock *t = arg;
    int e;

    if (!t)
        return;
    e = error_number(t, err);
    if (e && !t->in.s.error)
        net__error_set(&t->in.s, e);
    __atomic_store_n(&t->rx_eof, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&t->tx_shut, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&t->state, TCP_S_CLOSED, __ATOMIC_SEQ_CST);
    net__wake(&t->in.s, ~0u);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct tcp_sock *t = arg;

    (void)err;
    pcb->cwnd = 10u * pcb->mss;         /* RFC 6928 */
    ip_addr_copy(t->in.local.ip, pcb->local_ip);
    t->in.local.port = pcb->local_port;
    __atomic_store_n(&t->state, TCP_S_OPEN, __ATOMIC_SEQ_CST);
    net__tcp_room_update(t);
    net__wake(&t->in.s, POLLOUT | POLLWRNORM);
    return ERR_OK;
}

/* ---------------- pcbs ---------------- */

void net__tcp_attach(struct tcp_sock *t, struct tcp_pcb *pcb)
{
    t->pcb = pcb;
    t->in.ip = (struct ip_pcb *)pcb;
    tcp_ext_arg_set(pcb, net__tcp_arg_sock, t);
    tcp_ext_arg_set_callbacks(pcb, net__tcp_arg_sock, &sock_arg_ops);
    tcp_arg(pcb, t);
    tcp_recv(pcb, net__tcp_on_recv);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    net__tcp_options_apply(t);
    net__tcp_room_update(t);
}

/* From here on lwIP finishes the connection by itself. */
void net__tcp_detach(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb)
        return;
    tcp_ext_arg_set(pcb, net__tcp_arg_sock, NULL);
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    t->pcb = NULL;
    t->in.ip = NULL;
}

int net__tcp_pcb_get(struct tcp_sock *t)
{
    struct tcp_pcb *pcb;

    if (t->pcb)
        return 0;
    pcb = tcp_new_ip_type(net__inet_ip_type(&t->in));
    if (!pcb)
        return -ENOBUFS;
    net__tcp_attach(t, pcb);
    return 0;
}

void net__tcp_abort(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb)
        return;
    net__tcp_detach(t);
    tcp_abort(pcb);
}

/* Tells lwIP what was read since. */
void net__tcp_window_open(struct tcp_sock *t)
{
    uint32_t n = __atomic_exchange_n(&t->rx_unwindowed, 0, __ATOMIC_SEQ_CST);
    uint16_t step;

    while (n && t->pcb) {
        step = (uint16_t)MIN(n, 0xffffu);
        tcp_recved(t->pcb, step);
        n -= step;
    }
}

struct tcp_sock *net__tcp_alloc(int domain)
{
    struct tcp_sock *t = kzalloc(sizeof(*t));
    int err;

    if (!t)
        return ERR_PTR(-ENOMEM);
    err = net__sock_init(&t->in.s, NULL, domain, SOCK_STREAM, IPPROTO_TCP);
    if (err) {
        kfree(t);
        return ERR_PTR(err);
    }
    net__inet_init(&t->in);
    list_init(&t->accept_queue);
    list_init(&t->accept_link);
    list_init(&t->group_link);
    t->keepidle = NET_KEEPIDLE;
    t->keepintvl = NET_KEEPINTVL;
    t->keepcnt = NET_KEEPCNT;
    t->quickack = true;
    t->in.s.rcvbuf = NET_TCP_RCVBUF;
    t->in.s.sndbuf = TCP_SND_BUF;
    return t;
}

void net__tcp_free(struct tcp_sock *t)
{
    net__tcp_rx_drop(t);
    net__inet_done(&t->in);
    net__sock_done(&t->in.s);
    kfree(t);
}

/* ---------------- the operations ---------------- */

static bool tx_drained(struct tcp_sock *t)
{
    bool done;

    net__lock();
    done = !t->pcb || (!t->pcb->unsent && !t->pcb->unacked);
    __atomic_store_n(&t->tx_wait, true, __ATOMIC_SEQ_CST);
    net__unlock();
    return done;
}

/* SO_LINGER with a time: close waits until the peer has everything. */
static void linger(struct tcp_sock *t)
{
    int seconds = __atomic_load_n(&t->in.s.linger, __ATOMIC_RELAXED);
    nsec_t end, step;

    if (seconds <= 0 || tcp_state(t) != TCP_S_OPEN)
        return;
    end = clock_monotonic() + (nsec_t)seconds * NSEC_PER_SEC;
    while (!tx_drained(t) && clock_monotonic() < end) {
        step = MIN(end, clock_monotonic() + 10 * NSEC_PER_MSEC);
        if (thread_sleep_until(step, WAIT_INTERRUPTIBLE))
            return;
    }
}

/* lwIP closes with a RST, as Linux does, when data was not read. */
static void close_pcb(struct tcp_sock *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb)
        return;
    net__tcp_window_open(t);
    if (t->in.s.linger == 0 && tcp_state(t) == TCP_S_OPEN) {
        net__tcp_abort(t);
        return;
    }
    net__tcp_detach(t);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static void tcp_release(struct net_sock *s)
{
    struct tcp_sock *t = tcp_sock_of(s);

    linger(t);
    net__lock();
    if (t->group)
        net__tcp_unlisten(t);
    if (tcp_state(t) == TCP_S_CONNECTING)
        net__tcp_abort(t);
    close_pcb(t);
    net__tcp_free(t);
    net__unlock();
}

static int bind_locked(struct tcp_sock *t, const struct inet_addr *a)
{
    ip_addr_t ip;
    err_t err = ERR_USE;
    int e;

    if (t->in.bound || tcp_state(t) != TCP_S_IDLE)
        return -EINVAL;
    e = net__inet_addr_local(&a->ip);
    if (e && !(t->in.want & WANT_FREEBIND))
        return e;
    e = net__tcp_pcb_get(t);
    if (e)
        return e;
    net__inet_apply(&t->in);
    if (ip_addr_isany(&a->ip) && IP_IS_V6_VAL(a->ip) == (t->in.s.domain !=
                                                          AF_INET))
        net__inet_any(&t->in, &ip);
    else
        ip_addr_copy(ip, a->ip);
    if (a->port) {
        e = net__tcp_listen_conflict(t, &ip, a->port);
        if (e)
            return e;
        err = tcp_bind(t->pcb, &ip, a->port);
    }
    for (unsigned i = 0; !a->port && err == ERR_USE && i < PORT_TRIES; i++)
        err = tcp_bind(t->pcb, &ip, net__port_random(i));
    if (err != ERR_OK)
        return net__lwip_error(err);
    t->in.bound = true;
    t->in.local = *a;
    t->in.local.port = t->pcb->local_port;
    return 0;
}

static int tcp_sock_bind(struct net_sock *s, const void *addr, uint32_t len)
{
    struct tcp_sock *t = tcp_sock_of(s);
    struct inet_addr a;
    int err = net__inet_addr_get(&t->in, addr, len, &a);

    if (err)
        return err;
    if (net__is_multicast(&a.ip))
        return -EADDRNOTAVAIL;
    net__lock();
    err = bind_locked(t, &a);
    net__unlock();
    return err;
}

/* Both locks of a socket whose received data may have to go: a receiver
 * copies from it under the first alone. */
static void both_lock(struct tcp_sock *t)
{
    mutex_lock(&t->in.s.rx_mutex);
    net__lock();
}

static void both_unlock(struct tcp_sock *t)
{
    net__unlock();
    mutex_unlock(&t->in.s.rx_mutex);
}

/* connect() to AF_UNSPEC: back to IDLE. */
static int disconnect_locked(struct tcp_sock *t)
{
    ASSERT(mutex_held(&t->in.s.rx_mutex));
    if (t->group)
        net__tcp_unlisten(t);
    net__tcp_abort(t);
    net__tcp_rx_drop(t);
    t->in.peer.port = 0;
    t->in.bound = false;
    t->rx_eof = t->rx_shut = t->tx_shut = false;
    __atomic_store_n(&t->state, TCP_S_IDLE, __ATOMIC_SEQ_CST);
    return 0;
}

/* Where connect() stands if there is nothing to start: 1 to go on. */
static int connect_standing(struct tcp_sock *t)
{
    int err;

    switch (tcp_state(t)) {
    case TCP_S_LISTEN:
        return -EISCONN;
    case TCP_S_CONNECTING:
        return -EALREADY;
    case TCP_S_OPEN:
        if (t->connect_told)
            return -EISCONN;
        t->connect_told = true;
        return 0;
    case TCP_S_CLOSED:
        err = net__error_take(&t->in.s);
        if (err || t->connect_told) {
            disconnect_locked(t);
            return err ? err : -ECONNABORTED;
        }
        disconnect_locked(t);
        return 1;
    default:
        return 1;
    }
}

int net__tcp_bind_any(struct tcp_sock *t)
{
    struct inet_addr any;

    if (t->in.bound)
        return 0;
    memset(&any, 0, sizeof(any));
    net__inet_any(&t->in, &any.ip);
    return bind_locked(t, &any);
}

static bool port_free(const struct inet_addr *peer, uint16_t port)
{
    struct tcp_pcb_listen *l;
    struct tcp_pcb *pcb;

    for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next)
        if (l->local_port == port)
            return false;
    for (pcb = tcp_bound_pcbs; pcb; pcb = pcb->next)
        if (pcb->local_port == port)
            return false;
    return !net__tcp_name_used(&peer->ip, peer->port, port);
}

/* A port that is free towards this peer, as Linux chooses: lwIP's own way
 * walks every connection for each try. */
static int bind_towards(struct tcp_sock *t, const struct inet_addr *peer)
{
    uint16_t port = 0;
    unsigned i;

    if (t->in.bound)
        return 0;
    for (i = 0; i < PORT_TRIES; i++) {
        port = net__port_random(i);
        if (port_free(peer, port))
            break;
    }
    if (i == PORT_TRIES)
        return -EADDRNOTAVAIL;
    t->pcb->local_port = port;
    net__tcp_reg(&tcp_bound_pcbs, t->pcb);
    t->in.bound = true;
    memset(&t->in.local, 0, sizeof(t->in.local));
    net__inet_any(&t->in, &t->in.local.ip);
    t->in.local.port = port;
    return 0;
}

static int connect_start(struct tcp_sock *t, struct inet_addr *a)
{
    err_t e;
    int err = connect_standing(t);

    if (err != 1)
        return err;
    if (!a->port)
        return -ECONNREFUSED;
    /* Linux: to any address is to oneself. */
    if (ip_addr_isany(&a->ip)) {
        if (IP_IS_V6_VAL(a->ip))
            ip_addr_set_loopback(1, &a->ip);
        else
            ip_addr_set_loopback(0, &a->ip);
    }
    if (net__is_multicast(&a->ip))
        return -ENETUNREACH;
    err = net__tcp_pcb_get(t);
    if (!err)
        err = bind_towards(t, a);
    if (err)
        return err;
    net__inet_apply(&t->in);
    t->in.peer = *a;
    t->connect_told = false;
    __atomic_store_n(&t->state, TCP_S_CONNECTING, __ATOMIC_SEQ_CST);
    e = tcp_connect(t->pcb, &a->ip, a->port, on_connected);
    if (e != ERR_OK) {
        t->in.peer.port = 0;
        __atomic_store_n(&t->state, TCP_S_IDLE, __ATOMIC_SEQ_CST);
        return e == ERR_USE ? -EADDRNOTAVAIL : net__lwip_error(e);
    }
    ip_addr_copy(t->in.local.ip, t->pcb->local_ip);
    t->in.local.port = t->pcb->local_port;
    return -EINPROGRESS;
}

static int connect_wait(struct tcp_sock *t)
{
    nsec_t timeo = t->in.s.sndtimeo;
    int err = waitq_wait(&t->in.s.wq, tcp_state(t) != TCP_S_CONNECTING,
                         net__deadline(timeo), WAIT_INTERRUPTIBLE);

    if (err == -ETIMEDOUT)
        return -EINPROGRESS;
    if (err)
        return net__wait_error(err, timeo);
    both_lock(t);
    if (tcp_state(t) == TCP_S_OPEN)
        t->connect_told = true;
    err = net__error_take(&t->in.s);
    if (tcp_state(t) == TCP_S_CLOSED) {
        disconnect_locked(t);
        err = err ? err : -ECONNREFUSED;
    }
    both_unlock(t);
    return err;
}

static int tcp_sock_connect(struct net_sock *s, const void *addr,
                            uint32_t len, bool nonblock)
{
    struct tcp_sock *t = tcp_sock_of(s);
    struct inet_addr a;
    uint16_t family;
    bool wait;
    int err;

    memcpy(&family, addr, sizeof(family));
    if (family == AF_UNSPEC) {
        both_lock(t);
        err = disconnect_locked(t);
        both_unlock(t);
        return err;
    }
    err = net__inet_addr_get(&t->in, addr, len, &a);
    if (err)
        return err;
    both_lock(t);
    err = connect_start(t, &a);
    wait = !nonblock && (err == -EINPROGRESS || err == -EALREADY);
    both_unlock(t);
    return wait ? connect_wait(t) : err;
}

static int tcp_sock_shutdown(struct net_sock *s, int how)
{
    struct tcp_sock *t = tcp_sock_of(s);
    uint32_t state;
    int err = 0;

    net__lock();
    state = tcp_state(t);
    if (state == TCP_S_LISTEN && how != SHUT_WR) {
        net__tcp_unlisten(t);
        __atomic_store_n(&t->state, TCP_S_IDLE, __ATOMIC_SEQ_CST);
    } else if (state != TCP_S_OPEN) {
        err = -ENOTCONN;
    } else {
        if (how != SHUT_WR)
            __atomic_store_n(&t->rx_shut, true, __ATOMIC_SEQ_CST);
        if (how != SHUT_RD && !t->tx_shut) {
            __atomic_store_n(&t->tx_shut, true, __ATOMIC_SEQ_CST);
            net__tcp_window_open(t);
            if (t->pcb)
                tcp_shutdown(t->pcb, 0, 1);
        }
    }
    net__unlock();
    net__wake(s, ~0u);
    return err;
}

static int tcp_sock_name(struct net_sock *s, bool peer, void *addr,
                         uint32_t *len)
{
    struct tcp_sock *t = tcp_sock_of(s);

    if (peer && tcp_state(t) != TCP_S_OPEN)
        return -ENOTCONN;
    return net__inet_name(&t->in, peer, addr, len);
}

uint32_t net__tcp_poll(struct net_sock *s)
{
    struct tcp_sock *t = tcp_sock_of(s);
    uint32_t state = tcp_state(t), ev = 0;
    bool rx_end, tx_end;

    if (state == TCP_S_LISTEN)
        return __atomic_load_n(&t->accept_count, __ATOMIC_SEQ_CST)
                   ? POLLIN | POLLRDNORM : 0;
    rx_end = __atomic_load_n(&t->rx_eof, __ATOMIC_SEQ_CST) ||
             __atomic_load_n(&t->rx_shut, __ATOMIC_SEQ_CST);
    tx_end = __atomic_load_n(&t->tx_shut, __ATOMIC_SEQ_CST);
    if (state == TCP_S_IDLE || state == TCP_S_CLOSED || (rx_end && tx_end))
        ev |= POLLHUP;
    if (rx_end)
        ev |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (state == TCP_S_CONNECTING)
        return ev;
    if (__atomic_load_n(&t->rx_bytes, __ATOMIC_SEQ_CST) >= s->rcvlowat)
        ev |= POLLIN | POLLRDNORM;
    if (tx_end || state == TCP_S_IDLE || writable(t))
        return ev | POLLOUT | POLLWRNORM;
    __atomic_store_n(&t->tx_wait, true, __ATOMIC_SEQ_CST);
    /* An acknowledgement may have come between the two. */
    if (writable(t))
        ev |= POLLOUT | POLLWRNORM;
    return ev;
}

static long tcp_sock_inq(struct net_sock *s)
{
    struct tcp_sock *t = tcp_sock_of(s);

    if (tcp_state(t) == TCP_S_LISTEN)
        return -EINVAL;
    return (long)__atomic_load_n(&t->rx_bytes, __ATOMIC_SEQ_CST);
}

static long tcp_sock_outq(struct net_sock *s)
{
    struct tcp_sock *t = tcp_sock_of(s);
    long n = 0;

    if (tcp_state(t) == TCP_S_LISTEN)
        return -EINVAL;
    net__lock();
    if (t->pcb)
        n = (long)(TCP_SND_BUF - t->pcb->snd_buf);
    net__unlock();
    return n;
}

static const struct net_sock_ops tcp_ops = {
    .release = tcp_release,
    .poll = net__tcp_poll,
    .bind = tcp_sock_bind,
    .listen = net__tcp_listen,
    .connect = tcp_sock_connect,
    .accept = net__tcp_accept,
    .shutdown = tcp_sock_shutdown,
    .name = tcp_sock_name,
    .sendmsg = net__tcp_sendmsg,
    .recvmsg = net__tcp_recvmsg,
    .setopt = net__tcp_setopt,
    .getopt = net__tcp_getopt,
    .inq = tcp_sock_inq,
    .outq = tcp_sock_outq,
};

struct net_sock *net__tcp_create(int domain)
{
    struct tcp_sock *t = net__tcp_alloc(domain);

    if (IS_ERR(t))
        return ERR_PTR(PTR_ERR(t));
    t->in.s.ops = &tcp_ops;
    return &t->in.s;
}

/* lwIP would keep each for a minute. */
void net__tcp_timewait_trim(void)
{
    struct tcp_pcb *pcb, *next;
    unsigned n = 0;

    for (pcb = tcp_tw_pcbs; pcb; pcb = next) {
        next = pcb->next;
        if (++n > NET_TIME_WAIT_MAX)
            tcp_abort(pcb);     /* sends nothing in TIME_WAIT */
    }
}

void net__tcp_icmp_error(const ip_addr_t *local, uint16_t lport,
                         const ip_addr_t *remote, uint16_t rport, int err)
{
    struct tcp_pcb *pcb = net__tcp_find(local, lport, remote, rport);
    struct tcp_sock *t;

    if (!pcb || pcb->state != SYN_SENT)
        return;
    t = tcp_ext_arg_get(pcb, net__tcp_arg_sock);
    if (!t)
        return;
    net__error_set(&t->in.s, err);
    tcp_abort(pcb);             /* ends in on_error, which keeps err */
}
