/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP, message calls, interfaces through getifaddrs and ioctl, lookups. */
#include "t.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static struct sockaddr_in bound(int s)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t len = sizeof(a);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(s, (void *)&a, sizeof(a));
    getsockname(s, (void *)&a, &len);
    return a;
}

static void messages(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in aa = bound(a), ba = bound(b), from;
    socklen_t len = sizeof(from);
    char buf[3000];

    R(sendto(a, "one", 3, 0, (void *)&ba, sizeof(ba)));
    R(sendto(a, "twotwo", 6, 0, (void *)&ba, sizeof(ba)));
    R(sendto(a, "", 0, 0, (void *)&ba, sizeof(ba)));
    R(recvfrom(b, buf, 100, 0, (void *)&from, &len));
    YES(from.sin_port == aa.sin_port && len == sizeof(from));
    R(recv(b, buf, 3, MSG_TRUNC));
    R(recv(b, buf, 3, 0));
    R(recv(b, buf, 3, MSG_DONTWAIT));
    R(send(a, "x", 1, 0));
    R(connect(a, (void *)&ba, sizeof(ba)));
    R(send(a, "x", 1, 0));
    struct iovec iov[2] = { { buf, 2 }, { buf + 10, 100 } };
    struct msghdr mh = { .msg_name = &from, .msg_namelen = sizeof(from),
                         .msg_iov = iov, .msg_iovlen = 2 };
    R(recvmsg(b, &mh, 0));
    FACT("namelen %u flags %x", mh.msg_namelen, mh.msg_flags);
    struct mmsghdr mm[3] = { { .msg_hdr = { .msg_iov = iov, .msg_iovlen = 1 } },
                             { .msg_hdr = { .msg_iov = iov, .msg_iovlen = 2 } },
                             { .msg_hdr = { .msg_iov = iov, .msg_iovlen = 1 } } };
    R(sendmmsg(a, mm, 3, 0));
    R(recvmmsg(b, mm, 2, 0, NULL));
    FACT("%u %u", mm[0].msg_len, mm[1].msg_len);
    FACT("flags %x", mm[1].msg_hdr.msg_flags);
    R(recvmsg(b, &mh, MSG_DONTWAIT));
    R(recvmsg(b, &mh, MSG_DONTWAIT));
    R(sendto(a, buf, 70000, 0, NULL, 0));
    close(b);
    R(send(a, "x", 1, 0));
    t_sleep_ms(30);
    R(recv(a, buf, 1, MSG_DONTWAIT));
    struct sockaddr_in un = { .sin_family = AF_UNSPEC };
    R(connect(a, (void *)&un, sizeof(un)));
    R(send(a, "x", 1, 0));
    close(a);
}

/* A control message with an int (or less) for one datagram, and what the
 * receiver is told about it. */
static void control(int family, int level, int type, int told, int v,
                    size_t size)
{
    int a = socket(family, SOCK_DGRAM, 0), b = socket(family, SOCK_DGRAM, 0);
    struct sockaddr_in6 to = { .sin6_family = family };
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in)
                                      : sizeof(to);
    char ctl[CMSG_SPACE(sizeof(int))] = { 0 }, c = 'x';
    struct iovec iov = { &c, 1 };
    struct msghdr mh = { .msg_name = &to, .msg_namelen = len, .msg_iov = &iov,
                         .msg_iovlen = 1, .msg_control = ctl,
                         .msg_controllen = CMSG_SPACE(size) };
    struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
    int on = 1, got = 0;

    if (family == AF_INET)
        ((struct sockaddr_in *)&to)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        to.sin6_addr = in6addr_loopback;
    bind(b, (void *)&to, len);
    getsockname(b, (void *)&to, &len);
    setsockopt(b, level, told, &on, sizeof(on));
    cm->cmsg_level = level;
    cm->cmsg_type = type;
    cm->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cm), &v, size);
    if (R(sendmsg(a, &mh, 0)) == 1) {
        mh.msg_controllen = sizeof(ctl);
        R(recvmsg(b, &mh, 0));
        memcpy(&got, CMSG_DATA(cm), cm->cmsg_len - CMSG_LEN(0));
        FACT("type %d: %d", cm->cmsg_type, got);
    }
    close(a);
    close(b);
}

static void controls(void)
{
    control(AF_INET, IPPROTO_IP, IP_TTL, IP_RECVTTL, 7, 4);
    control(AF_INET, IPPROTO_IP, IP_TTL, IP_RECVTTL, 0, 4);
    control(AF_INET, IPPROTO_IP, IP_TTL, IP_RECVTTL, 256, 4);
    control(AF_INET, IPPROTO_IP, IP_TTL, IP_RECVTTL, 7, 1);
    control(AF_INET, IPPROTO_IP, IP_TOS, IP_RECVTOS, 8, 4);
    control(AF_INET, IPPROTO_IP, IP_TOS, IP_RECVTOS, 16, 1);
    control(AF_INET, IPPROTO_IP, IP_TOS, IP_RECVTOS, 16, 2);
    control(AF_INET6, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, 2, 4);
    control(AF_INET6, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, -1, 4);
    control(AF_INET6, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, -2, 4);
    control(AF_INET6, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, 9, 1);
    control(AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, IPV6_RECVTCLASS, 16, 4);
    control(AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, IPV6_RECVTCLASS, 256, 4);
}

static void path_mtu(void)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(9),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in b = { .sin_family = AF_INET, .sin_port = htons(9),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET6, SOCK_DGRAM, 0), v = 0;
    static const int sizes[] = { 1280, 1279, 0, -1, 65535 };
    socklen_t len = sizeof(v);

    for (int i = 0; i < 5; i++)
        R(setsockopt(s, IPPROTO_IPV6, IPV6_MTU, &sizes[i], 4));
    R(getsockopt(s, IPPROTO_IPV6, IPV6_MTU, &v, &len));
    R(connect(s, (struct sockaddr *)&a, sizeof(a)));
    R(getsockopt(s, IPPROTO_IPV6, IPV6_MTU, &v, &len));
    printf("mtu %d\n", v);
    close(s);
    s = socket(AF_INET, SOCK_DGRAM, 0);
    R(getsockopt(s, IPPROTO_IP, IP_MTU, &v, &len));
    R(connect(s, (struct sockaddr *)&b, sizeof(b)));
    R(getsockopt(s, IPPROTO_IP, IP_MTU, &v, &len));
    printf("mtu %d\n", v);
    close(s);
}

static void interfaces(void)
{
    struct ifaddrs *list;
    int lo4 = 0, lo6 = 0, packet = 0;

    R(getifaddrs(&list));
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo") || !i->ifa_addr)
            continue;
        lo4 += i->ifa_addr->sa_family == AF_INET &&
               ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr ==
               htonl(INADDR_LOOPBACK);
        lo6 += i->ifa_addr->sa_family == AF_INET6;
        packet += i->ifa_addr->sa_family == AF_PACKET;
        YES((i->ifa_flags & IFF_UP) && (i->ifa_flags & IFF_LOOPBACK));
    }
    freeifaddrs(list);
    FACT("lo: %d %d", lo4, packet);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq ifr = { 0 };
    strcpy(ifr.ifr_name, "lo");
    R(ioctl(s, SIOCGIFFLAGS, &ifr));
    YES((ifr.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK));
    R(ioctl(s, SIOCGIFADDR, &ifr));
    FACT("%s", inet_ntoa(((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr));
    R(ioctl(s, SIOCGIFNETMASK, &ifr));
    FACT("%s", inet_ntoa(((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr));
    R(ioctl(s, SIOCGIFINDEX, &ifr));
    FACT("index %d", ifr.ifr_ifindex);
    R(ioctl(s, SIOCGIFHWADDR, &ifr));
    strcpy(ifr.ifr_name, "nosuch0");
    R(ioctl(s, SIOCGIFFLAGS, &ifr));
    char buf[1000];
    struct ifconf ifc = { sizeof(buf), { buf } };
    R(ioctl(s, SIOCGIFCONF, &ifc));
    YES(ifc.ifc_len >= (int)sizeof(struct ifreq));
    YES(if_nametoindex("lo") == 1);
}

static void lookups(void)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_family = AF_INET }, *res;

    FACT("%d", getaddrinfo("localhost", "80", &hints, &res));
    FACT("%s", inet_ntoa(((struct sockaddr_in *)res->ai_addr)->sin_addr));
    freeaddrinfo(res);
    FACT("%d", getaddrinfo("127.0.0.1", "8080", &hints, &res));
    freeaddrinfo(res);
    char name[100];
    R(gethostname(name, sizeof(name)));
    YES(strlen(name) > 0);
}

static void *answer(void *arg)
{
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    char buf[10];
    int s = *(int *)arg;

    for (int i = 0; i < 500; i++) {
        ssize_t n = recvfrom(s, buf, 10, 0, (void *)&from, &len);
        sendto(s, buf, n, 0, (void *)&from, len);
    }
    return NULL;
}

/* Datagrams from one sender go to one of the sockets that share a port;
 * many senders keep both busy. */
static void shared_port(void)
{
    int on = 1, s[2], got[2] = { 0, 0 }, moved = 0;
    struct sockaddr_in to;

    for (int i = 0; i < 2; i++) {
        s[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        R(setsockopt(s[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
    }
    to = bound(s[0]);
    R(bind(s[1], (void *)&to, sizeof(to)));
    for (int i = 0; i < 64; i++) {
        int c = socket(AF_INET, SOCK_DGRAM, 0), n[2] = { 0, 0 }, v;

        for (int j = 0; j < 4; j++)
            sendto(c, &i, sizeof(i), 0, (void *)&to, sizeof(to));
        for (int k = 0; k < 2; k++) {
            while (recv(s[k], &v, sizeof(v), 0) == sizeof(v))
                n[k]++;
            got[k] += n[k];
        }
        moved += n[0] && n[1];
        close(c);
    }
    FACT("%d datagrams, both busy %d, senders that moved %d",
         got[0] + got[1], got[0] && got[1], moved);
    close(s[0]);
    close(s[1]);
}

int main(void)
{
    t_start();
    shared_port();
    messages();
    controls();
    path_mtu();
    interfaces();
    lookups();
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in ba = bound(b);
    int good = 0, v;
    bound(a);
    pthread_t t = t_thread(answer, &b);
    for (int i = 0; i < 500; i++) {
        sendto(a, &i, 4, 0, (void *)&ba, sizeof(ba));
        good += recv(a, &v, 4, 0) == 4 && v == i;
    }
    pthread_join(t, NULL);
    FACT("echoed %d", good);
    return 0;
}
