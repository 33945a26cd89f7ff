/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small HTTP/1.1 server: a pool of threads, one epoll set each, keep-alive
 * and pipelining, files from a folder. An ordinary Linux program.
 *
 *   http [-p PORT] [-t THREADS] [-r FOLDER]
 *
 * GET and HEAD only. /hello answers from memory, everything else is a file.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REQUEST_MAX 8192
#define EVENTS 64

/* One connection. Reading until a whole request is there; then `head` and
 * either `body` or a file are sent; then back, or closed. */
struct conn {
    int fd;
    size_t have;                /* bytes in `in` */
    char in[REQUEST_MAX + 1];
    char head[512];
    size_t head_len, head_sent;
    const char *body;           /* static text, or NULL */
    size_t body_len, body_sent;
    int file;                   /* or -1 */
    off_t file_at, file_end;
    bool close_after, sending;
};

static const char *root = "/www";
static int listen_fd;

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        { ".html", "text/html; charset=utf-8" }, { ".css", "text/css" },
        { ".js", "text/javascript" }, { ".svg", "image/svg+xml" },
        { ".png", "image/png" }, { ".txt", "text/plain; charset=utf-8" },
        { ".json", "application/json" },
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof(types) / sizeof(*types); i++)
        if (!strcasecmp(dot, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

static void conn_free(struct conn *c)
{
    if (c->file >= 0)
        close(c->file);
    close(c->fd);
    free(c);
}

static void answer(struct conn *c, int status, const char *reason,
                   const char *type, long length)
{
    c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
        "HTTP/1.1 %d %s\r\nServer: c-http\r\nContent-Type: %s\r\n"
        "Content-Length: %ld\r\nConnection: %s\r\n\r\n", status, reason, type,
        length, c->close_after ? "close" : "keep-alive");
    c->head_sent = c->body_sent = 0;
    c->sending = true;
}

static void answer_text(struct conn *c, int status, const char *reason,
                        const char *text, bool head_only)
{
    answer(c, status, reason, "text/plain; charset=utf-8",
           (long)strlen(text));
    c->body = text;
    c->body_len = head_only ? 0 : strlen(text);
}

static void answer_file(struct conn *c, const char *path, bool head_only)
{
    char full[REQUEST_MAX + 256];
    struct stat st;

    if (strstr(path, "..")) {
        answer_text(c, 403, "Forbidden", "forbidden\n", head_only);
        return;
    }
    snprintf(full, sizeof(full), "%s%s%s", root, path,
             path[strlen(path) - 1] == '/' ? "index.html" : "");
    c->file = open(full, O_RDONLY | O_CLOEXEC);
    if (c->file < 0 || fstat(c->file, &st) || !S_ISREG(st.st_mode)) {
        if (c->file >= 0)
            close(c->file);
        c->file = -1;
        answer_text(c, 404, "Not Found", "not found\n", head_only);
        return;
    }
    answer(c, 200, "OK", type_of(full), (long)st.st_size);
    c->file_at = 0;
    c->file_end = head_only ? 0 : st.st_size;
}

/* Looks for a whole request in c->in and starts its answer. */
static void take_request(struct conn *c)
{
    char *end = memmem(c->in, c->have, "\r\n\r\n", 4), *path, *rest;
    bool head_only;
    size_t used;

    if (!end) {
        if (c->have < REQUEST_MAX)
            return;
        c->close_after = true;
        answer_text(c, 431, "Request Header Fields Too Large", "too large\n",
                    false);
        return;
    }
    used = (size_t)(end - c->in) + 4;
    *end = '\0';
    head_only = !strncmp(c->in, "HEAD ", 5);
    path = strchr(c->in, ' ');
    rest = path ? strchr(path + 1, ' ') : NULL;
    c->close_after = strcasestr(c->in, "\r\nConnection: close") != NULL ||
                     (rest && !strncmp(rest, " HTTP/1.0", 9));
    if (!rest || path[1] != '/') {
        c->close_after = true;
        answer_text(c, 400, "Bad Request", "bad request\n", false);
    } else if (!head_only && strncmp(c->in, "GET ", 4)) {
        c->close_after = true;
        answer_text(c, 405, "Method Not Allowed", "GET only\n", false);
    } else {
        *rest = '\0';
        path[1 + strcspn(path + 1, "?#")] = '\0';
        if (!strcmp(path + 1, "/hello"))
            answer_text(c, 200, "OK", "Hello from an unmodified C program.\n",
                        head_only);
        else
            answer_file(c, path + 1, head_only);
    }
    c->have -= used;
    memmove(c->in, c->in + used, c->have);
}

/* Sends what is due. 1: all sent; 0: would block; -1: the peer is gone. */
static int send_more(struct conn *c)
{
    while (c->head_sent < c->head_len || c->body_sent < c->body_len) {
        struct iovec iov[2] = {
            { c->head + c->head_sent, c->head_len - c->head_sent },
            { (char *)c->body + c->body_sent, c->body_len - c->body_sent },
        };
        struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
        ssize_t n = sendmsg(c->fd, &mh, MSG_NOSIGNAL |
                            (c->file_end > 0 ? MSG_MORE : 0));
        size_t head;

        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        head = (size_t)n < iov[0].iov_len ? (size_t)n : iov[0].iov_len;
        c->head_sent += head;
        c->body_sent += (size_t)n - head;
    }
    while (c->file >= 0 && c->file_at < c->file_end) {
        ssize_t n = sendfile(c->fd, c->file, &c->file_at,
                             (size_t)(c->file_end - c->file_at));

        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        if (n == 0)
            return -1;
    }
    if (c->file >= 0)
        close(c->file);
    c->file = -1;
    c->file_end = 0;
    c->body = NULL;
    c->body_len = 0;
    c->sending = false;
    return 1;
}

/* Everything that can be done now. False: the connection has ended. */
static bool conn_run(struct conn *c)
{
    for (;;) {
        ssize_t n;
        int r;

        if (c->sending) {
            r = send_more(c);
            if (r < 0 || (r > 0 && c->close_after))
                return false;
            if (r == 0)
                return true;
        }
        take_request(c);
        if (c->sending)
            continue;
        n = recv(c->fd, c->in + c->have, REQUEST_MAX - c->have, 0);
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        c->have += (size_t)n;
    }
}

static void accept_all(int ep)
{
    for (;;) {
        int one = 1, fd = accept4(listen_fd, NULL, NULL,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct conn *c = fd >= 0 ? calloc(1, sizeof(*c)) : NULL;
        struct epoll_event ev = {
            .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
            .data.ptr = c,
        };

        if (fd < 0)
            return;
        if (!c) {
            close(fd);
            return;
        }
        c->fd = fd;
        c->file = -1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
            conn_free(c);
    }
}

static void *worker(void *arg)
{
    struct epoll_event ev[EVENTS] = {
        { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL },
    };
    int ep = epoll_create1(EPOLL_CLOEXEC);

    if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listen_fd, ev)) {
        perror("epoll");
        exit(1);
    }
    for (;;) {
        int n = epoll_wait(ep, ev, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            struct conn *c = ev[i].data.ptr;

            if (!c)
                accept_all(ep);
            else if (!conn_run(c))
                conn_free(c);
        }
    }
    return arg;
}

static void listen_on(int port)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)port) };
    int one = 1;

    listen_fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (listen_fd < 0 || bind(listen_fd, (struct sockaddr *)&a, sizeof(a)) ||
        listen(listen_fd, 1024)) {
        perror("listen");
        exit(1);
    }
}

static void on_term(int s)
{
    (void)s;
    if (write(1, "c-http: stopping\n", 17) < 0)
        _exit(1);
    _exit(0);
}

int main(int argc, char **argv)
{
    long threads = sysconf(_SC_NPROCESSORS_ONLN);
    int port = 80, opt;
    pthread_t t;

    while ((opt = getopt(argc, argv, "p:t:r:")) != -1) {
        switch (opt) {
        case 'p': port = (int)strtol(optarg, NULL, 10); break;
        case 't': threads = strtol(optarg, NULL, 10); break;
        case 'r': root = optarg; break;
        default: return 2;
        }
    }
    signal(SIGTERM, on_term);
    listen_on(port);
    printf("c-http: port %d, %ld threads, files from %s\n", port, threads,
           root);
    fflush(stdout);
    for (long i = 1; i < threads; i++)
        if (pthread_create(&t, NULL, worker, NULL))
            perror("pthread_create");
    worker(NULL);
    return 0;
}
