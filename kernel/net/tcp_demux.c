/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which connection a TCP segment is for. lwIP looks for it along two lists,
 * of active connections and of those in TIME_WAIT, and takes the first that
 * matches; with thousands of idle connections every segment, every close and
 * every look for a delayed acknowledgement would walk them all.
 *
 * So a hash table finds the connection first, and brings it to the front of
 * its list; what is known to match nothing is hidden from lwIP for the length
 * of the segment. Each pcb has a link behind it (port.c makes the room) with
 * what a singly linked list lacks for removal.
 *
 * D1  at: what points to the pcb in its list (the list's head or the `next`
 *     before it); NULL on other lists. lwIP's slow timer takes pcbs out
 *     without telling, and frees them next: link_done mends that.
 * D2  A pcb with input since the last ack tick is before all without.
 *
 * All under the net lock.
 */
#include "net_priv.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"

struct tcp_link {
    struct tcp_pcb **at;                /* D1 */
    struct tcp_link *next, **chain_at;  /* in its bucket */
    uint32_t tick;                      /* D2: of its last input */
};
_Static_assert(sizeof(struct tcp_link) == NET_TCP_LINK_SIZE, "room in port.c");

static struct tcp_link **buckets;
static uint32_t bucket_mask;
static uint64_t hash_key;
static uint32_t ack_tick;
static struct tcp_pcb *hidden_active, *hidden_waiting;

static struct tcp_link *link_of(struct tcp_pcb *pcb)
{
    return (struct tcp_link *)(pcb + 1);
}

static struct tcp_pcb *pcb_of(struct tcp_link *l)
{
    return (struct tcp_pcb *)l - 1;
}

static struct tcp_link **bucket(const ip_addr_t *remote, uint16_t rport,
                                uint16_t lport)
{
    uint64_t h = IP_IS_V4(remote) ? ip4_addr_get_u32(ip_2_ip4(remote))
                                  : ip_2_ip6(remote)->addr[2] ^
                                    (uint64_t)ip_2_ip6(remote)->addr[3] << 9;

    h = (h << 32 | (uint32_t)rport << 16 | lport) ^ hash_key;
    return &buckets[hash_u64(h * 0x9e3779b97f4a7c15ull) & bucket_mask];
}

int net__tcp_demux_init(uint32_t pcbs)
{
    uint32_t n = 64;

    while (n < pcbs / 8)
        n *= 2;
    buckets = kcalloc(n, sizeof(*buckets));
    if (!buckets)
        return -ENOMEM;
    bucket_mask = n - 1;
    random_bytes(&hash_key, sizeof(hash_key));
    return 0;
}

/* ---------------- lwIP's lists ---------------- */

static bool hashed(struct tcp_pcb **list)
{
    return list == &tcp_active_pcbs || list == &tcp_tw_pcbs;
}

static void list_push(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    pcb->next = *list;
    if (pcb->next)
        link_of(pcb->next)->at = &pcb->next;
    *list = pcb;
    link_of(pcb)->at = list;
}

static void list_take(struct tcp_pcb *pcb)
{
    struct tcp_link *l = link_of(pcb);

    *l->at = pcb->next;
    if (pcb->next)
        link_of(pcb->next)->at = l->at;
}

/* Moves a list's head: what is on it goes elsewhere. */
static void list_move(struct tcp_pcb **to, struct tcp_pcb **from)
{
    *to = *from;
    *from = NULL;
    if (*to)
        link_of(*to)->at = to;
}

static void chain_take(struct tcp_link *l)
{
    *l->chain_at = l->next;
    if (l->next)
        l->next->chain_at = l->chain_at;
}

void net__tcp_reg(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    struct tcp_link *l, **b;

    if (hashed(list)) {
        l = link_of(pcb);
        list_push(list, pcb);
        b = bucket(&pcb->remote_ip, pcb->remote_port, pcb->local_port);
        l->tick = ack_tick;
        l->next = *b;
        l->chain_at = b;
        if (l->next)
            l->next->chain_at = &l->next;
        *b = l;
    } else {
        pcb->next = *list;
        *list = pcb;
    }
    tcp_timer_needed();
}

void net__tcp_rmv(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    struct tcp_pcb **at = list;

    if (hashed(list)) {
        if (link_of(pcb)->at) {
            list_take(pcb);
            chain_take(link_of(pcb));
            link_of(pcb)->at = NULL;
        }
    } else {
        while (*at && *at != pcb)
            at = &(*at)->next;
        if (*at)
            *at = pcb->next;
    }
    pcb->next = NULL;
}

void net__tcp_link_init(struct tcp_pcb *pcb)
{
    link_of(pcb)->at = NULL;
}

void net__tcp_link_done(struct tcp_pcb *pcb)
{
    struct tcp_link *l = link_of(pcb);

    if (!l->at)
        return;
    if (pcb->next)
        link_of(pcb->next)->at = l->at;
    chain_take(l);
}

/* ---------------- input ---------------- */

/* The first from l on with these ports and this other end. */
static struct tcp_pcb *named(struct tcp_link *l, const ip_addr_t *remote,
                             uint16_t rport, uint16_t lport)
{
    for (; l; l = l->next) {
        struct tcp_pcb *pcb = pcb_of(l);

        if (pcb->remote_port == rport && pcb->local_port == lport &&
            ip_addr_cmp(&pcb->remote_ip, remote))
            return pcb;
    }
    return NULL;
}

/* The same question as lwIP's own; NETIF_NO_INDEX: by any interface. */
static struct tcp_pcb *find(const ip_addr_t *local, uint16_t lport,
                            const ip_addr_t *remote, uint16_t rport,
                            u8_t netif)
{
    struct tcp_pcb *pcb = named(*bucket(remote, rport, lport), remote, rport,
                                lport);

    for (; pcb; pcb = named(link_of(pcb)->next, remote, rport, lport)) {
        if (ip_addr_cmp(&pcb->local_ip, local) &&
            (netif == NETIF_NO_INDEX || pcb->netif_idx == NETIF_NO_INDEX ||
             pcb->netif_idx == netif))
            return pcb;
    }
    return NULL;
}

static void to_front(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    link_of(pcb)->tick = ack_tick;
    if (*list == pcb)
        return;
    list_take(pcb);
    list_push(list, pcb);
}

/* Behind what came to the list meanwhile. */
static void show(struct tcp_pcb **list, struct tcp_pcb **hidden)
{
    while (*list)
        list = &(*list)->next;
    list_move(list, hidden);
}

/* A peer may use its port again at once, with later sequence numbers (RFC
 * 1122, 4.2.2.13); lwIP would only repeat its last acknowledgement. */
static bool begins_again(const struct tcp_pcb *pcb, const struct tcp_hdr *h)
{
    return (TCPH_FLAGS(h) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) ==
               TCP_SYN &&
           (int32_t)(lwip_ntohl(h->seqno) - pcb->rcv_nxt) > 0;
}

/* Called by lwIP's IP layers in place of tcp_input. */
void net__tcp_input(struct pbuf *p, struct netif *in)
{
    const struct tcp_hdr *h = p->payload;
    struct tcp_pcb *pcb = NULL;

    if (p->len >= TCP_HLEN)
        pcb = find(ip_current_dest_addr(), lwip_ntohs(h->dest),
                   ip_current_src_addr(), lwip_ntohs(h->src),
                   netif_get_index(ip_current_input_netif()));
    if (pcb && pcb->state != TIME_WAIT) {
        to_front(&tcp_active_pcbs, pcb);
        tcp_input(p, in);
        return;
    }
    if (pcb && begins_again(pcb, h)) {
        tcp_abort(pcb);         /* sends nothing in TIME_WAIT */
        pcb = NULL;
    }
    if (pcb)
        to_front(&tcp_tw_pcbs, pcb);
    /* Out of memory, lwIP shall see whom it may end for a new one. */
    if (net__tcp_pcbs_full()) {
        tcp_input(p, in);
        return;
    }
    list_move(&hidden_active, &tcp_active_pcbs);
    if (!pcb)
        list_move(&hidden_waiting, &tcp_tw_pcbs);
    tcp_input(p, in);
    show(&tcp_active_pcbs, &hidden_active);
    if (!pcb)
        show(&tcp_tw_pcbs, &hidden_waiting);
}

/* lwIP's fast timer, for those that had input since (D2). */
void net__tcp_ack_tick(void)
{
    struct tcp_pcb **at = &tcp_active_pcbs;

    while (*at && link_of(*at)->tick == ack_tick)
        at = &(*at)->next;
    list_move(&hidden_active, at);
    ack_tick++;
    tcp_fasttmr();
    show(&tcp_active_pcbs, &hidden_active);
}

bool net__tcp_name_used(const ip_addr_t *remote, uint16_t rport,
                        uint16_t lport)
{
    return named(*bucket(remote, rport, lport), remote, rport, lport) != NULL;
}

struct tcp_pcb *net__tcp_find(const ip_addr_t *local, uint16_t lport,
                              const ip_addr_t *remote, uint16_t rport)
{
    return find(local, lport, remote, rport, NETIF_NO_INDEX);
}
