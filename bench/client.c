/* SPDX-License-Identifier: BSD-2-Clause */
/* The load generator of client.h. */
#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define ANSWER_MAX (1u << 20)
#define FIRST_ANSWER_MS 60000
#define QUIET_MS 300            /* after it an answer of unknown length ends */

struct connection {
    int fd;
    size_t left;                /* bytes of the answer still to come */
    int64_t sent;
};

struct run {
    const struct load *l;
    struct connection *all;
    int ep;
    char *batch;                /* `pipeline` requests */
    size_t batch_len;
    size_t answer_len;          /* of one request */
    uint32_t *us;               /* one a batch answered */
    size_t count, room;
};

static char buffer[ANSWER_MAX];

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static int complain(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    return -1;
}

static int open_connection(const struct load *l)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)l->port) };
    struct timeval tv = { 60, 0 };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, l->host, &a.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
        return complain("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    return fd;
}

/* Whether HTTP says that more of the answer comes, however long that takes. */
static bool unfinished(size_t have)
{
    static const char chunked[] = "Transfer-Encoding: chunked\r\n";

    return memmem(buffer, have, chunked, sizeof(chunked) - 1) &&
           memcmp(buffer + have - 5, "0\r\n\r\n", 5);
}

/* Reads until it has been quiet for a while: the length of an answer. */
static ssize_t first_answer(int fd)
{
    size_t have = 0;
    struct pollfd p = { .fd = fd, .events = POLLIN };

    while (have < sizeof(buffer) &&
           poll(&p, 1, have && !unfinished(have) ? QUIET_MS
                                                 : FIRST_ANSWER_MS) > 0) {
        ssize_t n = recv(fd, buffer + have, sizeof(buffer) - have, 0);

        if (n <= 0)
            return complain("first answer");
        have += (size_t)n;
    }
    if (have == 0 || have == sizeof(buffer)) {
        fprintf(stderr, "load: an answer of %zu bytes\n", have);
        return -1;
    }
    return (ssize_t)have;
}

static int one_answer(struct run *run, int fd)
{
    const struct load *l = run->l;
    size_t left = run->answer_len;
    ssize_t n;

    if (send(fd, l->request, l->request_len, MSG_NOSIGNAL) !=
        (ssize_t)l->request_len)
        return complain("send");
    if (left == 0) {
        n = first_answer(fd);
        if (n < 0)
            return -1;
        run->answer_len = (size_t)n;
        if ((size_t)n < strlen(l->expect) ||
            memcmp(buffer, l->expect, strlen(l->expect))) {
            fprintf(stderr, "load: unexpected: %.60s\n", buffer);
            return -1;
        }
        return 0;
    }
    for (; left > 0; left -= (size_t)n) {
        n = recv(fd, buffer, left, 0);
        if (n <= 0)
            return complain("answer");
    }
    return 0;
}

static int open_all(struct run *run)
{
    for (int i = 0; i < run->l->connections; i++) {
        struct connection *c = &run->all[i];
        struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

        c->fd = open_connection(run->l);
        if (c->fd < 0 || one_answer(run, c->fd))
            return -1;
        if (epoll_ctl(run->ep, EPOLL_CTL_ADD, c->fd, &ev))
            return complain("epoll_ctl");
    }
    return 0;
}

static int send_batch(struct run *run, struct connection *c)
{
    c->sent = now_ns();
    c->left = run->answer_len * (size_t)run->l->pipeline;
    if (send(c->fd, run->batch, run->batch_len, MSG_NOSIGNAL) !=
        (ssize_t)run->batch_len)
        return complain("send");
    return 0;
}

static int note(struct run *run, const struct connection *c)
{
    if (run->count == run->room) {
        size_t room = run->room ? run->room * 2 : 65536;
        uint32_t *us = realloc(run->us, room * sizeof(*us));

        if (!us)
            return complain("memory");
        run->us = us;
        run->room = room;
    }
    run->us[run->count++] = (uint32_t)((now_ns() - c->sent) / 1000);
    return 0;
}

/* Takes what came; a whole answer is noted and the next request sent. */
static int receive(struct run *run, struct connection *c)
{
    ssize_t n = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0 || (size_t)n > c->left) {
        fprintf(stderr, "load: %s\n", n > 0 ? "too long an answer" :
                n == 0 ? "the connection was closed" : strerror(errno));
        return -1;
    }
    c->left -= (size_t)n;
    if (c->left)
        return 0;
    return note(run, c) ? -1 : send_batch(run, c);
}

static int run_clock(struct run *run, double *seconds)
{
    int64_t begun = now_ns();
    int64_t end = begun + (int64_t)(run->l->seconds * 1e9);
    struct epoll_event ev[EVENTS];

    for (int i = 0; i < run->l->connections; i++)
        if (send_batch(run, &run->all[i]))
            return -1;
    while (now_ns() < end) {
        int n = epoll_wait(run->ep, ev, EVENTS, 100);

        for (int i = 0; i < n; i++)
            if (receive(run, ev[i].data.ptr))
                return -1;
    }
    *seconds = (double)(now_ns() - begun) / 1e9;
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int result(struct run *run, struct load_result *r)
{
    if (run->count == 0) {
        fprintf(stderr, "load: no answer in time\n");
        return -1;
    }
    qsort(run->us, run->count, sizeof(*run->us), compare);
    r->requests = run->count * (size_t)run->l->pipeline;
    r->p50_us = run->us[run->count / 2];
    r->p99_us = run->us[run->count - 1 - run->count / 100];
    r->max_us = run->us[run->count - 1];
    /* Who still waits has waited, too. */
    for (int i = 0; i < run->l->connections; i++) {
        double us = (double)(now_ns() - run->all[i].sent) / 1e3;

        if (us > r->max_us)
            r->max_us = us;
    }
    return 0;
}

int load_run(const struct load *l, struct load_result *r)
{
    struct run run = { .l = l, .ep = epoll_create1(0),
                       .batch_len = l->request_len * (size_t)l->pipeline };
    int err;

    run.all = calloc((size_t)l->connections, sizeof(*run.all));
    run.batch = malloc(run.batch_len);
    if (run.ep < 0 || !run.all || !run.batch)
        return complain("set-up");
    for (int i = 0; i < l->pipeline; i++)
        memcpy(run.batch + (size_t)i * l->request_len, l->request,
               l->request_len);
    err = open_all(&run) || run_clock(&run, &r->seconds) || result(&run, r);
    for (int i = 0; i < l->connections && run.all[i].fd > 0; i++)
        close(run.all[i].fd);
    close(run.ep);
    free(run.us);
    free(run.batch);
    free(run.all);
    return err ? -1 : 0;
}

void load_print(const struct load_result *r)
{
    printf("requests %llu rate %.1f p50 %.0f p99 %.0f max %.0f\n",
           (unsigned long long)r->requests, (double)r->requests / r->seconds,
           r->p50_us, r->p99_us, r->max_us);
    fflush(stdout);
}
