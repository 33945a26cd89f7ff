/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of AF_UNIX sockets: a table by (device, inode) for paths and by bytes
 * for abstract names.
 */
#include "unix_priv.h"

#define BUCKETS 64u

static struct list table[BUCKETS];      /* [names] */
static struct spinlock names;
static bool ready;                      /* [names] */
static uint32_t next_auto;              /* [names] */

static unsigned bucket_of(const struct unix_name *n, uint64_t dev,
                          uint64_t ino)
{
    uint64_t h = dev * 31 + ino;

    if (n->len && !n->path[0])
        h = crc32(0, n->path, n->len);
    return (unsigned)(hash_u64(h) % BUCKETS);
}

static bool matches(const struct unix_sock *u, const struct unix_name *n,
                    uint64_t dev, uint64_t ino)
{
    bool abstract = n->len && !n->path[0];

    if (abstract)
        return u->name.len == n->len && !u->name.path[0] &&
               memcmp(u->name.path, n->path, n->len) == 0;
    return u->name.path[0] && u->dev == dev && u->ino == ino;
}

static struct unix_sock *find_locked(const struct unix_name *n, uint64_t dev,
                                     uint64_t ino)
{
    struct unix_sock *u;

    if (!ready) {
        for (unsigned i = 0; i < BUCKETS; i++)
            list_init(&table[i]);
        ready = true;
    }
    list_for_each(u, &table[bucket_of(n, dev, ino)], bind_link)
        if (matches(u, n, dev, ino))
            return u;
    return NULL;
}

struct unix_sock *net__unix_find(const struct unix_name *name, uint64_t dev,
                                 uint64_t ino)
{
    struct unix_sock *u;

    spin_lock(&names);
    u = find_locked(name, dev, ino);
    if (u)
        __atomic_add_fetch(&u->refs, 1, __ATOMIC_RELAXED);
    spin_unlock(&names);
    return u ? u : ERR_PTR(-ECONNREFUSED);
}

static int enter(struct unix_sock *u, const struct unix_name *n, uint64_t dev,
                 uint64_t ino)
{
    int err = 0;

    spin_lock(&names);
    if (u->name.len) {
        err = -EINVAL;
    } else if (find_locked(n, dev, ino)) {
        err = -EADDRINUSE;
    } else {
        u->name = *n;
        u->dev = dev;
        u->ino = ino;
        list_add_tail(&table[bucket_of(n, dev, ino)], &u->bind_link);
    }
    spin_unlock(&names);
    return err;
}

void net__unix_unbind(struct unix_sock *u)
{
    spin_lock(&names);
    list_del(&u->bind_link);
    spin_unlock(&names);
}

/* Linux's autobind: NUL and five hexadecimal digits. */
static int autobind(struct unix_sock *u)
{
    struct unix_name n = { .len = 6 };
    int err = -EADDRINUSE;

    if (u->name.len)
        return 0;
    for (unsigned i = 0; i < 4096 && err == -EADDRINUSE; i++) {
        snprintf(n.path + 1, 6, "%05x",
                 __atomic_fetch_add(&next_auto, 1, __ATOMIC_RELAXED) &
                 0xfffff);
        err = enter(u, &n, 0, 0);
    }
    return err;
}

int net__unix_name_get(const void *addr, uint32_t len, struct unix_name *n)
{
    struct sockaddr_un un;

    if (len < sizeof(un.family) || len > sizeof(un))
        return -EINVAL;
    memset(&un, 0, sizeof(un));
    memcpy(&un, addr, len);
    if (un.family != AF_UNIX)
        return -EINVAL;
    memset(n, 0, sizeof(*n));
    n->len = len - (uint32_t)sizeof(un.family);
    memcpy(n->path, un.path, n->len);
    return 0;
}

void net__unix_name_put(const struct unix_name *n, void *addr, uint32_t *len)
{
    struct sockaddr_un un = { .family = AF_UNIX };

    memcpy(un.path, n->path, n->len);
    *len = (uint32_t)sizeof(un.family) + n->len;
    memcpy(addr, &un, *len);
}

int net__unix_bind(struct net_sock *s, const void *addr, uint32_t len)
{
    struct unix_sock *u = unix_sock_of(s);
    struct unix_name n;
    int err = net__unix_name_get(addr, len, &n);

    if (err)
        return err;
    if (!n.len)
        return autobind(u);
    if (n.path[0])
        return -EINVAL;         /* paths come through net_unix_bind */
    return enter(u, &n, 0, 0);
}

int net_unix_bind(struct file *f, uint64_t dev, uint64_t ino,
                  const char *path)
{
    struct net_sock *s = net__sock_of(f);
    struct unix_name n;
    size_t len = strlen(path);

    if (s->domain != AF_UNIX)
        return -EAFNOSUPPORT;
    if (!len || len >= sizeof(n.path))
        return -EINVAL;
    memset(&n, 0, sizeof(n));
    memcpy(n.path, path, len);
    n.len = (uint32_t)len + 1;
    return enter(unix_sock_of(s), &n, dev, ino);
}

/* /proc/net/unix */
void net__unix_proc(void (*put)(void *arg, const char *s, size_t n),
                    void *arg)
{
    char line[192];
    struct unix_sock *u;
    int n;

    n = scnprintf(line, sizeof(line), "Num       RefCount Protocol Flags    "
                                      "Type St Inode Path\n");
    put(arg, line, (size_t)n);
    for (unsigned b = 0; b < BUCKETS; b++) {
        /* One bucket at a time would need a cursor: the text of a name is
         * short, and put only appends to memory. */
        spin_lock(&names);
        if (ready) {
            list_for_each(u, &table[b], bind_link) {
                n = scnprintf(line, sizeof(line),
                              "%016lx: %08x 00000000 %08x %04x %02x %5lu "
                              "%s%.*s\n", 0ul, u->refs,
                              unix_is(u, UNIX_LISTEN) ? 0x10000u : 0u,
                              (unsigned)u->s.type,
                              unix_is(u, UNIX_CONNECTED) ? 3u : 1u,
                              (unsigned long)u->s.ino,
                              u->name.path[0] ? "" : "@",
                              (int)u->name.len - !u->name.path[0],
                              u->name.path + !u->name.path[0]);
                put(arg, line, (size_t)n);
            }
        }
        spin_unlock(&names);
    }
}
