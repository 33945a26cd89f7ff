/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: stream, datagram, seqpacket, names, passed descriptors. */
#include "t.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un named(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    strcpy(a.sun_path, path);
    return a;
}

static void names(void)
{
    struct sockaddr_un a = named("/tmp/sock"), p;
    socklen_t len = sizeof(p);
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM,
                                                        0);

    R(connect(c, (void *)&a, sizeof(a)));
    R(bind(l, (void *)&a, sizeof(a)));
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    R(bind(other, (void *)&a, sizeof(a)));
    R(connect(c, (void *)&a, sizeof(a)));
    R(listen(l, 5));
    R(connect(c, (void *)&a, sizeof(a)));
    int s = OK(accept(l, (void *)&p, &len));
    FACT("len %u", len);
    len = sizeof(p);
    R(getpeername(c, (void *)&p, &len));
    FACT("%s %u", p.sun_path, len);
    struct stat st;
    R(stat("/tmp/sock", &st));
    FACT("type %o", st.st_mode & S_IFMT);
    R(write(c, "via unix", 8));
    char buf[20] = "";
    R(read(s, buf, 20));
    FACT("%s", buf);
    struct ucred cred;
    len = sizeof(cred);
    R(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    YES(cred.pid == getpid() && cred.uid == getuid());
    close(c);
    R(read(s, buf, 20));
    R(send(s, "x", 1, MSG_NOSIGNAL));
    a = named("/tmp/plain");
    close(open("/tmp/plain", O_CREAT | O_RDWR, 0600));
    R(connect(other, (void *)&a, sizeof(a)));
    R(unlink("/tmp/sock"));
    struct sockaddr_un ab = { .sun_family = AF_UNIX };
    memcpy(ab.sun_path, "\0abstract", 9);
    R(bind(other, (void *)&ab, sizeof(sa_family_t) + 9));
    R(listen(other, 1));
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    R(connect(c, (void *)&ab, sizeof(sa_family_t) + 9));
    ab.sun_path[3] = 'X';
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    R(connect(c, (void *)&ab, sizeof(sa_family_t) + 9));
}

static void rights(void)
{
    int s[2], p[2];
    char c = 'r', ctl[CMSG_SPACE(2 * sizeof(int))], buf[10] = "";
    struct iovec iov = { &c, 1 };
    struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
                         .msg_controllen = sizeof(ctl) };
    struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);

    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    pipe(p);
    memset(ctl, 0, sizeof(ctl));
    cm->cmsg_level = SOL_SOCKET;
    cm->cmsg_type = SCM_RIGHTS;
    cm->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(cm), p, sizeof(p));
    R(sendmsg(s[0], &mh, 0));
    close(p[0]);
    close(p[1]);
    memset(ctl, 0, sizeof(ctl));
    R(recvmsg(s[1], &mh, MSG_CMSG_CLOEXEC));
    cm = CMSG_FIRSTHDR(&mh);
    FACT("type %d len %ld flags %x", cm->cmsg_type, (long)cm->cmsg_len,
         mh.msg_flags & ~MSG_CMSG_CLOEXEC);
    memcpy(p, CMSG_DATA(cm), sizeof(p));
    R(fcntl(p[0], F_GETFD));
    R(write(p[1], "through", 7));
    R(read(p[0], buf, 10));
    FACT("%s", buf);
    int bad = 999;
    mh.msg_controllen = CMSG_SPACE(sizeof(int));
    cm->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cm), &bad, sizeof(bad));
    R(sendmsg(s[0], &mh, 0));
    /* Unread rights go away with the socket. */
    memcpy(CMSG_DATA(cm), &p[0], sizeof(int));
    R(sendmsg(s[0], &mh, 0));
    close(s[0]);
    close(s[1]);
}

static int send_fd(int over, int fd)
{
    char c = 'x', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec iov = { &c, 1 };
    struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
                         .msg_controllen = sizeof(ctl) };
    struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);

    cm->cmsg_level = SOL_SOCKET;
    cm->cmsg_type = SCM_RIGHTS;
    cm->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
    return (int)sendmsg(over, &mh, 0);
}

/* Each socket lies, unread, in the next one's queue: all go with the last. */
static void chain(void)
{
    int p[2], s[2], last, sent = 0;
    char c;

    pipe(p);
    last = p[1];
    for (int i = 0; i < 400; i++) {
        socketpair(AF_UNIX, SOCK_STREAM, 0, s);
        sent += send_fd(s[0], last);
        close(last);
        close(s[0]);
        last = s[1];
    }
    FACT("chained %d", sent);
    close(last);
    R(read(p[0], &c, 1));
    close(p[0]);
}

static void kinds(void)
{
    int s[2];
    char buf[10];
    struct pollfd f;

    R(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    R(send(s[0], "abc", 3, 0));
    R(send(s[0], "de", 2, 0));
    R(recv(s[1], buf, 10, MSG_PEEK));
    R(recv(s[1], buf, 2, 0));
    R(recv(s[1], buf, 10, 0));
    R(recv(s[1], buf, 10, MSG_DONTWAIT));
    close(s[0]);
    R(send(s[1], "x", 1, MSG_NOSIGNAL));
    close(s[1]);
    R(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
    R(send(s[0], "abc", 3, 0));
    R(send(s[0], "de", 2, 0));
    R(recv(s[1], buf, 10, 0));
    R(recv(s[1], buf, 10, 0));
    close(s[0]);
    R(recv(s[1], buf, 10, 0));
    R(socketpair(AF_INET, SOCK_STREAM, 0, s));
    R(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s));
    R(fcntl(s[0], F_GETFD));
    static char big[100000];
    long total = 0;
    for (ssize_t n; (n = write(s[0], big, sizeof(big))) > 0;)
        total += n;
    YES(total > 50000);
    f = (struct pollfd){ s[0], POLLOUT, 0 };
    R(poll(&f, 1, 0));
    while (read(s[1], big, sizeof(big)) > 0)
        ;
    R(poll(&f, 1, 0));
    R(shutdown(s[0], SHUT_WR));
    f = (struct pollfd){ s[1], POLLIN | POLLRDHUP, 0 };
    R(poll(&f, 1, 0));
    FACT("%x", f.revents);
    R(read(s[1], big, 10));
    R(write(s[1], "back", 4));
    R(read(s[0], big, 10));
    close(s[1]);
    f = (struct pollfd){ s[0], POLLIN, 0 };
    R(poll(&f, 1, 0));
    FACT("%x", f.revents);
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un n = named("/tmp/dg"), from;
    socklen_t len = sizeof(from);
    R(bind(a, (void *)&n, sizeof(n)));
    R(sendto(b, "to path", 7, 0, (void *)&n, sizeof(n)));
    R(recvfrom(a, buf, 10, 0, (void *)&from, &len));
    FACT("len %u", len);
}

static void *drain(void *arg)
{
    char buf[10];
    long n = 0;

    t_sleep_ms(100);
    while (recv((int)(long)arg, buf, sizeof(buf), MSG_DONTWAIT) > 0)
        n++;
    return (void *)n;
}

/* Two senders to one receiver that is connected to nobody. */
static void room_for_datagrams(void)
{
    int to = socket(AF_UNIX, SOCK_DGRAM, 0), ep = epoll_create1(0), sent = 0;
    int s[2] = { socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0),
                 socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0) };
    struct sockaddr_un n = named("/tmp/room");
    struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
    struct pollfd f = { s[0], POLLOUT, 0 };
    pthread_t t;
    void *r;

    R(bind(to, (void *)&n, sizeof(n)));
    R(connect(s[0], (void *)&n, sizeof(n)));
    R(connect(s[1], (void *)&n, sizeof(n)));
    R(epoll_ctl(ep, EPOLL_CTL_ADD, s[1], &ev));
    R(epoll_wait(ep, &ev, 1, 0));
    while (send(s[0], "one", 3, 0) == 3)
        sent++;
    FACT("full: %s, %d", strerrorname_np(errno), sent > 5);
    R(send(s[1], "two", 3, 0));
    R(poll(&f, 1, 0));
    R(epoll_wait(ep, &ev, 1, 0));
    t = t_thread(drain, (void *)(long)to);
    R(poll(&f, 1, 20000));
    R(epoll_wait(ep, &ev, 1, 20000));
    pthread_join(t, &r);
    FACT("drained %d", (long)r == sent);
    while (send(s[0], "one", 3, 0) == 3)
        ;
    R(poll(&f, 1, 0));
    close(to);
    R(poll(&f, 1, 20000));
    R(send(s[0], "one", 3, 0));
    close(s[0]);
    close(s[1]);
    close(ep);
}

int main(void)
{
    t_start();
    signal(SIGPIPE, SIG_IGN);
    names();
    rights();
    chain();
    kinds();
    room_for_datagrams();
    return 0;
}
