/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_NETLINK of the family ROUTE, as far as reading goes: dumps of links,
 * addresses and routes, which is what getifaddrs and its like ask for. A
 * request that would change something is answered with -EOPNOTSUPP.
 *
 * Wire: nlmsghdr { u32 len; u16 type, flags; u32 seq, pid }, then a fixed
 * part by type, then attributes { u16 len, type; data } at multiples of 4.
 */
#include "net_priv.h"

enum { NLMSG_ERROR = 2, NLMSG_DONE = 3, RTM_NEWLINK = 16, RTM_GETLINK = 18,
       RTM_NEWADDR = 20, RTM_GETADDR = 22, RTM_NEWROUTE = 24,
       RTM_GETROUTE = 26 };
enum { NLM_F_REQUEST = 1, NLM_F_MULTI = 2, NLM_F_ACK = 4,
       NLM_F_DUMP = 0x300 };
enum { IFLA_ADDRESS = 1, IFLA_BROADCAST = 2, IFLA_IFNAME = 3, IFLA_MTU = 4,
       IFLA_TXQLEN = 13, IFLA_OPERSTATE = 16, IFLA_STATS = 7,
       IFLA_STATS64 = 23 };
enum { IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_BROADCAST = 4,
       IFA_FLAGS = 8 };
enum { RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PREFSRC = 7,
       RTA_TABLE = 15 };

#define REQUEST_MAX 4096u
#define ANSWER_MAX  16384u

struct nlmsghdr { uint32_t len; uint16_t type, flags; uint32_t seq, pid; };
struct ifinfomsg { uint8_t family, pad; uint16_t type; int32_t index;
                   uint32_t flags, change; };
struct ifaddrmsg { uint8_t family, prefix, flags, scope; uint32_t index; };
struct rtmsg { uint8_t family, dst_len, src_len, tos, table, protocol, scope,
               type; uint32_t flags; };

/* What one recvmsg returns. */
struct answer {
    struct list link;
    uint32_t len;
    uint8_t data[];
};

struct netlink_sock {
    struct net_sock s;
    struct list answers;        /* [rx] */
    uint32_t count;             /* [a] */
    uint32_t pid;               /* [rx] our port number */
};

static uint32_t next_pid = 1;   /* [a] */

static struct netlink_sock *netlink_of(struct net_sock *s)
{
    return container_of(s, struct netlink_sock, s);
}

/* ---------------- writing answers ---------------- */

struct builder {
    struct answer *a;
    uint32_t seq, pid;
    uint32_t start;             /* of the message under way */
    uint16_t flags;
};

static void *reserve(struct builder *b, uint32_t n)
{
    uint32_t at = b->a->len;

    ASSERT(at + ALIGN_UP(n, 4u) <= ANSWER_MAX);
    memset(b->a->data + at, 0, ALIGN_UP(n, 4u));
    b->a->len += ALIGN_UP(n, 4u);
    return b->a->data + at;
}

static void message_begin(struct builder *b, uint16_t type, const void *fixed,
                          uint32_t n)
{
    struct nlmsghdr h = { 0, type, b->flags, b->seq, b->pid };

    b->start = b->a->len;
    memcpy(reserve(b, sizeof(h)), &h, sizeof(h));
    memcpy(reserve(b, n), fixed, n);
}

static void message_end(struct builder *b)
{
    uint32_t len = b->a->len - b->start;

    memcpy(b->a->data + b->start, &len, sizeof(len));
}

static void attribute(struct builder *b, uint16_t type, const void *data,
                      uint32_t n)
{
    uint16_t head[2] = { (uint16_t)(n + 4), type };
    uint8_t *at = reserve(b, n + 4);

    memcpy(at, head, sizeof(head));
    memcpy(at + 4, data, n);
}

static void attribute_u32(struct builder *b, uint16_t type, uint32_t v)
{
    attribute(b, type, &v, sizeof(v));
}

/* ---------------- dumps; under the net lock ---------------- */

static void put_stats(struct builder *b, const struct netif *n)
{
    uint64_t st[24] = { 0 };
    struct netdev *d;

    for (unsigned i = 0; i < net__card_count; i++) {
        if (&net__cards[i].nif != n)
            continue;
        d = net__cards[i].dev;
        st[0] = d->stats.rx_packets;
        st[1] = d->stats.tx_packets;
        st[2] = d->stats.rx_bytes;
        st[3] = d->stats.tx_bytes;
        st[6] = d->stats.rx_drops;
        st[7] = d->stats.tx_drops;
    }
    attribute(b, IFLA_STATS64, st, sizeof(st));
}

static void put_link(struct builder *b, const struct netif *n)
{
    static const uint8_t bcast[6] = { 255, 255, 255, 255, 255, 255 };
    static const uint8_t zero[6];
    bool lo = net__netif_index(n) == 1;
    struct ifinfomsg m = {
        .type = lo ? ARPHRD_LOOPBACK : ARPHRD_ETHER,
        .index = (int32_t)net__netif_index(n),
        .flags = net__netif_flags(n),
    };
    uint8_t state = lo ? 0 : netif_is_link_up(n) ? 6 : 2;
    char name[16];

    message_begin(b, RTM_NEWLINK, &m, sizeof(m));
    net__netif_name(n, name);
    attribute(b, IFLA_IFNAME, name, (uint32_t)strlen(name) + 1);
    attribute_u32(b, IFLA_TXQLEN, 1000);
    attribute(b, IFLA_OPERSTATE, &state, 1);
    attribute_u32(b, IFLA_MTU, net__netif_mtu(n));
    attribute(b, IFLA_ADDRESS, lo ? zero : n->hwaddr, 6);
    attribute(b, IFLA_BROADCAST, lo ? zero : bcast, 6);
    put_stats(b, n);
    message_end(b);
}

/* Of a contiguous netmask in network order. */
static uint8_t prefix_length(uint32_t mask)
{
    uint32_t host = __builtin_bswap32(mask);

    return host ? (uint8_t)(32 - __builtin_ctz(host)) : 0;
}

static void put_addr4(struct builder *b, const struct netif *n)
{
    uint32_t ip = ip4_addr_get_u32(netif_ip4_addr(n));
    uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(n));
    bool lo = net__netif_index(n) == 1;
    struct ifaddrmsg m = {
        .family = AF_INET,
        .prefix = prefix_length(mask),
        .flags = 0x80,          /* IFA_F_PERMANENT */
        .scope = lo ? 254 : 0,
        .index = net__netif_index(n),
    };
    uint32_t bcast = ip | ~mask;
    char name[16];

    if (!ip)
        return;
    message_begin(b, RTM_NEWADDR, &m, sizeof(m));
    attribute(b, IFA_ADDRESS, &ip, 4);
    attribute(b, IFA_LOCAL, &ip, 4);
    if (!lo)
        attribute(b, IFA_BROADCAST, &bcast, 4);
    net__netif_name(n, name);
    attribute(b, IFA_LABEL, name, (uint32_t)strlen(name) + 1);
    attribute_u32(b, IFA_FLAGS, 0x80);
    message_end(b);
}

static void put_addr6(struct builder *b, const struct netif *n)
{
    bool lo = net__netif_index(n) == 1;

    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip6_addr_t *ip = netif_ip6_addr(n, i);
        bool tentative = ip6_addr_istentative(netif_ip6_addr_state(n, i));
        struct ifaddrmsg m = {
            .family = AF_INET6,
            .prefix = lo ? 128 : 64,
            .flags = tentative ? 0xc0 : 0x80,
            .scope = lo ? 254 : ip6_addr_islinklocal(ip) ? 253 : 0,
            .index = net__netif_index(n),
        };

        if (!tentative && !ip6_addr_isvalid(netif_ip6_addr_state(n, i)))
            continue;
        message_begin(b, RTM_NEWADDR, &m, sizeof(m));
        attribute(b, IFA_ADDRESS, ip->addr, 16);
        attribute_u32(b, IFA_FLAGS, m.flags);
        message_end(b);
    }
}

static void put_routes4(struct builder *b, const struct netif *n)
{
    uint32_t ip = ip4_addr_get_u32(netif_ip4_addr(n));
    uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(n));
    uint32_t gw = ip4_addr_get_u32(netif_ip4_gw(n)), net = ip & mask;
    struct rtmsg m = { .family = AF_INET, .table = 254, .protocol = 2,
                       .scope = 253, .type = 1,
                       .dst_len = prefix_length(mask) };

    if (!ip || net__netif_index(n) == 1)
        return;
    message_begin(b, RTM_NEWROUTE, &m, sizeof(m));
    attribute_u32(b, RTA_TABLE, 254);
    attribute(b, RTA_DST, &net, 4);
    attribute(b, RTA_PREFSRC, &ip, 4);
    attribute_u32(b, RTA_OIF, net__netif_index(n));
    message_end(b);
    if (!gw || n != netif_default)
        return;
    m.dst_len = 0;
    m.scope = 0;
    m.protocol = 16;
    message_begin(b, RTM_NEWROUTE, &m, sizeof(m));
    attribute_u32(b, RTA_TABLE, 254);
    attribute(b, RTA_GATEWAY, &gw, 4);
    attribute_u32(b, RTA_OIF, net__netif_index(n));
    message_end(b);
}

static void dump_one(struct builder *b, uint16_t type, uint8_t family,
                     const struct netif *n)
{
    if (type == RTM_GETLINK) {
        put_link(b, n);
        return;
    }
    if (type == RTM_GETROUTE) {
        if (family != AF_INET6)
            put_routes4(b, n);
        return;
    }
    if (family != AF_INET6)
        put_addr4(b, n);
    if (family != AF_INET)
        put_addr6(b, n);
}

static void put_error(struct builder *b, const struct nlmsghdr *req, int err)
{
    struct { int32_t err; struct nlmsghdr h; } body = { err, *req };

    message_begin(b, NLMSG_ERROR, &body, sizeof(body));
    message_end(b);
}

/* The index in a RTM_GETLINK that is no dump: by number. */
static struct netif *link_asked(const uint8_t *body, uint32_t len)
{
    struct ifinfomsg m;

    if (len < sizeof(m))
        return NULL;
    memcpy(&m, body, sizeof(m));
    return m.index > 0 ? net__netif_by_index((unsigned)m.index) : NULL;
}

static void answer_request(struct builder *b, const struct nlmsghdr *h,
                           const uint8_t *body, uint32_t len)
{
    uint8_t family = len ? body[0] : 0;
    bool known = h->type == RTM_GETLINK || h->type == RTM_GETADDR ||
                 h->type == RTM_GETROUTE;
    struct netif *n;
    int32_t zero = 0;

    if (!known) {
        put_error(b, h, -EOPNOTSUPP);
        return;
    }
    if ((h->flags & NLM_F_DUMP) != NLM_F_DUMP) {
        n = h->type == RTM_GETLINK ? link_asked(body, len) : NULL;
        if (n)
            put_link(b, n);
        else
            put_error(b, h, h->type == RTM_GETLINK ? -ENODEV : -EOPNOTSUPP);
        return;
    }
    b->flags = NLM_F_MULTI;
    for (unsigned i = 1; i <= NICS_MAX + 1; i++) {
        n = net__netif_by_index(i);
        if (n)
            dump_one(b, h->type, family, n);
    }
    message_begin(b, NLMSG_DONE, &zero, sizeof(zero));
    message_end(b);
}

/* ---------------- the socket ---------------- */

static int answer_queue(struct netlink_sock *ns, struct answer *a)
{
    int err = 0;

    spin_lock(&ns->s.rx_lock);
    if (ns->count >= NETLINK_QUEUE_MAX) {
        err = -ENOBUFS;
    } else {
        list_add_tail(&ns->answers, &a->link);
        __atomic_store_n(&ns->count, ns->count + 1, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&ns->s.rx_lock);
    if (!err)
        net__wake(&ns->s, POLLIN | POLLRDNORM);
    return err;
}

static int request(struct netlink_sock *ns, const struct nlmsghdr *h,
                   const uint8_t *body, uint32_t len)
{
    struct answer *a = kmalloc(sizeof(*a) + ANSWER_MAX);
    struct builder b = { .a = a, .seq = h->seq, .pid = ns->pid };
    int err;

    if (!a)
        return -ENOBUFS;
    a->len = 0;
    net__lock();
    answer_request(&b, h, body, len);
    net__unlock();
    err = answer_queue(ns, a);
    if (err)
        kfree(a);
    return err;
}

static ssize_t netlink_sendmsg(struct net_sock *s, struct net_msg *m,
                               bool nonblock)
{
    struct netlink_sock *ns = netlink_of(s);
    size_t n = m->iter->left, at = 0;
    struct nlmsghdr h;
    uint8_t *buf;
    int err = 0;

    (void)nonblock;
    if (n > REQUEST_MAX)
        return -EMSGSIZE;
    buf = kmalloc(REQUEST_MAX);
    if (!buf)
        return -ENOBUFS;
    if (n && copy_from_iter(m->iter, buf, n) < (ssize_t)n)
        err = -EFAULT;
    while (!err && n - at >= sizeof(h)) {
        memcpy(&h, buf + at, sizeof(h));
        if (h.len < sizeof(h) || h.len > n - at)
            break;
        if (h.flags & NLM_F_REQUEST)
            err = request(ns, &h, buf + at + sizeof(h),
                          h.len - (uint32_t)sizeof(h));
        if (ALIGN_UP(h.len, 4u) >= n - at)
            break;
        at += ALIGN_UP(h.len, 4u);
    }
    kfree(buf);
    return err ? err : (ssize_t)n;
}

static ssize_t deliver(struct netlink_sock *ns, struct net_msg *m)
{
    struct sockaddr_nl from = { .family = AF_NETLINK };
    uint32_t flags = m->flags;
    struct answer *a;
    size_t n;
    ssize_t r;

    a = list_first(&ns->answers, struct answer, link);
    n = MIN(m->iter->left, (size_t)a->len);
    r = n ? copy_to_iter(m->iter, a->data, n) : 0;
    if (r < (ssize_t)n)
        return -EFAULT;
    m->flags = n < a->len ? MSG_TRUNC : 0;
    m->control_len = 0;
    m->file_count = 0;
    if (m->addr) {
        memcpy(m->addr, &from, sizeof(from));
        m->addr_len = sizeof(from);
    }
    r = flags & MSG_TRUNC ? (ssize_t)a->len : (ssize_t)n;
    if (flags & MSG_PEEK)
        return r;
    spin_lock(&ns->s.rx_lock);
    list_del(&a->link);
    __atomic_store_n(&ns->count, ns->count - 1, __ATOMIC_SEQ_CST);
    spin_unlock(&ns->s.rx_lock);
    kfree(a);
    return r;
}

static ssize_t netlink_recvmsg(struct net_sock *s, struct net_msg *m,
                               bool nonblock)
{
    struct netlink_sock *ns = netlink_of(s);
    nsec_t deadline = net__deadline(s->rcvtimeo);
    ssize_t r = -EAGAIN;
    int err;

    for (;;) {
        mutex_lock(&s->rx_mutex);
        if (__atomic_load_n(&ns->count, __ATOMIC_SEQ_CST))
            r = deliver(ns, m);
        mutex_unlock(&s->rx_mutex);
        if (r != -EAGAIN || nonblock)
            return r;
        err = waitq_wait(&s->wq,
                         __atomic_load_n(&ns->count, __ATOMIC_SEQ_CST),
                         deadline, WAIT_INTERRUPTIBLE);
        if (err)
            return net__wait_error(err, s->rcvtimeo);
    }
}

static int netlink_bind(struct net_sock *s, const void *addr, uint32_t len)
{
    struct netlink_sock *ns = netlink_of(s);
    struct sockaddr_nl nl;

    if (len < sizeof(nl))
        return -EINVAL;
    memcpy(&nl, addr, sizeof(nl));
    if (nl.family != AF_NETLINK)
        return -EINVAL;
    if (nl.pid)
        ns->pid = nl.pid;
    return 0;                   /* groups: nothing is ever announced */
}

static int netlink_connect(struct net_sock *s, const void *addr, uint32_t len,
                           bool nonblock)
{
    (void)s;
    (void)addr;
    (void)nonblock;
    return len < sizeof(struct sockaddr_nl) ? -EINVAL : 0;
}

static int netlink_name(struct net_sock *s, bool peer, void *addr,
                        uint32_t *len)
{
    struct sockaddr_nl nl = { .family = AF_NETLINK };

    if (!peer)
        nl.pid = netlink_of(s)->pid;
    memcpy(addr, &nl, sizeof(nl));
    *len = sizeof(nl);
    return 0;
}

static uint32_t netlink_poll(struct net_sock *s)
{
    uint32_t ev = POLLOUT | POLLWRNORM;

    if (__atomic_load_n(&netlink_of(s)->count, __ATOMIC_SEQ_CST))
        ev |= POLLIN | POLLRDNORM;
    return ev;
}

static int netlink_setopt(struct net_sock *s, int level, int name,
                          const void *val, uint32_t len)
{
    (void)s;
    (void)name;
    (void)val;
    (void)len;
    return level == SOL_SOCKET ? 0 : -ENOPROTOOPT;
}

static void netlink_release(struct net_sock *s)
{
    struct netlink_sock *ns = netlink_of(s);
    struct answer *a, *tmp;

    list_for_each_safe(a, tmp, &ns->answers, link)
        kfree(a);
    net__sock_done(s);
    kfree(ns);
}

static const struct net_sock_ops netlink_ops = {
    .release = netlink_release,
    .poll = netlink_poll,
    .bind = netlink_bind,
    .connect = netlink_connect,
    .name = netlink_name,
    .sendmsg = netlink_sendmsg,
    .recvmsg = netlink_recvmsg,
    .setopt = netlink_setopt,
};

struct net_sock *net__netlink_create(int type, int protocol)
{
    struct netlink_sock *ns;
    int err;

    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return ERR_PTR(-ESOCKTNOSUPPORT);
    if (protocol != 0)          /* NETLINK_ROUTE */
        return ERR_PTR(-EPROTONOSUPPORT);
    ns = kzalloc(sizeof(*ns));
    if (!ns)
        return ERR_PTR(-ENOMEM);
    err = net__sock_init(&ns->s, &netlink_ops, AF_NETLINK, type, protocol);
    if (err) {
        kfree(ns);
        return ERR_PTR(err);
    }
    list_init(&ns->answers);
    ns->pid = __atomic_fetch_add(&next_pid, 1, __ATOMIC_RELAXED);
    return &ns->s;
}
