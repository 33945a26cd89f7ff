/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll, select and epoll: the program's sets in and out; io waits.
 */
#include "abi_priv.h"

#define POLL_FAST 16

struct linux_pollfd { int32_t fd; int16_t events, revents; };

static nsec_t deadline_ms(int ms)
{
    if (ms < 0)
        return NSEC_FOREVER;
    return ms ? time__deadline(clock_monotonic(),
                               (nsec_t)ms * NSEC_PER_MSEC) : 0;
}

/* Like Linux, poll is never restarted, not even under SA_RESTART. When no
 * handler ran it goes on, to the same deadline. */
static long interrupted(long r, nsec_t deadline)
{
    if (r != -EINTR)
        return r;
    task_current()->resume = deadline;
    return -ERESTARTNOHAND;
}

static nsec_t resumed(nsec_t deadline)
{
    struct task *t = task_current();

    if (t->resume)
        deadline = t->resume;
    t->resume = 0;
    return deadline;
}

/* ---------------- poll ---------------- */

/* Resolves the descriptors. idx[i] is the user entry of item i. */
static unsigned poll_items(const struct linux_pollfd *fds, unsigned n,
                           struct poll_item *items)
{
    unsigned k = 0;

    for (unsigned i = 0; i < n; i++) {
        if (fds[i].fd < 0)
            continue;
        items[k].file = fd__get(fds[i].fd);
        items[k].events = (uint16_t)fds[i].events;
        items[k].revents = 0;
        k++;
    }
    return k;
}

static void items_put(struct poll_item *items, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (items[i].file)
            fdtable_put(items[i].file);
    }
}

static long poll_call(uaddr_t ufds, unsigned n, nsec_t deadline)
{
    struct linux_pollfd fast[POLL_FAST], *fds = fast;
    struct poll_item fast_items[POLL_FAST], *items = fast_items;
    unsigned k;
    long r = -ENOMEM;

    if (n > POLL_FAST) {
        if (n > (unsigned)fd__limit())
            return -EINVAL;
        fds = kcalloc(n, sizeof(*fds));
        items = kcalloc(n, sizeof(*items));
        if (!fds || !items)
            goto out_free;
    }
    r = copy_from_user(fds, ufds, n * sizeof(*fds));
    if (r)
        goto out_free;
    k = poll_items(fds, n, items);
    r = io_poll(items, k, deadline);
    items_put(items, k);
    if (r < 0)
        goto out_free;
    k = 0;
    for (unsigned i = 0; i < n; i++)
        fds[i].revents = fds[i].fd < 0 ? 0 : (int16_t)items[k++].revents;
    if (copy_to_user(ufds, fds, n * sizeof(*fds)))
        r = -EFAULT;
out_free:
    if (n > POLL_FAST) {
        kfree(items);
        kfree(fds);
    }
    return r;
}

long sys_poll(uaddr_t fds, uint32_t n, int timeout)
{
    nsec_t deadline = resumed(deadline_ms(timeout));

    return interrupted(poll_call(fds, n, deadline), deadline);
}

/* Linux writes back what is left of the timeout. */
static void put_left(uaddr_t ts, nsec_t deadline)
{
    nsec_t now = clock_monotonic();

    if (ts && deadline && deadline != NSEC_FOREVER)
        time__put(ts, now < deadline ? deadline - now : 0);
}

static int mask_apply(uaddr_t mask, uint64_t size)
{
    uint64_t set;
    int err;

    if (!mask)
        return 0;
    err = signal__mask_get(mask, size, &set);
    if (!err)
        signal__block_temporarily(set);
    return err;
}

static long no_restart(long r)
{
    return r == -EINTR ? -ERESTARTNOHAND : r;
}

long sys_ppoll(uaddr_t fds, uint32_t n, uaddr_t ts, uaddr_t mask,
               uint64_t size)
{
    nsec_t deadline;
    long r = time__deadline_get(ts, &deadline);

    if (!r)
        r = mask_apply(mask, size);
    if (r)
        return r;
    r = no_restart(poll_call(fds, n, deadline));
    put_left(ts, deadline);
    signal__block_restore(r);
    return r;
}

/* ---------------- select ---------------- */

#define SELECT_MAX 65536        /* descriptors looked at */
#define SEL_IN (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SEL_OUT (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SEL_EX POLLPRI

static int set_get(uaddr_t uset, uint64_t *set, unsigned words)
{
    memset(set, 0, words * 8);
    return uset ? copy_from_user(set, uset, words * 8) : 0;
}

static int set_put(uaddr_t uset, const uint64_t *set, unsigned words)
{
    return uset ? copy_to_user(uset, set, words * 8) : 0;
}

static uint32_t wanted(const uint64_t *in, const uint64_t *out,
                       const uint64_t *ex, unsigned fd)
{
    return (bitmap_test(in, fd) ? POLLIN | POLLRDNORM | POLLRDBAND : 0) |
           (bitmap_test(out, fd) ? POLLOUT | POLLWRNORM | POLLWRBAND : 0) |
           (bitmap_test(ex, fd) ? POLLPRI : 0);
}

static bool mark(uint64_t *set, unsigned fd, bool on)
{
    if (bitmap_test(set, fd) && !on)
        bitmap_clear(set, fd);
    return bitmap_test(set, fd);
}

static long select_wait(uint64_t *in, uint64_t *out, uint64_t *ex, unsigned n,
                        struct poll_item *items, nsec_t deadline)
{
    unsigned k = 0;
    long r = 0, ready = 0;

    for (unsigned fd = 0; fd < n; fd++) {
        uint32_t events = wanted(in, out, ex, fd);

        if (!events)
            continue;
        items[k].file = fd__get((int)fd);
        items[k].events = events;
        items[k].revents = 0;
        if (!items[k++].file)
            r = -EBADF;
    }
    if (!r)
        r = io_poll(items, k, deadline);
    items_put(items, k);
    if (r < 0)
        return r;
    k = 0;
    for (unsigned fd = 0; fd < n; fd++) {
        uint32_t events = wanted(in, out, ex, fd), got;

        if (!events)
            continue;
        got = items[k++].revents;
        ready += mark(in, fd, got & SEL_IN);
        ready += mark(out, fd, got & SEL_OUT);
        ready += mark(ex, fd, got & SEL_EX);
    }
    return ready;
}

static unsigned count_wanted(const uint64_t *in, const uint64_t *out,
                             const uint64_t *ex, unsigned n)
{
    unsigned k = 0;

    for (unsigned fd = 0; fd < n; fd++)
        k += wanted(in, out, ex, fd) != 0;
    return k;
}

static long select_call(int n, uaddr_t uin, uaddr_t uout, uaddr_t uex,
                        nsec_t deadline)
{
    struct poll_item *items = NULL;
    unsigned words, k;
    uint64_t *sets;
    long r = 0;

    if (n < 0)
        return -EINVAL;
    n = MIN(n, SELECT_MAX);
    n = MIN(n, (int)fdtable_size(process_current()->fds));
    words = BITMAP_WORDS((unsigned)n);
    sets = kcalloc(3, words * 8 + 8);
    if (!sets)
        return -ENOMEM;
    if (set_get(uin, sets, words) || set_get(uout, sets + words, words) ||
        set_get(uex, sets + 2 * words, words))
        r = -EFAULT;
    k = r ? 0 : count_wanted(sets, sets + words, sets + 2 * words,
                             (unsigned)n);
    if (k) {
        items = kcalloc(k, sizeof(*items));
        if (!items)
            r = -ENOMEM;
    }
    if (!r)
        r = select_wait(sets, sets + words, sets + 2 * words, (unsigned)n,
                        items, deadline);
    if (r >= 0 && (set_put(uin, sets, words) ||
                   set_put(uout, sets + words, words) ||
                   set_put(uex, sets + 2 * words, words)))
        r = -EFAULT;
    kfree(items);
    kfree(sets);
    return r;
}

long sys_select(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utv)
{
    nsec_t deadline = NSEC_FOREVER, now;
    struct linux_timeval tv;
    long r;

    if (utv) {
        if (copy_from_user(&tv, utv, sizeof(tv)))
            return -EFAULT;
        if (tv.sec < 0 || tv.usec < 0)
            return -EINVAL;
        deadline = tv.sec || tv.usec ?
            time__deadline(clock_monotonic(),
                           (nsec_t)MIN(tv.sec, 1ll << 32) * NSEC_PER_SEC +
                           (nsec_t)MIN(tv.usec, 1ll << 40) * 1000) : 0;
    }
    r = no_restart(select_call(n, in, out, ex, deadline));
    if (utv && deadline && deadline != NSEC_FOREVER) {
        now = clock_monotonic();
        now = now < deadline ? deadline - now : 0;
        tv.sec = (int64_t)(now / NSEC_PER_SEC);
        tv.usec = (int64_t)(now % NSEC_PER_SEC / 1000);
        if (copy_to_user(utv, &tv, sizeof(tv)))
            return r < 0 ? r : -EFAULT;
    }
    return r;
}

long sys_pselect6(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t ts,
                  uaddr_t usig)
{
    uint64_t sig[2] = { 0, 0 };
    nsec_t deadline;
    long r = time__deadline_get(ts, &deadline);

    if (!r && usig && copy_from_user(sig, usig, sizeof(sig)))
        r = -EFAULT;
    if (!r)
        r = mask_apply(sig[0], sig[1]);
    if (r)
        return r;
    r = no_restart(select_call(n, in, out, ex, deadline));
    put_left(ts, deadline);
    signal__block_restore(r);
    return r;
}

/* ---------------- epoll ---------------- */

#define EPOLL_BATCH 64
#define EPOLL_MAX_EVENTS (INT32_MAX / 12)

long sys_epoll_create1(int flags)
{
    struct file *f;

    if (flags & ~O_CLOEXEC)
        return -EINVAL;
    f = epoll_create_file(0);
    if (!f || IS_ERR(f))
        return f ? PTR_ERR(f) : -ENOMEM;
    return fd__install(f, 0, flags & O_CLOEXEC);
}

long sys_epoll_create(int size)
{
    return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

long sys_epoll_ctl(int epfd, int op, int fd, uaddr_t uev)
{
    struct epoll_event ev = { 0 };
    struct file *ep, *f;
    long r;

    if (op != EPOLL_CTL_DEL && copy_from_user(&ev, uev, sizeof(ev)))
        return -EFAULT;
    ep = fd__get(epfd);
    if (!ep)
        return -EBADF;
    f = fd__get(fd);
    r = f ? epoll_control(ep, op, f, fd, &ev) : -EBADF;
    if (f)
        fdtable_put(f);
    fdtable_put(ep);
    return r;
}

static long epoll_wait_call(int epfd, uaddr_t out, int max, nsec_t deadline)
{
    struct epoll_event fast[EPOLL_BATCH], *ev = fast;
    struct file *ep;
    long r;

    if (max <= 0 || max > EPOLL_MAX_EVENTS)
        return -EINVAL;
    if (!user_range_ok(out, (size_t)max * sizeof(ev[0])))
        return -EFAULT;
    ep = fd__get(epfd);
    if (!ep)
        return -EBADF;
    if (max > EPOLL_BATCH) {
        max = MIN(max, (int)epoll_watched(ep));
        if (max > EPOLL_BATCH)
            ev = kmalloc((size_t)max * sizeof(*ev));
        if (!ev || max <= EPOLL_BATCH) {
            max = EPOLL_BATCH;
            ev = fast;
        }
    }
    r = epoll_wait_events(ep, ev, max, deadline);
    if (r > 0 && copy_to_user(out, ev, (size_t)r * sizeof(*ev)))
        r = -EFAULT;
    if (ev != fast)
        kfree(ev);
    fdtable_put(ep);
    return r;
}

long sys_epoll_wait(int epfd, uaddr_t out, int max, int timeout)
{
    return epoll_wait_call(epfd, out, max, deadline_ms(timeout));
}

long sys_epoll_pwait(int epfd, uaddr_t out, int max, int timeout,
                     uaddr_t mask, uint64_t size)
{
    long r = mask_apply(mask, size);

    if (r)
        return r;
    r = epoll_wait_call(epfd, out, max, deadline_ms(timeout));
    signal__block_restore(r);
    return r;
}

long sys_epoll_pwait2(int epfd, uaddr_t out, int max, uaddr_t ts,
                      uaddr_t mask, uint64_t size)
{
    nsec_t deadline;
    long r = time__deadline_get(ts, &deadline);

    if (!r)
        r = mask_apply(mask, size);
    if (r)
        return r;
    r = epoll_wait_call(epfd, out, max, deadline);
    signal__block_restore(r);
    return r;
}
