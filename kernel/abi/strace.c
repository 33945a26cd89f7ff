/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tracer: prints each system call as `[tid] name(args) = result`, decoded
 * by the kinds in the one list (K4). Values that many programs pass are named;
 * the rest are numbers.
 */
#include "abi_priv.h"

#define TEXT_MAX 400
#define STRING_SHOWN 32

struct name { uint64_t value; const char *text; };

struct line {
    char buf[TEXT_MAX];
    size_t len;
};

static void put(struct line *l, const char *fmt, ...) __printf_like(2, 3);
static void put(struct line *l, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(l->buf + l->len, sizeof(l->buf) - l->len, fmt, ap);
    va_end(ap);
    l->len = MIN(l->len + (size_t)n, sizeof(l->buf) - 1);
}

static const struct name open_names[] = {
    { O_CREAT, "O_CREAT" }, { O_EXCL, "O_EXCL" }, { O_NOCTTY, "O_NOCTTY" },
    { O_TRUNC, "O_TRUNC" }, { O_APPEND, "O_APPEND" },
    { O_NONBLOCK, "O_NONBLOCK" }, { O_SYNC, "O_SYNC" },
    { O_DSYNC, "O_DSYNC" }, { O_DIRECT, "O_DIRECT" },
    { O_LARGEFILE, "O_LARGEFILE" }, { O_TMPFILE, "O_TMPFILE" },
    { O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" },
    { O_CLOEXEC, "O_CLOEXEC" }, { O_PATH, "O_PATH" }, { 0, NULL },
};
static const struct name prot_names[] = {
    { 1, "PROT_READ" }, { 2, "PROT_WRITE" }, { 4, "PROT_EXEC" }, { 0, NULL },
};
static const struct name map_names[] = {
    { 1, "MAP_SHARED" }, { 2, "MAP_PRIVATE" }, { MAP_FIXED, "MAP_FIXED" },
    { MAP_ANONYMOUS, "MAP_ANONYMOUS" }, { MAP_32BIT, "MAP_32BIT" },
    { MAP_DENYWRITE, "MAP_DENYWRITE" }, { MAP_LOCKED, "MAP_LOCKED" },
    { MAP_NORESERVE, "MAP_NORESERVE" }, { MAP_POPULATE, "MAP_POPULATE" },
    { MAP_STACK, "MAP_STACK" }, { MAP_HUGETLB, "MAP_HUGETLB" },
    { MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE" }, { 0, NULL },
};
static const struct name clone_names[] = {
    { CLONE_VM, "CLONE_VM" }, { CLONE_FS, "CLONE_FS" },
    { CLONE_FILES, "CLONE_FILES" }, { CLONE_SIGHAND, "CLONE_SIGHAND" },
    { CLONE_VFORK, "CLONE_VFORK" }, { CLONE_THREAD, "CLONE_THREAD" },
    { CLONE_SYSVSEM, "CLONE_SYSVSEM" }, { CLONE_SETTLS, "CLONE_SETTLS" },
    { CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID" },
    { CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID" },
    { CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID" }, { 0, NULL },
};
static const struct name msg_names[] = {
    { 1, "MSG_OOB" }, { 2, "MSG_PEEK" }, { MSG_TRUNC, "MSG_TRUNC" },
    { MSG_DONTWAIT, "MSG_DONTWAIT" }, { MSG_WAITALL, "MSG_WAITALL" },
    { MSG_NOSIGNAL, "MSG_NOSIGNAL" }, { 0x8000, "MSG_MORE" },
    { MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC" }, { 0, NULL },
};
static const struct name at_names[] = {
    { AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW" },
    { AT_REMOVEDIR, "AT_REMOVEDIR" },
    { AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW" },
    { AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT" },
    { AT_EMPTY_PATH, "AT_EMPTY_PATH" }, { 0, NULL },
};

/* Names by position; holes are NULL. */
static const char *const whence_names[] = { "SEEK_SET", "SEEK_CUR",
    "SEEK_END", "SEEK_DATA", "SEEK_HOLE" };
static const char *const how_names[] = { "SIG_BLOCK", "SIG_UNBLOCK",
    "SIG_SETMASK" };
static const char *const clock_names[] = { "CLOCK_REALTIME",
    "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID",
    "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE",
    "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME" };
static const char *const epoll_names[] = { NULL, "EPOLL_CTL_ADD",
    "EPOLL_CTL_DEL", "EPOLL_CTL_MOD" };
static const char *const futex_names[] = { "FUTEX_WAIT", "FUTEX_WAKE",
    "FUTEX_FD", "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
    "FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI",
    "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET" };
static const char *const advice_names[] = { "MADV_NORMAL", "MADV_RANDOM",
    "MADV_SEQUENTIAL", "MADV_WILLNEED", "MADV_DONTNEED", NULL, NULL, NULL,
    "MADV_FREE", "MADV_REMOVE", "MADV_DONTFORK", "MADV_DOFORK",
    "MADV_MERGEABLE", "MADV_UNMERGEABLE", "MADV_HUGEPAGE",
    "MADV_NOHUGEPAGE", "MADV_DONTDUMP", "MADV_DODUMP" };
static const char *const fcntl_names[] = { "F_DUPFD", "F_GETFD", "F_SETFD",
    "F_GETFL", "F_SETFL", "F_GETLK", "F_SETLK", "F_SETLKW", "F_SETOWN",
    "F_GETOWN" };
static const char *const family_names[] = { "AF_UNSPEC", "AF_UNIX",
    "AF_INET", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "AF_INET6", NULL,
    NULL, NULL, NULL, NULL, "AF_NETLINK", "AF_PACKET" };
static const char *const sock_names[] = { NULL, "SOCK_STREAM", "SOCK_DGRAM",
    "SOCK_RAW", NULL, "SOCK_SEQPACKET" };

/* Kinds that are one of several names. */
#define NAMED(table) { table, ARRAY_LEN(table) }
static const struct { const char *const *names; size_t n; } named_kinds[] = {
    [KIND_SIGHOW] = NAMED(how_names), [KIND_WHENCE] = NAMED(whence_names),
    [KIND_CLOCK] = NAMED(clock_names), [KIND_EPOLLOP] = NAMED(epoll_names),
    [KIND_ADVICE] = NAMED(advice_names), [KIND_FCNTL] = NAMED(fcntl_names),
    [KIND_FAMILY] = NAMED(family_names),
};

/* Kinds that are bits of an int or a long, and what they are called without
 * any; NULL: a number. */
static const struct {
    const struct name *names;
    uint64_t bits;
    const char *none;
} flag_kinds[] = {
    [KIND_PROT] = { prot_names, UINT64_MAX, "PROT_NONE" },
    [KIND_MAPFLAGS] = { map_names, UINT64_MAX, NULL },
    [KIND_CLONEFLAGS] = { clone_names, UINT64_MAX, NULL },
    [KIND_MSGFLAGS] = { msg_names, UINT32_MAX, "0" },
    [KIND_ATFLAGS] = { at_names, UINT32_MAX, "0" },
};

static void put_flags(struct line *l, uint64_t v, const struct name *names,
                      bool started)
{
    for (; names->text; names++) {
        if ((v & names->value) != names->value)
            continue;
        put(l, "%s%s", started ? "|" : "", names->text);
        started = true;
        v &= ~names->value;
    }
    if (v || !started)
        put(l, "%s0x%llx", started ? "|" : "", (unsigned long long)v);
}

static void put_named(struct line *l, uint64_t v, const char *const *names,
                      size_t n)
{
    if (v < n && names[v])
        put(l, "%s", names[v]);
    else
        put(l, "%lld", (long long)v);
}

/* A string or bytes, as far as shown; max 0: up to the NUL. */
static void put_bytes(struct line *l, uaddr_t addr, uint64_t max)
{
    uint8_t buf[STRING_SHOWN * 3 + 1];
    size_t want = max ? MIN(max, (uint64_t)STRING_SHOWN) : sizeof(buf) - 1;
    ssize_t n;

    if (!addr) {
        put(l, "NULL");
        return;
    }
    if (max) {
        n = (ssize_t)copy_from_user_partial(buf, addr, want);
    } else {
        n = strncpy_from_user((char *)buf, addr, sizeof(buf));
        if (n == -ENAMETOOLONG)
            n = (ssize_t)want;
    }
    if (n < 0 || (max && n == 0)) {
        put(l, "0x%llx", (unsigned long long)addr);
        return;
    }
    put(l, "\"");
    for (ssize_t i = 0; i < n; i++) {
        uint8_t c = buf[i];

        if (c == '\n')
            put(l, "\\n");
        else if (c == '"' || c == '\\')
            put(l, "\\%c", c);
        else if (c >= 32 && c < 127)
            put(l, "%c", c);
        else
            put(l, "\\%o", c);
    }
    put(l, max > (uint64_t)n ? "\"..." : "\"");
}

static void put_timespec(struct line *l, uaddr_t addr)
{
    struct linux_timespec ts;

    if (!addr)
        put(l, "NULL");
    else if (copy_from_user(&ts, addr, sizeof(ts)))
        put(l, "0x%llx", (unsigned long long)addr);
    else
        put(l, "{%lld.%09lld}", (long long)ts.sec, (long long)ts.nsec);
}

static void put_sockaddr(struct line *l, uaddr_t addr, uint64_t len)
{
    uint8_t b[28] = { 0 };

    if (!addr || copy_from_user(b, addr, MIN(len, (uint64_t)sizeof(b))))
        put(l, "0x%llx", (unsigned long long)addr);
    else if (b[0] == 2)
        put(l, "{AF_INET, %u.%u.%u.%u:%u}", b[4], b[5], b[6], b[7],
            b[2] << 8 | b[3]);
    else if (b[0] == 10)
        put(l, "{AF_INET6, port %u}", b[2] << 8 | b[3]);
    else if (b[0] == 1)
        put(l, "{AF_UNIX, \"%.20s\"}", (char *)b + (b[2] ? 2 : 3));
    else
        put(l, "{family %u}", b[0] | b[1] << 8);
}

static void put_sigset(struct line *l, uaddr_t addr)
{
    uint64_t set;

    if (!addr || get_user(&set, addr))
        put(l, addr ? "0x%llx" : "NULL", (unsigned long long)addr);
    else
        put(l, "[%016llx]", (unsigned long long)set);
}

static void put_oflags(struct line *l, uint32_t v)
{
    put(l, (v & 3) == 0 ? "O_RDONLY" : (v & 3) == 1 ? "O_WRONLY" : "O_RDWR");
    if (v & ~3u)
        put_flags(l, v & ~3u, open_names, true);
}

static void put_socktype(struct line *l, uint64_t v)
{
    put_named(l, v & 15, sock_names, ARRAY_LEN(sock_names));
    if (v & ~15ull)
        put_flags(l, v & ~15ull, open_names, true);
}

static void put_futexop(struct line *l, uint64_t v)
{
    put_named(l, v & 127, futex_names, ARRAY_LEN(futex_names));
    put(l, "%s%s", v & 128 ? "_PRIVATE" : "",
        v & 256 ? "|FUTEX_CLOCK_REALTIME" : "");
}

static void put_address(struct line *l, uint64_t v, const char *none)
{
    if (v || !none)
        put(l, "0x%llx", (unsigned long long)v);
    else
        put(l, "%s", none);
}

/* False: the kind has no table. */
static bool put_by_table(struct line *l, enum arg_kind kind, uint64_t v)
{
    if (kind < ARRAY_LEN(named_kinds) && named_kinds[kind].names) {
        put_named(l, v, named_kinds[kind].names, named_kinds[kind].n);
        return true;
    }
    if (kind >= ARRAY_LEN(flag_kinds) || !flag_kinds[kind].names)
        return false;
    v &= flag_kinds[kind].bits;
    if (v || !flag_kinds[kind].none)
        put_flags(l, v, flag_kinds[kind].names, false);
    else
        put(l, "%s", flag_kinds[kind].none);
    return true;
}

static void put_arg(struct line *l, enum arg_kind kind, uint64_t v,
                    uint64_t next, long result)
{
    if (put_by_table(l, kind, v))
        return;
    switch (kind) {
    case KIND_INT: case KIND_FD: case KIND_UINT:
        put(l, "%d", (int)v);
        break;
    case KIND_LONG: case KIND_SIZE: case KIND_OFF:
        put(l, "%lld", (long long)v);
        break;
    case KIND_DIRFD:
        put(l, (int)v == AT_FDCWD ? "AT_FDCWD" : "%d", (int)v);
        break;
    case KIND_MODE:
        put(l, "0%o", (unsigned)v);
        break;
    case KIND_OUTBUF:
        if (result > 0)
            put_bytes(l, v, (uint64_t)result);
        else
            put_address(l, v, NULL);
        break;
    case KIND_PATH: put_bytes(l, v, 0); break;
    case KIND_BUF: put_bytes(l, v, next); break;
    case KIND_OFLAGS: put_oflags(l, (uint32_t)v); break;
    case KIND_SIG: put(l, "%s", signal__name((int)v)); break;
    case KIND_SOCKTYPE: put_socktype(l, v); break;
    case KIND_FUTEXOP: put_futexop(l, v); break;
    case KIND_TIMESPEC: put_timespec(l, v); break;
    case KIND_SOCKADDR: put_sockaddr(l, v, next); break;
    case KIND_SIGSET: put_sigset(l, v); break;
    case KIND_PTR: put_address(l, v, "NULL"); break;
    default: put_address(l, v, "0");
    }
}

static const char *const error_names[] = {
    [EPERM] = "EPERM", [ENOENT] = "ENOENT", [ESRCH] = "ESRCH",
    [EINTR] = "EINTR", [EIO] = "EIO", [ENXIO] = "ENXIO", [E2BIG] = "E2BIG",
    [ENOEXEC] = "ENOEXEC", [EBADF] = "EBADF", [ECHILD] = "ECHILD",
    [EAGAIN] = "EAGAIN", [ENOMEM] = "ENOMEM", [EACCES] = "EACCES",
    [EFAULT] = "EFAULT", [EBUSY] = "EBUSY", [EEXIST] = "EEXIST",
    [EXDEV] = "EXDEV", [ENODEV] = "ENODEV", [ENOTDIR] = "ENOTDIR",
    [EISDIR] = "EISDIR", [EINVAL] = "EINVAL", [ENFILE] = "ENFILE",
    [EMFILE] = "EMFILE", [ENOTTY] = "ENOTTY", [ETXTBSY] = "ETXTBSY",
    [EFBIG] = "EFBIG", [ENOSPC] = "ENOSPC", [ESPIPE] = "ESPIPE",
    [EROFS] = "EROFS", [EMLINK] = "EMLINK", [EPIPE] = "EPIPE",
    [ERANGE] = "ERANGE", [EDEADLK] = "EDEADLK",
    [ENAMETOOLONG] = "ENAMETOOLONG", [ENOLCK] = "ENOLCK",
    [ENOSYS] = "ENOSYS", [ENOTEMPTY] = "ENOTEMPTY", [ELOOP] = "ELOOP",
    [ENODATA] = "ENODATA", [EOVERFLOW] = "EOVERFLOW",
    [ENOTSOCK] = "ENOTSOCK", [EDESTADDRREQ] = "EDESTADDRREQ",
    [EMSGSIZE] = "EMSGSIZE", [EPROTOTYPE] = "EPROTOTYPE",
    [ENOPROTOOPT] = "ENOPROTOOPT", [EPROTONOSUPPORT] = "EPROTONOSUPPORT",
    [ESOCKTNOSUPPORT] = "ESOCKTNOSUPPORT", [EOPNOTSUPP] = "EOPNOTSUPP",
    [EAFNOSUPPORT] = "EAFNOSUPPORT", [EADDRINUSE] = "EADDRINUSE",
    [EADDRNOTAVAIL] = "EADDRNOTAVAIL", [ENETDOWN] = "ENETDOWN",
    [ENETUNREACH] = "ENETUNREACH", [ECONNABORTED] = "ECONNABORTED",
    [ECONNRESET] = "ECONNRESET", [ENOBUFS] = "ENOBUFS",
    [EISCONN] = "EISCONN", [ENOTCONN] = "ENOTCONN",
    [ETIMEDOUT] = "ETIMEDOUT", [ECONNREFUSED] = "ECONNREFUSED",
    [EHOSTUNREACH] = "EHOSTUNREACH", [EALREADY] = "EALREADY",
    [EINPROGRESS] = "EINPROGRESS", [ECANCELED] = "ECANCELED",
    [EOWNERDEAD] = "EOWNERDEAD",
};

static bool never_returns(const char *name)
{
    return !strcmp(name, "exit") || !strcmp(name, "exit_group") ||
           !strcmp(name, "rt_sigreturn");
}

static void put_result(struct line *l, long result)
{
    if (result <= -ERESTARTSYS && result >= -ERESTARTNOHAND)
        put(l, " = ? (interrupted)");
    else if (result < 0 && -result < (long)ARRAY_LEN(error_names) &&
             error_names[-result])
        put(l, " = -1 %s", error_names[-result]);
    else if (result < 0 && result >= -4095)
        put(l, " = -1 (error %ld)", -result);
    else if (result > 0xffffff)
        put(l, " = 0x%lx", result);
    else
        put(l, " = %ld", result);
}

void strace__call(struct task *t, long nr, const uint64_t args[6],
                  bool returns, long result)
{
    const struct call_desc *d = NULL;
    struct line l = { .len = 0 };

    if (nr >= 0 && nr < SYSCALL_MAX)
        d = &abi_call_descs[nr];
    if (!d || !d->name) {
        if (returns)
            log_info("[%d] syscall_%ld() = %ld\n", t->tid, nr, result);
        return;
    }
    if (returns == never_returns(d->name))
        return;
    put(&l, "[%d] %s(", t->tid, d->name);
    for (unsigned i = 0; i < d->args; i++) {
        if (i)
            put(&l, ", ");
        put_arg(&l, d->kinds[i], args[i], i < 5 ? args[i + 1] : 0, result);
    }
    put(&l, ")");
    if (returns)
        put_result(&l, result);
    log_info("%s\n", l.buf);
}
