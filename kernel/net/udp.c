/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP sockets over lwIP's udp_pcb. Datagrams wait in a list of their own,
 * bounded by SO_RCVBUF, by number and by net's memory; one beyond it is
 * dropped and counted. A send builds its pbuf before it takes the net lock.
 */
#include "net_priv.h"

#include "lwip/inet_chksum.h"

#define DGRAM_OVERHEAD 256u     /* what a datagram counts beside its bytes */

struct dgram {
    struct list link;
    struct pbuf *p;
    struct inet_addr from;
    ip_addr_t to;
    uint8_t netif, ttl, tos;
};

struct udp_sock {
    struct inet_sock in;
    struct udp_pcb *pcb;        /* [net] */
    struct list queue;          /* [rx] of dgram.link */
    uint32_t queued;            /* [a] how many */
    uint32_t bytes;             /* [rx] with overhead */
    bool rx_shut, tx_shut;      /* [a] */
    uint64_t drops;             /* [net] */
    struct pbuf *corked;        /* [net] MSG_MORE's beginning */
    struct inet_addr cork_to;   /* [net] */
};

static struct udp_sock *udp_sock_of(struct net_sock *s)
{
    return container_of(s, struct udp_sock, in.s);
}

/* ---------------- receive ---------------- */

static void on_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p,
                    const ip_addr_t *from, u16_t port);

const struct net_sock *net__udp_owner(const struct udp_pcb *pcb)
{
    const struct udp_sock *u = pcb->recv_arg;

    return pcb->recv == on_recv ? &u->in.s : NULL;
}

static bool admit(struct udp_sock *u, const struct pbuf *p)
{
    uint32_t cost = p->tot_len + DGRAM_OVERHEAD;

    if (u->rx_shut || u->queued >= NET_UDP_QUEUE_MAX ||
        u->bytes + cost > u->in.s.rcvbuf + DGRAM_OVERHEAD)
        return false;
    return net__rx_charge(cost);
}

static bool for_many(const ip_addr_t *dest)
{
    return ip_addr_ismulticast(dest) ||
           ip_addr_isbroadcast(dest, ip_current_netif());
}

static bool shares(const struct udp_pcb *pcb)
{
    const struct net_sock *s = net__udp_owner(pcb);

    return s && net__flag(s, SOCK_F_REUSEPORT) &&
           !(pcb->flags & UDP_FLAGS_CONNECTED);
}

/* Sockets with one name by SO_REUSEPORT divide what comes by its sender:
 * whose turn it is, is the greatest of the hashes with each. */
static struct udp_sock *whose(struct udp_pcb *first, const ip_addr_t *from,
                              u16_t port)
{
    uint64_t sender = IP_IS_V4(from) ? ip4_addr_get_u32(ip_2_ip4(from))
                                     : ip_2_ip6(from)->addr[3] ^
                                       (uint64_t)ip_2_ip6(from)->addr[1] << 9;
    uint64_t best = 0;
    struct udp_pcb *pcb, *won = first;

    sender = (sender << 16 | port) * 0x9e3779b97f4a7c15ull;
    if (!shares(first) || for_many(ip_current_dest_addr()))
        return first->recv_arg;
    for (pcb = udp_pcbs; pcb; pcb = pcb->next) {
        uint64_t h = hash_u64(sender ^ (uintptr_t)pcb);

        if (pcb->local_port == first->local_port && h >= best &&
            shares(pcb) && ip_addr_cmp(&pcb->local_ip, &first->local_ip)) {
            best = h;
            won = pcb;
        }
    }
    return won->recv_arg;
}

static void on_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p,
                    const ip_addr_t *addr, u16_t port)
{
    struct udp_sock *u = whose(pcb, addr, port);
    struct dgram *d = NULL;

    (void)arg;
    if (admit(u, p)) {
        d = kmalloc(sizeof(*d));
        if (!d)
            net__rx_uncharge(p->tot_len + DGRAM_OVERHEAD);
    }
    if (!d) {
        u->drops++;
        __atomic_add_fetch(&net__drops, 1, __ATOMIC_RELAXED);
        pbuf_free(p);
        return;
    }
    d->p = p;
    ip_addr_copy(d->from.ip, *addr);
    d->from.port = port;
    ip_addr_copy(d->to, *ip_current_dest_addr());
    d->netif = netif_get_index(ip_current_input_netif());
    if (ip_current_is_v6()) {
        d->ttl = IP6H_HOPLIM(ip6_current_header());
        d->tos = (uint8_t)IP6H_TC(ip6_current_header());
    } else {
        d->ttl = IPH_TTL(ip4_current_header());
        d->tos = IPH_TOS(ip4_current_header());
    }
    spin_lock(&u->in.s.rx_lock);
    list_add_tail(&u->queue, &d->link);
    u->bytes += p->tot_len + DGRAM_OVERHEAD;
    __atomic_store_n(&u->queued, u->queued + 1, __ATOMIC_SEQ_CST);
    spin_unlock(&u->in.s.rx_lock);
    net__wake(&u->in.s, POLLIN | POLLRDNORM);
}

static void dgram_unlink(struct udp_sock *u, struct dgram *d)
{
    spin_lock(&u->in.s.rx_lock);
    list_del(&d->link);
    u->bytes -= d->p->tot_len + DGRAM_OVERHEAD;
    __atomic_store_n(&u->queued, u->queued - 1, __ATOMIC_SEQ_CST);
    spin_unlock(&u->in.s.rx_lock);
}

static void dgram_free(struct dgram *d)
{
    net__rx_uncharge(d->p->tot_len + DGRAM_OVERHEAD);
    pbuf_free(d->p);
    kfree(d);
}

static ssize_t dgram_copy(const struct dgram *d, struct iov_iter *it)
{
    size_t want = MIN(it->left, (size_t)d->p->tot_len), done = 0;
    struct pbuf *p = d->p;
    ssize_t r;

    for (; p && done < want; p = p->next) {
        size_t n = MIN(want - done, (size_t)p->len);

        r = copy_to_iter(it, p->payload, n);
        if (r < (ssize_t)n)
            return -EFAULT;
        done += n;
    }
    return (ssize_t)done;
}

static void put_pktinfo(struct udp_sock *u, const struct dgram *d,
                        struct net_msg *m, size_t *used)
{
    uint32_t info[5] = { 0 };

    if (IP_IS_V4_VAL(d->to) && (u->in.want & WANT_PKTINFO)) {
        info[0] = d->netif;
        info[1] = info[2] = ip4_addr_get_u32(ip_2_ip4(&d->to));
        net__cmsg_put(m, used, IPPROTO_IP, IP_PKTINFO, info, 12);
    }
    if (u->in.want & WANT_PKTINFO6) {
        if (IP_IS_V4_VAL(d->to)) {
            info[0] = info[1] = 0;
            info[2] = lwip_htonl(0xffff);
            info[3] = ip4_addr_get_u32(ip_2_ip4(&d->to));
        } else {
            memcpy(info, ip_2_ip6(&d->to)->addr, 16);
        }
        info[4] = d->netif;
        net__cmsg_put(m, used, IPPROTO_IPV6, IPV6_PKTINFO, info, 20);
    }
}

static void put_control(struct udp_sock *u, const struct dgram *d,
                        struct net_msg *m)
{
    bool v4 = IP_IS_V4_VAL(d->from.ip);
    int ttl = d->ttl, tos = d->tos;
    size_t used = 0;

    put_pktinfo(u, d, m, &used);
    if (v4 && (u->in.want & WANT_TTL))
        net__cmsg_put(m, &used, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
    if (v4 && (u->in.want & WANT_TOS))
        net__cmsg_put(m, &used, IPPROTO_IP, IP_TOS, &d->tos, 1);
    if (!v4 && (u->in.want & WANT_HOPLIMIT))
        net__cmsg_put(m, &used, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl,
                      sizeof(ttl));
    if (!v4 && (u->in.want & WANT_TCLASS))
        net__cmsg_put(m, &used, IPPROTO_IPV6, IPV6_TCLASS, &tos,
                      sizeof(tos));
    m->control_len = used;
}

/* Hands the datagram over; rx_mutex keeps it ours. Bytes, or -EFAULT. */
static ssize_t dgram_deliver(struct udp_sock *u, const struct dgram *d,
                             struct net_msg *m)
{
    uint32_t flags = m->flags;
    ssize_t n = dgram_copy(d, m->iter);

    if (n < 0)
        return n;
    m->flags = (size_t)n < d->p->tot_len ? MSG_TRUNC : 0;
    put_control(u, d, m);
    if (m->addr)
        net__inet_addr_put(&u->in, &d->from, m->addr, &m->addr_len);
    m->file_count = 0;
    return flags & MSG_TRUNC ? (ssize_t)d->p->tot_len : n;
}

static bool readable(struct udp_sock *u)
{
    return __atomic_load_n(&u->queued, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&u->in.s.error, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&u->rx_shut, __ATOMIC_SEQ_CST);
}

/* 0: nothing was there (*got false). */
static ssize_t recv_once(struct udp_sock *u, struct net_msg *m, bool *got)
{
    bool peek = m->flags & MSG_PEEK;
    struct dgram *d = NULL;
    ssize_t r = 0;

    mutex_lock(&u->in.s.rx_mutex);
    spin_lock(&u->in.s.rx_lock);
    if (!list_empty(&u->queue))
        d = list_first(&u->queue, struct dgram, link);
    spin_unlock(&u->in.s.rx_lock);
    *got = d != NULL;
    if (d) {
        r = dgram_deliver(u, d, m);
        if (!peek)
            dgram_unlink(u, d);
    }
    mutex_unlock(&u->in.s.rx_mutex);
    if (d && !peek) {
        net__lock();
        dgram_free(d);
        net__unlock();
    }
    return r;
}

static ssize_t udp_recvmsg(struct net_sock *s, struct net_msg *m,
                           bool nonblock)
{
    struct udp_sock *u = udp_sock_of(s);
    nsec_t deadline = net__deadline(s->rcvtimeo);
    bool got;
    ssize_t r;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    for (;;) {
        err = net__error_take(s);
        if (err)
            return err;
        r = recv_once(u, m, &got);
        if (got)
            return r;
        if (__atomic_load_n(&u->rx_shut, __ATOMIC_SEQ_CST))
            return 0;
        if (nonblock)
            return -EAGAIN;
        err = waitq_wait(&s->wq, readable(u), deadline,
                         WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE);
        if (err)
            return net__wait_error(err, s->rcvtimeo);
    }
}

/* ---------------- send ---------------- */

/* What the control messages say of this one datagram. */
struct send_control {
    ip_addr_t src;
    unsigned netif;             /* 0: any */
    int tos, ttl;               /* -1: the socket's */
};

/* An int from low to 255; `byte`: one byte will do. */
static int control_int(const uint8_t *p, const struct cmsghdr *h, int low,
                       bool byte, int *v)
{
    int n = 0;

    if (h->len != sizeof(*h) + sizeof(n) &&
        !(byte && h->len == sizeof(*h) + 1))
        return -EINVAL;
    memcpy(&n, p + sizeof(*h), h->len - sizeof(*h));
    if (n < low || n > 255)
        return -EINVAL;
    *v = n;
    return 0;
}

static int control_v4(const uint8_t *p, const struct cmsghdr *h,
                      struct send_control *c)
{
    uint32_t info[3];

    if (h->type == IP_TOS)
        return control_int(p, h, 0, true, &c->tos);
    if (h->type == IP_TTL)
        return control_int(p, h, 1, false, &c->ttl);
    if (h->type == IP_PKTINFO && h->len >= sizeof(*h) + sizeof(info)) {
        memcpy(info, p + sizeof(*h), sizeof(info));
        c->netif = info[0];
        if (info[1])
            net__ip4_set(&c->src, info[1]);
    }
    return 0;
}

static int control_v6(const uint8_t *p, const struct cmsghdr *h,
                      struct send_control *c)
{
    uint32_t info[5];

    if (h->type == IPV6_TCLASS)
        return control_int(p, h, -1, false, &c->tos);
    if (h->type == IPV6_HOPLIMIT)
        return control_int(p, h, -1, false, &c->ttl);
    if (h->type == IPV6_PKTINFO && h->len >= sizeof(*h) + sizeof(info)) {
        memcpy(info, p + sizeof(*h), sizeof(info));
        c->netif = info[4];
        if (info[0] | info[1] | info[2] | info[3]) {
            ip_addr_set_zero_ip6(&c->src);
            memcpy(ip_2_ip6(&c->src)->addr, info, 16);
        }
    }
    return 0;
}

static int control_read(const struct net_msg *m, struct send_control *c)
{
    const uint8_t *p = m->control;
    size_t left = p ? m->control_len : 0;
    struct cmsghdr h;
    int err = 0;

    while (left >= sizeof(h)) {
        memcpy(&h, p, sizeof(h));
        if (h.len < sizeof(h) || h.len > left)
            return -EINVAL;
        if (h.level == IPPROTO_IP)
            err = control_v4(p, &h, c);
        else if (h.level == IPPROTO_IPV6)
            err = control_v6(p, &h, c);
        if (err || ALIGN_UP(h.len, 8) >= left)
            return err;
        p += ALIGN_UP(h.len, 8);
        left -= ALIGN_UP(h.len, 8);
    }
    return 0;
}

static int bind_any(struct udp_sock *u);

static err_t send_now(struct udp_sock *u, struct pbuf *p,
                      const struct inet_addr *to, const struct net_msg *m,
                      int *error)
{
    struct send_control c = { .tos = -1, .ttl = -1 };
    struct udp_pcb *pcb = u->pcb;
    uint8_t tos = pcb->tos, ttl = pcb->ttl;
    struct netif *n;
    err_t err;

    ip_addr_set_any(IP_IS_V6_VAL(to->ip), &c.src);
    *error = control_read(m, &c);
    if (*error)
        return ERR_ARG;
    if (c.tos >= 0)
        pcb->tos = (u8_t)c.tos;
    if (c.ttl >= 0)
        pcb->ttl = (u8_t)c.ttl;
    n = net__netif_by_index(c.netif);
    if (!n && !ip_addr_isany_val(c.src))
        n = ip_route(&c.src, &to->ip);
    if (!n || ip_addr_isany_val(c.src))
        err = n ? udp_sendto_if(pcb, p, &to->ip, to->port, n)
                : udp_sendto(pcb, p, &to->ip, to->port);
    else
        err = udp_sendto_if_src(pcb, p, &to->ip, to->port, n, &c.src);
    pcb->tos = tos;
    pcb->ttl = ttl;
    return err;
}

/* MSG_MORE: p joins what waits; NULL when it was kept. */
static struct pbuf *cork(struct udp_sock *u, struct pbuf *p,
                         struct inet_addr *to, bool more)
{
    if (u->corked) {
        if (u->corked->tot_len + (uint32_t)p->tot_len > 65507) {
            pbuf_free(u->corked);
            u->corked = NULL;
            return p;
        }
        pbuf_cat(u->corked, p);
        p = u->corked;
        *to = u->cork_to;
        u->corked = NULL;
    }
    if (!more)
        return p;
    u->corked = p;
    u->cork_to = *to;
    return NULL;
}

static int send_locked(struct udp_sock *u, struct pbuf *p,
                       const struct inet_addr *dest, const struct net_msg *m)
{
    struct inet_addr to = dest ? *dest : u->in.peer;
    int error = 0;
    err_t err;

    if (!to.port && !u->corked) {
        pbuf_free(p);
        return dest ? -EINVAL : -EDESTADDRREQ;
    }
    if (ip_addr_isany(&to.ip)) {
        if (IP_IS_V6_VAL(to.ip))
            ip_addr_set_loopback(1, &to.ip);
        else
            ip_addr_set_loopback(0, &to.ip);
    }
    error = bind_any(u);
    if (error) {
        pbuf_free(p);
        return error;
    }
    p = cork(u, p, &to, m->flags & MSG_MORE);
    if (!p)
        return 0;
    err = send_now(u, p, &to, m, &error);
    pbuf_free(p);
    if (error)
        return error;
    return err == ERR_VAL ? -EACCES : net__lwip_error(err);
}

static ssize_t udp_sendmsg(struct net_sock *s, struct net_msg *m,
                           bool nonblock)
{
    struct udp_sock *u = udp_sock_of(s);
    struct inet_addr dest;
    size_t n = m->iter->left;
    struct pbuf *p;
    int err;

    (void)nonblock;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (n > 65507)
        return -EMSGSIZE;
    err = net__error_take(s);
    if (err)
        return err;
    if (__atomic_load_n(&u->tx_shut, __ATOMIC_SEQ_CST))
        return -EPIPE;
    if (m->addr && m->addr_len) {
        err = net__inet_addr_get(&u->in, m->addr, m->addr_len, &dest);
        if (err)
            return err;
        if (!dest.port)
            return -EINVAL;
    }
    p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)n, PBUF_RAM);
    if (!p)
        return -ENOBUFS;
    if (n && copy_from_iter(m->iter, p->payload, n) < (ssize_t)n) {
        pbuf_free(p);
        return -EFAULT;
    }
    net__lock();
    err = send_locked(u, p, m->addr && m->addr_len ? &dest : NULL, m);
    net__unlock();
    return err ? err : (ssize_t)n;
}

/* ---------------- names ---------------- */

static int bind_locked(struct udp_sock *u, const struct inet_addr *a)
{
    ip_addr_t ip;
    err_t err = ERR_USE;
    int e;

    if (u->in.bound)
        return -EINVAL;
    e = net__inet_addr_local(&a->ip);
    if (e && !(u->in.want & WANT_FREEBIND))
        return e;
    net__inet_apply(&u->in);
    if (ip_addr_isany(&a->ip) && IP_IS_V6_VAL(a->ip) == (u->in.s.domain !=
                                                          AF_INET))
        net__inet_any(&u->in, &ip);
    else
        ip_addr_copy(ip, a->ip);
    if (a->port)
        err = udp_bind(u->pcb, &ip, a->port);
    for (unsigned i = 0; !a->port && err == ERR_USE && i < 28300; i++)
        err = udp_bind(u->pcb, &ip, net__port_random(i));
    if (err != ERR_OK)
        return net__lwip_error(err);
    u->in.bound = true;
    u->in.local = *a;
    u->in.local.port = u->pcb->local_port;
    return 0;
}

static int bind_any(struct udp_sock *u)
{
    struct inet_addr any;

    if (u->in.bound)
        return 0;
    memset(&any, 0, sizeof(any));
    if (u->in.s.domain == AF_INET)
        ip_addr_copy(any.ip, *IP4_ADDR_ANY);
    else
        ip_addr_copy(any.ip, *IP6_ADDR_ANY);
    return bind_locked(u, &any);
}

static int udp_sock_bind(struct net_sock *s, const void *addr, uint32_t len)
{
    struct udp_sock *u = udp_sock_of(s);
    struct inet_addr a;
    int err = net__inet_addr_get(&u->in, addr, len, &a);

    if (err)
        return err;
    net__lock();
    err = bind_locked(u, &a);
    net__unlock();
    return err;
}

static void disconnect(struct udp_sock *u)
{
    udp_disconnect(u->pcb);
    u->in.peer.port = 0;
    if (ip_addr_isany(&u->pcb->local_ip))
        ip_addr_set_any(u->in.s.domain == AF_INET6, &u->in.local.ip);
}

/* connect() tells the socket its own address, as Linux does: programs ask
 * for it to learn which one a route would use. */
static void local_from_route(struct udp_sock *u, const ip_addr_t *to)
{
    struct netif *n = ip_route(&u->pcb->local_ip, to);
    const ip_addr_t *src;

    if (!n || !ip_addr_isany(&u->in.local.ip))
        return;
    src = ip_netif_get_local_ip(n, to);
    if (src)
        ip_addr_copy(u->in.local.ip, *src);
}

static int udp_sock_connect(struct net_sock *s, const void *addr,
                            uint32_t len, bool nonblock)
{
    struct udp_sock *u = udp_sock_of(s);
    struct inet_addr a;
    uint16_t family;
    int err = 0;

    (void)nonblock;
    memcpy(&family, addr, sizeof(family));
    if (family == AF_UNSPEC) {
        net__lock();
        disconnect(u);
        net__unlock();
        return 0;
    }
    err = net__inet_addr_get(&u->in, addr, len, &a);
    if (err)
        return err;
    net__lock();
    if (ip_addr_isany(&a.ip)) {
        if (IP_IS_V6_VAL(a.ip))
            ip_addr_set_loopback(1, &a.ip);
        else
            ip_addr_set_loopback(0, &a.ip);
    }
    if (!ip_route(&u->pcb->local_ip, &a.ip))
        err = -ENETUNREACH;
    if (!err)
        err = bind_any(u);
    if (!err)
        err = net__lwip_error(udp_connect(u->pcb, &a.ip, a.port));
    if (!err) {
        u->in.peer = a;
        local_from_route(u, &a.ip);
    }
    net__unlock();
    return err;
}

static int udp_sock_shutdown(struct net_sock *s, int how)
{
    struct udp_sock *u = udp_sock_of(s);

    if (how != SHUT_WR)
        __atomic_store_n(&u->rx_shut, true, __ATOMIC_SEQ_CST);
    if (how != SHUT_RD)
        __atomic_store_n(&u->tx_shut, true, __ATOMIC_SEQ_CST);
    net__wake(s, ~0u);
    return u->in.peer.port ? 0 : -ENOTCONN;
}

static int udp_sock_name(struct net_sock *s, bool peer, void *addr,
                         uint32_t *len)
{
    return net__inet_name(&udp_sock_of(s)->in, peer, addr, len);
}

static uint32_t udp_poll(struct net_sock *s)
{
    struct udp_sock *u = udp_sock_of(s);
    uint32_t ev = POLLOUT | POLLWRNORM;
    bool rx = __atomic_load_n(&u->rx_shut, __ATOMIC_SEQ_CST);

    if (rx && __atomic_load_n(&u->tx_shut, __ATOMIC_SEQ_CST))
        ev |= POLLHUP;
    if (rx)
        ev |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (__atomic_load_n(&u->queued, __ATOMIC_SEQ_CST))
        ev |= POLLIN | POLLRDNORM;
    return ev;
}

static long udp_inq(struct net_sock *s)
{
    struct udp_sock *u = udp_sock_of(s);
    long n = 0;

    spin_lock(&s->rx_lock);
    if (!list_empty(&u->queue))
        n = list_first(&u->queue, struct dgram, link)->p->tot_len;
    spin_unlock(&s->rx_lock);
    return n;
}

static long udp_outq(struct net_sock *s)
{
    (void)s;
    return 0;
}

static int udp_setopt(struct net_sock *s, int level, int name,
                      const void *val, uint32_t len)
{
    if (level == IPPROTO_UDP)
        return -ENOPROTOOPT;
    return net__inet_setopt(&udp_sock_of(s)->in, level, name, val, len);
}

static int udp_getopt(struct net_sock *s, int level, int name, void *val,
                      uint32_t *len)
{
    if (level == IPPROTO_UDP)
        return -ENOPROTOOPT;
    return net__inet_getopt(&udp_sock_of(s)->in, level, name, val, len);
}

static void udp_release(struct net_sock *s)
{
    struct udp_sock *u = udp_sock_of(s);
    struct dgram *d;

    net__lock();
    if (u->pcb)
        udp_remove(u->pcb);
    while (!list_empty(&u->queue)) {
        d = list_first(&u->queue, struct dgram, link);
        list_del(&d->link);
        dgram_free(d);
    }
    if (u->corked)
        pbuf_free(u->corked);
    net__inet_done(&u->in);
    net__unlock();
    net__sock_done(s);
    kfree(u);
}

static const struct net_sock_ops udp_ops = {
    .release = udp_release,
    .poll = udp_poll,
    .bind = udp_sock_bind,
    .connect = udp_sock_connect,
    .shutdown = udp_sock_shutdown,
    .name = udp_sock_name,
    .sendmsg = udp_sendmsg,
    .recvmsg = udp_recvmsg,
    .setopt = udp_setopt,
    .getopt = udp_getopt,
    .inq = udp_inq,
    .outq = udp_outq,
};

struct net_sock *net__udp_create(int domain)
{
    struct udp_sock *u = kzalloc(sizeof(*u));
    int err;

    if (!u)
        return ERR_PTR(-ENOMEM);
    err = net__sock_init(&u->in.s, &udp_ops, domain, SOCK_DGRAM, IPPROTO_UDP);
    if (err) {
        kfree(u);
        return ERR_PTR(err);
    }
    net__inet_init(&u->in);
    list_init(&u->queue);
    net__lock();
    u->pcb = udp_new_ip_type(net__inet_ip_type(&u->in));
    if (u->pcb) {
        u->in.ip = (struct ip_pcb *)u->pcb;
        udp_recv(u->pcb, on_recv, u);
        udp_set_multicast_ttl(u->pcb, 1);
        udp_set_flags(u->pcb, UDP_FLAGS_MULTICAST_LOOP);
        net__inet_apply(&u->in);
    }
    net__unlock();
    if (u->pcb)
        return &u->in.s;
    udp_release(&u->in.s);
    return ERR_PTR(-ENOBUFS);
}

void net__udp_icmp_error(const ip_addr_t *local, uint16_t lport,
                         const ip_addr_t *remote, uint16_t rport, int err)
{
    struct udp_pcb *pcb;
    struct udp_sock *u;

    (void)local;
    for (pcb = udp_pcbs; pcb; pcb = pcb->next) {
        if (pcb->local_port != lport || pcb->remote_port != rport ||
            !(pcb->flags & UDP_FLAGS_CONNECTED) || pcb->recv != on_recv ||
            !ip_addr_cmp(&pcb->remote_ip, remote))
            continue;
        u = pcb->recv_arg;
        net__error_set(&u->in.s, err);
        net__wake(&u->in.s, POLLERR | POLLIN | POLLOUT);
    }
}
