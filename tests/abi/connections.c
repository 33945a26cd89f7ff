/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thousands of idle connections, among which a busy one is served, and which
 * then are all answered, reset or closed.
 *
 * usage: connections [HOW_MANY]
 */
#include "t.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int *client, *server;
static struct sockaddr_in at = { .sin_family = AF_INET };

static int connected(int l, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (client[i] < 0 || connect(client[i], (void *)&at, sizeof(at)))
            break;
        server[i] = accept(l, NULL, NULL);
        if (server[i] < 0)
            break;
    }
    return i;
}

static int rounds(int s, int c, int count)
{
    char b;
    int i;

    for (i = 0; i < count; i++)
        if (write(c, "q", 1) != 1 || read(s, &b, 1) != 1 ||
            write(s, "a", 1) != 1 || read(c, &b, 1) != 1)
            break;
    return i;
}

/* Those that an epoll set of all servers' ends says are readable. */
static int readable(int count)
{
    int ep = epoll_create1(0), n, all = 0;
    struct epoll_event ev[64];

    for (int i = 0; i < count; i++) {
        struct epoll_event e = { EPOLLIN | EPOLLET, { .fd = i } };

        epoll_ctl(ep, EPOLL_CTL_ADD, server[i], &e);
    }
    while ((n = epoll_wait(ep, ev, 64, 500)) > 0)
        all += n;
    close(ep);
    return all;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0, n, l;
    struct linger now = { 1, 0 };
    socklen_t len = sizeof(at);
    struct rlimit r;

    if (count < 1)
        count = 2000;
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    client = calloc((size_t)count, sizeof(int));
    server = calloc((size_t)count, sizeof(int));
    l = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(l, (void *)&at, sizeof(at));
    listen(l, 128);
    getsockname(l, (void *)&at, &len);
    n = connected(l, count);
    YES(n == count);
    R(rounds(server[0], client[0], 1000));
    R(rounds(server[n - 1], client[n - 1], 1000));
    R(readable(n));
    for (int i = 0; i < n; i++)
        if (i % 2 == 0 && write(client[i], "x", 1) != 1)
            FACT("write: %s", strerrorname_np(errno));
    YES(readable(n) == (n + 1) / 2);
    for (int i = 0; i < n; i++) {
        if (i % 3 == 0)
            setsockopt(client[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(client[i]);
    }
    YES(readable(n) == n);
    for (int i = 0; i < n; i++)
        close(server[i]);
    n = connected(l, 10);
    YES(n == 10);
    R(rounds(server[9], client[9], 10));
    return 0;
}
