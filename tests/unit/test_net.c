/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of every family over the loopback interface, and a network card
 * whose wire is this test: what the room sends is kept, what it receives is
 * made up here, mutated by the thousand.
 */
#include "net_card.h"

#include "net/net_num_priv.h"

static int boot(void **state)
{
    struct net_config c = {
        .hostname = "unit",
        .static_spec = "10.0.2.15/24,gw=10.0.2.2,dns=10.0.2.3,domain=a.org",
    };

    (void)state;
    net_boot(&c);
    return 0;
}

/* ---------------- short forms ---------------- */

static ssize_t get_flags(struct file *f, void *buf, size_t n, uint32_t flags)
{
    struct iovec iov;
    struct iov_iter it;
    struct net_msg m = { .iter = &it, .flags = flags };

    iov_iter_kernel(&it, &iov, buf, n);
    return net_recvmsg(f, &m);
}

static ssize_t get(struct file *f, void *buf, size_t n)
{
    return get_flags(f, buf, n, 0);
}

static ssize_t put_flags(struct file *f, const void *buf, size_t n,
                         uint32_t flags)
{
    struct iovec iov;
    struct iov_iter it;
    struct net_msg m = { .iter = &it, .flags = flags };

    iov_iter_kernel(&it, &iov, (void *)(uintptr_t)buf, n);
    return net_sendmsg(f, &m);
}

static ssize_t put(struct file *f, const void *buf, size_t n)
{
    return put_flags(f, buf, n, 0);
}

static ssize_t put_to(struct file *f, const void *buf, size_t n, void *to,
                      uint32_t len)
{
    struct iovec iov;
    struct iov_iter it;
    struct net_msg m = { .iter = &it, .addr = to, .addr_len = len };

    iov_iter_kernel(&it, &iov, (void *)(uintptr_t)buf, n);
    return net_sendmsg(f, &m);
}

static struct sockaddr_in v4(uint32_t addr, unsigned port)
{
    struct sockaddr_in a = { .family = AF_INET,
                             .port = __builtin_bswap16((uint16_t)port),
                             .addr = __builtin_bswap32(addr) };

    return a;
}
#define LOOPBACK 0x7f000001u

static struct file *sock(int domain, int type)
{
    struct file *f = net_socket(domain, type, 0, 0);

    assert_false(IS_ERR(f));
    return f;
}

static struct file *listener(unsigned port)
{
    struct file *f = sock(AF_INET, SOCK_STREAM);
    struct sockaddr_in a = v4(0, port);
    int one = 1;

    net_setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert_int_equal(net_bind(f, &a, sizeof(a)), 0);
    assert_int_equal(net_listen(f, 16), 0);
    return f;
}

static uint32_t ev(struct file *f)
{
    return file_poll(f, NULL) & ~(uint32_t)(POLLRDNORM | POLLWRNORM);
}

static void nonblock(struct file *f)
{
    assert_int_equal(file_set_flags(f, O_NONBLOCK), 0);
}

/* A connected pair; *l is closed again. */
static void tcp_pair(unsigned port, struct file **a, struct file **b)
{
    struct file *l = listener(port);
    struct sockaddr_in to = v4(LOOPBACK, port);

    *a = sock(AF_INET, SOCK_STREAM);
    assert_int_equal(net_connect(*a, &to, sizeof(to)), 0);
    *b = net_accept(l, 0, NULL, NULL);
    assert_false(IS_ERR(*b));
    file_unref(l);
}

static int opt_int(struct file *f, int level, int name)
{
    int v = -12345;
    uint32_t len = sizeof(v);

    assert_int_equal(net_getsockopt(f, level, name, &v, &len), 0);
    return v;
}

static struct net_counters before;
static void counters_mark(void) { net_counters_get(&before); }
static void counters_same(void)
{
    struct net_counters now;

    net_counters_get(&now);
    assert_int_equal(now.sockets, before.sockets);
    assert_int_equal(rx_held, 0);
}

/* ---------------- TCP ---------------- */

static void tcp_echo(void **state)
{
    struct file *a, *b;
    char buf[16];

    (void)state;
    counters_mark();
    tcp_pair(1001, &a, &b);
    assert_int_equal(put(a, "hello", 5), 5);
    assert_int_equal(get_flags(b, buf, 16, MSG_PEEK), 5);
    assert_int_equal(get(b, buf, 2), 2);
    assert_int_equal(get(b, buf + 2, 16), 3);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(get_flags(b, buf, 1, MSG_DONTWAIT), -EAGAIN);
    assert_int_equal(put(b, "world", 5), 5);
    assert_int_equal(get(a, buf, 16), 5);
    file_unref(a);
    assert_int_equal(get(b, buf, 16), 0);
    file_unref(b);
    counters_same();
}

struct pump { struct file *f; size_t total; uint32_t sum; bool done; };

static void pump_send(void *arg)
{
    struct pump *p = arg;
    static uint8_t buf[50000];
    size_t left = p->total, n;
    uint32_t x = 1;

    while (left) {
        n = left < sizeof(buf) ? left : 1 + unit_below(sizeof(buf));
        for (size_t i = 0; i < n; i++) {
            x = x * 1103515245u + 12345u;
            buf[i] = (uint8_t)(x >> 16);
            p->sum = p->sum * 31 + buf[i];
        }
        assert_int_equal(put(p->f, buf, n), n);
        left -= n;
    }
    net_shutdown(p->f, SHUT_WR);
    p->done = true;
    thread_exit();
}

static void tcp_bulk(void **state)
{
    struct file *a, *b;
    static uint8_t buf[40000];
    struct pump p = { .total = 3000000 };
    uint32_t sum = 0;
    size_t got = 0;
    ssize_t r;

    (void)state;
    counters_mark();
    tcp_pair(1002, &a, &b);
    p.f = a;
    assert_non_null(kthread_create("pump", pump_send, &p));
    while ((r = get(b, buf, 1 + unit_below(sizeof(buf)))) > 0) {
        for (ssize_t i = 0; i < r; i++)
            sum = sum * 31 + buf[i];
        got += (size_t)r;
    }
    assert_int_equal(r, 0);
    assert_int_equal(got, p.total);
    assert_int_equal(sum, p.sum);
    assert_true(p.done);
    file_unref(a);
    file_unref(b);
    counters_same();
}

/* What MSG_MORE holds back is sent when no more fits, or a sender that then
 * waits for room waits for ever. */
static void tcp_more(void **state)
{
    struct file *a, *b;
    static uint8_t buf[16384];
    struct iovec iov;
    struct iov_iter it;
    ssize_t r, sent = 0, got = 0;

    (void)state;
    tcp_pair(1016, &a, &b);
    do {
        struct net_msg m = { .iter = &it, .flags = MSG_MORE | MSG_DONTWAIT };

        iov_iter_kernel(&it, &iov, buf, sizeof(buf));
        r = net_sendmsg(a, &m);
        sent += r > 0 ? r : 0;
    } while (r > 0 && sent < 64 << 20);
    assert_int_equal(r, -EAGAIN);
    thread_sleep_until(arch_clock() + 50 * MS, 0);
    assert_true(ev(b) & POLLIN);
    while ((r = get_flags(b, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
        got += r;
    assert_true(got > sent / 2);
    thread_sleep_until(arch_clock() + 50 * MS, 0);
    assert_true(ev(a) & POLLOUT);
    file_unref(a);
    file_unref(b);
    thread_sleep_until(arch_clock() + 50 * MS, 0);
}

static void tcp_events(void **state)
{
    struct file *l = listener(1003), *a = sock(AF_INET, SOCK_STREAM), *b;
    struct sockaddr_in to = v4(LOOPBACK, 1003);
    struct linger hard = { 1, 0 };
    char c;

    (void)state;
    counters_mark();
    nonblock(a);
    assert_int_equal(ev(a), POLLOUT | POLLHUP);
    assert_int_equal(ev(l), 0);
    assert_int_equal(net_connect(a, &to, sizeof(to)), -EINPROGRESS);
    assert_int_equal(ev(a), POLLOUT);
    assert_int_equal(opt_int(a, SOL_SOCKET, SO_ERROR), 0);
    assert_int_equal(net_connect(a, &to, sizeof(to)), 0);
    assert_int_equal(net_connect(a, &to, sizeof(to)), -EISCONN);
    assert_int_equal(ev(l), POLLIN);
    b = net_accept(l, O_NONBLOCK, NULL, NULL);
    assert_false(IS_ERR(b));
    assert_int_equal(ev(l), 0);
    assert_int_equal(PTR_ERR(net_accept(a, 0, NULL, NULL)), -EINVAL);
    put(a, "x", 1);
    assert_int_equal(ev(b), POLLIN | POLLOUT);
    assert_int_equal(net_shutdown(a, SHUT_WR), 0);
    assert_int_equal(ev(b), POLLIN | POLLOUT | POLLRDHUP);
    assert_int_equal(put(a, "y", 1), -EPIPE);
    assert_int_equal(get(b, &c, 1), 1);
    assert_int_equal(get(b, &c, 1), 0);
    assert_int_equal(put(b, "z", 1), 1);
    assert_int_equal(get(a, &c, 1), 1);
    assert_int_equal(net_shutdown(b, SHUT_WR), 0);
    assert_int_equal(ev(b), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    assert_int_equal(ev(a), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    file_unref(a);
    file_unref(b);

    tcp_pair(1004, &a, &b);
    net_setsockopt(a, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    file_unref(a);
    assert_int_equal(ev(b), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
    assert_int_equal(get(b, &c, 1), -ECONNRESET);
    assert_int_equal(get(b, &c, 1), 0);
    assert_int_equal(put(b, &c, 1), -EPIPE);
    file_unref(b);
    file_unref(l);
}

static void tcp_refused(void **state)
{
    struct file *a = sock(AF_INET, SOCK_STREAM);
    struct sockaddr_in to = v4(LOOPBACK, 1);

    (void)state;
    assert_int_equal(net_connect(a, &to, sizeof(to)), -ECONNREFUSED);
    nonblock(a);
    assert_int_equal(net_connect(a, &to, sizeof(to)), -EINPROGRESS);
    assert_int_equal(ev(a) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
    assert_int_equal(opt_int(a, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    assert_int_equal(opt_int(a, SOL_SOCKET, SO_ERROR), 0);
    assert_int_equal(net_shutdown(a, SHUT_RDWR), -ENOTCONN);
    file_unref(a);
}

static void tcp_reuse(void **state)
{
    struct file *l = listener(1005), *x = sock(AF_INET, SOCK_STREAM);
    struct file *r[2], *c, *s;
    struct sockaddr_in a = v4(0, 1005), to = v4(LOOPBACK, 1006);
    int one = 1;
    unsigned hits[2] = { 0, 0 };

    (void)state;
    counters_mark();
    assert_int_equal(net_bind(x, &a, sizeof(a)), -EADDRINUSE);
    net_setsockopt(x, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert_int_equal(net_bind(x, &a, sizeof(a)), -EADDRINUSE);
    file_unref(x);
    file_unref(l);
    a = v4(0, 1006);
    for (int i = 0; i < 2; i++) {
        r[i] = sock(AF_INET, SOCK_STREAM);
        net_setsockopt(r[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
        assert_int_equal(net_bind(r[i], &a, sizeof(a)), 0);
        assert_int_equal(net_listen(r[i], 8), 0);
        nonblock(r[i]);
    }
    for (int i = 0; i < 40; i++) {
        c = sock(AF_INET, SOCK_STREAM);
        assert_int_equal(net_connect(c, &to, sizeof(to)), 0);
        for (int k = 0; k < 2; k++) {
            s = net_accept(r[k], 0, NULL, NULL);
            if (IS_ERR(s))
                continue;
            hits[k]++;
            file_unref(s);
        }
        file_unref(c);
    }
    assert_int_equal(hits[0] + hits[1], 40);
    assert_true(hits[0] > 5 && hits[1] > 5);
    file_unref(r[0]);
    c = sock(AF_INET, SOCK_STREAM);
    assert_int_equal(net_connect(c, &to, sizeof(to)), 0);
    s = net_accept(r[1], 0, NULL, NULL);
    assert_false(IS_ERR(s));
    file_unref(s);
    file_unref(c);
    file_unref(r[1]);
}

/* Waiting connections beyond the backlog do not get through. */
static void tcp_backlog(void **state)
{
    struct file *l = sock(AF_INET, SOCK_STREAM), *c[6];
    struct sockaddr_in a = v4(LOOPBACK, 1007);
    unsigned open = 0;

    (void)state;
    assert_int_equal(net_bind(l, &a, sizeof(a)), 0);
    assert_int_equal(net_listen(l, 2), 0);
    for (int i = 0; i < 6; i++) {
        c[i] = sock(AF_INET, SOCK_STREAM);
        nonblock(c[i]);
        net_connect(c[i], &a, sizeof(a));
        open += ev(c[i]) == POLLOUT;
    }
    assert_int_equal(open, 3);
    for (int i = 0; i < 6; i++)
        file_unref(c[i]);
    file_unref(l);
}

static void accept_later(void *arg)
{
    struct file *l = arg, *s = net_accept(l, 0, NULL, NULL);

    assert_false(IS_ERR(s));
    put(s, "late", 4);
    file_unref(s);
    file_unref(l);
    thread_exit();
}

static void tcp_dual_stack(void **state)
{
    struct file *l = sock(AF_INET6, SOCK_STREAM), *c, *s;
    struct sockaddr_in6 any = { .family = AF_INET6, .port = 0xf103 }, who;
    struct sockaddr_in to = v4(LOOPBACK, 0x3f1);
    struct sockaddr_in6 to6 = { .family = AF_INET6, .port = 0xf103 };
    uint32_t len = sizeof(who);
    uint8_t room[SOCKADDR_MAX];
    char buf[8];

    (void)state;
    to6.addr[15] = 1;
    assert_int_equal(net_bind(l, &any, sizeof(any)), 0);
    assert_int_equal(net_listen(l, 8), 0);
    c = sock(AF_INET, SOCK_STREAM);
    assert_int_equal(net_connect(c, &to, sizeof(to)), 0);
    s = net_accept(l, 0, room, &len);
    assert_false(IS_ERR(s));
    memcpy(&who, room, sizeof(who));
    assert_int_equal(who.family, AF_INET6);
    assert_int_equal(who.addr[10], 0xff);
    assert_int_equal(who.addr[12], 127);
    file_unref(s);
    file_unref(c);
    c = sock(AF_INET6, SOCK_STREAM);
    file_ref(l);
    assert_non_null(kthread_create("acc", accept_later, l));
    assert_int_equal(net_connect(c, &to6, sizeof(to6)), 0);
    assert_int_equal(get(c, buf, 8), 4);
    file_unref(c);
    /* Any of 127/8 is this machine. */
    to.addr = __builtin_bswap32(0x7f010203);
    c = sock(AF_INET, SOCK_STREAM);
    assert_int_equal(net_connect(c, &to, sizeof(to)), 0);
    file_unref(c);
    file_unref(l);
}

static void tcp_timeouts(void **state)
{
    struct file *a, *b;
    struct net_timeval tv = { 0, 20000 };
    static char big[100000];
    char c;
    ssize_t r, n = 0;

    (void)state;
    tcp_pair(1010, &a, &b);
    net_setsockopt(a, SOL_SOCKET, SO_RCVTIMEO_OLD, &tv, sizeof(tv));
    assert_int_equal(get(a, &c, 1), -EAGAIN);
    nonblock(a);
    while ((r = put(a, big, sizeof(big))) > 0)
        n += r;
    assert_int_equal(r, -EAGAIN);
    assert_int_equal(ev(a), 0);
    assert_true(n > 100000 && n < 2000000);
    while (n > 0) {
        r = get(b, big, sizeof(big));
        assert_true(r > 0);
        n -= r;
    }
    assert_int_equal(ev(a), POLLOUT);
    file_unref(a);
    file_unref(b);
}

static void tcp_options(void **state)
{
    struct file *f = sock(AF_INET, SOCK_STREAM);
    int one = 1, idle = 33;
    uint8_t info[256];
    uint32_t len = sizeof(info);

    (void)state;
    assert_int_equal(opt_int(f, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    assert_int_equal(opt_int(f, SOL_SOCKET, SO_DOMAIN), AF_INET);
    assert_int_equal(opt_int(f, SOL_SOCKET, SO_PROTOCOL), 6);
    assert_int_equal(opt_int(f, IPPROTO_TCP, TCP_NODELAY_OPT), 0);
    net_setsockopt(f, IPPROTO_TCP, TCP_NODELAY_OPT, &one, 4);
    assert_int_equal(opt_int(f, IPPROTO_TCP, TCP_NODELAY_OPT), 1);
    net_setsockopt(f, IPPROTO_TCP, TCP_KEEPIDLE, &idle, 4);
    assert_int_equal(opt_int(f, IPPROTO_TCP, TCP_KEEPIDLE), 33);
    assert_int_equal(net_getsockopt(f, IPPROTO_TCP, TCP_INFO, info, &len), 0);
    assert_int_equal(len, 104);
    assert_int_equal(net_setsockopt(f, IPPROTO_TCP, 999, &one, 4),
                     -ENOPROTOOPT);
    assert_int_equal(net_setsockopt(f, SOL_SOCKET, 999, &one, 4),
                     -ENOPROTOOPT);
    assert_int_equal(net_setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &one, 1),
                     -EINVAL);
    file_unref(f);
}

/* ---------------- UDP ---------------- */

static void udp_basic(void **state)
{
    struct file *a = sock(AF_INET, SOCK_DGRAM), *b = sock(AF_INET, SOCK_DGRAM);
    struct sockaddr_in to = v4(LOOPBACK, 2001), none = v4(LOOPBACK, 2);
    char buf[16];

    (void)state;
    counters_mark();
    assert_int_equal(net_bind(b, &to, sizeof(to)), 0);
    assert_int_equal(put(a, "x", 1), -EDESTADDRREQ);
    assert_int_equal(put_to(a, "abcdef", 6, &to, sizeof(to)), 6);
    assert_int_equal(put_to(a, "", 0, &to, sizeof(to)), 0);
    assert_int_equal(ev(b), POLLIN | POLLOUT);
    assert_int_equal(get_flags(b, buf, 3, MSG_PEEK | MSG_TRUNC), 6);
    assert_int_equal(get(b, buf, 16), 6);
    assert_memory_equal(buf, "abcdef", 6);
    assert_int_equal(get(b, buf, 16), 0);
    assert_int_equal(get_flags(b, buf, 16, MSG_DONTWAIT), -EAGAIN);
    assert_int_equal(net_connect(a, &none, sizeof(none)), 0);
    assert_int_equal(put(a, "x", 1), 1);
    assert_int_equal(put(a, "x", 1), -ECONNREFUSED);
    file_unref(a);
    file_unref(b);
}

static void udp_v6(void **state)
{
    struct file *a = sock(AF_INET6, SOCK_DGRAM);
    struct file *b = sock(AF_INET6, SOCK_DGRAM);
    struct sockaddr_in6 any = { .family = AF_INET6, .port = 0xd207 };
    struct sockaddr_in6 to = any;
    uint8_t addr[SOCKADDR_MAX], control[128];
    struct iovec iov;
    struct iov_iter it;
    struct net_msg m = { .iter = &it, .addr = addr, .control = control,
                         .control_len = sizeof(control) };
    struct cmsghdr h;
    char buf[16];
    int one = 1;

    (void)state;
    to.addr[15] = 1;
    net_setsockopt(b, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
    assert_int_equal(net_bind(b, &any, sizeof(any)), 0);
    assert_int_equal(put_to(a, "six", 3, &to, sizeof(to)), 3);
    iov_iter_kernel(&it, &iov, buf, sizeof(buf));
    assert_int_equal(net_recvmsg(b, &m), 3);
    assert_int_equal(m.addr_len, sizeof(struct sockaddr_in6));
    assert_int_equal(m.control_len, CMSG_SPACE(20));
    memcpy(&h, control, sizeof(h));
    assert_int_equal(h.level, IPPROTO_IPV6);
    assert_int_equal(h.type, IPV6_PKTINFO);
    memset(to.addr, 0, 16);
    to.addr[10] = to.addr[11] = 0xff;
    to.addr[12] = 127;
    to.addr[15] = 1;
    assert_int_equal(put_to(a, "four", 4, &to, sizeof(to)), 4);
    assert_int_equal(get(b, buf, sizeof(buf)), 4);
    file_unref(a);
    file_unref(b);
}

/* ---------------- AF_UNIX ---------------- */

static void unix_stream(void **state)
{
    struct file *p[2];
    char buf[16];

    (void)state;
    counters_mark();
    assert_int_equal(net_socketpair(AF_UNIX, SOCK_STREAM, 0, 0, p), 0);
    assert_int_equal(ev(p[0]), POLLOUT);
    assert_int_equal(put(p[0], "one", 3), 3);
    assert_int_equal(put(p[0], "two", 3), 3);
    assert_int_equal(get(p[1], buf, 16), 6);
    assert_int_equal(net_shutdown(p[0], SHUT_WR), 0);
    assert_int_equal(get(p[1], buf, 16), 0);
    assert_int_equal(put(p[1], "back", 4), 4);
    assert_int_equal(ev(p[1]), POLLIN | POLLOUT | POLLRDHUP);
    file_unref(p[1]);
    assert_int_equal(get(p[0], buf, 16), 4);
    assert_int_equal(get(p[0], buf, 16), 0);
    file_unref(p[0]);
    assert_int_equal(net_socketpair(AF_UNIX, SOCK_STREAM, 0, 0, p), 0);
    put(p[0], "unread", 6);
    file_unref(p[1]);
    assert_int_equal(get(p[0], buf, 16), -ECONNRESET);
    assert_int_equal(put(p[0], "x", 1), -EPIPE);
    file_unref(p[0]);
    counters_same();
}

static void unix_bulk(void **state)
{
    struct file *p[2];
    struct pump pump = { .total = 2000000 };
    static uint8_t buf[30000];
    uint32_t sum = 0;
    ssize_t r;

    (void)state;
    assert_int_equal(net_socketpair(AF_UNIX, SOCK_STREAM, 0, 0, p), 0);
    pump.f = p[0];
    assert_non_null(kthread_create("pump", pump_send, &pump));
    while ((r = get(p[1], buf, 1 + unit_below(sizeof(buf)))) > 0)
        for (ssize_t i = 0; i < r; i++)
            sum = sum * 31 + buf[i];
    assert_int_equal(r, 0);
    assert_int_equal(sum, pump.sum);
    file_unref(p[0]);
    file_unref(p[1]);
}

static void unix_listen_path(void **state)
{
    struct file *l = sock(AF_UNIX, SOCK_STREAM);
    struct file *c = sock(AF_UNIX, SOCK_STREAM);
    struct file *s, *d = sock(AF_UNIX, SOCK_DGRAM);
    struct sockaddr_un un = { .family = AF_UNIX, .path = "\0abs" };
    uint8_t addr[SOCKADDR_MAX];
    uint32_t len = 0;
    char buf[8];

    (void)state;
    counters_mark();
    assert_int_equal(net_unix_connect(c, 1, 2, "/s"), -ECONNREFUSED);
    assert_int_equal(net_unix_bind(l, 1, 2, "/s"), 0);
    assert_int_equal(net_unix_connect(c, 1, 2, "/s"), -ECONNREFUSED);
    assert_int_equal(net_listen(l, 0), 0);
    assert_int_equal(net_unix_connect(d, 1, 2, "/s"), -EPROTOTYPE);
    assert_int_equal(net_unix_connect(c, 1, 2, "/s"), 0);
    assert_int_equal(net_unix_connect(c, 1, 2, "/s"), -EISCONN);
    assert_int_equal(put(c, "hi", 2), 2);
    assert_int_equal(ev(l), POLLIN);
    s = net_accept(l, 0, addr, &len);
    assert_false(IS_ERR(s));
    assert_int_equal(len, 2);
    assert_int_equal(get(s, buf, 8), 2);
    assert_int_equal(net_getpeername(c, addr, &len), 0);
    assert_int_equal(len, 2 + 3);
    file_unref(s);
    assert_int_equal(get(c, buf, 8), 0);
    file_unref(c);
    file_unref(l);
    assert_int_equal(net_bind(d, &un, 2 + 4), 0);
    c = sock(AF_UNIX, SOCK_DGRAM);
    assert_int_equal(put_to(c, "dg", 2, &un, 2 + 4), 2);
    assert_int_equal(get(d, buf, 8), 2);
    assert_int_equal(net_connect(c, &un, 2 + 4), 0);
    file_unref(d);
    assert_int_equal(put(c, "x", 1), -ECONNREFUSED);
    file_unref(c);
}

static void unix_rights(void **state)
{
    struct file *p[2], *e = eventfd_create(0, false, 0), *out[4];
    struct iovec iov;
    struct iov_iter it;
    char c = 'r';
    struct net_msg m = { .iter = &it, .files = &e, .file_count = 1 };

    (void)state;
    counters_mark();
    assert_int_equal(net_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, 0, p), 0);
    iov_iter_kernel(&it, &iov, &c, 1);
    file_ref(e);
    assert_int_equal(net_sendmsg(p[0], &m), 1);
    iov_iter_kernel(&it, &iov, &c, 1);
    m = (struct net_msg){ .iter = &it, .files = out, .file_count = 4 };
    assert_int_equal(net_recvmsg(p[1], &m), 1);
    assert_int_equal(m.file_count, 1);
    assert_ptr_equal(out[0], e);
    assert_int_equal(e->refs, 2);
    file_unref(out[0]);
    /* One that nobody takes out goes with the socket. */
    iov_iter_kernel(&it, &iov, &c, 1);
    m = (struct net_msg){ .iter = &it, .files = &e, .file_count = 1 };
    file_ref(e);
    assert_int_equal(net_sendmsg(p[0], &m), 1);
    file_unref(p[0]);
    file_unref(p[1]);
    assert_int_equal(e->refs, 1);
    file_unref(e);
    counters_same();
}

/* ---------------- netlink, /proc ---------------- */

static void netlink_dump(void **state)
{
    struct file *f = net_socket(AF_NETLINK, SOCK_RAW, 0, 0);
    struct { uint32_t len; uint16_t type, flags; uint32_t seq, pid;
             uint8_t family[4]; } req = { 20, 18, 0x301, 7, 0, { 0 } };
    static uint8_t buf[16384];
    uint32_t head[4];
    ssize_t n, at = 0;
    unsigned links = 0;

    (void)state;
    assert_false(IS_ERR(f));
    assert_int_equal(put(f, &req, sizeof(req)), sizeof(req));
    n = get(f, buf, sizeof(buf));
    assert_true(n > 32);
    while (at < n) {
        memcpy(head, buf + at, sizeof(head));
        assert_true(head[0] >= 16 && at + head[0] <= n);
        assert_int_equal(head[2], 7);
        if ((head[1] & 0xffff) == 16)
            links++;
        at += (head[0] + 3) & ~3u;
    }
    assert_int_equal(links, 2);
    assert_int_equal(head[1] & 0xffff, 3);
    /* Requests of every length and type. */
    for (int i = 0; i < 2000; i++) {
        uint8_t junk[64];

        random_bytes(junk, sizeof(junk));
        junk[0] = (uint8_t)unit_below(70);
        junk[1] = junk[2] = junk[3] = 0;
        junk[4] = (uint8_t)(16 + unit_below(16));
        junk[5] = 0;
        put(f, junk, unit_below(sizeof(junk)));
        while (get_flags(f, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
            ;
    }
    file_unref(f);
}

static void count_text(void *arg, const char *s, size_t n)
{
    (void)s;
    *(size_t *)arg += n;
}

static void proc_texts(void **state)
{
    static const char *const names[] = { "dev", "tcp", "tcp6", "udp", "udp6",
        "unix", "if_inet6", "route", "sockstat", "snmp" };
    struct file *l = listener(1020), *u = sock(AF_UNIX, SOCK_STREAM);
    struct sockaddr_un un = { .family = AF_UNIX };
    size_t n;

    (void)state;
    assert_int_equal(net_bind(u, &un, 2), 0);
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        n = 0;
        assert_true(net_proc_show(names[i], count_text, &n));
        assert_true(n > 0);
    }
    assert_false(net_proc_show("nothing", count_text, &n));
    file_unref(l);
    file_unref(u);
}

/* ---------------- the wire ---------------- */

static size_t ip_frame(uint8_t *f, unsigned proto, const void *l4, size_t n)
{
    static const uint8_t head[34] = {
        0x52, 0x54, 0, 1, 2, 3, 0x52, 0x55, 10, 0, 2, 2, 8, 0,
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 0, 0, 0,
        10, 0, 2, 2, 10, 0, 2, 15 };

    memcpy(f, head, sizeof(head));
    f[23] = (uint8_t)proto;
    put16(f + 16, 20 + (unsigned)n);
    memcpy(f + 34, l4, n);
    fix_sums(f, 34 + n);
    return 34 + n;
}

static const uint8_t arp[42] = {
    255, 255, 255, 255, 255, 255, 0x52, 0x55, 10, 0, 2, 2, 8, 6,
    0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x55, 10, 0, 2, 2, 10, 0, 2, 2,
    0, 0, 0, 0, 0, 0, 10, 0, 2, 15 };

static void ping(void **state)
{
    uint8_t f[256], echo[40] = { 8, 0, 0, 0, 1, 2, 0, 1 };
    unsigned long was;

    (void)state;
    frame_add(arp, sizeof(arp));
    was = sent_frames;
    frames_deliver();
    assert_int_equal(sent_frames, was + 1);
    assert_int_equal(last_frame[13], 6);
    frame_add(f, ip_frame(f, 1, echo, sizeof(echo)));
    frames_deliver();
    assert_int_equal(sent_frames, was + 2);
    assert_int_equal(last_frame[34], 0);
    /* A forged loopback source is nobody's. */
    ip_frame(f, 1, echo, sizeof(echo));
    f[26] = 127;
    fix_sums(f, 74);
    frame_add(f, 74);
    frames_deliver();
    assert_int_equal(sent_frames, was + 2);
}

/* The seeds that are mutated. */
static size_t seed(unsigned i, uint8_t *f)
{
    static const uint8_t syn[28] = { 0x30, 0, 4, 0x2e, 0, 0, 0, 9, 0, 0, 0, 0,
        0x70, 2, 0x20, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4, 1, 3, 3, 7 };
    static const uint8_t ra[] = {
        0x33, 0x33, 0, 0, 0, 1, 0x52, 0x55, 10, 0, 2, 2, 0x86, 0xdd,
        0x60, 0, 0, 0, 0, 48, 58, 255,
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
        0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        134, 0, 0x7b, 0xbb, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0,
        3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,
        0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    uint8_t l4[600] = { 0 };
    size_t n;

    switch (i) {
    case 0:
        memcpy(f, arp, sizeof(arp));
        return sizeof(arp);
    case 1:                     /* SYN with options to port 1070 */
        memcpy(l4, syn, sizeof(syn));
        l4[1] = (uint8_t)unit_random();
        return ip_frame(f, 6, l4, sizeof(syn));
    case 2:                     /* data for a connection that may be there */
        memcpy(l4, syn, 20);
        l4[12] = 0x50;
        l4[13] = 0x18;
        return ip_frame(f, 6, l4, 120);
    case 3:
        l4[0] = 4;
        l4[3] = 68;
        l4[5] = 200;
        put16(l4 + 2, 2010);
        return ip_frame(f, 17, l4, 200);
    case 4:                     /* DHCP offer */
        put16(l4, 67);
        put16(l4 + 2, 68);
        put16(l4 + 4, 300);
        l4[8] = 2; l4[9] = 1; l4[10] = 6;
        memcpy(l4 + 8 + 236, "\x63\x82\x53\x63\x35\x01\x02\x36\x04\x0a\0\2\2"
               "\x01\x04\xff\xff\xff\0\x03\x04\x0a\0\2\2\x06\x04\x0a\0\2\3"
               "\x0f\x03" "lan\x1a\x02\x05\xdc\x33\x04\0\1\x51\x80\xff", 48);
        return ip_frame(f, 17, l4, 300);
    case 5:                     /* a fragment */
        n = ip_frame(f, 17, l4, 200);
        put16(f + 20, 0x2000 | (unsigned)unit_below(8) * 25);
        f[19] = (uint8_t)unit_below(3);
        fix_sums(f, n);
        return n;
    case 6:                     /* ICMP unreachable about a UDP packet */
        l4[0] = 3; l4[1] = 3;
        l4[8] = 0x45; l4[11] = 60; l4[17] = 17;
        return ip_frame(f, 1, l4, 64);
    default:
        memcpy(f, ra, sizeof(ra));
        return sizeof(ra);
    }
}

static void mutate(uint8_t *f, size_t *n)
{
    unsigned flips = 1 + (unsigned)unit_below(4);

    while (flips--) {
        size_t at = unit_below(4) ? unit_below(*n)
                                  : 12 + unit_below(*n < 60 ? *n - 12 : 48);
        switch (unit_below(4)) {
        case 0: f[at] ^= (uint8_t)(1u << unit_below(8)); break;
        case 1: f[at] = (uint8_t)unit_random(); break;
        case 2: f[at] = unit_below(2) ? 0xff : 0; break;
        default: *n = 1 + unit_below(*n); break;
        }
        if (*n < 13)
            return;
    }
}

static void hostile_frames(void **state)
{
    struct file *l = listener(1070), *u = sock(AF_INET, SOCK_DGRAM), *s;
    struct sockaddr_in a = v4(0, 2010);
    uint8_t f[1600];
    char buf[64];
    size_t n;

    (void)state;
    unit_seed(42);
    assert_int_equal(net_bind(u, &a, sizeof(a)), 0);
    nonblock(l);
    for (unsigned i = 0; i < unit_rounds(30000); i++) {
        n = seed(i % 8, f);
        mutate(f, &n);
        if (unit_below(3))
            fix_sums(f, n);
        frame_add(f, n);
        if (i % 32)
            continue;
        frames_deliver();
        s = net_accept(l, 0, NULL, NULL);
        if (!IS_ERR(s))
            file_unref(s);
        while (get_flags(u, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
            ;
    }
    frames_deliver();
    file_unref(l);
    file_unref(u);
    /* Fragments wait for the rest of theirs, but not for ever. */
    thread_sleep_until(arch_clock() + 70 * NSEC_PER_SEC, 0);
    assert_int_equal(rx_held, 0);
    /* And the machine still answers. */
    ping(NULL);
}

/* A complete connection from the wire, so that data of a true sequence
 * number is mutated as well. */
static void hostile_stream(void **state)
{
    struct file *l = listener(1071), *s;
    uint8_t f[256], l4[120] = { 0x40, 0, 4, 0x2f, 0, 0, 1, 0, 0, 0, 0, 0,
                                0x50, 2, 0x20, 0 };
    uint32_t ack;
    size_t n;

    (void)state;
    unit_seed(43);
    nonblock(l);
    frame_add(arp, sizeof(arp));
    for (unsigned round = 0; round < unit_rounds(300); round++) {
        put16(l4, 0x4000 + round);
        l4[13] = 2;
        put16(l4 + 6, 256);
        memset(l4 + 8, 0, 4);
        frame_add(f, ip_frame(f, 6, l4, 20));
        frames_deliver();
        memcpy(&ack, last_frame + 38, 4);
        ack = __builtin_bswap32(__builtin_bswap32(ack) + 1);
        memcpy(l4 + 8, &ack, 4);
        put16(l4 + 6, 257);
        l4[13] = 0x10;
        frame_add(f, ip_frame(f, 6, l4, 20));
        frames_deliver();
        s = net_accept(l, 0, NULL, NULL);
        for (unsigned i = 0; i < 40; i++) {
            l4[13] = 0x18;
            put16(l4 + 6, 257 + (unsigned)unit_below(200));
            n = ip_frame(f, 6, l4, 20 + unit_below(100));
            if (unit_below(2))
                f[34 + 12 + unit_below(30)] ^= (uint8_t)unit_random();
            fix_sums(f, n);
            frame_add(f, n);
        }
        frames_deliver();
        if (!IS_ERR(s)) {
            while (get_flags(s, f, sizeof(f), MSG_DONTWAIT) > 0)
                ;
            file_unref(s);
        }
    }
    file_unref(l);
}

/* ---------------- memory is out ---------------- */

static void scenario(void)
{
    struct file *l, *a, *b, *p[2];
    struct sockaddr_in to = v4(LOOPBACK, 1090);
    char buf[8];

    l = net_socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK);
    if (IS_ERR(l))
        return;
    a = net_socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK);
    if (!IS_ERR(a)) {
        if (!net_bind(l, &to, sizeof(to)) && !net_listen(l, 4)) {
            net_connect(a, &to, sizeof(to));
            put(a, "data", 4);
            b = net_accept(l, 0, NULL, NULL);
            if (!IS_ERR(b)) {
                get(b, buf, 8);
                file_unref(b);
            }
        }
        file_unref(a);
    }
    file_unref(l);
    if (net_socketpair(AF_UNIX, SOCK_STREAM, 0, O_NONBLOCK, p) == 0) {
        put(p[0], "x", 1);
        file_unref(p[0]);
        file_unref(p[1]);
    }
}

static void out_of_memory(void **state)
{
    struct net_counters c0, c1;

    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        enum fault_kind k = kind ? FAULT_NET : FAULT_ALLOC;

        for (unsigned n = 1; n < 60; n++) {
            net_counters_get(&c0);
            fault_arm(k, n);
            scenario();
            fault_arm(k, 0);
            net_counters_get(&c1);
            assert_true(c1.sockets <= c0.sockets + 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_echo), cmocka_unit_test(tcp_bulk),
        cmocka_unit_test(tcp_more),
        cmocka_unit_test(tcp_events), cmocka_unit_test(tcp_refused),
        cmocka_unit_test(tcp_reuse), cmocka_unit_test(tcp_backlog),
        cmocka_unit_test(tcp_dual_stack), cmocka_unit_test(tcp_timeouts),
        cmocka_unit_test(tcp_options), cmocka_unit_test(udp_basic),
        cmocka_unit_test(udp_v6), cmocka_unit_test(unix_stream),
        cmocka_unit_test(unix_bulk), cmocka_unit_test(unix_listen_path),
        cmocka_unit_test(unix_rights), cmocka_unit_test(netlink_dump),
        cmocka_unit_test(proc_texts), cmocka_unit_test(ping),
        cmocka_unit_test(hostile_frames), cmocka_unit_test(hostile_stream),
        cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
