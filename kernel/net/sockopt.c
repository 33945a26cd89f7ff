/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the level SOL_SOCKET. A family that must act on one looks at
 * net_sock's members when it matters, or gets the call through its setopt
 * with SOL_SOCKET.
 */
#include "net_priv.h"

int net__opt_int(const void *val, uint32_t len, int *out)
{
    if (!val || len < sizeof(int))
        return -EINVAL;
    memcpy(out, val, sizeof(*out));
    return 0;
}

int net__opt_put(void *val, uint32_t *len, const void *src, uint32_t size)
{
    *len = MIN(*len, size);
    memcpy(val, src, *len);
    return 0;
}

int net__opt_put_int(void *val, uint32_t *len, int v)
{
    return net__opt_put(val, len, &v, sizeof(v));
}

static int timeout_set(nsec_t *out, const void *val, uint32_t len)
{
    struct net_timeval tv;
    nsec_t t;

    if (!val || len < sizeof(tv))
        return -EINVAL;
    memcpy(&tv, val, sizeof(tv));
    if (tv.usec < 0 || tv.usec >= 1000000)
        return -EDOM;
    if (tv.sec < 0)
        t = 1;                  /* Linux: times out at once */
    else if ((uint64_t)tv.sec > NSEC_FOREVER / NSEC_PER_SEC / 4)
        t = 0;
    else
        t = (uint64_t)tv.sec * NSEC_PER_SEC +
            (uint64_t)tv.usec * NSEC_PER_USEC;
    __atomic_store_n(out, t, __ATOMIC_RELAXED);
    return 0;
}

static int timeout_get(nsec_t t, void *val, uint32_t *len)
{
    struct net_timeval tv = { (int64_t)(t / NSEC_PER_SEC),
                          (int64_t)(t % NSEC_PER_SEC / NSEC_PER_USEC) };

    return net__opt_put(val, len, &tv, sizeof(tv));
}

/* Linux doubles what is asked for and has a least size. */
static int buffer_set(uint32_t *out, int v, uint32_t least)
{
    uint64_t n = v < 0 ? 0 : (uint64_t)v * 2;

    n = MIN(MAX(n, (uint64_t)least), (uint64_t)NET_SOCKBUF_MAX);
    __atomic_store_n(out, (uint32_t)n, __ATOMIC_RELAXED);
    return 0;
}

static int linger_set(struct net_sock *s, const void *val, uint32_t len)
{
    struct linger l;

    if (!val || len < sizeof(l))
        return -EINVAL;
    memcpy(&l, val, sizeof(l));
    __atomic_store_n(&s->linger,
                     l.on ? (int)MIN((uint32_t)l.seconds, 0x7fffffffu) : -1,
                     __ATOMIC_RELAXED);
    return 0;
}

static const struct {
    int name;
    uint32_t flag;
} flag_options[] = {
    { SO_REUSEADDR, SOCK_F_REUSEADDR }, { SO_REUSEPORT, SOCK_F_REUSEPORT },
    { SO_KEEPALIVE, SOCK_F_KEEPALIVE }, { SO_BROADCAST, SOCK_F_BROADCAST },
    { SO_PASSCRED, SOCK_F_PASSCRED }, { SO_OOBINLINE, SOCK_F_OOBINLINE },
    { SO_TIMESTAMP_OLD, SOCK_F_TIMESTAMP },
    { SO_DONTROUTE, SOCK_F_DONTROUTE },
};

static uint32_t flag_of(int name)
{
    for (unsigned i = 0; i < ARRAY_LEN(flag_options); i++)
        if (flag_options[i].name == name)
            return flag_options[i].flag;
    return 0;
}

/* Lets a family act on what was just stored. */
static int family_told(struct net_sock *s, int name, const void *val,
                       uint32_t len)
{
    int err = s->ops->setopt ? s->ops->setopt(s, SOL_SOCKET, name, val, len)
                             : 0;

    return err == -ENOPROTOOPT ? 0 : err;
}

static int int_option_set(struct net_sock *s, int name, int v)
{
    switch (name) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        return buffer_set(&s->sndbuf, v, NET_SNDBUF_MIN);
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        return buffer_set(&s->rcvbuf, v, NET_RCVBUF_MIN);
    case SO_RCVLOWAT:
        s->rcvlowat = v <= 0 ? 1 : (uint32_t)v;
        return 0;
    case SO_PRIORITY:
        s->priority = v;
        return 0;
    case SO_MARK:
        s->mark = v;
        return 0;
    case SO_INCOMING_CPU:
        s->incoming_cpu = v;
        return 0;
    case SO_DEBUG:
    case SO_NO_CHECK:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int net__sockopt_set(struct net_sock *s, int name, const void *val,
                     uint32_t len)
{
    uint32_t flag = flag_of(name);
    int v, err;

    switch (name) {
    case SO_LINGER:
        return linger_set(s, val, len);
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
        return timeout_set(&s->rcvtimeo, val, len);
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
        return timeout_set(&s->sndtimeo, val, len);
    case SO_BINDTODEVICE:
        return s->ops->setopt ? s->ops->setopt(s, SOL_SOCKET, name, val, len)
                              : -ENOPROTOOPT;
    default:
        break;
    }
    err = net__opt_int(val, len, &v);
    if (err)
        return err;
    if (flag) {
        net__flag_set(s, flag, v != 0);
        return family_told(s, name, val, len);
    }
    return int_option_set(s, name, v);
}

static int int_option_get(struct net_sock *s, int name, int *v)
{
    uint32_t flag = flag_of(name);

    if (flag) {
        *v = net__flag(s, flag);
        return 0;
    }
    switch (name) {
    case SO_TYPE:         *v = s->type; break;
    case SO_DOMAIN:       *v = s->domain; break;
    case SO_PROTOCOL:     *v = s->protocol; break;
    case SO_ERROR:        *v = -net__error_take(s); break;
    case SO_ACCEPTCONN:   *v = net__flag(s, SOCK_F_LISTEN); break;
    case SO_SNDBUF:       *v = (int)s->sndbuf; break;
    case SO_RCVBUF:       *v = (int)s->rcvbuf; break;
    case SO_RCVLOWAT:     *v = (int)s->rcvlowat; break;
    case SO_SNDLOWAT:     *v = 1; break;
    case SO_PRIORITY:     *v = s->priority; break;
    case SO_MARK:         *v = s->mark; break;
    case SO_INCOMING_CPU: *v = s->incoming_cpu; break;
    case SO_DEBUG:
    case SO_NO_CHECK:     *v = 0; break;
    default:              return -ENOPROTOOPT;
    }
    return 0;
}

int net__sockopt_get(struct net_sock *s, int name, void *val, uint32_t *len)
{
    struct linger l;
    int v, err;

    switch (name) {
    case SO_LINGER:
        l.on = s->linger >= 0;
        l.seconds = MAX(s->linger, 0);
        return net__opt_put(val, len, &l, sizeof(l));
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
        return timeout_get(s->rcvtimeo, val, len);
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
        return timeout_get(s->sndtimeo, val, len);
    case SO_COOKIE:
        return net__opt_put(val, len, &s->ino, sizeof(s->ino));
    case SO_PEERCRED:
    case SO_BINDTODEVICE:
        return s->ops->getopt ? s->ops->getopt(s, SOL_SOCKET, name, val, len)
                              : -ENOPROTOOPT;
    default:
        break;
    }
    err = int_option_get(s, name, &v);
    return err ? err : net__opt_put_int(val, len, v);
}
