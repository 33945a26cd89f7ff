/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs: blocking, non-blocking, hang-up, SIGPIPE, poll. */
#include "t.h"
#include <poll.h>

static void *late_writer(void *arg)
{
    t_sleep_ms(50);
    write(*(int *)arg, "late", 4);
    return NULL;
}

static void *drain(void *arg)
{
    char buf[4096];
    long total = 0;

    for (ssize_t n; (n = read(*(int *)arg, buf, sizeof(buf))) > 0;)
        total += n;
    return (void *)total;
}

static int events(int fd, short ev)
{
    struct pollfd p = { fd, ev, 0 };

    poll(&p, 1, 0);
    return p.revents;
}

static volatile int sigpipes;
static void on_pipe(int s) { (void)s; sigpipes++; }

int main(void)
{
    int p[2];
    char buf[70000] = "";

    t_start();
    R(pipe2(p, O_NONBLOCK));
    R(read(p[0], buf, 10));
    FACT("poll %x %x", events(p[0], POLLIN), events(p[1], POLLOUT));
    long total = 0;
    for (ssize_t n; (n = write(p[1], buf, 4096)) > 0;)
        total += n;
    FACT("filled %ld %s", total, strerrorname_np(errno));
    R(write(p[1], buf, 5000));
    FACT("poll %x %x", events(p[0], POLLIN), events(p[1], POLLOUT));
    R(read(p[0], buf, 70000));
    R(write(p[1], buf, 70000));
    R(read(p[1], buf, 1));
    R(write(p[0], buf, 1));
    R(lseek(p[0], 0, SEEK_CUR));
    R(pread(p[0], buf, 1, 0));
    R(close(p[1]));
    FACT("poll %x", events(p[0], POLLIN));
    R(read(p[0], buf, 70000));
    R(read(p[0], buf, 10));
    FACT("poll %x", events(p[0], POLLIN));
    close(p[0]);

    R(pipe(p));
    pthread_t t = t_thread(late_writer, &p[1]);
    memset(buf, 0, 16);
    R(read(p[0], buf, 10));
    FACT("%s", buf);
    pthread_join(t, NULL);
    t = t_thread(drain, &p[0]);
    for (int i = 0; i < 100; i++)
        if (write(p[1], buf, 65537) != 65537)
            FACT("short write");
    close(p[1]);
    void *sum;
    pthread_join(t, &sum);
    FACT("drained %ld", (long)sum);
    close(p[0]);

    R(pipe(p));
    close(p[0]);
    signal(SIGPIPE, on_pipe);
    R(write(p[1], "x", 1));
    FACT("sigpipes %d", sigpipes);
    signal(SIGPIPE, SIG_IGN);
    R(write(p[1], "x", 1));
    FACT("poll %x", events(p[1], POLLOUT));
    close(p[1]);
    R(pipe2(p, 0x1));
    R(pipe((int *)8));

    unlink("/tmp/ff");
    R(mkfifo("/tmp/ff", 0600));
    OK(open("/tmp/ff", O_WRONLY | O_NONBLOCK));
    int r = OK(open("/tmp/ff", O_RDONLY | O_NONBLOCK));
    int w = OK(open("/tmp/ff", O_WRONLY | O_NONBLOCK));
    R(read(r, buf, 1));
    R(write(w, "fifo", 4));
    R(read(r, buf, 10));
    close(w);
    R(read(r, buf, 10));
    return 0;
}
