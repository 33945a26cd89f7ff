/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX data: bytes, message borders, files and credentials. A message is
 * built from the program's memory before any lock, and copied out under the
 * receiver's rx_mutex alone: senders only append.
 */
#include "unix_priv.h"

#define STREAM_CHUNK 16384u

static uint32_t inflight;               /* [a] files in messages */

/* ---------------- messages ---------------- */

static void msg_free(struct unix_msg *g)
{
    for (unsigned i = 0; i < g->file_count; i++)
        file_unref(g->files[i]);
    if (g->file_count)
        __atomic_sub_fetch(&inflight, g->file_count, __ATOMIC_RELAXED);
    kfree(g->files);
    kfree(g);
}

static struct unix_msg *msg_create(struct unix_sock *u, struct iov_iter *it,
                                   size_t n)
{
    struct unix_msg *g = kmalloc(sizeof(*g) + n);
    ssize_t r;

    if (!g)
        return ERR_PTR(-ENOBUFS);
    memset(g, 0, sizeof(*g));
    list_init(&g->link);
    g->len = n;
    g->cred = u->cred;
    if (u->s.type == SOCK_DGRAM)
        g->from = u->name;
    if (!n)
        return g;
    r = copy_from_iter(it, g->data, n);
    if (r == (ssize_t)n || (r > 0 && u->s.type == SOCK_STREAM)) {
        g->len = (size_t)r;
        return g;
    }
    kfree(g);
    return ERR_PTR(-EFAULT);
}

/* The files stay the caller's until the message is queued (msg_commit). */
static int msg_files(struct unix_msg *g, const struct net_msg *m)
{
    uint32_t n = m->file_count;

    if (!n)
        return 0;
    if (n > NET_FILES_MAX)
        return -EINVAL;
    if (__atomic_add_fetch(&inflight, n, __ATOMIC_RELAXED) >
        UNIX_INFLIGHT_MAX) {
        __atomic_sub_fetch(&inflight, n, __ATOMIC_RELAXED);
        return -ETOOMANYREFS;
    }
    g->files = kmalloc(n * sizeof(*g->files));
    if (!g->files) {
        __atomic_sub_fetch(&inflight, n, __ATOMIC_RELAXED);
        return -ENOBUFS;
    }
    memcpy(g->files, m->files, n * sizeof(*g->files));
    g->file_count = n;
    return 0;
}

/* Drops a message that was never queued: its files remain the caller's. */
static void msg_discard(struct unix_msg *g)
{
    if (g->file_count)
        __atomic_sub_fetch(&inflight, g->file_count, __ATOMIC_RELAXED);
    g->file_count = 0;
    msg_free(g);
}

static int msg_cred(struct unix_msg *g, const struct net_msg *m)
{
    const uint8_t *p = m->control;
    size_t left = p ? m->control_len : 0;
    struct cmsghdr h;

    while (left >= sizeof(h)) {
        memcpy(&h, p, sizeof(h));
        if (h.len < sizeof(h) || h.len > left)
            return -EINVAL;
        if (h.level == SOL_SOCKET && h.type == SCM_CREDENTIALS) {
            if (h.len != sizeof(h) + sizeof(g->cred))
                return -EINVAL;
            memcpy(&g->cred, p + sizeof(h), sizeof(g->cred));
        }
        if (ALIGN_UP(h.len, 8) >= left)
            break;
        p += ALIGN_UP(h.len, 8);
        left -= ALIGN_UP(h.len, 8);
    }
    return 0;
}

void net__unix_queue_drop(struct unix_sock *u)
{
    struct list gone = LIST_INIT(gone);
    struct unix_msg *g, *tmp;

    spin_lock(&u->s.rx_lock);
    list_splice_tail(&gone, &u->queue);
    u->bytes = 0;
    u->count = 0;
    spin_unlock(&u->s.rx_lock);
    list_for_each_safe(g, tmp, &gone, link)
        msg_free(g);
}

/* ---------------- send ---------------- */

bool net__unix_room(const struct unix_sock *to)
{
    size_t bytes = __atomic_load_n(&to->bytes, __ATOMIC_SEQ_CST);
    uint32_t count = __atomic_load_n(&to->count, __ATOMIC_SEQ_CST);

    if (to->s.type == SOCK_DGRAM && count >= UNIX_QUEUE_MAX)
        return false;
    return bytes < to->s.rcvbuf / 2;
}

/* Any number of sockets send datagrams to one: its own peer, if it has one,
 * says nothing of who waits. */
static struct spinlock asking = SPINLOCK_INIT;

void net__unix_room_ask(struct unix_sock *u, struct unix_sock *p)
{
    spin_lock(&asking);
    if (u->asks != p && !p->dead) {
        if (u->asks)
            list_del(&u->ask_link);
        else
            net__unix_ref(u);
        u->asks = p;
        list_add_tail(&p->askers, &u->ask_link);
    }
    spin_unlock(&asking);
}

void net__unix_room_forget(struct unix_sock *u, const struct unix_sock *p)
{
    bool asked;

    spin_lock(&asking);
    asked = p && u->asks == p;
    if (asked) {
        list_del(&u->ask_link);
        u->asks = NULL;
    }
    spin_unlock(&asking);
    if (asked)
        net__unix_put(u);
}

void net__unix_room_tell(struct unix_sock *p)
{
    struct unix_sock *u;

    for (;;) {
        spin_lock(&asking);
        u = list_empty(&p->askers) ? NULL :
            list_first(&p->askers, struct unix_sock, ask_link);
        if (u) {
            list_del(&u->ask_link);
            u->asks = NULL;
        }
        spin_unlock(&asking);
        if (!u)
            return;
        net__wake(&u->s, POLLOUT | POLLWRNORM);
        net__unix_put(u);
    }
}

/* 0: queued. -EAGAIN: no room. -EPIPE, -ECONNREFUSED: there is no reader. */
static int enqueue(struct unix_sock *to, struct unix_msg *g)
{
    int err = 0;

    spin_lock(&to->s.rx_lock);
    if (to->dead || to->rx_shut) {
        err = to->s.type == SOCK_DGRAM && to->dead ? -ECONNREFUSED : -EPIPE;
    } else if (!net__unix_room(to)) {
        err = -EAGAIN;
    } else {
        list_add_tail(&to->queue, &g->link);
        __atomic_store_n(&to->bytes, to->bytes + g->len, __ATOMIC_SEQ_CST);
        __atomic_store_n(&to->count, to->count + 1, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&to->s.rx_lock);
    return err;
}

static bool room_or_end(struct unix_sock *u, struct unix_sock *to)
{
    return net__unix_room(to) || to->dead || to->rx_shut ||
           __atomic_load_n(&u->tx_broken, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&u->tx_shut, __ATOMIC_SEQ_CST);
}

/* Queues g at `to`, waiting for room. On an error g is still the caller's. */
static int deliver(struct unix_sock *u, struct unix_sock *to,
                   struct unix_msg *g, bool nonblock)
{
    nsec_t deadline = net__deadline(u->s.sndtimeo);
    int err;

    for (;;) {
        if (__atomic_load_n(&u->tx_shut, __ATOMIC_SEQ_CST) ||
            __atomic_load_n(&u->tx_broken, __ATOMIC_SEQ_CST))
            return -EPIPE;
        err = enqueue(to, g);
        if (!err) {
            net__wake(&to->s, POLLIN | POLLRDNORM);
            return 0;
        }
        if (err != -EAGAIN)
            return err;
        if (nonblock && u->s.type == SOCK_DGRAM &&
            __atomic_load_n(&u->peer, __ATOMIC_RELAXED) == to)
            net__unix_room_ask(u, to);      /* for who waits for an edge */
        __atomic_store_n(&to->tx_wait, true, __ATOMIC_SEQ_CST);
        if (nonblock && !net__unix_room(to))
            return -EAGAIN;
        err = waitq_wait(&to->room_wq, room_or_end(u, to), deadline,
                         WAIT_INTERRUPTIBLE);
        if (err)
            return net__wait_error(err, u->s.sndtimeo);
    }
}

static ssize_t send_message(struct unix_sock *u, struct unix_sock *to,
                            struct net_msg *m, size_t n, bool nonblock)
{
    struct unix_msg *g = msg_create(u, m->iter, n);
    ssize_t done;
    int err;

    if (IS_ERR(g))
        return PTR_ERR(g);
    done = (ssize_t)g->len;
    err = msg_cred(g, m);
    if (!err)
        err = msg_files(g, m);
    if (!err)
        err = deliver(u, to, g, nonblock);
    if (err) {
        msg_discard(g);
        return err;
    }
    m->file_count = 0;          /* the message has them now */
    return done;
}

static ssize_t send_stream(struct unix_sock *u, struct unix_sock *to,
                           struct net_msg *m, bool nonblock)
{
    struct iov_iter saved;
    size_t sent = 0;
    ssize_t r;

    while (m->iter->left) {
        saved = iov_iter_save(m->iter);
        r = send_message(u, to, m, MIN(m->iter->left, (size_t)STREAM_CHUNK),
                         nonblock);
        if (r < 0) {
            *m->iter = saved;
            return sent ? (ssize_t)sent : r;
        }
        sent += (size_t)r;
    }
    return (ssize_t)sent;
}

ssize_t net__unix_send_to(struct unix_sock *u, struct unix_sock *to,
                          struct net_msg *m, bool nonblock)
{
    struct unix_sock *back;
    bool stranger;

    if (to->s.type != u->s.type)
        return -EPROTOTYPE;
    if (u->s.type == SOCK_STREAM)
        return send_stream(u, to, m, nonblock);
    if (m->iter->left > MIN((size_t)UNIX_DGRAM_MAX, (size_t)u->s.sndbuf))
        return -EMSGSIZE;
    if (u->s.type == SOCK_DGRAM) {
        back = net__unix_peer(to);
        stranger = back && back != u;
        if (back)
            net__unix_put(back);
        if (stranger)
            return -EPERM;
    }
    return send_message(u, to, m, m->iter->left, nonblock);
}

ssize_t net__unix_sendmsg(struct net_sock *s, struct net_msg *m, bool nonblock)
{
    struct unix_sock *u = unix_sock_of(s), *to;
    struct unix_name name;
    ssize_t r;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    err = net__error_take(s);
    if (err)
        return err;
    if (m->addr && m->addr_len && s->type == SOCK_DGRAM) {
        err = net__unix_name_get(m->addr, m->addr_len, &name);
        if (err)
            return err;
        if (!name.len || name.path[0])
            return -EINVAL;
        to = net__unix_find(&name, 0, 0);
        if (IS_ERR(to))
            return PTR_ERR(to);
    } else if (m->addr && m->addr_len) {
        return unix_is(u, UNIX_CONNECTED) ? -EISCONN : -EOPNOTSUPP;
    } else {
        if (__atomic_load_n(&u->tx_shut, __ATOMIC_SEQ_CST) ||
            __atomic_load_n(&u->tx_broken, __ATOMIC_SEQ_CST))
            return -EPIPE;
        to = net__unix_peer(u);
        if (!to)
            return -ENOTCONN;
    }
    r = net__unix_send_to(u, to, m, nonblock);
    net__unix_put(to);
    return r;
}

ssize_t net_unix_sendmsg(struct file *f, struct net_msg *m, uint64_t dev,
                         uint64_t ino)
{
    struct net_sock *s = net__sock_of(f);
    struct unix_name name = { .len = 2, .path = "/" };
    struct unix_sock *to;
    ssize_t r;

    if (s->domain != AF_UNIX)
        return -EAFNOSUPPORT;
    if (s->type != SOCK_DGRAM)
        return unix_is(unix_sock_of(s), UNIX_CONNECTED) ? -EISCONN
                                                        : -EOPNOTSUPP;
    to = net__unix_find(&name, dev, ino);
    if (IS_ERR(to))
        return PTR_ERR(to);
    r = net__unix_send_to(unix_sock_of(s), to, m,
                          (f->flags & O_NONBLOCK) ||
                          (m->flags & MSG_DONTWAIT));
    net__unix_put(to);
    return r;
}

/* ---------------- receive ---------------- */

static struct unix_msg *first(struct unix_sock *u)
{
    struct unix_msg *g = NULL;

    spin_lock(&u->s.rx_lock);
    if (!list_empty(&u->queue))
        g = list_first(&u->queue, struct unix_msg, link);
    spin_unlock(&u->s.rx_lock);
    return g;
}

/* Takes n bytes of g, and all of it if it is used up or a datagram. */
static void consume(struct unix_sock *u, struct unix_msg *g, size_t n,
                    bool whole)
{
    size_t gone = whole ? g->len - g->offset : n;

    spin_lock(&u->s.rx_lock);
    g->offset += gone;
    __atomic_store_n(&u->bytes, u->bytes - gone, __ATOMIC_SEQ_CST);
    whole = g->offset == g->len;
    if (whole) {
        list_del(&g->link);
        __atomic_store_n(&u->count, u->count - 1, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&u->s.rx_lock);
    if (whole)
        msg_free(g);
}

static void room_made(struct unix_sock *u)
{
    struct unix_sock *p;

    if (!__atomic_load_n(&u->tx_wait, __ATOMIC_SEQ_CST) || !net__unix_room(u))
        return;
    __atomic_store_n(&u->tx_wait, false, __ATOMIC_SEQ_CST);
    waitq_wake_all(&u->room_wq);
    if (u->s.type == SOCK_DGRAM) {
        net__unix_room_tell(u);
        return;
    }
    p = net__unix_peer(u);
    if (!p)
        return;
    net__wake(&p->s, POLLOUT | POLLWRNORM);
    net__unix_put(p);
}

/* The files and credentials that came with g. */
static void give_control(struct unix_sock *u, struct unix_msg *g,
                         struct net_msg *m, unsigned space, bool peek)
{
    size_t used = m->control_len;
    unsigned n = MIN(g->file_count, space);

    if (g->file_count > n)
        m->flags |= MSG_CTRUNC;
    for (unsigned i = 0; i < n; i++)
        m->files[i] = file_ref(g->files[i]);
    m->file_count = n;
    if (!peek && g->file_count) {
        for (unsigned i = 0; i < g->file_count; i++)
            file_unref(g->files[i]);
        __atomic_sub_fetch(&inflight, g->file_count, __ATOMIC_RELAXED);
        g->file_count = 0;
    }
    (void)u;
    m->control_len = used;
}

/* m's outputs are clean; `space` of each kind is what the caller has. */
struct recv_state {
    struct net_msg *m;
    uint32_t flags;             /* as asked */
    size_t control_space;
    unsigned file_space;
};

static void give_cred(struct unix_sock *u, struct unix_msg *g,
                      struct recv_state *st)
{
    size_t used = 0;

    if (!net__flag(&u->s, SOCK_F_PASSCRED))
        return;
    st->m->control_len = st->control_space;
    net__cmsg_put(st->m, &used, SOL_SOCKET, SCM_CREDENTIALS, &g->cred,
                  sizeof(g->cred));
    st->m->control_len = used;
}

static ssize_t take_stream(struct unix_sock *u, struct recv_state *st,
                           size_t want)
{
    bool peek = st->flags & MSG_PEEK;
    struct unix_msg *g;
    size_t got = 0, n;
    ssize_t r;

    while (got < want && (g = first(u)) != NULL) {
        if (g->file_count && got)
            break;              /* files mark a border */
        n = MIN(want - got, g->len - g->offset);
        r = copy_to_iter(st->m->iter, g->data + g->offset, n);
        if (r < 0)
            return got ? (ssize_t)got : r;
        if (!got)
            give_cred(u, g, st);
        if (g->file_count) {
            give_control(u, g, st->m, st->file_space, peek);
            want = got + (size_t)r;
        }
        got += (size_t)r;
        if (peek)
            break;
        consume(u, g, (size_t)r, false);
        if ((size_t)r < n)
            break;
    }
    return (ssize_t)got;
}

static ssize_t take_message(struct unix_sock *u, struct recv_state *st,
                            bool *taken)
{
    bool peek = st->flags & MSG_PEEK;
    struct unix_msg *g = first(u);
    struct net_msg *m = st->m;
    size_t n, len;
    ssize_t r = 0;

    *taken = g != NULL;
    if (!g)
        return 0;
    len = g->len;
    n = MIN(m->iter->left, len);
    if (n) {
        r = copy_to_iter(m->iter, g->data, n);
        if (r < (ssize_t)n)
            r = -EFAULT;
    }
    if (r >= 0) {
        give_cred(u, g, st);
        give_control(u, g, m, st->file_space, peek);
        if (n < len)
            m->flags |= MSG_TRUNC;
        if (m->addr && g->from.len)
            net__unix_name_put(&g->from, m->addr, &m->addr_len);
    }
    if (!peek)
        consume(u, g, 0, true);
    if (r >= 0 && (st->flags & MSG_TRUNC))
        r = (ssize_t)len;
    return r;
}

static bool receivable(struct unix_sock *u)
{
    return __atomic_load_n(&u->count, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&u->rx_eof, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&u->rx_shut, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&u->s.error, __ATOMIC_SEQ_CST);
}

/* Nothing was there: 1 look again, 0 the end, -EAGAIN, or the error. */
static int recv_standing(struct unix_sock *u)
{
    int err;

    if (__atomic_load_n(&u->count, __ATOMIC_SEQ_CST))
        return 1;
    err = net__error_take(&u->s);
    if (err)
        return err;
    if (__atomic_load_n(&u->rx_eof, __ATOMIC_SEQ_CST) ||
        __atomic_load_n(&u->rx_shut, __ATOMIC_SEQ_CST))
        return __atomic_load_n(&u->count, __ATOMIC_SEQ_CST) ? 1 : 0;
    if (u->s.type != SOCK_DGRAM && !unix_is(u, UNIX_CONNECTED))
        return u->s.type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
    return -EAGAIN;
}

static ssize_t recv_loop(struct unix_sock *u, struct recv_state *st,
                         bool nonblock)
{
    bool stream = u->s.type == SOCK_STREAM, taken = false;
    bool all = stream && (st->flags & (MSG_WAITALL | MSG_PEEK)) ==
                         MSG_WAITALL;
    nsec_t deadline = net__deadline(u->s.rcvtimeo);
    size_t total = st->m->iter->left, got = 0;
    ssize_t r;
    int err;

    for (;;) {
        mutex_lock(&u->s.rx_mutex);
        r = stream ? take_stream(u, st, total - got)
                   : take_message(u, st, &taken);
        mutex_unlock(&u->s.rx_mutex);
        if (r < 0)
            return got ? (ssize_t)got : r;
        got += (size_t)r;
        if (r || (!stream && taken))
            room_made(u);
        if (!stream ? taken : got == total || (got && !all) ||
                              st->m->file_count)
            return (ssize_t)got;
        err = recv_standing(u);
        if (err == 1)
            continue;
        if (err != -EAGAIN)
            return got ? (ssize_t)got : err;
        if (nonblock)
            return got ? (ssize_t)got : -EAGAIN;
        err = waitq_wait(&u->s.wq, receivable(u), deadline,
                         WAIT_INTERRUPTIBLE);
        if (err)
            return got ? (ssize_t)got : net__wait_error(err, u->s.rcvtimeo);
    }
}

ssize_t net__unix_recvmsg(struct net_sock *s, struct net_msg *m, bool nonblock)
{
    struct unix_sock *u = unix_sock_of(s);
    struct recv_state st = { m, m->flags, m->control_len, m->file_count };

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    m->flags = 0;
    m->file_count = 0;
    m->control_len = 0;
    m->addr_len = 0;
    if (s->type == SOCK_STREAM && !m->iter->left)
        return 0;
    return recv_loop(u, &st, nonblock);
}
