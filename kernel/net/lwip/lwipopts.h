/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's options. The raw API under one lock of ours (lock.c); memory is the
 * kernel heap with a bound per kind (port.c); timers are ours (timers.c).
 */
#ifndef HULL_LWIPOPTS_H
#define HULL_LWIPOPTS_H

#define NO_SYS                      1
#define SYS_LIGHTWEIGHT_PROT        0
#define LWIP_NETCONN                0
#define LWIP_SOCKET                 0
#define LWIP_TIMERS                 0

/* Memory: port.c stands in for mem.c and memp.c. */
#define MEM_LIBC_MALLOC             1
#define MEMP_MEM_MALLOC             1
#define MEM_ALIGNMENT               8
#define MEMP_NUM_TCP_PCB            65536
#define MEMP_NUM_TCP_PCB_LISTEN     4096
#define MEMP_NUM_UDP_PCB            16384
#define MEMP_NUM_TCP_SEG            1000000
#define MEMP_NUM_REASSDATA          32
#define MEMP_NUM_FRAG_PBUF          1024
#define MEMP_NUM_ARP_QUEUE          256
#define MEMP_NUM_ND6_QUEUE          128
#define MEMP_NUM_IGMP_GROUP         64
#define MEMP_NUM_MLD6_GROUP         64
#define MEMP_NUM_PBUF               1000000

/* Link. */
#define ETH_PAD_SIZE                0
#define PBUF_LINK_HLEN              14
#define LWIP_ETHERNET               1
#define LWIP_ARP                    1
#define ARP_TABLE_SIZE              64
#define ARP_QUEUEING                1
#define ARP_QUEUE_LEN               16
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define LWIP_NETIF_HWADDRHINT       1
#define LWIP_NETIF_HOSTNAME         1
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_HAVE_LOOPIF            1
#define LWIP_NETIF_LOOPBACK         1
#define LWIP_LOOPIF_MULTICAST       1
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

/* IPv4. */
#define LWIP_IPV4                   1
#define IP_FORWARD                  0
#define IP_REASSEMBLY               1
#define IP_REASS_MAX_PBUFS          256
#define IP_FRAG                     1
#define IP_DEFAULT_TTL              64
#define IP_SOF_BROADCAST            1
#define LWIP_ICMP                   1
#define LWIP_BROADCAST_PING         0
#define LWIP_MULTICAST_PING         0
#define LWIP_IGMP                   1
#define LWIP_MULTICAST_TX_OPTIONS   1
#define LWIP_RAW                    0
#define LWIP_DHCP                   1
#define DHCP_DOES_ARP_CHECK         0
#define DHCP_OPTIONS_LEN            128
#define LWIP_DHCP_DISCOVER_ADD_HOSTNAME 1
/* The resolver is the program's; only the servers' addresses matter here, and
 * config.c takes them in lwIP's dns_setserver. */
#define LWIP_DNS                    1
#define DNS_MAX_SERVERS             4

/* IPv6. */
#define LWIP_IPV6                   1
#define LWIP_IPV6_NUM_ADDRESSES     5
#define LWIP_IPV6_FRAG              1
#define LWIP_IPV6_REASS             1
#define IPV6_FRAG_COPYHEADER        1
#define LWIP_IPV6_MLD               1
#define LWIP_IPV6_AUTOCONFIG        1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 1
#define LWIP_ND6_NUM_NEIGHBORS      32
#define LWIP_ND6_NUM_DESTINATIONS   32
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_ND6_QUEUEING           1

/* TCP. Backlogs are ours (tcp_listen.c): lwIP's count to 255. */
#define LWIP_TCP                    1
#define LWIP_CALLBACK_API           1
#define TCP_LISTEN_BACKLOG          0
#define LWIP_TCP_PCB_NUM_EXT_ARGS   2
#define TCP_MSS                     8960
#define LWIP_WND_SCALE              1
#define TCP_RCV_SCALE               3
#define TCP_WND                     (256 * 1024)
#define TCP_SND_BUF                 (256 * 1024)
#define TCP_SND_QUEUELEN            2048
#define TCP_SNDLOWAT                16384
#define TCP_OVERSIZE                1024
#define TCP_QUEUE_OOSEQ             1
#define TCP_OOSEQ_MAX_BYTES         (128 * 1024)
#define TCP_OOSEQ_MAX_PBUFS         128
#define LWIP_TCP_SACK_OUT           1
#define LWIP_TCP_KEEPALIVE          1
#define LWIP_TCP_TIMESTAMPS         0
#define TCP_TMR_INTERVAL            100
#define LWIP_TCP_RTO_TIME           1000
#define TCP_MSL                     30000UL
#define TCP_SYNMAXRTX               6
#define TCP_MAXRTX                  12
#define SO_REUSE                    1
#define SO_REUSE_RXTOALL            1

#define LWIP_UDP                    1
#define LWIP_UDPLITE                0
#define LWIP_NETBUF_RECVINFO        0

#define LWIP_STATS                  1
#define LWIP_STATS_LARGE            1
#define MIB2_STATS                  1
#define LINK_STATS                  0
#define ETHARP_STATS                0
#define IP_STATS                    0
#define IPFRAG_STATS                0
#define ICMP_STATS                  0
#define IGMP_STATS                  0
#define IP6_STATS                   0
#define ICMP6_STATS                 0
#define IP6_FRAG_STATS              0
#define MLD6_STATS                  0
#define ND6_STATS                   0
#define UDP_STATS                   0
#define TCP_STATS                   0
#define MEM_STATS                   0
#define MEMP_STATS                  0
#define SYS_STATS                   0

#define LWIP_HOOK_FILENAME          "net_hooks.h"

#endif
