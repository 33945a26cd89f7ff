/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up of the room, and the machine's addresses: from DHCP, from a static
 * specification or from IPv6 routers; what they said about names goes to the
 * settings hook. Stands in for lwIP's dns.c, of which only the servers'
 * addresses are wanted.
 */
#include "net_priv.h"

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/prot/dhcp.h"
#include "net_hooks.h"

#define DHCP_OPTION_DOMAIN 15

static char hostname[64];                       /* [I] */
static char domain[64];                         /* [net] */
static ip_addr_t servers[DNS_MAX_SERVERS];      /* [net] */
static unsigned server_count;                   /* [net] */
static uint16_t dhcp_mtu;                       /* [net] 0: not said */
static ip6_addr_t gateway6;                     /* [net] any: none */
static bool dhcp_on, static_on;                 /* [I] after net_init */
static bool dirty;                              /* [a] */
static struct waitq configured_wq = WAITQ_INIT(configured_wq);
static void (*settings_hook)(const struct net_settings *s);
static netif_ext_callback_t watch;

/* ---------------- changes ---------------- */

void net_settings_hook_set(void (*changed)(const struct net_settings *s))
{
    settings_hook = changed;
    __atomic_store_n(&dirty, true, __ATOMIC_SEQ_CST);
    net__worker_wake();
}

bool net__config_dirty(void)
{
    return __atomic_load_n(&dirty, __ATOMIC_SEQ_CST);
}

void net__config_changed(void)
{
    __atomic_store_n(&dirty, true, __ATOMIC_SEQ_CST);
    net__worker_wake();
}

static bool has_address(void)
{
    for (unsigned i = 0; i < net__card_count; i++)
        if (!ip4_addr_isany(netif_ip4_addr(&net__cards[i].nif)))
            return true;
    return net__card_count == 0;
}

static void address_format(char *buf, size_t size)
{
    struct netif *n;

    for (unsigned i = 0; i < net__card_count; i++) {
        n = &net__cards[i].nif;
        if (!ip4_addr_isany(netif_ip4_addr(n))) {
            ip4addr_ntoa_r(netif_ip4_addr(n), buf, (int)size);
            return;
        }
    }
    for (unsigned i = 0; i < net__card_count; i++) {
        n = &net__cards[i].nif;
        for (int a = 1; a < LWIP_IPV6_NUM_ADDRESSES; a++) {
            if (ip6_addr_isvalid(netif_ip6_addr_state(n, a))) {
                ip6addr_ntoa_r(netif_ip6_addr(n, a), buf, (int)size);
                return;
            }
        }
    }
}

static void settings_get(struct net_settings *s)
{
    memset(s, 0, sizeof(*s));
    strlcpy(s->hostname, hostname, sizeof(s->hostname));
    strlcpy(s->domain, domain, sizeof(s->domain));
    for (unsigned i = 0; i < server_count && s->dns_count < 4; i++)
        if (!ip_addr_isany_val(servers[i]) &&
            ipaddr_ntoa_r(&servers[i], s->dns[s->dns_count], 48))
            s->dns_count++;
    address_format(s->address, sizeof(s->address));
}

void net__config_notify(void)
{
    struct net_settings s;

    if (!__atomic_exchange_n(&dirty, false, __ATOMIC_SEQ_CST))
        return;
    net__lock();
    settings_get(&s);
    if (s.address[0])
        net__early_release();
    net__unlock();
    if (settings_hook)
        settings_hook(&s);
    waitq_wake_all(&configured_wq);
}

static void mtu_apply(struct netif *n)
{
    if (dhcp_mtu >= 576 && dhcp_mtu < n->mtu)
        n->mtu = dhcp_mtu;
}

static void on_netif_change(struct netif *n, netif_nsc_reason_t reason,
                            const netif_ext_callback_args_t *args)
{
    char buf[48];

    (void)args;
    if (reason & LWIP_NSC_IPV4_ADDRESS_CHANGED &&
        !ip4_addr_isany(netif_ip4_addr(n))) {
        mtu_apply(n);
        ip4addr_ntoa_r(netif_ip4_addr(n), buf, sizeof(buf));
        log_info("net: address %s", buf);
    }
    net__config_changed();
}

int net_wait_configured(nsec_t deadline)
{
    bool done;

    if (!dhcp_on)
        return 0;
    for (;;) {
        net__lock();
        done = has_address();
        net__unlock();
        if (done)
            return 0;
        if (waitq_wait(&configured_wq, has_address(), deadline, 0))
            return -ETIMEDOUT;
    }
}

/* ---------------- what lwIP tells ---------------- */

void dns_init(void)
{
}

void dns_setserver(u8_t numdns, const ip_addr_t *server)
{
    if (numdns >= DNS_MAX_SERVERS)
        return;
    if (server)
        ip_addr_copy(servers[numdns], *server);
    else
        ip_addr_set_any(0, &servers[numdns]);
    server_count = MAX(server_count, numdns + 1u);
    net__config_changed();
}

const ip_addr_t *dns_getserver(u8_t numdns)
{
    return numdns < server_count ? &servers[numdns] : IP4_ADDR_ANY;
}

/* Asks for the domain and the MTU too: two more entries in the parameter
 * request list that lwIP wrote. */
void net__dhcp_options_add(u8_t *options, u16_t *len)
{
    unsigned i = 0;

    if (*len + 2u + 1u > DHCP_OPTIONS_LEN)
        return;
    while (i + 1 < *len &&
           options[i] != DHCP_OPTION_PARAMETER_REQUEST_LIST)
        i += 2u + options[i + 1];
    if (i + 1 >= *len || i + 2u + options[i + 1] > *len)
        return;
    memmove(options + i + 4, options + i + 2, *len - i - 2);
    options[i + 1] += 2;
    options[i + 2] = DHCP_OPTION_DOMAIN;
    options[i + 3] = DHCP_OPTION_MTU;
    *len += 2;
}

static void domain_set(const char *s, unsigned n)
{
    n = MIN(n, (unsigned)sizeof(domain) - 1);
    for (unsigned i = 0; i < n; i++) {
        char c = s[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';

        if (!c)
            n = i;
        else if (!ok)
            return;             /* it goes into resolv.conf */
    }
    memcpy(domain, s, n);
    domain[n] = 0;
}

void net__dhcp_option(struct netif *netif, u8_t option, u16_t len,
                      struct pbuf *p, u16_t offset)
{
    char buf[sizeof(domain)];
    uint8_t mtu[2];
    u16_t n;

    (void)netif;
    if (option == DHCP_OPTION_DOMAIN) {
        n = pbuf_copy_partial(p, buf, MIN(len, (u16_t)sizeof(buf)), offset);
        domain_set(buf, n);
    } else if (option == DHCP_OPTION_MTU && len == 2 &&
               pbuf_copy_partial(p, mtu, 2, offset) == 2) {
        dhcp_mtu = (uint16_t)(mtu[0] << 8 | mtu[1]);
    }
}

const ip6_addr_t *net__nd6_gateway(struct netif *netif,
                                   const ip6_addr_t *dest)
{
    (void)netif;
    (void)dest;
    return ip6_addr_isany_val(gateway6) ? NULL : &gateway6;
}

/* ---------------- static configuration ---------------- */

static int bad_word(const char *word)
{
    log_err("net: bad word \"%s\" in the network configuration", word);
    return -EINVAL;
}

static int address_set(struct netif *n, char *word)
{
    char *slash = strchr(word, '/');
    ip_addr_t ip;
    ip4_addr_t mask;
    uint64_t bits;

    if (!slash || str_to_u64(slash + 1, &bits))
        return bad_word(word);
    *slash = 0;
    if (!ipaddr_aton(word, &ip) || bits > (IP_IS_V4_VAL(ip) ? 32 : 128)) {
        *slash = '/';
        return bad_word(word);
    }
    if (IP_IS_V4_VAL(ip)) {
        ip4_addr_set_u32(&mask, bits ? lwip_htonl(~0u << (32 - bits)) : 0);
        netif_set_addr(n, ip_2_ip4(&ip), &mask, IP4_ADDR_ANY4);
    } else {
        ip6_addr_assign_zone(ip_2_ip6(&ip), IP6_UNICAST, n);
        netif_ip6_addr_set(n, 1, ip_2_ip6(&ip));
        netif_ip6_addr_set_state(n, 1, IP6_ADDR_PREFERRED);
    }
    return 0;
}

static int word_apply(struct netif *n, char *word)
{
    char *eq = strchr(word, '=');
    ip_addr_t ip;
    uint64_t v;

    if (!eq)
        return address_set(n, word);
    if (str_starts(word, "domain=")) {
        domain_set(eq + 1, (unsigned)strlen(eq + 1));
        return 0;
    }
    if (str_starts(word, "mtu=")) {
        if (str_to_u64(eq + 1, &v) || v < 576 || v > n->mtu)
            return bad_word(word);
        n->mtu = (u16_t)v;
        return 0;
    }
    if (!ipaddr_aton(eq + 1, &ip))
        return bad_word(word);
    if (str_starts(word, "dns=") && server_count < DNS_MAX_SERVERS) {
        dns_setserver((u8_t)server_count, &ip);
        return 0;
    }
    if (!str_starts(word, "gw="))
        return bad_word(word);
    if (IP_IS_V4_VAL(ip)) {
        netif_set_gw(n, ip_2_ip4(&ip));
    } else {
        ip6_addr_copy(gateway6, *ip_2_ip6(&ip));
        ip6_addr_assign_zone(&gateway6, IP6_UNICAST, n);
    }
    return 0;
}

static int static_apply(const char *spec)
{
    char buf[512], *word = buf, *comma;
    int err;

    if (!net__card_count) {
        log_warn("net: no network card for \"%s\"", spec);
        return 0;
    }
    if (strlcpy(buf, spec, sizeof(buf)) >= sizeof(buf))
        return bad_word(spec);
    for (; word; word = comma) {
        comma = strchr(word, ',');
        if (comma)
            *comma++ = 0;
        err = word_apply(&net__cards[0].nif, word);
        if (err)
            return err;
    }
    return 0;
}

int net__config_apply(const struct net_config *c)
{
    int err = 0;

    strlcpy(hostname, c->hostname, sizeof(hostname));
    for (unsigned i = 0; i < net__card_count; i++)
        net__cards[i].nif.hostname = hostname[0] ? hostname : NULL;
    if (c->static_spec) {
        static_on = true;
        err = static_apply(c->static_spec);
    }
    if (c->dhcp && !static_on) {
        dhcp_on = net__card_count > 0;
        for (unsigned i = 0; i < net__card_count; i++)
            if (dhcp_start(&net__cards[i].nif) != ERR_OK)
                log_err("net: no memory for DHCP");
    }
    return err;
}

/* ---------------- start-up ---------------- */

int net_init(const struct net_config *config)
{
    int err;

    net__port_init();
    net__lock();
    lwip_init();
    net__tcp_init();
    netif_add_ext_callback(&watch, on_netif_change);
    for (unsigned i = 0; i < netdev_count(); i++)
        net__card_add(netdev_get(i));
    err = net__config_apply(config);
    net__timers_init();
    net__threads_start();
    net__unlock();
    return err;
}
