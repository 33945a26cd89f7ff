/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: the life of sockets and connections. Names are in unix_name.c,
 * data in unix_data.c.
 */
#include "unix_priv.h"

struct ucred net__unix_cred(void)
{
    struct ucred c = { 1, 0, 0 };
    int pid;

    if (net__cred_hook) {
        net__cred_hook(&pid, &c.uid, &c.gid);
        c.pid = pid;
    }
    return c;
}

void net__unix_ref(struct unix_sock *u)
{
    __atomic_add_fetch(&u->refs, 1, __ATOMIC_RELAXED);
}

void net__unix_put(struct unix_sock *u)
{
    if (__atomic_sub_fetch(&u->refs, 1, __ATOMIC_ACQ_REL))
        return;
    ASSERT(list_empty(&u->queue));
    net__sock_done(&u->s);
    kfree(u);
}

struct unix_sock *net__unix_peer(struct unix_sock *u)
{
    struct unix_sock *p;

    spin_lock(&u->s.rx_lock);
    p = u->peer;
    if (p)
        net__unix_ref(p);
    spin_unlock(&u->s.rx_lock);
    return p;
}

/* ---------------- connections ---------------- */

/* False when u is (by now) connected or listening. */
static bool connected(struct unix_sock *u, struct unix_sock *peer,
                      struct ucred peer_cred)
{
    bool idle;

    spin_lock(&u->s.rx_lock);
    idle = unix_is(u, UNIX_IDLE);
    if (idle) {
        net__unix_ref(peer);
        u->peer = peer;
        u->peer_cred = peer_cred;
        __atomic_store_n(&u->state, UNIX_CONNECTED, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&u->s.rx_lock);
    return idle;
}

int net__unix_pair(struct net_sock *a, struct net_sock *b)
{
    struct unix_sock *ua = unix_sock_of(a), *ub = unix_sock_of(b);

    connected(ua, ub, ub->cred);
    connected(ub, ua, ua->cred);
    return 0;
}

static int unix_listen(struct net_sock *s, int backlog)
{
    struct unix_sock *u = unix_sock_of(s);
    int err = 0;

    if (s->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    if (!u->name.len)
        return -EINVAL;
    spin_lock(&s->rx_lock);
    if (unix_is(u, UNIX_CONNECTED)) {
        err = -EINVAL;
    } else {
        u->backlog = (uint32_t)backlog + 1;
        __atomic_store_n(&u->state, UNIX_LISTEN, __ATOMIC_SEQ_CST);
        net__flag_set(s, SOCK_F_LISTEN, true);
    }
    spin_unlock(&s->rx_lock);
    waitq_wake_all(&u->room_wq);
    return err;
}

/* Puts c into the listener's queue: 0, -EAGAIN when full, -ECONNREFUSED. */
static int listener_offer(struct unix_sock *l, struct unix_sock *c)
{
    int err = 0;

    spin_lock(&l->s.rx_lock);
    if (l->dead || !unix_is(l, UNIX_LISTEN) || l->rx_shut) {
        err = -ECONNREFUSED;
    } else if (l->accept_count >= l->backlog) {
        err = -EAGAIN;
    } else {
        list_add_tail(&l->accept_queue, &c->accept_link);
        __atomic_store_n(&l->accept_count, l->accept_count + 1,
                         __ATOMIC_SEQ_CST);
    }
    spin_unlock(&l->s.rx_lock);
    return err;
}

static bool listener_open(struct unix_sock *l)
{
    return l->dead || l->rx_shut || !unix_is(l, UNIX_LISTEN) ||
           __atomic_load_n(&l->accept_count, __ATOMIC_SEQ_CST) < l->backlog;
}

static int stream_connect(struct unix_sock *u, struct unix_sock *l,
                          bool nonblock)
{
    nsec_t deadline = net__deadline(u->s.sndtimeo);
    struct net_sock *cs;
    struct unix_sock *c;
    int err;

    cs = net__unix_create(u->s.type);
    if (IS_ERR(cs))
        return (int)PTR_ERR(cs);
    c = unix_sock_of(cs);
    c->name = l->name;          /* not entered in the table */
    c->cred = l->cred;
    if (!connected(u, c, l->cred)) {
        cs->ops->release(cs);
        return unix_is(u, UNIX_LISTEN) ? -EINVAL : -EISCONN;
    }
    connected(c, u, u->cred);
    for (;;) {
        err = listener_offer(l, c);
        if (err != -EAGAIN || nonblock)
            break;
        err = waitq_wait(&l->room_wq, listener_open(l), deadline,
                         WAIT_INTERRUPTIBLE);
        if (err) {
            err = net__wait_error(err, u->s.sndtimeo);
            break;
        }
    }
    if (!err) {
        net__wake(&l->s, POLLIN | POLLRDNORM);
        net__wake(&u->s, POLLOUT | POLLWRNORM);
        return 0;
    }
    spin_lock(&u->s.rx_lock);
    u->peer = NULL;
    __atomic_store_n(&u->state, UNIX_IDLE, __ATOMIC_SEQ_CST);
    spin_unlock(&u->s.rx_lock);
    net__unix_put(c);
    cs->ops->release(cs);
    u->rx_eof = u->tx_broken = false;
    net__error_take(&u->s);
    return err;
}

static void dgram_peer_set(struct unix_sock *u, struct unix_sock *to)
{
    struct unix_sock *old;

    if (to)
        net__unix_ref(to);
    spin_lock(&u->s.rx_lock);
    old = u->peer;
    u->peer = to;
    __atomic_store_n(&u->state, to ? UNIX_CONNECTED : UNIX_IDLE,
                     __ATOMIC_SEQ_CST);
    spin_unlock(&u->s.rx_lock);
    net__unix_room_forget(u, old);
    if (old)
        net__unix_put(old);
}

static int connect_to(struct unix_sock *u, struct unix_sock *to,
                      bool nonblock)
{
    if (to->s.type != u->s.type)
        return -EPROTOTYPE;
    if (u->s.type == SOCK_DGRAM) {
        dgram_peer_set(u, to);
        return 0;
    }
    if (unix_is(u, UNIX_CONNECTED))
        return -EISCONN;
    if (unix_is(u, UNIX_LISTEN))
        return -EINVAL;
    return stream_connect(u, to, nonblock);
}

static int connect_name(struct unix_sock *u, const struct unix_name *name,
                        uint64_t dev, uint64_t ino, bool nonblock)
{
    struct unix_sock *to = net__unix_find(name, dev, ino);
    int err;

    if (IS_ERR(to))
        return (int)PTR_ERR(to);
    err = connect_to(u, to, nonblock);
    net__unix_put(to);
    return err;
}

static int unix_connect(struct net_sock *s, const void *addr, uint32_t len,
                        bool nonblock)
{
    struct unix_sock *u = unix_sock_of(s);
    struct unix_name name;
    uint16_t family;
    int err;

    memcpy(&family, addr, sizeof(family));
    if (family == AF_UNSPEC && s->type == SOCK_DGRAM) {
        dgram_peer_set(u, NULL);
        return 0;
    }
    err = net__unix_name_get(addr, len, &name);
    if (err)
        return err;
    if (!name.len || name.path[0])
        return -EINVAL;         /* paths come through net_unix_connect */
    return connect_name(u, &name, 0, 0, nonblock);
}

int net_unix_connect(struct file *f, uint64_t dev, uint64_t ino,
                     const char *path)
{
    struct net_sock *s = net__sock_of(f);
    struct unix_name name = { .len = 1 };

    if (s->domain != AF_UNIX)
        return -EAFNOSUPPORT;
    strlcpy(name.path, path, sizeof(name.path));
    return connect_name(unix_sock_of(s), &name, dev, ino,
                        f->flags & O_NONBLOCK);
}

static struct unix_sock *accept_take(struct unix_sock *u)
{
    struct unix_sock *c = NULL;

    spin_lock(&u->s.rx_lock);
    if (!list_empty(&u->accept_queue)) {
        c = list_first(&u->accept_queue, struct unix_sock, accept_link);
        list_del(&c->accept_link);
        __atomic_store_n(&u->accept_count, u->accept_count - 1,
                         __ATOMIC_SEQ_CST);
    }
    spin_unlock(&u->s.rx_lock);
    if (c)
        waitq_wake_all(&u->room_wq);
    return c;
}

static struct net_sock *unix_accept(struct net_sock *s, bool nonblock)
{
    struct unix_sock *u = unix_sock_of(s), *c;
    nsec_t deadline = net__deadline(s->rcvtimeo);
    int err;

    for (;;) {
        if (!unix_is(u, UNIX_LISTEN) || u->rx_shut)
            return ERR_PTR(-EINVAL);
        c = accept_take(u);
        if (c)
            return &c->s;
        if (nonblock)
            return ERR_PTR(-EAGAIN);
        err = waitq_wait(&s->wq,
                         __atomic_load_n(&u->accept_count,
                                         __ATOMIC_SEQ_CST) || u->rx_shut,
                         deadline, WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE);
        if (err)
            return ERR_PTR(net__wait_error(err, s->rcvtimeo));
    }
}

/* ---------------- endings ---------------- */

/* Tells the peer: no more comes from us (eof), nothing reaches us (broken). */
static void peer_tell(struct unix_sock *u, bool eof, bool broken, int error)
{
    struct unix_sock *p = net__unix_peer(u);

    if (!p)
        return;
    if (u->s.type != SOCK_DGRAM) {
        if (eof)
            __atomic_store_n(&p->rx_eof, true, __ATOMIC_SEQ_CST);
        if (broken)
            __atomic_store_n(&p->tx_broken, true, __ATOMIC_SEQ_CST);
        if (error)
            net__error_set(&p->s, error);
        waitq_wake_all(&p->s.wq);
        waitq_wake_all(&p->room_wq);
    }
    net__unix_put(p);
}

static int unix_shutdown(struct net_sock *s, int how)
{
    struct unix_sock *u = unix_sock_of(s);

    if (how != SHUT_WR)
        __atomic_store_n(&u->rx_shut, true, __ATOMIC_SEQ_CST);
    if (how != SHUT_RD)
        __atomic_store_n(&u->tx_shut, true, __ATOMIC_SEQ_CST);
    peer_tell(u, how != SHUT_RD, how != SHUT_WR, 0);
    waitq_wake_all(&s->wq);
    waitq_wake_all(&u->room_wq);
    if (s->type != SOCK_DGRAM && unix_is(u, UNIX_IDLE))
        return -ENOTCONN;
    return 0;
}

static void unix_release(struct net_sock *s)
{
    struct unix_sock *u = unix_sock_of(s), *c, *peer;
    bool unread;

    net__unix_unbind(u);
    spin_lock(&s->rx_lock);
    u->dead = true;
    unread = !list_empty(&u->queue);
    spin_unlock(&s->rx_lock);
    while ((c = accept_take(u)) != NULL)
        unix_release(&c->s);    /* one level: those have no queue */
    peer_tell(u, true, true, unread ? ECONNRESET : 0);
    net__unix_queue_drop(u);
    waitq_wake_all(&u->room_wq);
    net__unix_room_tell(u);
    spin_lock(&s->rx_lock);
    peer = u->peer;
    u->peer = NULL;
    spin_unlock(&s->rx_lock);
    net__unix_room_forget(u, peer);
    if (peer)
        net__unix_put(peer);
    net__unix_put(u);
}

/* ---------------- the rest ---------------- */

static int unix_name(struct net_sock *s, bool peer, void *addr, uint32_t *len)
{
    struct unix_sock *u = unix_sock_of(s), *p;

    if (!peer) {
        net__unix_name_put(&u->name, addr, len);
        return 0;
    }
    p = net__unix_peer(u);
    if (!p)
        return -ENOTCONN;
    net__unix_name_put(&p->name, addr, len);
    net__unix_put(p);
    return 0;
}

static bool peer_room(struct unix_sock *u)
{
    struct unix_sock *p = net__unix_peer(u);
    bool room;

    if (!p)
        return true;
    room = net__unix_room(p);
    if (!room) {
        if (u->s.type == SOCK_DGRAM)
            net__unix_room_ask(u, p);
        __atomic_store_n(&p->tx_wait, true, __ATOMIC_SEQ_CST);
        room = net__unix_room(p);
    }
    net__unix_put(p);
    return room;
}

static uint32_t unix_poll(struct net_sock *s)
{
    struct unix_sock *u = unix_sock_of(s);
    uint32_t ev = 0;
    bool rx_end, tx_end, stream = s->type != SOCK_DGRAM;

    if (unix_is(u, UNIX_LISTEN))
        return __atomic_load_n(&u->accept_count, __ATOMIC_SEQ_CST)
                   ? POLLIN | POLLRDNORM : 0;
    rx_end = __atomic_load_n(&u->rx_eof, __ATOMIC_SEQ_CST) ||
             __atomic_load_n(&u->rx_shut, __ATOMIC_SEQ_CST);
    tx_end = __atomic_load_n(&u->tx_broken, __ATOMIC_SEQ_CST) ||
             __atomic_load_n(&u->tx_shut, __ATOMIC_SEQ_CST);
    if (rx_end)
        ev |= POLLIN | POLLRDNORM | POLLRDHUP;
    if ((rx_end && tx_end) || (stream && unix_is(u, UNIX_IDLE)))
        ev |= POLLHUP;
    if (__atomic_load_n(&u->count, __ATOMIC_SEQ_CST))
        ev |= POLLIN | POLLRDNORM;
    if (tx_end || peer_room(u))
        ev |= POLLOUT | POLLWRNORM;
    return ev;
}

static int unix_setopt(struct net_sock *s, int level, int name,
                       const void *val, uint32_t len)
{
    (void)s;
    (void)name;
    (void)val;
    (void)len;
    return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}

static int unix_getopt(struct net_sock *s, int level, int name, void *val,
                       uint32_t *len)
{
    struct unix_sock *u = unix_sock_of(s);
    struct ucred none = { 0, (uint32_t)-1, (uint32_t)-1 };

    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (name != SO_PEERCRED)
        return -ENOPROTOOPT;
    return net__opt_put(val, len,
                        unix_is(u, UNIX_CONNECTED) ? &u->peer_cred : &none,
                        sizeof(none));
}

static long unix_inq(struct net_sock *s)
{
    struct unix_sock *u = unix_sock_of(s);
    long n = 0;

    if (unix_is(u, UNIX_LISTEN))
        return -EINVAL;
    spin_lock(&s->rx_lock);
    if (s->type == SOCK_STREAM)
        n = (long)u->bytes;
    else if (!list_empty(&u->queue))
        n = (long)list_first(&u->queue, struct unix_msg, link)->len;
    spin_unlock(&s->rx_lock);
    return n;
}

static long unix_outq(struct net_sock *s)
{
    struct unix_sock *p = net__unix_peer(unix_sock_of(s));
    long n = 0;

    if (p) {
        n = (long)__atomic_load_n(&p->bytes, __ATOMIC_RELAXED);
        net__unix_put(p);
    }
    return n;
}

static const struct net_sock_ops unix_ops = {
    .release = unix_release,
    .poll = unix_poll,
    .bind = net__unix_bind,
    .listen = unix_listen,
    .connect = unix_connect,
    .accept = unix_accept,
    .shutdown = unix_shutdown,
    .name = unix_name,
    .sendmsg = net__unix_sendmsg,
    .recvmsg = net__unix_recvmsg,
    .setopt = unix_setopt,
    .getopt = unix_getopt,
    .inq = unix_inq,
    .outq = unix_outq,
};

struct net_sock *net__unix_create(int type)
{
    struct unix_sock *u = kzalloc(sizeof(*u));
    int err;

    if (!u)
        return ERR_PTR(-ENOMEM);
    err = net__sock_init(&u->s, &unix_ops, AF_UNIX, type, 0);
    if (err) {
        kfree(u);
        return ERR_PTR(err);
    }
    u->refs = 1;
    u->cred = net__unix_cred();
    waitq_init(&u->room_wq);
    list_init(&u->queue);
    list_init(&u->bind_link);
    list_init(&u->accept_queue);
    list_init(&u->accept_link);
    list_init(&u->askers);
    list_init(&u->ask_link);
    return &u->s;
}
