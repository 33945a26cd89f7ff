/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net's door: interfaces and sockets. Sockets are struct file with
 * file_ops.type "socket"; the calls here take the file. Numbers (AF_*,
 * SOCK_*, SOL_*, MSG_*) and sockaddr layouts are Linux's.
 *
 * abi copies sockaddrs in and out; data moves through iov_iter. Blocking
 * calls honour O_NONBLOCK, MSG_DONTWAIT, SO_RCVTIMEO/SO_SNDTIMEO and end with
 * -ERESTARTSYS (no timeout set) or -EINTR (a timeout is set) when interrupted.
 */
#ifndef HULL_NET_H
#define HULL_NET_H

#include "../io/io.h"
#include "../dev/netdev.h"

#define SOCKADDR_MAX 128        /* struct sockaddr_storage */

struct net_msg {
    struct iov_iter *iter;
    void *addr;                 /* kernel buffer of SOCKADDR_MAX, or NULL */
    uint32_t addr_len;          /* in: of addr (send); out: true length */
    void *control;              /* kernel buffer; cmsgs as Linux lays out */
    size_t control_len;         /* in: given/space; out: used */
    uint32_t flags;             /* in: MSG_*; out: MSG_TRUNC, MSG_CTRUNC... */
    /* SCM_RIGHTS: abi translates descriptors to files and back. */
    struct file **files;        /* send: references that net takes over on
                                 * success; recv: filled, the caller owns */
    unsigned file_count;        /* in: given/space; out: used */
};
#define NET_FILES_MAX 253

bool net_is_socket(const struct file *f);
/* flags: O_NONBLOCK. ERR_PTR: -EAFNOSUPPORT, -EPROTONOSUPPORT,
 * -ESOCKTNOSUPPORT, -ENFILE (bound in limits.h), -ENOMEM. */
struct file *net_socket(int domain, int type, int protocol, uint32_t flags);
int net_socketpair(int domain, int type, int protocol, uint32_t flags,
                   struct file *pair[2]);
int net_bind(struct file *f, const void *addr, uint32_t len);
int net_listen(struct file *f, int backlog);
int net_connect(struct file *f, const void *addr, uint32_t len);
/* ERR_PTR; the peer's address to addr/len if addr is not NULL. */
struct file *net_accept(struct file *f, uint32_t flags, void *addr,
                        uint32_t *len);
int net_shutdown(struct file *f, int how);
int net_getsockname(struct file *f, void *addr, uint32_t *len);
int net_getpeername(struct file *f, void *addr, uint32_t *len);
/* Kernel buffers; len in and out as Linux. */
int net_setsockopt(struct file *f, int level, int name, const void *val,
                   uint32_t len);
int net_getsockopt(struct file *f, int level, int name, void *val,
                   uint32_t *len);
ssize_t net_sendmsg(struct file *f, struct net_msg *m);
ssize_t net_recvmsg(struct file *f, struct net_msg *m);
/* recvmmsg & co. are loops in abi. sendfile: abi reads pages and sends. */

/* AF_UNIX path names are bound by key (fs gives it): after net_unix_bind the
 * socket answers to (dev, ino); path is kept for getsockname. Abstract names
 * (leading NUL) and autobind go through net_bind/net_connect. */
int net_unix_bind(struct file *f, uint64_t dev, uint64_t ino,
                  const char *path);
int net_unix_connect(struct file *f, uint64_t dev, uint64_t ino,
                     const char *path);
/* sendto/sendmsg with a path destination. */
ssize_t net_unix_sendmsg(struct file *f, struct net_msg *m, uint64_t dev,
                         uint64_t ino);
/* SO_PEERCRED: who creates sockets. Set by abi. */
void net_cred_hook_set(void (*cred)(int *pid, uint32_t *uid, uint32_t *gid));

/* ---------------- interfaces and configuration ---------------- */

struct net_config {             /* parsed from the manifest / boot words */
    bool dhcp;
    char hostname[64];
    const char *static_spec;    /* "ADDR/LEN[,gw=..][,dns=..]..." or NULL */
};
/* lwIP, loopback, the NICs of netdev.h, IPv6 link-local; starts DHCP. Does not
 * wait for it. A bad spec: -EINVAL, with a log line that names the word. */
int net_init(const struct net_config *config);
/* Until an address is there or the deadline: 0 or -ETIMEDOUT. */
int net_wait_configured(nsec_t deadline);
/* What DHCP or the manifest said, for /etc/resolv.conf, /etc/hosts: called by
 * net (thread context) whenever it changes. */
struct net_settings {
    char hostname[64], domain[64];
    char dns[4][48];
    unsigned dns_count;
    char address[48];           /* the first IPv4 (else IPv6) address */
};
void net_settings_hook_set(void (*changed)(const struct net_settings *s));
/* Ioctls of the SIOC* kind on any socket come through file_ioctl. */
/* Text of /proc/net/dev, /proc/net/tcp, if_inet6, route, sockstat... by name;
 * false: no such. `put` appends. */
bool net_proc_show(const char *name, void (*put)(void *arg, const char *s,
                                                 size_t n), void *arg);
/* /sys/class/net/NAME/LEAF (and below statistics/), /proc/sys/net/.../NAME:
 * the text into buf; its length, 0: no such interface. */
#define NET_LEAVES(X) X(address) X(mtu) X(flags) X(type) X(ifindex) \
    X(operstate) X(carrier) X(tx_queue_len)
#define NET_STATISTICS(X) X(rx_bytes) X(rx_packets) X(rx_dropped) X(tx_bytes) \
    X(tx_packets) X(tx_dropped)
#define NET_CORE_SETTINGS(X) X(rmem_default) X(rmem_max) X(wmem_default) \
    X(wmem_max)
#define NET_IPV4_SETTINGS(X) X(tcp_rmem) X(tcp_wmem) X(tcp_keepalive_time) \
    X(tcp_keepalive_intvl) X(tcp_keepalive_probes) X(ip_local_port_range)
#define NET_LEAF_ENUM(name) NET_LEAF_##name,
#define NET_SET_ENUM(name) NET_SET_##name,
enum net_leaf { NET_LEAVES(NET_LEAF_ENUM) NET_STATISTICS(NET_LEAF_ENUM) };
enum net_setting { NET_CORE_SETTINGS(NET_SET_ENUM)
                   NET_IPV4_SETTINGS(NET_SET_ENUM) };
int net_leaf_show(unsigned index, enum net_leaf leaf, char *buf, size_t size);
int net_setting_show(enum net_setting s, char *buf, size_t size);
bool net_interface_name(unsigned index, char out[16]);  /* from 1 on */

struct net_counters { uint64_t sockets, tcp_pcbs, pbufs, rx, tx, drops; };
void net_counters_get(struct net_counters *out);

#endif
