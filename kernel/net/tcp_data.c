/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes in and out of TCP sockets. The program's memory is touched with no
 * lock but the socket's own rx_mutex: a send copies into a buffer first, a
 * receive copies from pbufs that nobody else takes away.
 */
#include "tcp_sock_priv.h"

#define SEND_SMALL 1024u        /* on the stack */
#define SEND_CHUNK 16384u       /* on the heap */

/* ---------------- receive ---------------- */

err_t net__tcp_on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
                       err_t err)
{
    struct tcp_sock *t = arg;
    struct pbuf *last;
    uint32_t n;

    (void)err;
    net__timers_ack_soon();
    if (!p) {
        __atomic_store_n(&t->rx_eof, true, __ATOMIC_SEQ_CST);
        net__wake(&t->in.s, POLLIN | POLLRDNORM | POLLRDHUP |
                            (t->tx_shut ? POLLHUP : 0));
        return ERR_OK;
    }
    n = p->tot_len;
    if (t->rx_shut) {
        tcp_recved(pcb, (u16_t)n);
        pbuf_free(p);
        return ERR_OK;
    }
    if (!net__rx_charge(n))
        return ERR_MEM;         /* lwIP keeps p and offers it again */
    for (last = p; last->next; last = last->next)
        ;
    spin_lock(&t->in.s.rx_lock);
    if (t->rx_head)
        t->rx_tail->next = p;
    else
        t->rx_head = p;
    t->rx_tail = last;
    __atomic_store_n(&t->rx_bytes, t->rx_bytes + n, __ATOMIC_SEQ_CST);
    spin_unlock(&t->in.s.rx_lock);
    net__wake(&t->in.s, POLLIN | POLLRDNORM);
    return ERR_OK;
}

void net__tcp_rx_drop(struct tcp_sock *t)
{
    struct pbuf *p = t->rx_head, *next;

    net__rx_uncharge(t->rx_bytes);
    for (; p; p = next) {
        next = p->next;
        p->next = NULL;
        pbuf_free(p);
    }
    t->rx_head = t->rx_tail = NULL;
    t->rx_bytes = t->rx_offset = 0;
}

/* Takes n bytes away; the emptied pbufs go to *done. Holds rx_mutex. */
static void rx_consume(struct tcp_sock *t, uint32_t n, struct pbuf **done)
{
    struct pbuf *p;
    uint32_t left = n, have;

    spin_lock(&t->in.s.rx_lock);
    while (left) {
        p = t->rx_head;
        have = p->len - t->rx_offset;
        if (left < have) {
            t->rx_offset += left;
            break;
        }
        left -= have;
        t->rx_offset = 0;
        t->rx_head = p->next;
        p->next = *done;
        *done = p;
    }
    __atomic_store_n(&t->rx_bytes, t->rx_bytes - n, __ATOMIC_SEQ_CST);
    spin_unlock(&t->in.s.rx_lock);
    __atomic_add_fetch(&t->rx_unwindowed, n, __ATOMIC_SEQ_CST);
    net__rx_uncharge(n);
}

/* Frees pbufs and opens the window when it is worth an entry to lwIP. A
 * copied pbuf (the small ones) is plain memory and needs no lock. */
static void rx_finish(struct tcp_sock *t, struct pbuf *done)
{
    struct pbuf *p, *next;
    bool lock = __atomic_load_n(&t->rx_unwindowed, __ATOMIC_SEQ_CST) >=
                TCP_WND / 4;

    for (p = done; p && !lock; p = p->next)
        lock = p->ref != 1 || (p->flags & PBUF_FLAG_IS_CUSTOM);
    if (lock)
        net__lock();
    for (p = done; p; p = next) {
        next = p->next;
        p->next = NULL;
        pbuf_free(p);
    }
    if (lock) {
        net__tcp_window_open(t);
        net__unlock();
    }
}

/* Copies up to n bytes from offset `skip` of what is there, without taking.
 * Holds rx_mutex, so the chain up to rx_bytes stands still. */
static ssize_t rx_copy(struct tcp_sock *t, struct iov_iter *it, uint32_t n,
                       bool discard)
{
    struct pbuf *p = t->rx_head;
    uint32_t off = t->rx_offset, step, done = 0;
    ssize_t r;

    while (done < n) {
        step = MIN(n - done, (uint32_t)p->len - off);
        r = discard ? (ssize_t)step
                    : copy_to_iter(it, (uint8_t *)p->payload + off, step);
        if (r < 0)
            return done ? (ssize_t)done : r;
        done += (uint32_t)r;
        if ((uint32_t)r < step)
            break;
        off = 0;
        p = p->next;
    }
    return done;
}

/* One look at the queue: bytes, 0 for nothing there, or an error. */
static ssize_t recv_once(struct tcp_sock *t, struct net_msg *m, size_t want)
{
    bool discard = m->flags & MSG_TRUNC;
    struct pbuf *done = NULL;
    uint32_t n;
    ssize_t r = 0;

    mutex_lock(&t->in.s.rx_mutex);
    n = __atomic_load_n(&t->rx_bytes, __ATOMIC_SEQ_CST);
    n = (uint32_t)MIN((size_t)n, want);
    if (n) {
        r = rx_copy(t, m->iter, n, discard);
        if (r > 0 && !(m->flags & MSG_PEEK))
            rx_consume(t, (uint32_t)r, &done);
    }
    mutex_unlock(&t->in.s.rx_mutex);
    if (done)
        rx_finish(t, done);
    return r;
}

/* Nothing to read now: 0 for the end, -EAGAIN to wait, or the error. */
static ssize_t recv_standing(struct tcp_sock *t)
{
    int err;

    if (__atomic_load_n(&t->rx_bytes, __ATOMIC_SEQ_CST))
        return 1;
    err = net__error_take(&t->in.s);
    if (err)
        return err;
    switch (tcp_state(t)) {
    case TCP_S_IDLE:
    case TCP_S_LISTEN:
        return -ENOTCONN;
    case TCP_S_CONNECTING:
        return -EAGAIN;
    default:
        break;
    }
    if (__atomic_load_n(&t->rx_eof, __ATOMIC_SEQ_CST) ||
        __atomic_load_n(&t->rx_shut, __ATOMIC_SEQ_CST))
        return __atomic_load_n(&t->rx_bytes, __ATOMIC_SEQ_CST) ? 1 : 0;
    return -EAGAIN;
}

static bool receivable(struct tcp_sock *t)
{
    return __atomic_load_n(&t->rx_bytes, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&t->rx_eof, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&t->rx_shut, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&t->in.s.error, __ATOMIC_SEQ_CST);
}

static ssize_t recv_loop(struct tcp_sock *t, struct net_msg *m, bool nonblock)
{
    struct net_sock *s = &t->in.s;
    nsec_t deadline = 0;
    size_t total = m->iter->left, got = 0;
    bool all = (m->flags & MSG_WAITALL) && !(m->flags & MSG_PEEK);
    ssize_t r;
    int err;

    for (;;) {
        r = recv_once(t, m, total - got);
        if (r < 0)
            return got ? (ssize_t)got : r;
        got += (size_t)r;
        if (got == total || (got && !all))
            return (ssize_t)got;
        if (r)
            continue;
        r = recv_standing(t);
        if (r == 1)
            continue;
        if (r != -EAGAIN)
            return got ? (ssize_t)got : r;
        if (nonblock)
            return got ? (ssize_t)got : -EAGAIN;
        if (!deadline)
            deadline = net__deadline(s->rcvtimeo);
        err = waitq_wait(&s->wq, receivable(t), deadline,
                         WAIT_INTERRUPTIBLE);
        if (err)
            return got ? (ssize_t)got : net__wait_error(err, s->rcvtimeo);
    }
}

ssize_t net__tcp_recvmsg(struct net_sock *s, struct net_msg *m, bool nonblock)
{
    struct tcp_sock *t = tcp_sock_of(s);
    ssize_t r;

    if (m->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    if (m->flags & MSG_OOB)
        return -EINVAL;         /* no urgent data is ever kept apart */
    if (tcp_state(t) == TCP_S_IDLE || tcp_state(t) == TCP_S_LISTEN)
        return -ENOTCONN;
    if (!m->iter->left)
        return 0;
    r = recv_loop(t, m, nonblock);
    if (r >= 0) {
        m->flags = 0;
        m->addr_len = 0;
        m->control_len = 0;
        m->file_count = 0;
    }
    return r;
}

/* ---------------- send ---------------- */

/* Queues what lwIP takes of n bytes and sends. Bytes or -Exxx. */
static ssize_t push(struct tcp_sock *t, const uint8_t *data, size_t n,
                    bool more)
{
    size_t done = 0, step;
    bool nothing = false;
    u8_t flags;
    err_t err = ERR_OK;

    net__lock();
    net__tcp_window_open(t);
    if (!t->pcb || t->tx_shut || tcp_state(t) != TCP_S_OPEN) {
        net__unlock();
        return -EPIPE;
    }
    while (done < n && err == ERR_OK) {
        net__tcp_room_update(t);
        step = MIN(t->tx_room, 0xffffu);
        step = MIN(n - done, step);
        if (!step)
            break;
        flags = TCP_WRITE_FLAG_COPY;
        if (more || done + step < n)
            flags |= TCP_WRITE_FLAG_MORE;
        err = tcp_write(t->pcb, data + done, (u16_t)step, flags);
        if (err == ERR_OK)
            done += step;
    }
    net__tcp_room_update(t);
    /* What is held back for more goes when there is no room for more. */
    if ((done && !(more || t->cork)) || t->pcb->snd_queuelen > 64 ||
        !t->tx_room)
        tcp_output(t->pcb);
    net__tcp_room_update(t);
    if (err == ERR_MEM && !done) {
        /* Memory is out. What is on its way will wake us; else nothing. */
        if (t->pcb->unacked)
            __atomic_store_n(&t->tx_room, 0, __ATOMIC_SEQ_CST);
        else
            nothing = true;
    }
    net__unlock();
    return nothing ? -ENOBUFS : (ssize_t)done;
}

/* What stands against sending at all: 0, -EAGAIN to wait, or the error. */
static int send_standing(struct tcp_sock *t)
{
    int err = net__error_take(&t->in.s);

    if (err)
        return err;
    switch (tcp_state(t)) {
    case TCP_S_CONNECTING:
        return -EAGAIN;
    case TCP_S_OPEN:
        return __atomic_load_n(&t->tx_shut, __ATOMIC_SEQ_CST) ? -EPIPE : 0;
    default:
        return -EPIPE;
    }
}

static bool sendable(struct tcp_sock *t)
{
    uint32_t state = tcp_state(t);

    if (state == TCP_S_CONNECTING)
        return __atomic_load_n(&t->in.s.error, __ATOMIC_SEQ_CST);
    if (state != TCP_S_OPEN || __atomic_load_n(&t->tx_shut, __ATOMIC_SEQ_CST))
        return true;
    __atomic_store_n(&t->tx_wait, true, __ATOMIC_SEQ_CST);
    return net__tcp_poll(&t->in.s) & POLLOUT;
}

/* Waits until sending may go on. 0, -EAGAIN... */
static int send_wait(struct tcp_sock *t, bool nonblock, nsec_t *deadline)
{
    struct net_sock *s = &t->in.s;
    int err;

    __atomic_store_n(&t->tx_wait, true, __ATOMIC_SEQ_CST);
    if (nonblock)
        return -EAGAIN;
    if (!*deadline)
        *deadline = net__deadline(s->sndtimeo);
    err = waitq_wait(&s->wq, sendable(t), *deadline, WAIT_INTERRUPTIBLE);
    return err ? net__wait_error(err, s->sndtimeo) : 0;
}

static ssize_t send_loop(struct tcp_sock *t, struct net_msg *m, uint8_t *buf,
                         size_t size, bool nonblock)
{
    bool more = m->flags & MSG_MORE;
    struct iov_iter saved;
    nsec_t deadline = 0;
    size_t sent = 0, want, room;
    ssize_t n, r;
    int err;

    for (;;) {
        err = send_standing(t);
        if (err && err != -EAGAIN)
            return sent ? (ssize_t)sent : err;
        want = MIN(size, m->iter->left);
        room = err ? 0 : __atomic_load_n(&t->tx_room, __ATOMIC_SEQ_CST);
        want = MIN(want, room);
        r = 0;
        if (want) {
            saved = iov_iter_save(m->iter);
            n = copy_from_iter(m->iter, buf, want);
            if (n <= 0)
                return sent ? (ssize_t)sent : -EFAULT;
            r = push(t, buf, (size_t)n, more || m->iter->left);
            if (r < n) {
                *m->iter = saved;
                iov_iter_advance(m->iter, r > 0 ? (size_t)r : 0);
            }
        }
        if (r < 0) {
            err = sent ? 0 : net__error_take(&t->in.s);
            return sent ? (ssize_t)sent : err ? err : r;
        }
        sent += (size_t)r;
        if (!m->iter->left)
            return (ssize_t)sent;
        if (r)
            continue;
        err = send_wait(t, nonblock, &deadline);
        if (err)
            return sent ? (ssize_t)sent : err;
    }
}

static ssize_t send_large(struct tcp_sock *t, struct net_msg *m, bool nonblock)
{
    uint8_t *buf = kmalloc(SEND_CHUNK);
    ssize_t r;

    if (!buf)
        return -ENOBUFS;
    r = send_loop(t, m, buf, SEND_CHUNK, nonblock);
    kfree(buf);
    return r;
}

static ssize_t send_small(struct tcp_sock *t, struct net_msg *m, bool nonblock)
{
    uint8_t buf[SEND_SMALL];

    return send_loop(t, m, buf, sizeof(buf), nonblock);
}

ssize_t net__tcp_sendmsg(struct net_sock *s, struct net_msg *m, bool nonblock)
{
    struct tcp_sock *t = tcp_sock_of(s);
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->file_count)
        return -EINVAL;
    if (!m->iter->left) {
        err = send_standing(t);
        return err == -EAGAIN ? 0 : err;
    }
    if (m->iter->left <= SEND_SMALL)
        return send_small(t, m, nonblock);
    return send_large(t, m, nonblock);
}
