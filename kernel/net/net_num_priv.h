/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's numbers for sockets (x86-64), and the layouts of its structures
 * that cross the door as bytes.
 */
#ifndef HULL_NET_NUM_PRIV_H
#define HULL_NET_NUM_PRIV_H

#include "../lib/lib.h"

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10,
       AF_NETLINK = 16, AF_PACKET = 17 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5 };
enum { SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_DONTROUTE    0x4u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_EOR          0x80u
#define MSG_WAITALL      0x100u
#define MSG_ERRQUEUE     0x2000u
#define MSG_NOSIGNAL     0x4000u
#define MSG_MORE         0x8000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SOL_SOCKET       1
#define IPPROTO_IP       0
#define IPPROTO_ICMP     1
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define SOL_NETLINK      270

enum { SO_DEBUG = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4,
       SO_DONTROUTE = 5, SO_BROADCAST = 6, SO_SNDBUF = 7, SO_RCVBUF = 8,
       SO_KEEPALIVE = 9, SO_OOBINLINE = 10, SO_NO_CHECK = 11,
       SO_PRIORITY = 12, SO_LINGER = 13, SO_REUSEPORT = 15, SO_PASSCRED = 16,
       SO_PEERCRED = 17, SO_RCVLOWAT = 18, SO_SNDLOWAT = 19,
       SO_RCVTIMEO_OLD = 20, SO_SNDTIMEO_OLD = 21, SO_BINDTODEVICE = 25,
       SO_TIMESTAMP_OLD = 29, SO_ACCEPTCONN = 30, SO_SNDBUFFORCE = 32,
       SO_RCVBUFFORCE = 33, SO_MARK = 36, SO_PROTOCOL = 38, SO_DOMAIN = 39,
       SO_INCOMING_CPU = 49, SO_COOKIE = 57, SO_RCVTIMEO_NEW = 66,
       SO_SNDTIMEO_NEW = 67 };

enum { IP_TOS = 1, IP_TTL = 2, IP_PKTINFO = 8, IP_MTU_DISCOVER = 10,
       IP_RECVERR = 11, IP_RECVTTL = 12, IP_RECVTOS = 13, IP_MTU = 14,
       IP_FREEBIND = 15, IP_MULTICAST_IF = 32, IP_MULTICAST_TTL = 33,
       IP_MULTICAST_LOOP = 34, IP_ADD_MEMBERSHIP = 35,
       IP_DROP_MEMBERSHIP = 36, IP_MULTICAST_ALL = 49,
       IP_BIND_ADDRESS_NO_PORT = 24 };

enum { IPV6_UNICAST_HOPS = 16, IPV6_MULTICAST_IF = 17,
       IPV6_MULTICAST_HOPS = 18, IPV6_MULTICAST_LOOP = 19,
       IPV6_ADD_MEMBERSHIP = 20, IPV6_DROP_MEMBERSHIP = 21,
       IPV6_MTU_DISCOVER = 23, IPV6_MTU = 24, IPV6_RECVERR = 25,
       IPV6_V6ONLY = 26, IPV6_MULTICAST_ALL = 29, IPV6_RECVPKTINFO = 49,
       IPV6_PKTINFO = 50, IPV6_RECVHOPLIMIT = 51, IPV6_HOPLIMIT = 52,
       IPV6_RECVTCLASS = 66, IPV6_TCLASS = 67 };
#define IP_MTU_MOST 65535       /* RFC 791: its total length has 16 bits */
#define IPV6_MTU_LEAST 1280     /* RFC 8200, 5: what every link carries */

enum { TCP_NODELAY_OPT = 1, TCP_MAXSEG = 2, TCP_CORK = 3, TCP_KEEPIDLE = 4,
       TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6, TCP_SYNCNT = 7, TCP_LINGER2 = 8,
       TCP_DEFER_ACCEPT = 9, TCP_WINDOW_CLAMP = 10, TCP_INFO = 11,
       TCP_QUICKACK = 12, TCP_CONGESTION = 13, TCP_USER_TIMEOUT = 18,
       TCP_FASTOPEN = 23 };

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

#define FIONREAD     0x541bu
#define FIONBIO      0x5421u
#define SIOCOUTQ     0x5411u
#define SIOCATMARK   0x8905u
#define SIOCGIFNAME  0x8910u
#define SIOCGIFCONF  0x8912u
#define SIOCGIFFLAGS 0x8913u
#define SIOCGIFADDR  0x8915u
#define SIOCGIFDSTADDR 0x8917u
#define SIOCGIFBRDADDR 0x8919u
#define SIOCGIFNETMASK 0x891bu
#define SIOCGIFMETRIC 0x891du
#define SIOCGIFMTU   0x8921u
#define SIOCGIFHWADDR 0x8927u
#define SIOCGIFINDEX 0x8933u
#define SIOCGIFTXQLEN 0x8942u

#define IFF_UP        0x1u
#define IFF_BROADCAST 0x2u
#define IFF_LOOPBACK  0x8u
#define IFF_RUNNING   0x40u
#define IFF_MULTICAST 0x1000u
#define IFF_LOWER_UP  0x10000u
#define ARPHRD_ETHER    1
#define ARPHRD_LOOPBACK 772

/* Ports and addresses in network byte order. */
struct sockaddr_in {
    uint16_t family, port;
    uint32_t addr;
    uint8_t zero[8];
};
struct sockaddr_in6 {
    uint16_t family, port;
    uint32_t flowinfo;
    uint8_t addr[16];
    uint32_t scope;
};
struct sockaddr_un {
    uint16_t family;
    char path[108];
};
struct sockaddr_nl {
    uint16_t family, pad;
    uint32_t pid, groups;
};
_Static_assert(sizeof(struct sockaddr_in) == 16, "Linux's layout");
_Static_assert(sizeof(struct sockaddr_in6) == 28, "Linux's layout");
_Static_assert(sizeof(struct sockaddr_un) == 110, "Linux's layout");
_Static_assert(sizeof(struct sockaddr_nl) == 12, "Linux's layout");

/* Followed by data, the next one at a multiple of 8. */
struct cmsghdr {
    uint64_t len;           /* of this header and the data */
    int32_t level, type;
};
#define CMSG_SPACE(n) (sizeof(struct cmsghdr) + ALIGN_UP((size_t)(n), 8))

struct ucred { int32_t pid; uint32_t uid, gid; };
struct net_timeval { int64_t sec, usec; };
struct linger { int32_t on, seconds; };

#endif
