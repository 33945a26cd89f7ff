/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets in general: the calls of the door, what is the same for every
 * family, and the file operations. The families' own work is behind
 * struct net_sock_ops.
 */
#include "net_priv.h"

uint64_t net__sock_count;
void (*net__cred_hook)(int *pid, uint32_t *uid, uint32_t *gid);
static uint64_t next_ino = 1000;        /* [a] */

/* ---------------- helpers of the families ---------------- */

int net__sock_init(struct net_sock *s, const struct net_sock_ops *ops,
                   int domain, int type, int protocol)
{
    uint64_t n = __atomic_add_fetch(&net__sock_count, 1, __ATOMIC_RELAXED);

    if (n > SOCKETS_MAX) {
        __atomic_sub_fetch(&net__sock_count, 1, __ATOMIC_RELAXED);
        return -ENFILE;
    }
    s->ops = ops;
    s->domain = domain;
    s->type = type;
    s->protocol = protocol;
    s->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
    waitq_init(&s->wq);
    mutex_init(&s->rx_mutex);
    spin_init(&s->rx_lock);
    s->rcvbuf = NET_SOCKBUF_DEFAULT;
    s->sndbuf = NET_SOCKBUF_DEFAULT;
    s->rcvlowat = 1;
    s->linger = -1;
    s->incoming_cpu = -1;
    return 0;
}

void net__sock_done(struct net_sock *s)
{
    (void)s;
    __atomic_sub_fetch(&net__sock_count, 1, __ATOMIC_RELAXED);
}

void net__flag_set(struct net_sock *s, uint32_t flag, bool on)
{
    if (on)
        __atomic_fetch_or(&s->flags, flag, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&s->flags, ~flag, __ATOMIC_RELAXED);
}

int net__error_take(struct net_sock *s)
{
    if (!__atomic_load_n(&s->error, __ATOMIC_RELAXED))
        return 0;
    return -__atomic_exchange_n(&s->error, 0, __ATOMIC_SEQ_CST);
}

void net__error_set(struct net_sock *s, int err)
{
    __atomic_store_n(&s->error, err, __ATOMIC_SEQ_CST);
}

nsec_t net__deadline(nsec_t timeout)
{
    nsec_t now;

    if (!timeout)
        return NSEC_FOREVER;
    now = clock_monotonic();
    return now + timeout < now ? NSEC_FOREVER : now + timeout;
}

int net__wait_error(int err, nsec_t timeout)
{
    if (err == -ETIMEDOUT)
        return -EAGAIN;
    if (err == -EINTR)
        return timeout ? -EINTR : -ERESTARTSYS;
    return err;
}

void net__cmsg_put(struct net_msg *m, size_t *used, int level, int type,
                   const void *data, size_t len)
{
    struct cmsghdr h = { .len = sizeof(h) + len, .level = level,
                         .type = type };
    size_t room = m->control_len > *used ? m->control_len - *used : 0;

    if (!m->control || room < sizeof(h) + len) {
        m->flags |= MSG_CTRUNC;
        return;
    }
    memcpy((uint8_t *)m->control + *used, &h, sizeof(h));
    memcpy((uint8_t *)m->control + *used + sizeof(h), data, len);
    *used += MIN(CMSG_SPACE(len), room);
}

/* ---------------- file operations ---------------- */

struct net_sock *net__sock_of(const struct file *f)
{
    return f->private;
}

static bool nonblock(const struct file *f)
{
    return __atomic_load_n(&f->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
}

static ssize_t sock_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct net_msg m = { .iter = it };
    struct net_sock *s = net__sock_of(f);

    (void)pos;
    return s->ops->recvmsg(s, &m, nonblock(f));
}

static ssize_t sock_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct net_msg m = { .iter = it };
    struct net_sock *s = net__sock_of(f);

    (void)pos;
    return s->ops->sendmsg(s, &m, nonblock(f));
}

static uint32_t sock_poll(struct file *f, struct poll_table *pt)
{
    struct net_sock *s = net__sock_of(f);
    uint32_t ev;

    poll_wait(pt, &s->wq);
    ev = s->ops->poll(s);
    if (__atomic_load_n(&s->error, __ATOMIC_SEQ_CST))
        ev |= POLLERR;
    return ev;
}

static long sock_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    return net__ioctl(net__sock_of(f), cmd, arg);
}

static int sock_stat(struct file *f, struct kstat *st)
{
    memset(st, 0, sizeof(*st));
    st->mode = S_IFSOCK | 0777;
    st->nlink = 1;
    st->dev = 8;
    st->ino = net__sock_of(f)->ino;
    st->blksize = PAGE_SIZE;
    return 0;
}

static int sock_name(struct file *f, char *buf, size_t size)
{
    return scnprintf(buf, size, "socket:[%lu]",
                     (unsigned long)net__sock_of(f)->ino);
}

static void sock_release(struct file *f)
{
    struct net_sock *s = net__sock_of(f);

    s->ops->release(s);
}

static const struct file_ops sock_file_ops = {
    .type = "socket",
    .read = sock_read,
    .write = sock_write,
    .poll = sock_poll,
    .ioctl = sock_ioctl,
    .stat = sock_stat,
    .name = sock_name,
    .release = sock_release,
};

bool net_is_socket(const struct file *f)
{
    return f->ops == &sock_file_ops;
}

struct file *net__sock_file(struct net_sock *s, uint32_t flags)
{
    struct file *f = file_create(&sock_file_ops, s,
                                 O_RDWR | (flags & O_NONBLOCK));

    if (!f) {
        s->ops->release(s);
        return ERR_PTR(-ENOMEM);
    }
    return f;
}

/* ---------------- the door ---------------- */

void net_cred_hook_set(void (*cred)(int *pid, uint32_t *uid, uint32_t *gid))
{
    net__cred_hook = cred;
}

static struct net_sock *inet_create(int domain, int type, int protocol)
{
    if (type == SOCK_STREAM) {
        if (protocol && protocol != IPPROTO_TCP)
            return ERR_PTR(-EPROTONOSUPPORT);
        return net__tcp_create(domain);
    }
    if (type == SOCK_DGRAM) {
        if (protocol && protocol != IPPROTO_UDP)
            return ERR_PTR(-EPROTONOSUPPORT);
        return net__udp_create(domain);
    }
    return ERR_PTR(type == SOCK_RAW ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT);
}

static struct net_sock *sock_create(int domain, int type, int protocol)
{
    switch (domain) {
    case AF_INET:
    case AF_INET6:
        return inet_create(domain, type, protocol);
    case AF_UNIX:
        if (protocol && protocol != AF_UNIX)
            return ERR_PTR(-EPROTONOSUPPORT);
        if (type == SOCK_RAW)
            type = SOCK_DGRAM;
        if (type != SOCK_STREAM && type != SOCK_DGRAM &&
            type != SOCK_SEQPACKET)
            return ERR_PTR(-ESOCKTNOSUPPORT);
        return net__unix_create(type);
    case AF_NETLINK:
        return net__netlink_create(type, protocol);
    default:
        return ERR_PTR(-EAFNOSUPPORT);
    }
}

struct file *net_socket(int domain, int type, int protocol, uint32_t flags)
{
    struct net_sock *s = sock_create(domain, type, protocol);

    return IS_ERR(s) ? ERR_PTR(PTR_ERR(s)) : net__sock_file(s, flags);
}

int net_socketpair(int domain, int type, int protocol, uint32_t flags,
                   struct file *pair[2])
{
    struct file *a, *b;
    int err;

    if (domain != AF_UNIX)
        return domain == AF_INET || domain == AF_INET6 ? -EOPNOTSUPP
                                                       : -EAFNOSUPPORT;
    a = net_socket(domain, type, protocol, flags);
    if (IS_ERR(a))
        return (int)PTR_ERR(a);
    b = net_socket(domain, type, protocol, flags);
    if (IS_ERR(b)) {
        file_unref(a);
        return (int)PTR_ERR(b);
    }
    err = net__unix_pair(net__sock_of(a), net__sock_of(b));
    if (err) {
        file_unref(a);
        file_unref(b);
        return err;
    }
    pair[0] = a;
    pair[1] = b;
    return 0;
}

int net_bind(struct file *f, const void *addr, uint32_t len)
{
    struct net_sock *s = net__sock_of(f);

    if (len > SOCKADDR_MAX)
        return -EINVAL;
    return s->ops->bind ? s->ops->bind(s, addr, len) : -EOPNOTSUPP;
}

int net_listen(struct file *f, int backlog)
{
    struct net_sock *s = net__sock_of(f);

    /* Linux takes the number as unsigned: -1 is the most there is. */
    if ((unsigned)backlog > SOMAXCONN)
        backlog = SOMAXCONN;
    return s->ops->listen ? s->ops->listen(s, backlog) : -EOPNOTSUPP;
}

int net_connect(struct file *f, const void *addr, uint32_t len)
{
    struct net_sock *s = net__sock_of(f);

    if (len > SOCKADDR_MAX || len < sizeof(uint16_t))
        return -EINVAL;
    return s->ops->connect ? s->ops->connect(s, addr, len, nonblock(f))
                           : -EOPNOTSUPP;
}

struct file *net_accept(struct file *f, uint32_t flags, void *addr,
                        uint32_t *len)
{
    struct net_sock *s = net__sock_of(f), *child;
    struct file *cf;
    int err;

    if (!s->ops->accept)
        return ERR_PTR(-EOPNOTSUPP);
    child = s->ops->accept(s, nonblock(f));
    if (IS_ERR(child))
        return ERR_PTR(PTR_ERR(child));
    cf = net__sock_file(child, flags);
    if (IS_ERR(cf) || !addr)
        return cf;
    /* Of a connection that ended before it was taken, too. */
    if (child->domain == AF_UNIX)
        err = child->ops->name(child, true, addr, len);
    else
        err = net__inet_name(container_of(child, struct inet_sock, s), true,
                             addr, len);
    if (err)
        *len = 0;
    return cf;
}

int net_shutdown(struct file *f, int how)
{
    struct net_sock *s = net__sock_of(f);

    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    return s->ops->shutdown ? s->ops->shutdown(s, how) : -EOPNOTSUPP;
}

int net_getsockname(struct file *f, void *addr, uint32_t *len)
{
    struct net_sock *s = net__sock_of(f);

    return s->ops->name(s, false, addr, len);
}

int net_getpeername(struct file *f, void *addr, uint32_t *len)
{
    struct net_sock *s = net__sock_of(f);

    return s->ops->name(s, true, addr, len);
}

int net_setsockopt(struct file *f, int level, int name, const void *val,
                   uint32_t len)
{
    struct net_sock *s = net__sock_of(f);

    if (level == SOL_SOCKET)
        return net__sockopt_set(s, name, val, len);
    return s->ops->setopt ? s->ops->setopt(s, level, name, val, len)
                          : -ENOPROTOOPT;
}

int net_getsockopt(struct file *f, int level, int name, void *val,
                   uint32_t *len)
{
    struct net_sock *s = net__sock_of(f);

    if ((int)*len < 0)
        return -EINVAL;
    if (level == SOL_SOCKET)
        return net__sockopt_get(s, name, val, len);
    return s->ops->getopt ? s->ops->getopt(s, level, name, val, len)
                          : -ENOPROTOOPT;
}

ssize_t net_sendmsg(struct file *f, struct net_msg *m)
{
    struct net_sock *s = net__sock_of(f);

    return s->ops->sendmsg(s, m, nonblock(f) || (m->flags & MSG_DONTWAIT));
}

ssize_t net_recvmsg(struct file *f, struct net_msg *m)
{
    struct net_sock *s = net__sock_of(f);

    return s->ops->recvmsg(s, m, nonblock(f) || (m->flags & MSG_DONTWAIT));
}
