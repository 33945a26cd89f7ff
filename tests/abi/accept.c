/* SPDX-License-Identifier: BSD-2-Clause */
/* accept() of a connection that ended before it was taken. */
#include "t.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static int events(int fd, short ev, int ms)
{
    struct pollfd p = { fd, ev, 0 };

    poll(&p, 1, ms);
    return p.revents;
}

static void look_at(int s)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    char buf[8];
    int e = -1;

    FACT("events %x", events(s, POLLIN | POLLOUT | POLLRDHUP, 5000));
    R(getpeername(s, (void *)&a, &len));
    len = sizeof(a);
    R(getsockname(s, (void *)&a, &len));
    R(read(s, buf, sizeof(buf)));
    R(read(s, buf, sizeof(buf)));
    R(send(s, "x", 1, MSG_NOSIGNAL));
    len = sizeof(e);
    if (events(s, POLLERR, 5000) & POLLERR)
        R(getsockopt(s, SOL_SOCKET, SO_ERROR, &e, &len));
    FACT("SO_ERROR %d", e);
}

static void ended(bool reset, bool data)
{
    struct sockaddr_in a = { .sin_family = AF_INET }, me, peer = { 0 };
    int l = socket(AF_INET, SOCK_STREAM, 0), s;
    int c = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof(a);
    struct linger now = { 1, 0 };

    FACT("%s, %s", reset ? "reset" : "closed", data ? "with data" : "empty");
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(l, (void *)&a, sizeof(a));
    listen(l, 4);
    getsockname(l, (void *)&a, &len);
    R(connect(c, (void *)&a, sizeof(a)));
    getsockname(c, (void *)&me, &len);
    if (data)
        R(write(c, "hi", 2));
    if (reset)
        setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    R(close(c));
    FACT("listener %x", events(l, POLLIN, 5000));
    s = accept(l, (void *)&peer, &len);
    YES(s >= 0);
    YES(len == sizeof(peer));
    YES(memcmp(&peer, &me, sizeof(me)) == 0);
    if (s >= 0)
        look_at(s);
    close(s);
    close(l);
}

int main(void)
{
    ended(true, false);
    ended(true, true);
    ended(false, false);
    ended(false, true);
    return 0;
}
