/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket calls: addresses, messages and control data between the program
 * and net; AF_UNIX path names by way of fs; descriptors that travel in
 * messages (SCM_RIGHTS). Bulk calls (recvmmsg, sendmmsg) are loops here.
 */
#include "abi_priv.h"

#define CONTROL_MAX 20480u      /* bytes of control data in one message */
#define OPT_MAX 4096u           /* bytes of one socket option */
#define UNIX_PATH_OFFSET 2
#define CMSG_ALIGN(n) (((n) + 7) & ~7ull)

static struct file *socket_get(int fd, int *err)
{
    struct file *f = fd__get(fd);

    *err = 0;
    if (!f) {
        *err = -EBADF;
    } else if (!net_is_socket(f)) {
        fdtable_put(f);
        f = NULL;
        *err = -ENOTSOCK;
    }
    return f;
}

static int addr_get(uaddr_t uaddr, int len, uint8_t addr[SOCKADDR_MAX])
{
    if (len < 0 || len > SOCKADDR_MAX)
        return -EINVAL;
    memset(addr, 0, SOCKADDR_MAX);
    return copy_from_user(addr, uaddr, (size_t)len);
}

/* Writes at most what the program has room for, then the true length. */
static int addr_put(uaddr_t uaddr, uaddr_t ulen, const void *addr,
                    uint32_t len)
{
    int room;

    if (get_user(&room, ulen))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (copy_to_user(uaddr, addr, MIN((uint32_t)room, len)))
        return -EFAULT;
    return put_user(ulen, len);
}

/* An AF_UNIX address with a name in the file system. */
static bool unix_path(const uint8_t *addr, uint32_t len, char path[112])
{
    if (len <= UNIX_PATH_OFFSET || addr[0] != AF_UNIX || addr[1] ||
        !addr[UNIX_PATH_OFFSET])
        return false;
    memcpy(path, addr + UNIX_PATH_OFFSET, MIN(len - UNIX_PATH_OFFSET, 110u));
    path[MIN(len - UNIX_PATH_OFFSET, 110u)] = 0;
    return true;
}

static struct fs_ctx *ctx(void)
{
    return &process_current()->fs;
}

/* ---------------- making and naming ---------------- */

#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

long sys_socket(int family, int type, int protocol)
{
    struct file *f;

    if (type & ~(TYPE_FLAGS | 0xf))
        return -EINVAL;
    f = net_socket(family, type & 0xf, protocol,
                   (uint32_t)type & SOCK_NONBLOCK);
    if (IS_ERR(f))
        return PTR_ERR(f);
    return fd__install(f, 0, type & SOCK_CLOEXEC);
}

long sys_socketpair(int family, int type, int protocol, uaddr_t out)
{
    struct file *pair[2];
    int err;

    if (type & ~(TYPE_FLAGS | 0xf))
        return -EINVAL;
    err = net_socketpair(family, type & 0xf, protocol,
                         (uint32_t)type & SOCK_NONBLOCK, pair);
    return err ? err : fd__install_pair(pair, type & SOCK_CLOEXEC, out);
}

static int bind_unix(struct file *f, const char *path)
{
    struct fs_key key;
    int err = fs_socket_make(ctx(), path, 0777, &key);

    if (err)
        return err == -EEXIST ? -EADDRINUSE : err;
    err = net_unix_bind(f, key.dev, key.ino, path);
    if (err)
        fs_unlink(ctx(), NULL, path);
    return err;
}

long sys_bind(int fd, uaddr_t uaddr, int len)
{
    uint8_t addr[SOCKADDR_MAX];
    char path[112];
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = addr_get(uaddr, len, addr);
    if (!err && unix_path(addr, (uint32_t)len, path))
        err = bind_unix(f, path);
    else if (!err)
        err = net_bind(f, addr, (uint32_t)len);
    fdtable_put(f);
    return err;
}

long sys_connect(int fd, uaddr_t uaddr, int len)
{
    uint8_t addr[SOCKADDR_MAX];
    char path[112];
    struct fs_key key;
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = addr_get(uaddr, len, addr);
    if (!err && unix_path(addr, (uint32_t)len, path)) {
        err = fs_socket_find(ctx(), path, &key);
        if (!err)
            err = net_unix_connect(f, key.dev, key.ino, path);
    } else if (!err) {
        err = net_connect(f, addr, (uint32_t)len);
    }
    fdtable_put(f);
    return err;
}

long sys_listen(int fd, int backlog)
{
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = net_listen(f, backlog);
    fdtable_put(f);
    return err;
}

long sys_accept4(int fd, uaddr_t uaddr, uaddr_t ulen, int flags)
{
    uint8_t addr[SOCKADDR_MAX] = { 0 };
    uint32_t len = sizeof(addr);
    struct file *f, *peer;
    int err, newfd;

    if (flags & ~TYPE_FLAGS)
        return -EINVAL;
    f = socket_get(fd, &err);
    if (!f)
        return err;
    peer = net_accept(f, (uint32_t)flags & SOCK_NONBLOCK,
                      uaddr ? addr : NULL, &len);
    fdtable_put(f);
    if (IS_ERR(peer))
        return PTR_ERR(peer);
    newfd = fd__install(peer, 0, flags & SOCK_CLOEXEC);
    if (newfd < 0 || !uaddr)
        return newfd;
    err = addr_put(uaddr, ulen, addr, len);
    if (err) {
        fdtable_close(process_current()->fds, newfd);
        return err;
    }
    return newfd;
}

long sys_accept(int fd, uaddr_t uaddr, uaddr_t ulen)
{
    return sys_accept4(fd, uaddr, ulen, 0);
}

long sys_shutdown(int fd, int how)
{
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = how < 0 || how > 2 ? -EINVAL : net_shutdown(f, how);
    fdtable_put(f);
    return err;
}

static long name_call(int fd, uaddr_t uaddr, uaddr_t ulen,
                      int (*fn)(struct file *f, void *addr, uint32_t *len))
{
    uint8_t addr[SOCKADDR_MAX] = { 0 };
    uint32_t len = sizeof(addr);
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = fn(f, addr, &len);
    fdtable_put(f);
    return err ? err : addr_put(uaddr, ulen, addr, len);
}

long sys_getsockname(int fd, uaddr_t uaddr, uaddr_t ulen)
{
    return name_call(fd, uaddr, ulen, net_getsockname);
}

long sys_getpeername(int fd, uaddr_t uaddr, uaddr_t ulen)
{
    return name_call(fd, uaddr, ulen, net_getpeername);
}

/* ---------------- options ---------------- */

long sys_setsockopt(int fd, int level, int name, uaddr_t uval, int len)
{
    uint8_t small[64], *val = small;
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = len < 0 || (unsigned)len > OPT_MAX ? -EINVAL : 0;
    if (!err && len > (int)sizeof(small)) {
        val = kmalloc((size_t)len);
        err = val ? 0 : -ENOMEM;
    }
    if (!err)
        err = copy_from_user(val, uval, (size_t)len);
    if (!err)
        err = net_setsockopt(f, level, name, val, (uint32_t)len);
    if (val != small)
        kfree(val);
    fdtable_put(f);
    return err;
}

long sys_getsockopt(int fd, int level, int name, uaddr_t uval, uaddr_t ulen)
{
    uint8_t small[256] = { 0 }, *val = small;
    uint32_t len;
    int room, err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    err = get_user(&room, ulen);
    if (!err && room < 0)
        err = -EINVAL;
    if (!err && room > (int)sizeof(small)) {
        room = (int)MIN((unsigned)room, OPT_MAX);
        val = kzalloc((size_t)room);
        err = val ? 0 : -ENOMEM;
    }
    if (!err) {
        len = (uint32_t)room;
        err = net_getsockopt(f, level, name, val, &len);
    }
    if (!err && (copy_to_user(uval, val, MIN(len, (uint32_t)room)) ||
                 put_user(ulen, len)))
        err = -EFAULT;
    if (val != small)
        kfree(val);
    fdtable_put(f);
    return err;
}

/* ---------------- data ---------------- */

static long send_signal(long r, uint32_t flags)
{
    if (r == -EPIPE && !(flags & MSG_NOSIGNAL))
        signal__raise(SIGPIPE);
    return r;
}

/* Sends m; a path in its address is looked up first. */
static long send_to(struct file *f, struct net_msg *m)
{
    uint32_t flags = m->flags;
    char path[112];
    struct fs_key key;
    long r;

    if (m->addr && unix_path(m->addr, m->addr_len, path)) {
        r = fs_socket_find(ctx(), path, &key);
        if (!r)
            r = net_unix_sendmsg(f, m, key.dev, key.ino);
    } else {
        r = net_sendmsg(f, m);
    }
    return send_signal(r, flags);
}

static int iter_of(struct iov_iter *it, struct iovec *iov, uaddr_t buf,
                   uint64_t n)
{
    n = MIN(n, (uint64_t)0x7ffff000);
    if (!user_range_ok(buf, n))
        return -EFAULT;
    iov->base = buf;
    iov->len = n;
    iov_iter_init(it, iov, 1, n);
    return 0;
}

long sys_sendto(int fd, uaddr_t buf, uint64_t n, uint32_t flags,
                uaddr_t uaddr, int len)
{
    uint8_t addr[SOCKADDR_MAX];
    struct iov_iter it;
    struct iovec iov;
    struct net_msg m = { .iter = &it, .flags = flags };
    long r;
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    r = iter_of(&it, &iov, buf, n);
    if (!r && uaddr) {
        r = addr_get(uaddr, len, addr);
        m.addr = addr;
        m.addr_len = (uint32_t)len;
    }
    if (!r)
        r = send_to(f, &m);
    fdtable_put(f);
    return r;
}

long sys_recvfrom(int fd, uaddr_t buf, uint64_t n, uint32_t flags,
                  uaddr_t uaddr, uaddr_t ulen)
{
    uint8_t addr[SOCKADDR_MAX];
    struct iov_iter it;
    struct iovec iov;
    struct net_msg m = { .iter = &it, .flags = flags };
    long r;
    int err;
    struct file *f = socket_get(fd, &err);

    if (!f)
        return err;
    r = iter_of(&it, &iov, buf, n);
    if (!r && uaddr) {
        memset(addr, 0, sizeof(addr));
        m.addr = addr;
    }
    if (!r)
        r = net_recvmsg(f, &m);
    if (r >= 0 && uaddr) {
        err = addr_put(uaddr, ulen, addr, m.addr_len);
        if (err)
            r = err;
    }
    fdtable_put(f);
    return r;
}

/* ---------------- control data ---------------- */

/* One message in flight: what sendmsg and recvmsg keep in kernel memory. */
struct message {
    struct linux_msghdr h;
    struct net_msg m;
    struct iov_iter it;
    struct iovec fast[IOV_FAST], *iov;
    uint8_t addr[SOCKADDR_MAX];
    uint8_t *control;
    struct file **files;
};

static void message_release(struct message *g)
{
    iov__release(g->iov, g->fast);
    kfree(g->control);
    kfree(g->files);
}

static int message_begin(struct message *g, uaddr_t umsg, uint32_t flags)
{
    ssize_t n;

    memset(g, 0, sizeof(*g));
    g->iov = g->fast;
    if (copy_from_user(&g->h, umsg, sizeof(g->h)))
        return -EFAULT;
    if (g->h.iovlen > IOV_MAX)
        return -EMSGSIZE;
    n = iov__import(g->h.iov, g->h.iovlen, g->fast, &g->iov);
    if (n < 0)
        return (int)n;
    iov_iter_init(&g->it, g->iov, (unsigned)g->h.iovlen, (size_t)n);
    g->m.iter = &g->it;
    g->m.flags = flags;
    return 0;
}

/* The descriptors of one SCM_RIGHTS record become files. */
static int rights_in(struct message *g, const uint8_t *data, size_t bytes)
{
    unsigned n = (unsigned)(bytes / 4);

    if (bytes % 4 || n > NET_FILES_MAX - g->m.file_count)
        return -EINVAL;
    if (!g->files)
        g->files = kcalloc(NET_FILES_MAX, sizeof(*g->files));
    if (!g->files)
        return -ENOMEM;
    g->m.files = g->files;
    for (unsigned i = 0; i < n; i++) {
        struct file *f;
        int fd;

        memcpy(&fd, data + i * 4, 4);
        f = fd__get(fd);
        if (!f)
            return -EBADF;
        g->files[g->m.file_count++] = file_ref(f);
        fdtable_put(f);
    }
    return 0;
}

/* Takes SCM_RIGHTS out of the control data; the rest goes to net as it is. */
static int control_in(struct message *g)
{
    size_t len = g->h.controllen, at = 0, kept = 0;

    if (!len)
        return 0;
    if (len > CONTROL_MAX)
        return -ENOBUFS;
    g->control = kmalloc(len);
    if (!g->control)
        return -ENOMEM;
    if (copy_from_user(g->control, g->h.control, len))
        return -EFAULT;
    while (len - at >= sizeof(struct linux_cmsghdr)) {
        struct linux_cmsghdr c;
        size_t size;
        int err;

        memcpy(&c, g->control + at, sizeof(c));
        if (c.len < sizeof(c) || c.len > len - at)
            return -EINVAL;
        size = MIN(CMSG_ALIGN(c.len), (uint64_t)(len - at));
        if (c.level == SOL_SOCKET && c.type == SCM_RIGHTS) {
            err = rights_in(g, g->control + at + sizeof(c),
                            c.len - sizeof(c));
            if (err)
                return err;
        } else {
            memmove(g->control + kept, g->control + at, size);
            kept += size;
        }
        at += size;
    }
    g->m.control = g->control;
    g->m.control_len = kept;
    return 0;
}

static void files_drop(struct message *g, unsigned from)
{
    for (unsigned i = from; i < g->m.file_count; i++)
        file_unref(g->files[i]);
    g->m.file_count = from;
}

static long send_message(struct file *f, uaddr_t umsg, uint32_t flags)
{
    struct message *g = kmalloc(sizeof(*g));
    long r;

    if (!g)
        return -ENOMEM;
    r = message_begin(g, umsg, flags);
    if (!r && g->h.name && g->h.namelen) {
        r = addr_get(g->h.name, (int)g->h.namelen, g->addr);
        g->m.addr = g->addr;
        g->m.addr_len = g->h.namelen;
    }
    if (!r)
        r = control_in(g);
    if (!r)
        r = send_to(f, &g->m);
    if (r < 0)
        files_drop(g, 0);       /* on success net has taken them over */
    message_release(g);
    kfree(g);
    return r;
}

long sys_sendmsg(int fd, uaddr_t umsg, uint32_t flags)
{
    int err;
    struct file *f = socket_get(fd, &err);
    long r;

    if (!f)
        return err;
    r = send_message(f, umsg, flags);
    fdtable_put(f);
    return r;
}

/* Received files become descriptors, as many as there is room for. */
static int rights_out(struct message *g, uaddr_t at, size_t room,
                      uint32_t flags, size_t *used)
{
    struct linux_cmsghdr c = { .level = SOL_SOCKET, .type = SCM_RIGHTS };
    unsigned max, n;

    *used = 0;
    if (!g->m.file_count)
        return 0;
    max = room < sizeof(c) + 4 ? 0 : (unsigned)((room - sizeof(c)) / 4);
    for (n = 0; n < g->m.file_count && n < max; n++) {
        int fd = fd__install(file_ref(g->files[n]), 0,
                             flags & MSG_CMSG_CLOEXEC);

        if (fd < 0)
            break;
        if (put_user(at + sizeof(c) + n * 4, fd))
            return -EFAULT;
    }
    if (n < g->m.file_count)
        g->m.flags |= MSG_CTRUNC;
    files_drop(g, 0);
    if (!n)
        return 0;
    c.len = sizeof(c) + n * 4;
    *used = MIN((size_t)CMSG_ALIGN(c.len), room);
    return copy_to_user(at, &c, sizeof(c));
}

/* What recvmsg gives back besides the data. */
static int message_end(struct message *g, uaddr_t umsg, uint32_t flags)
{
    size_t used = 0, n = MIN((uint64_t)g->m.control_len, g->h.controllen);
    int err = 0;

    if (g->h.name) {
        uint32_t len = MIN(g->m.addr_len, g->h.namelen);

        err = copy_to_user(g->h.name, g->addr,
                           MIN(len, (uint32_t)SOCKADDR_MAX));
    }
    if (!err && n)
        err = copy_to_user(g->h.control, g->control, n);
    n = MIN((uint64_t)CMSG_ALIGN(n), g->h.controllen);
    if (!err)
        err = rights_out(g, g->h.control + n, g->h.controllen - n, flags,
                         &used);
    g->h.namelen = g->h.name ? g->m.addr_len : 0;
    g->h.controllen = n + used;
    g->h.flags = g->m.flags;
    if (!err)
        err = put_user(umsg + offsetof(struct linux_msghdr, namelen),
                       g->h.namelen) ||
              put_user(umsg + offsetof(struct linux_msghdr, controllen),
                       g->h.controllen) ||
              put_user(umsg + offsetof(struct linux_msghdr, flags),
                       g->h.flags) ? -EFAULT : 0;
    return err;
}

static long receive_message(struct file *f, uaddr_t umsg, uint32_t flags)
{
    struct message *g = kmalloc(sizeof(*g));
    long r;
    int err;

    if (!g)
        return -ENOMEM;
    r = message_begin(g, umsg, flags);
    if (!r) {
        size_t room = MIN(g->h.controllen, (uint64_t)CONTROL_MAX);

        g->m.addr = g->addr;
        g->control = room ? kzalloc(room) : NULL;
        g->files = room ? kcalloc(NET_FILES_MAX, sizeof(*g->files)) : NULL;
        g->m.control = g->control;
        g->m.control_len = g->control ? room : 0;
        g->m.files = g->files;
        g->m.file_count = g->files ? NET_FILES_MAX : 0;
        r = net_recvmsg(f, &g->m);
        if (r < 0)
            g->m.file_count = 0;
    } else {
        g->m.file_count = 0;
    }
    if (r >= 0) {
        err = message_end(g, umsg, flags);
        if (err)
            r = err;
    }
    files_drop(g, 0);
    message_release(g);
    kfree(g);
    return r;
}

long sys_recvmsg(int fd, uaddr_t umsg, uint32_t flags)
{
    int err;
    struct file *f = socket_get(fd, &err);
    long r;

    if (!f)
        return err;
    r = receive_message(f, umsg, flags);
    fdtable_put(f);
    return r;
}

/* ---------------- several at once ---------------- */

struct linux_mmsghdr { struct linux_msghdr h; uint32_t len, pad; };

long sys_sendmmsg(int fd, uaddr_t uvec, uint32_t n, uint32_t flags)
{
    int err;
    struct file *f = socket_get(fd, &err);
    uint32_t done = 0;
    long r = 0;

    if (!f)
        return err;
    for (n = MIN(n, (uint32_t)IOV_MAX); done < n; done++) {
        uaddr_t at = uvec + done * sizeof(struct linux_mmsghdr);

        r = send_message(f, at, flags);
        if (r < 0)
            break;
        if (put_user(at + offsetof(struct linux_mmsghdr, len),
                     (uint32_t)r)) {
            r = -EFAULT;
            break;
        }
    }
    fdtable_put(f);
    return done ? (long)done : r;
}

long sys_recvmmsg(int fd, uaddr_t uvec, uint32_t n, uint32_t flags,
                  uaddr_t uts)
{
    nsec_t deadline;
    int err = time__deadline_get(uts, &deadline);
    struct file *f;
    uint32_t done = 0;
    long r = 0;

    if (err)
        return err;
    f = socket_get(fd, &err);
    if (!f)
        return err;
    for (n = MIN(n, (uint32_t)IOV_MAX); done < n; done++) {
        uaddr_t at = uvec + done * sizeof(struct linux_mmsghdr);

        r = receive_message(f, at, flags & ~MSG_WAITFORONE);
        if (r < 0)
            break;
        if (put_user(at + offsetof(struct linux_mmsghdr, len),
                     (uint32_t)r)) {
            r = -EFAULT;
            break;
        }
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        /* As Linux, the time is looked at between messages only. */
        if (uts && clock_monotonic() >= deadline) {
            done++;
            break;
        }
    }
    fdtable_put(f);
    return done ? (long)done : r;
}
