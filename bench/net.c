/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP and UDP, measured from outside or inside of a guest.
 *
 *   net serve                      the peer, on TCP and UDP port 80
 *   net TEST HOST PORT SECONDS     a test against such a peer
 *   net loop SECONDS               peer and all tests, over loopback
 *   net idle N                     what N open connections cost of memory
 *
 * Prints "NAME NUMBER" a line. On TCP the first byte says what the peer does:
 * 'r' sends each byte back, 'i' takes all and then sends a byte, 'o' sends
 * for ever, 'c' sends one byte and closes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define PORT 80
#define CHUNK (256u << 10)
#define CONNECTS_MAX 5000       /* all their ports may stay in TIME_WAIT */

static struct sockaddr_in peer = { .sin_family = AF_INET };
static double seconds = 2;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- the peer ---- */

static void serve_echo(int fd)
{
    char c;

    while (recv(fd, &c, 1, 0) == 1 && send(fd, &c, 1, 0) == 1)
        ;
}

static void serve_in(int fd, char *chunk)
{
    while (recv(fd, chunk, CHUNK, 0) > 0)
        ;
    send(fd, "k", 1, 0);
}

static void serve_out(int fd, char *chunk)
{
    while (send(fd, chunk, CHUNK, 0) > 0)
        ;
}

struct served {
    int fd;
    char kind;
};

static void *serve_one(void *arg)
{
    struct served s = *(struct served *)arg;
    char *chunk = calloc(1, CHUNK);
    int one = 1;

    free(arg);
    setsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (chunk && s.kind == 'r')
        serve_echo(s.fd);
    if (chunk && s.kind == 'i')
        serve_in(s.fd, chunk);
    if (chunk && s.kind == 'o')
        serve_out(s.fd, chunk);
    free(chunk);
    close(s.fd);
    return NULL;
}

static int bound(int type)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int one = 1, fd = socket(AF_INET, type, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
        die("bind");
    return fd;
}

static void *serve_udp(void *arg)
{
    int fd = *(int *)arg;
    char buf[2048];
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    ssize_t n;

    while ((n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len)) >= 0)
        sendto(fd, buf, (size_t)n, 0, (void *)&from, len);
    return NULL;
}

static void *serve_tcp(void *arg)
{
    int listener = *(int *)arg;
    pthread_t t;

    for (;;) {
        struct served *s = malloc(sizeof(*s));

        if (!s)
            die("malloc");
        s->fd = accept(listener, NULL, NULL);
        if (s->fd < 0 || recv(s->fd, &s->kind, 1, 0) != 1 || s->kind == 'c') {
            if (s->fd >= 0) {
                send(s->fd, "c", 1, 0);
                close(s->fd);
            }
            free(s);
            continue;
        }
        if (pthread_create(&t, NULL, serve_one, s))
            die("pthread_create");
        pthread_detach(t);
    }
    return NULL;
}

static int tcp_fd, udp_fd;

static pthread_t serve(void)
{
    pthread_t u, t;

    udp_fd = bound(SOCK_DGRAM);
    tcp_fd = bound(SOCK_STREAM);
    if (listen(tcp_fd, 1024))
        die("listen");
    if (pthread_create(&u, NULL, serve_udp, &udp_fd) ||
        pthread_create(&t, NULL, serve_tcp, &tcp_fd))
        die("pthread_create");
    puts("serving");
    fflush(stdout);
    return t;
}

/* ---- the tests ---- */

static int reach(int type, char kind)
{
    struct timeval tv = { 20, 0 };
    int one = 1, fd = socket(AF_INET, type, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
        die("connect");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
    if (type == SOCK_STREAM) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (send(fd, &kind, 1, 0) != 1)
            die("send");
    }
    return fd;
}

static double round_trips(int fd, double length, bool lossy)
{
    double begun = now(), end = begun + length;
    long n = 0;
    char c = 'x';

    while (now() < end) {
        if (send(fd, &c, 1, 0) != 1)
            die("send");
        if (recv(fd, &c, 1, 0) == 1)
            n++;
        else if (!lossy)
            die("recv");
    }
    if (!n)
        die("no answer");
    return (now() - begun) / (double)n * 1e6;
}

static void test_tcp_rr(void)
{
    int fd = reach(SOCK_STREAM, 'r');

    round_trips(fd, seconds / 8, false);
    printf("tcp-rr %.2f\n", round_trips(fd, seconds, false));
    close(fd);
}

static void test_udp_rr(void)
{
    struct timeval tv = { 0, 200000 };
    int fd = reach(SOCK_DGRAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    round_trips(fd, seconds / 8, true);
    printf("udp-rr %.2f\n", round_trips(fd, seconds, true));
    close(fd);
}

/* One way for as long as asked: 'i' to it, 'o' from it. MB a second. */
static double stream(char mode)
{
    int fd = reach(SOCK_STREAM, mode);
    char *chunk = calloc(1, CHUNK);
    double begun = now(), bytes = 0;

    while (chunk && now() < begun + seconds) {
        ssize_t n = mode == 'i' ? send(fd, chunk, CHUNK, 0) :
            recv(fd, chunk, CHUNK, 0);

        if (n <= 0)
            die("stream");
        bytes += (double)n;
    }
    shutdown(fd, SHUT_WR);
    if (mode == 'i' && (!chunk || recv(fd, chunk, 1, 0) != 1))
        die("the end of the stream");
    free(chunk);
    close(fd);
    return bytes / (now() - begun) / 1e6;
}

static void test_stream_in(void)
{
    printf("stream-in %.2f\n", stream('i'));
}

static void test_stream_out(void)
{
    printf("stream-out %.2f\n", stream('o'));
}

static void test_connect(void)
{
    double begun = now();
    long n = 0;
    char c;

    while (n < CONNECTS_MAX && now() < begun + seconds) {
        int fd = reach(SOCK_STREAM, 'c');

        if (recv(fd, &c, 1, 0) != 1 || recv(fd, &c, 1, 0) != 0)
            die("recv");
        close(fd);
        n++;
    }
    printf("connect %.2f\n", (double)n / (now() - begun));
}

static const struct {
    const char *name;
    void (*fn)(void);
} tests[] = {
    { "tcp-rr", test_tcp_rr }, { "udp-rr", test_udp_rr },
    { "stream-in", test_stream_in }, { "stream-out", test_stream_out },
    { "connect", test_connect },
};

static int run_tests(const char *name)
{
    bool found = false;

    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        if (!name || !strcmp(name, tests[i].name)) {
            found = true;
            tests[i].fn();
            fflush(stdout);
        }
    return found ? 0 : 2;
}

/* ---- open connections ---- */

static double free_bytes(void)
{
    struct sysinfo si;

    sleep(1);                   /* what is on its way to be freed is */
    if (sysinfo(&si))
        die("sysinfo");
    return (double)si.freeram * si.mem_unit;
}

static void idle(int n)
{
    struct rlimit many = { 65536, 65536 };
    int listener = bound(SOCK_STREAM);
    double before, after;

    setrlimit(RLIMIT_NOFILE, &many);
    if (listen(listener, 128))
        die("listen");
    before = free_bytes();
    for (int i = 0; i < n; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
            die("connect");
        if (accept(listener, NULL, NULL) < 0)
            die("accept");
    }
    after = free_bytes();
    printf("idle-connection %.0f\n", (before - after) / n);
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.sin_port = htons(PORT);
    if (argc == 2 && !strcmp(argv[1], "serve")) {
        pthread_join(serve(), NULL);
        return 0;
    }
    if (argc == 3 && !strcmp(argv[1], "idle"))
        idle((int)strtol(argv[2], NULL, 10));
    if (argc == 3 && !strcmp(argv[1], "loop")) {
        seconds = strtod(argv[2], NULL);
        serve();
        run_tests(NULL);
        _exit(0);
    }
    if (argc != 5)
        return 2;
    inet_pton(AF_INET, argv[2], &peer.sin_addr);
    peer.sin_port = htons((uint16_t)strtol(argv[3], NULL, 10));
    seconds = strtod(argv[4], NULL);
    return run_tests(argv[1]);
}
