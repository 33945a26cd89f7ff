/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net's inside.
 *
 * N1  lwIP runs under the net lock only (lock.c), and nothing that can block
 *     or touch the program's memory is done while it is held.
 * N2  A callback of lwIP never takes a sleeping lock; it may take a socket's
 *     rx_lock and wake its wait queue.
 * N3  A socket's pcb pointer is NULL from the moment lwIP frees the pcb: the
 *     pcb's destroy hook clears it (tcp.c).
 * N4  Lock order: rx_mutex of a socket -> net lock -> rx_lock -> run queues.
 *     AF_UNIX and netlink never take the net lock (netlink's dump does).
 */
#ifndef HULL_NET_PRIV_H
#define HULL_NET_PRIV_H

#include "net.h"
#include "net_num_priv.h"
#include "../dev/dev.h"

#include "lwip/opt.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"

/* ---------------- lock.c, timers.c ---------------- */

void net__lock(void);
/* Delivers what was sent to ourselves, unlocks, rings the cards' doorbells;
 * and does what came up for whoever found the lock taken. */
void net__unlock(void);
bool net__lock_held(void);
void net__threads_start(void);
void net__worker_wake(void);
/* Interrupt context: frames wait at a card. */
void net__rx_notify(struct netdev *d);
/* Takes what the cards have; true if there was anything. Under the lock. */
bool net__rx_poll_locked(void);
void net__timers_init(void);
/* Runs what is due; returns when the next one is. Under the lock. */
nsec_t net__timers_run(nsec_t now);
/* TCP input happened: a delayed acknowledgement may be pending. */
void net__timers_ack_soon(void);
nsec_t net__timers_next(void);

/* ---------------- ether.c ---------------- */

struct net_card {
    struct netif nif;
    struct netdev *dev;
    bool kick;              /* [net] transmitted since the last doorbell */
    uint64_t rx_errors, tx_errors;
};
extern struct net_card net__cards[];
extern unsigned net__card_count;
int net__card_add(struct netdev *d);
bool net__card_poll(struct net_card *c, unsigned budget);
/* Shows the cards what was transmitted; a bit for each that wants its
 * doorbell rung, which needs no lock. */
uint32_t net__cards_publish(void);
void net__cards_ring(uint32_t bells);
void net__cards_reclaim(void);
/* The socket around it; NULL: the room's own. */
const struct net_sock *net__udp_owner(const struct udp_pcb *pcb);
void net__netif_name(const struct netif *n, char out[16]);
struct netif *net__netif_by_name(const char *name);
/* Linux's interface index: 1 for lo, 2... for the cards. 0: none. */
unsigned net__netif_index(const struct netif *n);
struct netif *net__netif_by_index(unsigned index);
uint32_t net__netif_flags(const struct netif *n);       /* IFF_* */
#define NET_LOOPBACK_MTU 65536  /* as Linux's lo */
uint32_t net__netif_mtu(const struct netif *n);
struct netdev_stats;
void net__netif_traffic(const struct netif *n, struct netdev_stats *out);

/* ---------------- port.c ---------------- */

struct net_mem_counters {
    uint64_t tcp_pcbs, udp_pcbs, pbufs, segs, refused;  /* [a] */
};
extern struct net_mem_counters net__mem;
void net__port_init(void);
/* Received bytes that sockets hold, and their bound. */
bool net__rx_charge(size_t n);
void net__rx_uncharge(size_t n);

bool net__tcp_pcbs_full(void);

/* ---------------- tcp_demux.c; all under the net lock ---------------- */

#define NET_TCP_LINK_SIZE 32    /* behind each pcb */
int net__tcp_demux_init(uint32_t pcbs);
void net__tcp_link_init(struct tcp_pcb *pcb);
void net__tcp_link_done(struct tcp_pcb *pcb);
/* lwIP's fast timer for all that may owe an acknowledgement. */
void net__tcp_ack_tick(void);
/* In place of lwIP's tcp_input. */
void net__tcp_input(struct pbuf *p, struct netif *in);
/* Is there a connection from this port to that peer, whatever our address? */
bool net__tcp_name_used(const ip_addr_t *remote, uint16_t rport,
                        uint16_t lport);
/* The connection, or NULL. */
struct tcp_pcb *net__tcp_find(const ip_addr_t *local, uint16_t lport,
                              const ip_addr_t *remote, uint16_t rport);

/* ---------------- sockets in general: socket.c ---------------- */

struct net_sock;

/* Members that are absent answer -EOPNOTSUPP. f is the socket's file. */
struct net_sock_ops {
    void (*release)(struct net_sock *s);            /* required */
    uint32_t (*poll)(struct net_sock *s);           /* required */
    int (*bind)(struct net_sock *s, const void *addr, uint32_t len);
    int (*listen)(struct net_sock *s, int backlog);
    int (*connect)(struct net_sock *s, const void *addr, uint32_t len,
                   bool nonblock);
    /* A new socket without a file yet; ERR_PTR. */
    struct net_sock *(*accept)(struct net_sock *s, bool nonblock);
    int (*shutdown)(struct net_sock *s, int how);
    /* Writes at most SOCKADDR_MAX bytes, sets *len. */
    int (*name)(struct net_sock *s, bool peer, void *addr, uint32_t *len);
    ssize_t (*sendmsg)(struct net_sock *s, struct net_msg *m, bool nonblock);
    ssize_t (*recvmsg)(struct net_sock *s, struct net_msg *m, bool nonblock);
    int (*setopt)(struct net_sock *s, int level, int name, const void *val,
                  uint32_t len);
    /* -ENOPROTOOPT: unknown. val has room for *len; sets *len. */
    int (*getopt)(struct net_sock *s, int level, int name, void *val,
                  uint32_t *len);
    long (*inq)(struct net_sock *s);                /* FIONREAD */
    long (*outq)(struct net_sock *s);               /* SIOCOUTQ */
};

/* [I] immutable  [a] atomic  [net] net lock  [rx] rx_lock  [m] rx_mutex */
struct net_sock {
    const struct net_sock_ops *ops;     /* [I] */
    int domain, type, protocol;         /* [I] */
    uint64_t ino;                       /* [I] for stat and /proc/net */
    struct waitq wq;                    /* pollers and blocked calls */
    struct mutex rx_mutex;              /* one receiver at a time */
    struct spinlock rx_lock;
    int error;                          /* [a] positive errno, SO_ERROR */
    uint32_t flags;                     /* [a] enum net_sock_flags */
    nsec_t rcvtimeo, sndtimeo;          /* [a] 0: none */
    uint32_t rcvbuf, sndbuf, rcvlowat;  /* [a] */
    int linger;                         /* [a] seconds, -1 off */
    int priority, mark;                 /* [a] kept for getsockopt */
    int incoming_cpu;
};
#define NET_SOCKBUF_DEFAULT 212992u
#define NET_TCP_RCVBUF 131072u          /* at first */
#define NET_RCVBUF_MIN 2304u
#define NET_SNDBUF_MIN 4608u
#define NET_KEEPIDLE 7200u              /* seconds */
#define NET_KEEPINTVL 75u
#define NET_KEEPCNT 9u
#define NET_PORT_FIRST 32768u           /* of those we choose */
#define NET_PORT_LAST 60999u

enum net_sock_flags {
    SOCK_F_REUSEADDR = 1, SOCK_F_REUSEPORT = 2, SOCK_F_KEEPALIVE = 4,
    SOCK_F_BROADCAST = 8, SOCK_F_PASSCRED = 16, SOCK_F_OOBINLINE = 32,
    SOCK_F_TIMESTAMP = 64, SOCK_F_LISTEN = 128, SOCK_F_DONTROUTE = 256,
};

int net__sock_init(struct net_sock *s, const struct net_sock_ops *ops,
                   int domain, int type, int protocol);
/* Undoes init: counters; does not free. */
void net__sock_done(struct net_sock *s);
/* A file around it; on failure the socket is released. ERR_PTR. */
struct file *net__sock_file(struct net_sock *s, uint32_t flags);
struct net_sock *net__sock_of(const struct file *f);
static inline bool net__flag(const struct net_sock *s, uint32_t flag)
{
    return __atomic_load_n(&s->flags, __ATOMIC_RELAXED) & flag;
}
void net__flag_set(struct net_sock *s, uint32_t flag, bool on);
static inline void net__wake(struct net_sock *s, uint32_t key)
{
    waitq_wake(&s->wq, 1, key);
}
/* Takes SO_ERROR and clears it: 0 or -Exxx. */
int net__error_take(struct net_sock *s);
void net__error_set(struct net_sock *s, int err);       /* positive errno */
/* The deadline of a call that starts now; and the error of a wait that
 * ended early, as Linux's socket calls give it. */
nsec_t net__deadline(nsec_t timeout);
int net__wait_error(int err, nsec_t timeout);
/* Adds a cmsg if it fits, else sets MSG_CTRUNC in m->flags. used is how much
 * of m->control is filled so far. */
void net__cmsg_put(struct net_msg *m, size_t *used, int level, int type,
                   const void *data, size_t len);
extern uint64_t net__sock_count;        /* [a] */
extern void (*net__cred_hook)(int *pid, uint32_t *uid, uint32_t *gid);

/* sockopt.c: SOL_SOCKET, for every family. -ENOPROTOOPT: ask the family. */
int net__sockopt_set(struct net_sock *s, int name, const void *val,
                     uint32_t len);
int net__sockopt_get(struct net_sock *s, int name, void *val, uint32_t *len);
int net__opt_int(const void *val, uint32_t len, int *out);
int net__opt_put(void *val, uint32_t *len, const void *src, uint32_t size);
int net__opt_put_int(void *val, uint32_t *len, int v);

/* ifioctl.c */
long net__ioctl(struct net_sock *s, unsigned cmd, uaddr_t arg);

/* ---------------- AF_INET and AF_INET6: inet.c ---------------- */

struct inet_addr {
    ip_addr_t ip;
    uint16_t port;          /* host order */
    uint32_t scope;
};

/* What TCP and UDP sockets have in common. */
struct inet_sock {
    struct net_sock s;
    bool v6only;                        /* [net] */
    bool bound;                         /* [net] */
    uint8_t ttl, tos;                   /* [net] 0: the default ttl */
    uint8_t mc_ttl;
    bool mc_loop;
    uint8_t bound_if;                   /* [net] SO_BINDTODEVICE, lwIP index */
    uint32_t want;                      /* [a] enum inet_want */
    uint32_t accepted_opts;             /* [net] flags kept for getsockopt */
    struct inet_addr local, peer;       /* [net] */
    struct ip_pcb *ip;                  /* [net] lwIP's, or NULL (N3) */
    struct list groups;                 /* [net] multicast memberships */
    unsigned group_count;               /* [net] */
};
enum inet_want {
    WANT_PKTINFO = 1, WANT_PKTINFO6 = 2, WANT_TTL = 4, WANT_TOS = 8,
    WANT_HOPLIMIT = 16, WANT_TCLASS = 32, WANT_RECVERR = 64,
    WANT_RECVERR6 = 128, WANT_MC_ALL = 256, WANT_FREEBIND = 512,
};
/* Reads a sockaddr for this socket's family; v4-mapped becomes IPv4. */
int net__inet_addr_get(const struct inet_sock *is, const void *addr,
                       uint32_t len, struct inet_addr *out);
/* Writes a sockaddr of the socket's family. */
void net__inet_addr_put(const struct inet_sock *is, const struct inet_addr *a,
                        void *addr, uint32_t *len);
uint8_t net__inet_ip_type(const struct inet_sock *is);
/* The address to bind to where the socket is bound to any. */
void net__inet_any(const struct inet_sock *is, ip_addr_t *out);
int net__inet_addr_local(const ip_addr_t *ip);  /* 0 or -EADDRNOTAVAIL */
void net__inet_init(struct inet_sock *is);
/* Leaves multicast groups. Under the net lock. */
void net__inet_done(struct inet_sock *is);
/* Puts what setsockopt stored into a fresh is->ip. Under the net lock. */
void net__inet_apply(struct inet_sock *is);
int net__inet_name(struct inet_sock *is, bool peer, void *addr,
                   uint32_t *len);
int net__inet_setopt(struct inet_sock *is, int level, int name,
                     const void *val, uint32_t len);
int net__inet_getopt(struct inet_sock *is, int level, int name, void *val,
                     uint32_t *len);
static inline void net__ip4_set(ip_addr_t *ip, uint32_t addr)
{
    ip_addr_set_ip4_u32(ip, addr);
}
static inline bool net__is_multicast(const ip_addr_t *ip)
{
    return ip_addr_ismulticast(ip);
}
uint16_t net__port_random(unsigned attempt);
int net__lwip_error(err_t err);         /* 0 or -Exxx */
int net__inet_format(const struct inet_addr *a, char *buf, size_t size);

struct net_sock *net__tcp_create(int domain);           /* ERR_PTR */
struct net_sock *net__udp_create(int domain);           /* ERR_PTR */
struct net_sock *net__unix_create(int type);            /* ERR_PTR */
int net__unix_pair(struct net_sock *a, struct net_sock *b);
struct net_sock *net__netlink_create(int type, int protocol);
void net__tcp_init(void);
/* input.c: hands connections that came before the address to lwIP. Under the
 * net lock. */
void net__early_release(void);

/* input.c: an ICMP error about a packet of ours. */
void net__tcp_icmp_error(const ip_addr_t *local, uint16_t lport,
                         const ip_addr_t *remote, uint16_t rport, int err);
void net__udp_icmp_error(const ip_addr_t *local, uint16_t lport,
                         const ip_addr_t *remote, uint16_t rport, int err);
/* timers.c calls it a few times a second. */
void net__tcp_timewait_trim(void);
bool net__tcp_active(void);

/* ---------------- config.c, proc.c ---------------- */

int net__config_apply(const struct net_config *c);
void net__config_changed(void);         /* addresses: under the net lock */
bool net__config_dirty(void);
void net__config_notify(void);          /* calls the hook; no lock held */
void net__unix_proc(void (*put)(void *arg, const char *s, size_t n),
                    void *arg);
extern uint64_t net__drops;             /* [a] */

#endif
