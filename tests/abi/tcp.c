/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP over loopback: states, options, errors, half close, reset, poll. */
#include "t.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static struct sockaddr_in at(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int events(int fd, short ev, int ms)
{
    struct pollfd p = { fd, ev, 0 };

    poll(&p, 1, ms);
    return p.revents;
}

static int listener(struct sockaddr_in *a)
{
    socklen_t len = sizeof(*a);
    int l = socket(AF_INET, SOCK_STREAM, 0);

    *a = at(0);
    bind(l, (void *)a, sizeof(*a));
    listen(l, 16);
    getsockname(l, (void *)a, &len);
    return l;
}

static void pair(int s[2])
{
    struct sockaddr_in a;
    int l = listener(&a);

    s[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s[0], (void *)&a, sizeof(a)))
        FACT("connect: %s", strerrorname_np(errno));
    s[1] = accept(l, NULL, NULL);
    close(l);
}

static void states(void)
{
    struct sockaddr_in a, b;
    socklen_t len = sizeof(b);
    int l = listener(&a), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    YES(ntohs(a.sin_port) > 1023);
    int taken = socket(AF_INET, SOCK_STREAM, 0);
    R(bind(taken, (void *)&a, sizeof(a)));
    R(bind(l, (void *)&a, sizeof(a)));
    R(getpeername(c, (void *)&b, &len));
    R(shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_WR));
    R(accept(c, NULL, NULL));
    R(send(c, "x", 1, MSG_NOSIGNAL));
    R(recv(c, &b, 1, 0));
    FACT("fresh poll %x", events(c, POLLIN | POLLOUT, 0));
    FACT("listen poll %x", events(l, POLLIN, 0));
    fcntl(l, F_SETFL, O_NONBLOCK);
    R(accept(l, NULL, NULL));
    int r = connect(c, (void *)&a, sizeof(a));
    FACT("connect %s", r && errno == EINPROGRESS ? "in progress" :
         r ? strerrorname_np(errno) : "in progress");
    FACT("poll %x", events(c, POLLOUT, 2000));
    int err = 1;
    len = sizeof(err);
    R(getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &len));
    FACT("err %d", err);
    R(connect(c, (void *)&a, sizeof(a)));
    FACT("listen poll %x", events(l, POLLIN, 2000));
    len = sizeof(b);
    int s = OK(accept4(l, (void *)&b, &len, SOCK_CLOEXEC));
    FACT("len %u family %d flags %d %d", len, b.sin_family,
         fcntl(s, F_GETFL) & O_NONBLOCK, fcntl(s, F_GETFD));
    struct sockaddr_in peer, self;
    len = sizeof(peer);
    R(getpeername(c, (void *)&peer, &len));
    R(getsockname(s, (void *)&self, &len));
    YES(peer.sin_port == a.sin_port && self.sin_port == a.sin_port);
    getsockname(c, (void *)&self, &len);
    YES(self.sin_port == b.sin_port);
    close(l);
    R(connect(taken, (void *)&a, sizeof(a)));
    a.sin_port = htons(1);
    R(connect(taken, (void *)&a, sizeof(a)));
    R(connect(taken, (void *)&a, 3));
    R(send(c, "hello", 5, 0));
    FACT("poll %x", events(s, POLLIN | POLLOUT, 2000));
    int n;
    R(ioctl(s, FIONREAD, &n));
    FACT("n %d", n);
    char buf[16] = "";
    R(recv(s, buf, 2, MSG_PEEK));
    R(recv(s, buf, 16, 0));
    FACT("%s", buf);
    R(recv(s, buf, 16, MSG_DONTWAIT));
    R(lseek(s, 0, SEEK_SET));
    R(shutdown(c, SHUT_WR));
    FACT("poll %x", events(s, POLLIN | POLLOUT | POLLRDHUP, 2000));
    R(recv(s, buf, 16, 0));
    R(send(c, "x", 1, MSG_NOSIGNAL));
    R(send(s, "back", 4, 0));
    R(recv(c, buf, 16, MSG_WAITALL | MSG_DONTWAIT) >= 0 || errno == EAGAIN);
    close(s);
    t_sleep_ms(50);
    FACT("both closed %x", events(c, POLLIN | POLLOUT | POLLRDHUP, 2000));
    close(c);
}

static void resets(void)
{
    int s[2];
    char buf[4];
    struct linger lg = { 1, 0 };

    pair(s);
    R(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
    close(s[0]);
    t_sleep_ms(50);
    FACT("poll %x", events(s[1], POLLIN | POLLOUT, 2000));
    R(read(s[1], buf, 4));
    R(read(s[1], buf, 4));
    signal(SIGPIPE, SIG_IGN);
    R(write(s[1], buf, 4));
    close(s[1]);
    pair(s);
    write(s[1], "data", 4);
    t_sleep_ms(20);
    close(s[0]);            /* with unread data: a reset */
    t_sleep_ms(50);
    R(read(s[1], buf, 4));
    close(s[1]);
}

static int get(int s, int level, int name)
{
    int v = -12345;
    socklen_t len = sizeof(v);

    if (getsockopt(s, level, name, &v, &len))
        return -errno;
    return v;
}

static void options(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), one = 1, v = 30;
    struct timeval tv = { 0, 20000 };
    char c;

    R(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, 4));
    R(setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &one, 4));
    R(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &one, 4));
    R(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, 4));
    R(setsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &v, 4));
    R(setsockopt(s, IPPROTO_TCP, TCP_KEEPINTVL, &v, 4));
    R(setsockopt(s, IPPROTO_TCP, TCP_KEEPCNT, &v, 4));
    R(setsockopt(s, IPPROTO_TCP, TCP_CORK, &one, 4));
    R(setsockopt(s, IPPROTO_IP, IP_TTL, &v, 4));
    R(setsockopt(s, SOL_SOCKET, 9999, &v, 4));
    R(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, 1));
    R(setsockopt(s, 9999, 1, &v, 4));
    FACT("%d %d %d %d %d", get(s, SOL_SOCKET, SO_REUSEADDR),
         get(s, SOL_SOCKET, SO_KEEPALIVE), get(s, IPPROTO_TCP, TCP_NODELAY),
         get(s, IPPROTO_TCP, TCP_KEEPIDLE), get(s, IPPROTO_IP, IP_TTL));
    FACT("%d %d %d %d", get(s, SOL_SOCKET, SO_TYPE),
         get(s, SOL_SOCKET, SO_DOMAIN), get(s, SOL_SOCKET, SO_PROTOCOL),
         get(s, SOL_SOCKET, SO_ACCEPTCONN));
    YES(get(s, SOL_SOCKET, SO_RCVBUF) > 2000);
    FACT("%d", get(s, SOL_SOCKET, 9999));
    close(s);
    int p[2];
    pair(p);
    R(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    int64_t t0 = t_now();
    R(recv(p[0], &c, 1, 0));
    YES(t_now() - t0 >= 19000000);
    close(p[0]);
    close(p[1]);
    R(socket(AF_INET, SOCK_STREAM, 17));
    R(socket(AF_INET, 99, 0));
    R(socket(99, SOCK_STREAM, 0));
    R(socket(AF_INET, SOCK_STREAM, 255));
    R(listen(0, 1));
    /* Two listeners on one port. */
    struct sockaddr_in a = at(0);
    socklen_t len = sizeof(a);
    int x = socket(AF_INET, SOCK_STREAM, 0), y = socket(AF_INET, SOCK_STREAM,
                                                        0);
    setsockopt(x, SOL_SOCKET, SO_REUSEPORT, &one, 4);
    setsockopt(y, SOL_SOCKET, SO_REUSEPORT, &one, 4);
    R(bind(x, (void *)&a, sizeof(a)));
    getsockname(x, (void *)&a, &len);
    R(listen(x, 5));
    R(bind(y, (void *)&a, sizeof(a)));
    R(listen(y, 5));
    close(x);
    close(y);
}

static void *sink(void *arg)
{
    static char buf[100000];
    unsigned long sum = 0, total = 0;

    for (ssize_t n; (n = read(*(int *)arg, buf, sizeof(buf))) > 0;)
        for (ssize_t i = 0; i < n; i++, total++)
            sum += (unsigned char)buf[i] * (total % 251 + 1);
    FACT("received %lu sum %lx", total, sum);
    return NULL;
}

static void bulk(void)
{
    static char data[3000000];
    int s[2];
    struct iovec iov[3] = { { data, 1000 }, { data + 1000, 500000 },
                            { data + 501000, 2000 } };

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 31 >> 3);
    pair(s);
    pthread_t t = t_thread(sink, &s[1]);
    R(write(s[0], data, sizeof(data)));
    R(writev(s[0], iov, 3));
    int fd = open("/tmp/sf", O_CREAT | O_RDWR, 0600);
    write(fd, data, 1000000);
    off_t off = 100;
    long sent = 0;
    while (sent < 999900) {
        ssize_t n = sendfile(s[0], fd, &off, 999900 - sent);
        if (n <= 0)
            break;
        sent += n;
    }
    FACT("sendfile %ld off %ld", sent, (long)off);
    shutdown(s[0], SHUT_WR);
    pthread_join(t, NULL);
    close(s[0]);
    close(s[1]);
}

static void v6(void)
{
    int s = socket(AF_INET6, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
    socklen_t len = sizeof(a);

    R(bind(s, (void *)&a, sizeof(a)));
    R(listen(s, 4));
    getsockname(s, (void *)&a, &len);
    struct sockaddr_in v4 = at(ntohs(a.sin6_port));
    int c = socket(AF_INET, SOCK_STREAM, 0);
    R(connect(c, (void *)&v4, sizeof(v4)));
    struct sockaddr_in6 peer;
    len = sizeof(peer);
    int t = OK(accept(s, (void *)&peer, &len));
    YES(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
    close(t);
    close(c);
    c = socket(AF_INET6, SOCK_STREAM, 0);
    a.sin6_addr = in6addr_loopback;
    R(connect(c, (void *)&a, sizeof(a)));
    t = OK(accept(s, (void *)&peer, &len));
    YES(IN6_IS_ADDR_LOOPBACK(&peer.sin6_addr));
    R(setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, 4));
}

int main(void)
{
    t_start();
    states();
    resets();
    options();
    bulk();
    v6();
    return 0;
}
