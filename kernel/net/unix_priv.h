/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX sockets: stream, datagram and sequenced packets. None of it takes
 * the net lock.
 *
 *   IDLE --listen--> LISTEN
 *   IDLE --connect, socketpair--> CONNECTED;  a listener's queue holds the
 *   other end, CONNECTED, until accept
 *
 * A socket is kept by its file (or by the queue it waits in) and by the peer
 * that points to it. What a peer's shutdown or end means for us is written
 * into us (rx_eof, tx_broken), so nobody asks a peer about its state.
 *
 * s.rx_lock guards the members marked [rx]; two of them are never held
 * at once. The table of names has its own lock, taken before any.
 */
#ifndef HULL_UNIX_PRIV_H
#define HULL_UNIX_PRIV_H

#include "net_priv.h"

enum unix_state { UNIX_IDLE, UNIX_LISTEN, UNIX_CONNECTED };

struct unix_name {
    uint32_t len;               /* of path; 0: no name */
    char path[108];             /* leading NUL: abstract */
};

struct unix_msg {
    struct list link;
    size_t len, offset;
    struct ucred cred;
    unsigned file_count;
    struct file **files;
    struct unix_name from;
    uint8_t data[];
};

struct unix_sock {
    struct net_sock s;
    uint32_t refs;              /* [a] */
    uint32_t state;             /* [a] written under [rx] */
    struct unix_sock *peer;     /* [rx] with a reference */
    struct list queue;          /* [rx] of unix_msg.link */
    size_t bytes;               /* [a] written under [rx] */
    uint32_t count;             /* [a] messages */
    bool rx_eof, rx_shut;       /* [a] */
    bool tx_broken, tx_shut;    /* [a] */
    bool dead;                  /* [rx] released */
    bool tx_wait;               /* [a] a writer to us wants to know of room */
    struct waitq room_wq;       /* senders that wait for our queue */
    struct list askers;         /* [asking] of ask_link: their polls wait */
    struct list ask_link;       /* [asking] */
    struct unix_sock *asks;     /* [asking] whose list we are on */

    struct unix_name name;      /* [names] set once */
    uint64_t dev, ino;          /* [names] of a path name */
    struct list bind_link;      /* [names] */

    struct ucred cred, peer_cred;       /* [I], [rx] */
    struct list accept_queue;   /* [rx] of accept_link */
    struct list accept_link;
    uint32_t accept_count, backlog;     /* [a], [rx] */
};

static inline struct unix_sock *unix_sock_of(struct net_sock *s)
{
    return container_of(s, struct unix_sock, s);
}
static inline bool unix_is(const struct unix_sock *u, uint32_t state)
{
    return __atomic_load_n(&u->state, __ATOMIC_SEQ_CST) == state;
}

/* unix.c */
void net__unix_ref(struct unix_sock *u);
void net__unix_put(struct unix_sock *u);
struct unix_sock *net__unix_peer(struct unix_sock *u);  /* ref, or NULL */
struct ucred net__unix_cred(void);
/* unix_name.c; a reference, or ERR_PTR(-ECONNREFUSED). */
struct unix_sock *net__unix_find(const struct unix_name *name, uint64_t dev,
                                 uint64_t ino);
int net__unix_bind(struct net_sock *s, const void *addr, uint32_t len);
void net__unix_unbind(struct unix_sock *u);
int net__unix_name_get(const void *addr, uint32_t len, struct unix_name *n);
void net__unix_name_put(const struct unix_name *n, void *addr, uint32_t *len);
/* unix_data.c */
ssize_t net__unix_sendmsg(struct net_sock *s, struct net_msg *m, bool nb);
ssize_t net__unix_send_to(struct unix_sock *u, struct unix_sock *to,
                          struct net_msg *m, bool nonblock);
ssize_t net__unix_recvmsg(struct net_sock *s, struct net_msg *m, bool nb);
void net__unix_queue_drop(struct unix_sock *u);
bool net__unix_room(const struct unix_sock *to);
/* Who polls u, connected to p for datagrams, is to be told of room at p. The
 * list holds a reference of u until then, p's end, or forget. */
void net__unix_room_ask(struct unix_sock *u, struct unix_sock *p);
void net__unix_room_forget(struct unix_sock *u, const struct unix_sock *p);
void net__unix_room_tell(struct unix_sock *p);

#endif
