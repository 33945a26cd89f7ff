/* SPDX-License-Identifier: BSD-2-Clause */
/* The network: interfaces, addresses, counters, sockets, limits of buffers. */
#include "truth.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NET "/sys/class/net"

/* The line of an interface in /proc/net/dev, behind its colon. */
static char *dev_line(const char *name)
{
    char key[IFNAMSIZ + 2], *at = text_of("/proc/net/dev");

    snprintf(key, sizeof(key), "%s:", name);
    for (char *s = at; (s = strstr(s, key)) != NULL; s++)
        if (s > at && (s[-1] == ' ' || s[-1] == '\n'))
            return s + strlen(key);
    return NULL;
}

static long counter(const char *name, int column)
{
    char *s = dev_line(name);

    for (int i = 0; s && i < column; i++)
        strtol(s, &s, 10);
    return s ? strtol(s, NULL, 10) : -1;
}

/* All that is said of one interface. */
static int interface_agrees(const char *name, int index)
{
    char *address = text_of(NET "/%s/address", name), want[32] = "";
    struct ifreq r = { 0 };
    int fd = socket(AF_INET, SOCK_DGRAM, 0), right = 0;
    unsigned char *h = (unsigned char *)r.ifr_hwaddr.sa_data;

    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    right += ioctl(fd, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == index;
    right += ioctl(fd, SIOCGIFMTU, &r) == 0 &&
             r.ifr_mtu == atoi(text_of(NET "/%s/mtu", name));
    right += ioctl(fd, SIOCGIFFLAGS, &r) == 0 && ((unsigned)r.ifr_flags &
             (IFF_UP | IFF_LOOPBACK)) ==
             ((unsigned)strtol(text_of(NET "/%s/flags", name), NULL, 16) &
              (IFF_UP | IFF_LOOPBACK));
    right += ioctl(fd, SIOCGIFHWADDR, &r) == 0 &&
             r.ifr_hwaddr.sa_family == atoi(text_of(NET "/%s/type", name));
    snprintf(want, sizeof(want), "%02x:%02x:%02x:%02x:%02x:%02x\n", h[0],
             h[1], h[2], h[3], h[4], h[5]);
    right += !strcmp(address, want);
    right += atoi(text_of(NET "/%s/ifindex", name)) == index;
    right += dev_line(name) != NULL;
    right += strlen(text_of(NET "/%s/operstate", name)) > 2;
    close(fd);
    if (right != 8)
        FACT("%d of 8 agree", right);
    return right == 8;
}

static void interfaces(void)
{
    struct if_nameindex *all = if_nameindex();
    struct ifaddrs *addrs, *a;
    int n = 0, good = 0, packet = 0, inet = 0, asked = 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    for (; all[n].if_index; n++)
        good += interface_agrees(all[n].if_name, (int)all[n].if_index);
    FACT("all agree: %d", good == n);
    YES(lines_with(text_of("/proc/net/dev"), "", false) == n + 2);
    YES(entries_in(NET, "") == n);
    R(getifaddrs(&addrs));
    for (a = addrs; a; a = a->ifa_next) {
        struct ifreq r = { 0 };

        packet += a->ifa_addr && a->ifa_addr->sa_family == AF_PACKET;
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
            continue;
        inet++;
        strncpy(r.ifr_name, a->ifa_name, IFNAMSIZ - 1);
        asked += ioctl(fd, SIOCGIFADDR, &r) == 0 &&
                 !memcmp(&((struct sockaddr_in *)&r.ifr_addr)->sin_addr,
                         &((struct sockaddr_in *)a->ifa_addr)->sin_addr, 4);
    }
    YES(packet == n && inet >= 1 && asked == inet);
    YES(lines_with(text_of("/proc/net/if_inet6"), "0000000000000000000000000"
                   "0000001 01 80 10 80       lo", false) == 1);
    YES(if_nametoindex("lo") == 1);
    freeifaddrs(addrs);
    if_freenameindex(all);
    close(fd);
}

static int bound(int domain, int type)
{
    struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(domain, type, 0);

    if (bind(fd, domain == AF_INET ? (void *)&a : (void *)&a6,
             domain == AF_INET ? sizeof(a) : sizeof(a6)))
        FACT("bind: %s", strerrorname_np(errno));
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in6 a;
    socklen_t len = sizeof(a);

    getsockname(fd, (void *)&a, &len);
    return ntohs(a.sin6_port);          /* the same place for IPv4 */
}

static void traffic(void)
{
    int fd = bound(AF_INET, SOCK_DGRAM), other = bound(AF_INET, SOCK_DGRAM);
    struct sockaddr_in to;
    socklen_t len = sizeof(to);
    long was[4] = { counter("lo", 0), counter("lo", 1), counter("lo", 8),
                    counter("lo", 9) };

    getsockname(other, (void *)&to, &len);
    for (int i = 0; i < 50; i++)
        sendto(fd, "0123456789", 10, 0, (void *)&to, sizeof(to));
    YES(counter("lo", 1) == was[1] + 50 && counter("lo", 9) == was[3] + 50);
    YES(counter("lo", 0) >= was[0] + 50 * 38 &&
        counter("lo", 8) >= was[2] + 50 * 38);
    YES(number_in(NET "/lo/statistics/rx_packets") == counter("lo", 1));
    YES(number_in(NET "/lo/statistics/tx_bytes") == counter("lo", 8));
    close(fd);
    close(other);
}

/* Rows of /proc/net/NAME with this local port, state and inode (fd -1: any). */
static int rows(const char *name, int port, int state, int fd)
{
    char *s = text_of("/proc/net/%s", name);
    unsigned long inode;
    int n = 0, p, st;
    struct stat file;

    if (fd >= 0)
        fstat(fd, &file);
    while ((s = strchr(s, '\n')) != NULL && *++s) {
        if (sscanf(s, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s "
                   "%*d %*d %lu", &p, &st, &inode) == 3)
            n += p == port && st == state && (fd < 0 || inode == file.st_ino);
    }
    return n;
}

static void sockets_v(int domain, const char *tcp, const char *udp)
{
    int l = bound(domain, SOCK_STREAM), u = bound(domain, SOCK_DGRAM), a;
    int c = socket(domain, SOCK_STREAM, 0), low = 0, high = 0;
    struct sockaddr_in6 to;
    socklen_t len = sizeof(to);

    listen(l, 5);
    YES(rows(tcp, port_of(l), 10, l) == 1);
    YES(rows(udp, port_of(u), 7, u) == 1);
    getsockname(l, (void *)&to, &len);
    R(connect(c, (void *)&to, len));
    a = accept(l, NULL, NULL);
    YES(rows(tcp, port_of(c), 1, c) == 1 && rows(tcp, port_of(l), 1, a) == 1);
    sscanf(text_of("/proc/sys/net/ipv4/ip_local_port_range"), "%d %d", &low,
           &high);
    YES(port_of(c) >= low && port_of(c) <= high && port_of(u) >= low &&
        port_of(u) <= high);
    close(c);
    YES(rows(tcp, port_of(l), 8, a) == 1);
    close(a);
    close(l);
    close(u);
}

static void unix_sockets(void)
{
    struct sockaddr_un n = { AF_UNIX, "/tmp/truth.sock" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char want[60], *s;
    struct stat st;

    bind(fd, (void *)&n, sizeof(n));
    listen(fd, 5);
    fstat(fd, &st);
    snprintf(want, sizeof(want), "00010000 0001 01 %5lu /tmp/truth.sock\n",
             st.st_ino);
    s = text_of("/proc/net/unix");
    YES(strstr(s, want));
    close(fd);
    YES(!strstr(text_of("/proc/net/unix"), "/tmp/truth.sock"));
}

static int option(int fd, int level, int name)
{
    int v = -1;
    socklen_t len = sizeof(v);

    getsockopt(fd, level, name, &v, &len);
    return v;
}

static void settings(void)
{
    int u = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_STREAM, 0);
    int huge = 1 << 28, mid = 0, n = 0;

    YES(option(u, SOL_SOCKET, SO_RCVBUF) ==
        number_in("/proc/sys/net/core/rmem_default"));
    YES(option(u, SOL_SOCKET, SO_SNDBUF) ==
        number_in("/proc/sys/net/core/wmem_default"));
    R(setsockopt(u, SOL_SOCKET, SO_RCVBUF, &huge, sizeof(huge)));
    YES(option(u, SOL_SOCKET, SO_RCVBUF) ==
        2 * number_in("/proc/sys/net/core/rmem_max"));
    R(setsockopt(u, SOL_SOCKET, SO_SNDBUF, &huge, sizeof(huge)));
    YES(option(u, SOL_SOCKET, SO_SNDBUF) ==
        2 * number_in("/proc/sys/net/core/wmem_max"));
    sscanf(text_of("/proc/sys/net/ipv4/tcp_rmem"), "%*d %d", &mid);
    YES(option(t, SOL_SOCKET, SO_RCVBUF) == mid);
    sscanf(text_of("/proc/sys/net/ipv4/tcp_wmem"), "%*d %d", &mid);
    YES(option(t, SOL_SOCKET, SO_SNDBUF) == mid);
    YES(option(t, IPPROTO_TCP, TCP_KEEPIDLE) ==
        number_in("/proc/sys/net/ipv4/tcp_keepalive_time"));
    YES(option(t, IPPROTO_TCP, TCP_KEEPINTVL) ==
        number_in("/proc/sys/net/ipv4/tcp_keepalive_intvl"));
    YES(option(t, IPPROTO_TCP, TCP_KEEPCNT) ==
        number_in("/proc/sys/net/ipv4/tcp_keepalive_probes"));
    YES(number_in("/proc/sys/net/core/somaxconn") >= 128);
    sscanf(text_of("/proc/net/sockstat"), "sockets: used %d", &n);
    YES(n >= 2);
    close(u);
    close(t);
}

int main(void)
{
    t_start();
    interfaces();
    traffic();
    sockets_v(AF_INET, "tcp", "udp");
    sockets_v(AF_INET6, "tcp6", "udp6");
    unix_sockets();
    settings();
    return 0;
}
