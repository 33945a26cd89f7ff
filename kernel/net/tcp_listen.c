/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening TCP sockets. One pcb of lwIP in state LISTEN serves a group: one
 * socket, or several that share the port by SO_REUSEPORT, between which new
 * connections are spread by a hash of the peer's name.
 *
 * The backlog bounds half-open and waiting connections together, so that a
 * flood of SYNs costs a bounded number of pcbs; a SYN beyond it is dropped and
 * the peer tries again.
 */
#include "tcp_sock_priv.h"

#include "lwip/priv/tcp_priv.h"

/* A half-open pcb is gone, or was accepted (then data is NULL). */
static void half_open_gone(u8_t id, void *data)
{
    struct tcp_group *g = data;

    (void)id;
    if (g)
        g->half_open--;
}

static err_t half_open_new(u8_t id, struct tcp_pcb_listen *lpcb,
                           struct tcp_pcb *pcb);

static const struct tcp_ext_arg_callbacks group_arg_ops = {
    .destroy = half_open_gone,
    .passive_open = half_open_new,
};

static err_t half_open_new(u8_t id, struct tcp_pcb_listen *lpcb,
                           struct tcp_pcb *pcb)
{
    struct tcp_group *g = lpcb->callback_arg;

    /* The child must not count before it is counted. */
    tcp_ext_arg_set(pcb, id, NULL);
    tcp_ext_arg_set_callbacks(pcb, id, &group_arg_ops);
    if (g->half_open + g->queued >= g->backlog) {
        __atomic_add_fetch(&net__drops, 1, __ATOMIC_RELAXED);
        return ERR_MEM;
    }
    g->half_open++;
    tcp_ext_arg_set(pcb, id, g);
    return ERR_OK;
}

static bool has_room(const struct tcp_sock *t)
{
    return t->accept_count < t->backlog;
}

/* Which socket of the group gets this connection. */
static struct tcp_sock *pick(struct tcp_group *g, const struct tcp_pcb *pcb)
{
    struct tcp_sock *t, *any = NULL;
    uint64_t h = pcb->remote_port;
    unsigned n;

    if (g->count == 1)
        return list_first(&g->socks, struct tcp_sock, group_link);
    if (IP_IS_V4_VAL(pcb->remote_ip))
        h |= (uint64_t)ip4_addr_get_u32(ip_2_ip4(&pcb->remote_ip)) << 16;
    else
        h |= (uint64_t)ip_2_ip6(&pcb->remote_ip)->addr[3] << 16;
    n = (unsigned)(hash_u64(h * 0x9e3779b97f4a7c15ull) % g->count);
    list_for_each(t, &g->socks, group_link) {
        if (has_room(t))
            any = t;
        if (n-- == 0 && has_room(t))
            return t;
    }
    return any;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct tcp_group *g = arg;
    struct tcp_sock *t, *c;
    struct net_sock *s;

    if (err != ERR_OK || !pcb)
        return ERR_VAL;
    tcp_ext_arg_set(pcb, net__tcp_arg_group, NULL);
    g->half_open--;
    t = pick(g, pcb);
    if (!t)
        return ERR_MEM;
    s = net__tcp_create(t->in.s.domain);
    if (IS_ERR(s))
        return ERR_MEM;
    c = tcp_sock_of(s);
    c->in.s.flags = t->in.s.flags & (SOCK_F_KEEPALIVE | SOCK_F_REUSEADDR |
                                     SOCK_F_REUSEPORT | SOCK_F_OOBINLINE);
    c->in.s.linger = t->in.s.linger;
    c->in.s.rcvbuf = t->in.s.rcvbuf;
    c->in.s.sndbuf = t->in.s.sndbuf;
    c->in.ttl = t->in.ttl;
    c->in.tos = t->in.tos;
    c->in.v6only = t->in.v6only;
    c->nodelay = t->nodelay;
    c->keepidle = t->keepidle;
    c->keepintvl = t->keepintvl;
    c->keepcnt = t->keepcnt;
    c->in.bound = true;
    ip_addr_copy(c->in.local.ip, pcb->local_ip);
    c->in.local.port = pcb->local_port;
    ip_addr_copy(c->in.peer.ip, pcb->remote_ip);
    c->in.peer.port = pcb->remote_port;
    c->connect_told = true;
    c->state = TCP_S_OPEN;
    net__tcp_attach(c, pcb);
    pcb->cwnd = 10u * pcb->mss;         /* RFC 6928 */
    list_add_tail(&t->accept_queue, &c->accept_link);
    __atomic_store_n(&t->accept_count, t->accept_count + 1,
                     __ATOMIC_SEQ_CST);
    g->queued++;
    net__wake(&t->in.s, POLLIN | POLLRDNORM);
    return ERR_OK;
}

/* ---------------- groups ---------------- */

static bool same_address(const ip_addr_t *a, const ip_addr_t *b)
{
    return IP_GET_TYPE(a) == IP_GET_TYPE(b) && ip_addr_cmp(a, b);
}

/* Would packets for one reach the other? */
static bool overlap(const ip_addr_t *a, const ip_addr_t *b)
{
    bool any_a = ip_addr_isany(a) || IP_IS_ANY_TYPE_VAL(*a);
    bool any_b = ip_addr_isany(b) || IP_IS_ANY_TYPE_VAL(*b);

    if (!IP_IS_ANY_TYPE_VAL(*a) && !IP_IS_ANY_TYPE_VAL(*b) &&
        IP_GET_TYPE(a) != IP_GET_TYPE(b))
        return false;
    return any_a || any_b || ip_addr_cmp(a, b);
}

int net__tcp_listen_conflict(struct tcp_sock *t, const ip_addr_t *ip,
                             uint16_t port)
{
    struct tcp_pcb_listen *l;
    struct tcp_group *g;
    bool shares = net__flag(&t->in.s, SOCK_F_REUSEPORT);

    for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next) {
        if (l->local_port != port || !overlap(&l->local_ip, ip))
            continue;
        g = l->callback_arg;
        if (!shares || !g->reuseport)
            return -EADDRINUSE;
    }
    return 0;
}

static struct tcp_group *group_to_join(struct tcp_sock *t)
{
    struct tcp_pcb_listen *l;
    struct tcp_group *g;

    for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next) {
        g = l->callback_arg;
        if (l->local_port == t->pcb->local_port && g->reuseport &&
            same_address(&l->local_ip, &t->pcb->local_ip))
            return g;
    }
    return NULL;
}

static struct tcp_group *group_create(struct tcp_sock *t, int *error)
{
    struct tcp_group *g = kzalloc(sizeof(*g));
    struct tcp_pcb *lpcb;
    err_t err = ERR_OK;

    if (!g) {
        *error = -ENOMEM;
        return NULL;
    }
    /* On success the socket's own pcb is freed: its hook clears t->pcb. */
    lpcb = tcp_listen_with_backlog_and_err(t->pcb, 255, &err);
    if (!lpcb) {
        kfree(g);
        *error = err == ERR_USE ? -EADDRINUSE : -ENOBUFS;
        return NULL;
    }
    list_init(&g->socks);
    g->pcb = lpcb;
    g->reuseport = net__flag(&t->in.s, SOCK_F_REUSEPORT);
    tcp_arg(lpcb, g);
    tcp_ext_arg_set(lpcb, net__tcp_arg_sock, NULL);
    tcp_ext_arg_set(lpcb, net__tcp_arg_group, NULL);
    tcp_ext_arg_set_callbacks(lpcb, net__tcp_arg_group, &group_arg_ops);
    tcp_accept(lpcb, on_accept);
    return g;
}

static int listen_start(struct tcp_sock *t, uint32_t backlog)
{
    struct tcp_group *g = NULL;
    int err;

    err = net__tcp_bind_any(t);
    if (err)
        return err;
    err = net__tcp_pcb_get(t);
    if (err)
        return err;
    if (net__flag(&t->in.s, SOCK_F_REUSEPORT))
        g = group_to_join(t);
    if (g) {
        struct tcp_pcb *own = t->pcb;

        net__tcp_detach(t);
        tcp_close(own);
    } else {
        g = group_create(t, &err);
        if (!g)
            return err;
    }
    t->pcb = NULL;
    t->in.ip = NULL;
    t->group = g;
    t->backlog = backlog;
    g->backlog += backlog;
    g->count++;
    list_add_tail(&g->socks, &t->group_link);
    net__flag_set(&t->in.s, SOCK_F_LISTEN, true);
    __atomic_store_n(&t->state, TCP_S_LISTEN, __ATOMIC_SEQ_CST);
    return 0;
}

int net__tcp_listen(struct net_sock *s, int backlog)
{
    struct tcp_sock *t = tcp_sock_of(s);
    uint32_t want = (uint32_t)backlog + 1;      /* as Linux counts */
    int err = 0;

    net__lock();
    if (tcp_state(t) == TCP_S_LISTEN) {
        t->group->backlog += want - t->backlog;
        t->backlog = want;
    } else if (tcp_state(t) != TCP_S_IDLE) {
        err = -EINVAL;
    } else {
        err = listen_start(t, want);
    }
    net__unlock();
    return err;
}

static void group_free(struct tcp_group *g)
{
    struct tcp_pcb *pcb;

    for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (tcp_ext_arg_get(pcb, net__tcp_arg_group) == g)
            tcp_ext_arg_set(pcb, net__tcp_arg_group, NULL);
    tcp_arg(g->pcb, NULL);
    tcp_close(g->pcb);
    kfree(g);
}

void net__tcp_unlisten(struct tcp_sock *t)
{
    struct tcp_group *g = t->group;
    struct tcp_sock *c;

    while (!list_empty(&t->accept_queue)) {
        c = list_first(&t->accept_queue, struct tcp_sock, accept_link);
        list_del(&c->accept_link);
        g->queued--;
        net__tcp_abort(c);
        net__tcp_free(c);
    }
    t->accept_count = 0;
    list_del(&t->group_link);
    g->backlog -= t->backlog;
    g->count--;
    t->group = NULL;
    t->in.bound = false;
    net__flag_set(&t->in.s, SOCK_F_LISTEN, false);
    if (!g->count)
        group_free(g);
}

/* ---------------- accept ---------------- */

static struct tcp_sock *accept_take(struct tcp_sock *t)
{
    struct tcp_sock *c = NULL;

    net__lock();
    if (!list_empty(&t->accept_queue)) {
        c = list_first(&t->accept_queue, struct tcp_sock, accept_link);
        list_del(&c->accept_link);
        __atomic_store_n(&t->accept_count, t->accept_count - 1,
                         __ATOMIC_SEQ_CST);
        t->group->queued--;
    }
    net__unlock();
    return c;
}

static bool acceptable(struct tcp_sock *t)
{
    return __atomic_load_n(&t->accept_count, __ATOMIC_SEQ_CST) ||
           tcp_state(t) != TCP_S_LISTEN;
}

struct net_sock *net__tcp_accept(struct net_sock *s, bool nonblock)
{
    struct tcp_sock *t = tcp_sock_of(s), *c;
    nsec_t deadline = net__deadline(s->rcvtimeo);
    int err;

    for (;;) {
        if (tcp_state(t) != TCP_S_LISTEN)
            return ERR_PTR(-EINVAL);
        if (__atomic_load_n(&t->accept_count, __ATOMIC_SEQ_CST)) {
            c = accept_take(t);
            if (c)
                return &c->in.s;
        }
        if (nonblock)
            return ERR_PTR(-EAGAIN);
        err = waitq_wait(&s->wq, acceptable(t), deadline,
                         WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE);
        if (err)
            return ERR_PTR(net__wait_error(err, s->rcvtimeo));
    }
}
