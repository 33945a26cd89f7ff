/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor tables, iovecs, pipes, eventfd, timerfd, poll and epoll. */
#include "unit_sched.h"

#include "io/io.h"

#define MS NSEC_PER_MSEC

static int boot(void **state)
{
    (void)state;
    unit_sched_boot();
    return 0;
}

static nsec_t in_ms(unsigned n)
{
    return arch_clock() + n * MS;
}

static void sleep_ms(unsigned n)
{
    assert_int_equal(thread_sleep_until(in_ms(n), 0), 0);
}

static void spawn(void (*fn)(void *), void *arg)
{
    assert_non_null(kthread_create("test", fn, arg));
}

static ssize_t get(struct file *f, void *buf, size_t n)
{
    struct iovec iov;
    struct iov_iter it;

    iov_iter_kernel(&it, &iov, buf, n);
    return file_read(f, &it);
}

static ssize_t put(struct file *f, const void *buf, size_t n)
{
    struct iovec iov;
    struct iov_iter it;

    iov_iter_kernel(&it, &iov, (void *)(uintptr_t)buf, n);
    return file_write(f, &it);
}

static struct file *event(uint32_t n)
{
    struct file *f = eventfd_create(n, false, O_NONBLOCK);

    assert_non_null(f);
    return f;
}

static void add(struct file *f, uint64_t n)
{
    assert_int_equal(put(f, &n, sizeof(n)), sizeof(n));
}

static uint64_t drain(struct file *f)
{
    uint64_t n = 0;
    ssize_t got = get(f, &n, sizeof(n));

    assert_true(got == sizeof(n) || got == -EAGAIN);
    return n;
}

/* ---------------- iovecs ---------------- */

static void iter_crosses_segments(void **state)
{
    char a[5], b[8];
    struct iovec iov[3] = { { (uintptr_t)a, 5 }, { 0, 0 },
                            { (uintptr_t)b, 8 } };
    struct iov_iter it, saved;

    (void)state;
    iov_iter_init(&it, iov, 3, 13);
    it.kernel = true;
    assert_int_equal(copy_to_iter(&it, "abc", 3), 3);
    assert_int_equal(copy_to_iter(&it, "defghi", 6), 6);
    assert_memory_equal(a, "abcde", 5);
    assert_memory_equal(b, "fghi", 4);
    saved = iov_iter_save(&it);
    assert_int_equal(zero_iter(&it, 100), 4);
    assert_int_equal(it.left, 0);
    assert_int_equal(saved.left, 4);
    assert_int_equal(copy_from_iter(&saved, a, 5), 4);
    assert_memory_equal(a, "\0\0\0\0e", 5);
}

static void iter_stops_at_a_bad_address(void **state)
{
    struct mm *mm = mm_create();
    struct mm_map_args args = { .addr = 0x10000, .length = PAGE_SIZE,
                                .flags = VMA_READ | VMA_WRITE | VMA_ANON,
                                .fixed = true };
    struct iovec iov = { 0x10000 + PAGE_SIZE - 10, 20 };
    struct iov_iter it;

    (void)state;
    thread_current()->mm = mm;
    host_pt_set(mm_pt(mm));
    assert_int_equal(mm_map(mm, &args), 0x10000);
    iov_iter_init(&it, &iov, 1, 20);
    assert_int_equal(copy_to_iter(&it, "0123456789abcdefghij", 20), 10);
    assert_int_equal(copy_to_iter(&it, "x", 1), -EFAULT);
    assert_int_equal(it.left, 10);
    thread_current()->mm = NULL;
    host_pt_set(NULL);
    mm_unref(mm);
}

/* ---------------- descriptors ---------------- */

static void lowest_free_descriptor(void **state)
{
    struct fdtable *t = fdtable_create();
    struct file *f;

    (void)state;
    for (int i = 0; i < 300; i++)
        assert_int_equal(fdtable_install(t, event(0), 0, 1024, i & 1), i);
    assert_int_equal(fdtable_close(t, 5), 0);
    assert_int_equal(fdtable_close(t, 100), 0);
    assert_int_equal(fdtable_close(t, 5), -EBADF);
    assert_int_equal(fdtable_close(t, -1), -EBADF);
    assert_int_equal(fdtable_install(t, event(0), 50, 1024, false), 100);
    assert_int_equal(fdtable_install(t, event(0), 0, 1024, false), 5);
    assert_int_equal(fdtable_install(t, event(0), 0, 1024, false), 300);
    f = event(0);
    assert_int_equal(fdtable_install(t, f, 0, 301, false), -EMFILE);
    assert_int_equal(fdtable_install(t, f, 400, 301, false), -EMFILE);
    assert_int_equal(fdtable_replace(t, f, 700, 1024, true), 700);
    assert_int_equal(fdtable_replace(t, f, 1024, 1024, true), -EBADF);
    assert_int_equal(f->refs, 2);
    assert_int_equal(fdtable_cloexec_get(t, 700), 1);
    assert_int_equal(fdtable_cloexec_get(t, 0), 0);
    assert_int_equal(fdtable_cloexec_get(t, 1), 1);
    assert_int_equal(fdtable_cloexec_get(t, 699), -EBADF);
    assert_int_equal(fdtable_next(t, 301), 700);
    assert_int_equal(fdtable_next(t, 701), -1);
    assert_int_equal(fdtable_close_range(t, 10, ~0u, false), 0);
    assert_int_equal(fdtable_count(t), 10);
    assert_int_equal(f->refs, 1);
    assert_int_equal(fdtable_install(t, f, 0, 1024, false), 10);
    fdtable_unref(t);
}

static void references_of_descriptors(void **state)
{
    struct fdtable *t = fdtable_create();
    struct file *f = event(0);

    (void)state;
    assert_int_equal(fdtable_install(t, f, 3, 64, false), 3);
    assert_ptr_equal(fdtable_get(t, 3), f);
    assert_int_equal(f->refs, 2);
    fdtable_put(f);
    assert_int_equal(f->refs, 1);
    assert_null(fdtable_get(t, 2));
    assert_null(fdtable_get(t, -1));
    assert_null(fdtable_get(t, 1 << 20));
    /* A lone program thread borrows. */
    fdtable_single_set(t, true);
    thread_current()->program = true;
    assert_ptr_equal(fdtable_get(t, 3), f);
    assert_int_equal(f->refs, 1);
    fdtable_put(f);
    assert_int_equal(f->refs, 1);
    thread_current()->program = false;
    fdtable_unref(t);
}

static void table_body(void *arg)
{
    struct fdtable *t = fdtable_create();
    struct file *f;

    (void)arg;
    if (!t)
        return;
    for (int fd = 0; fd < 1000; fd += 100) {
        f = eventfd_create(0, false, 0);
        if (f && fdtable_install(t, f, fd, 1024, false) < 0)
            file_unref(f);
    }
    fdtable_unref(t);
}

static void tables_survive_no_memory(void **state)
{
    (void)state;
    unit_step_failures(FAULT_ALLOC, table_body, NULL);
}

/* ---------------- pipes ---------------- */

static char big[200000], back[200000];

static void pipe_keeps_bytes_and_bounds(void **state)
{
    struct file *e[2];

    (void)state;
    for (unsigned i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 7 + i / 1000);
    assert_int_equal(pipe_create(e, O_NONBLOCK), 0);
    assert_int_equal(get(e[0], back, 10), -EAGAIN);
    assert_int_equal(get(e[1], back, 10), -EBADF);
    assert_int_equal(put(e[0], big, 10), -EBADF);
    assert_int_equal(put(e[1], big, 100000), 65536);
    assert_int_equal(put(e[1], big, 1), -EAGAIN);
    assert_int_equal(file_poll(e[1], NULL), 0);
    assert_int_equal(get(e[0], back, 4095), 4095);
    assert_int_equal(put(e[1], big, 1), -EAGAIN);   /* no slot is free */
    assert_int_equal(get(e[0], back + 4095, 1), 1);
    assert_int_equal(put(e[1], big, 1000), 1000);
    assert_int_equal(put(e[1], big, 4096), -EAGAIN);
    assert_int_equal(put(e[1], big + 1000, 3096), 3096);
    assert_int_equal(put(e[1], big, 1), -EAGAIN);
    assert_int_equal(get(e[0], back + 4096, 100000), 65536);
    assert_memory_equal(back, big, 65536);
    assert_memory_equal(back + 65536, big, 4096);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(put(e[1], big, 1000), 1000);
    assert_int_equal(put(e[1], big, 1000), -EAGAIN);
    assert_int_equal(put(e[1], big, 96), 96);
    assert_int_equal(get(e[0], back, 100000), 64096);
    assert_true(file_poll(e[1], NULL) & POLLOUT);
    file_unref(e[1]);
    assert_int_equal(file_poll(e[0], NULL), POLLHUP);
    assert_int_equal(get(e[0], back, 1), 0);
    file_unref(e[0]);
    assert_int_equal(pipe_create(e, 0), 0);
    file_unref(e[0]);
    assert_int_equal(put(e[1], big, 1), -EPIPE);
    assert_true(file_poll(e[1], NULL) & POLLERR);
    file_unref(e[1]);
}

static void pipe_changes_size(void **state)
{
    struct file *e[2], *f = event(0);

    (void)state;
    assert_int_equal(pipe_create(e, O_NONBLOCK), 0);
    assert_int_equal(pipe_size(f, 0), -EBADF);
    file_unref(f);
    assert_int_equal(pipe_size(e[0], 0), 65536);
    assert_int_equal(pipe_size(e[0], 5000), 8192);
    assert_int_equal(put(e[1], big, 10000), 8192);
    assert_int_equal(pipe_size(e[0], 4096), -EBUSY);
    assert_int_equal(pipe_size(e[0], 1 << 20), 1 << 20);
    assert_int_equal(put(e[1], big + 8192, 100000), 100000);
    assert_int_equal(get(e[0], back, 5000), 5000);
    assert_int_equal(pipe_size(e[0], 1 << 17), 1 << 17);
    assert_int_equal(get(e[0], back + 5000, sizeof(back) - 5000), 103192);
    assert_memory_equal(back, big, 108192);
    assert_int_equal(pipe_size(e[0], 1 << 21), -EPERM);
    file_unref(e[0]);
    file_unref(e[1]);
}

static struct file *ends[2];
static unsigned finished;

#define STREAM 300000u

static void stream_out(void *arg)
{
    unsigned sent = 0;

    (void)arg;
    while (sent < STREAM) {
        unsigned n = 1 + sent % 9000;

        n = MIN(n, STREAM - sent);
        assert_int_equal(put(ends[1], big + sent % 100000, n), n);
        sent += n;
    }
    file_unref(ends[1]);
    finished++;
}

static void pipe_blocks_and_goes_on(void **state)
{
    unsigned seen = 0;
    ssize_t n;

    (void)state;
    for (unsigned i = 0; i < sizeof(big); i++)
        big[i] = (char)(i % 100000 * 31 >> 3);
    assert_int_equal(pipe_create(ends, 0), 0);
    spawn(stream_out, NULL);
    while ((n = get(ends[0], back, 1 + seen % 5000)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(back[i], big[(seen + (unsigned)i) % 100000]);
        seen += (unsigned)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(seen, STREAM);
    file_unref(ends[0]);
}

static void interrupted(void *arg)
{
    char c;

    (void)arg;
    assert_int_equal(get(ends[0], &c, 1), -ERESTARTSYS);
    finished++;
}

static void pipe_read_is_interrupted(void **state)
{
    struct thread *t;

    (void)state;
    finished = 0;
    assert_int_equal(pipe_create(ends, 0), 0);
    t = kthread_create("test", interrupted, NULL);
    sleep_ms(1);
    thread_interrupt(t);
    sleep_ms(1);
    assert_int_equal(finished, 1);
    file_unref(ends[0]);
    file_unref(ends[1]);
}

static void *slot;
static struct mutex slot_lock = MUTEX_INIT(slot_lock);

static void fifo_writer(void *arg)
{
    struct file *f = fifo_open(&slot, &slot_lock, O_WRONLY);

    (void)arg;
    assert_false(IS_ERR(f));
    assert_int_equal(put(f, "zz", 2), 2);
    file_unref(f);
}

static void fifo_opens_meet(void **state)
{
    struct file *r, *w;
    char b[4];

    (void)state;
    w = fifo_open(&slot, &slot_lock, O_WRONLY | O_NONBLOCK);
    assert_int_equal(PTR_ERR(w), -ENXIO);
    r = fifo_open(&slot, &slot_lock, O_RDONLY | O_NONBLOCK);
    assert_int_equal(file_poll(r, NULL), 0);
    w = fifo_open(&slot, &slot_lock, O_WRONLY | O_NONBLOCK);
    assert_int_equal(put(w, "q", 1), 1);
    assert_int_equal(get(r, b, 4), 1);
    file_unref(w);
    assert_int_equal(file_poll(r, NULL), POLLHUP);
    file_unref(r);
    spawn(fifo_writer, NULL);
    r = fifo_open(&slot, &slot_lock, O_RDONLY);
    assert_int_equal(get(r, b, 4), 2);
    assert_int_equal(get(r, b, 4), 0);
    file_unref(r);
    fifo_release(slot);
}

/* ---------------- eventfd, timerfd ---------------- */

static void eventfd_counts(void **state)
{
    struct file *f = event(3);
    uint64_t n = UINT64_MAX;

    (void)state;
    assert_int_equal(drain(f), 3);
    assert_int_equal(get(f, &n, 8), -EAGAIN);
    assert_int_equal(get(f, &n, 7), -EINVAL);
    assert_int_equal(put(f, &n, 8), -EINVAL);
    add(f, UINT64_MAX - 1);
    n = 1;
    assert_int_equal(put(f, &n, 8), -EAGAIN);
    assert_int_equal(file_poll(f, NULL), POLLIN);
    assert_int_equal(file_seek(f, 5, SEEK_SET), 0);
    assert_int_equal(file_ioctl(f, 0x5401, 0), -ENOTTY);
    file_unref(f);
    f = eventfd_create(2, true, O_NONBLOCK);
    assert_int_equal(drain(f), 1);
    assert_int_equal(drain(f), 1);
    assert_int_equal(get(f, &n, 8), -EAGAIN);
    file_unref(f);
}

static void timerfd_ticks(void **state)
{
    struct file *f = timerfd_create_file(1, 0);
    nsec_t value, interval, start = arch_clock();

    (void)state;
    assert_int_equal(timerfd_set(f, false, 5 * MS, 0, &value, &interval), 0);
    assert_int_equal(value, 0);
    assert_int_equal(timerfd_get(f, &value, &interval), 0);
    assert_int_equal(value, 5 * MS);
    assert_int_equal(drain(f), 1);
    assert_true(arch_clock() == start + 5 * MS);
    assert_int_equal(timerfd_set(f, true, in_ms(2), 3 * MS, &value,
                                 &interval), 0);
    sleep_ms(12);
    assert_int_equal(file_poll(f, NULL), POLLIN);
    assert_int_equal(drain(f), 4);
    assert_int_equal(timerfd_get(f, &value, &interval), 0);
    assert_int_equal(value, 2 * MS);
    assert_int_equal(drain(f), 1);
    assert_int_equal(timerfd_set(f, false, 0, 0, &value, &interval), 0);
    assert_int_equal(value, 3 * MS);
    assert_int_equal(interval, 3 * MS);
    assert_int_equal(file_set_flags(f, O_NONBLOCK), 0);
    assert_int_equal(drain(f), 0);
    /* A period of a nanosecond must not drown the machine. */
    assert_int_equal(timerfd_set(f, false, 1, 1, &value, &interval), 0);
    sleep_ms(1);
    assert_int_equal(drain(f), MS);
    file_unref(f);
}

/* ---------------- poll ---------------- */

static void late_writer(void *arg)
{
    sleep_ms(3);
    add(arg, 1);
}

static void poll_waits_for_any(void **state)
{
    struct poll_item items[100];
    struct file *f;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        items[i].file = event(0);
        items[i].events = POLLIN;
    }
    assert_int_equal(io_poll(items, 100, 0), 0);
    assert_int_equal(io_poll(items, 100, in_ms(4)), 0);
    spawn(late_writer, items[97].file);
    assert_int_equal(io_poll(items, 100, NSEC_FOREVER), 1);
    assert_int_equal(items[97].revents, POLLIN);
    f = items[3].file;
    items[3].file = NULL;
    assert_int_equal(io_poll(items, 100, NSEC_FOREVER), 2);
    assert_int_equal(items[3].revents, POLLNVAL);
    items[3].file = f;
    for (unsigned i = 0; i < 100; i++)
        file_unref(items[i].file);
    assert_int_equal(io_poll(NULL, 0, in_ms(1)), 0);
}

/* ---------------- epoll ---------------- */

static int control(struct file *ep, int op, struct file *f, int fd,
                   uint32_t events)
{
    struct epoll_event ev = { events, (uint64_t)fd };

    return epoll_control(ep, op, f, fd, &ev);
}

static struct epoll_event out[8];

static int ready(struct file *ep)
{
    return epoll_wait_events(ep, out, 8, 0);
}

static void epoll_refuses(void **state)
{
    struct file *ep = epoll_create_file(0), *f = event(0);

    (void)state;
    assert_int_equal(control(ep, EPOLL_CTL_ADD, f, 3, POLLIN), 0);
    assert_int_equal(control(ep, EPOLL_CTL_ADD, f, 3, POLLIN), -EEXIST);
    assert_int_equal(control(ep, EPOLL_CTL_ADD, f, 4, POLLIN), 0);
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 5, POLLIN), -ENOENT);
    assert_int_equal(control(ep, EPOLL_CTL_DEL, f, 5, 0), -ENOENT);
    assert_int_equal(control(ep, EPOLL_CTL_ADD, ep, 6, POLLIN), -EINVAL);
    assert_int_equal(control(f, EPOLL_CTL_ADD, ep, 6, POLLIN), -EINVAL);
    assert_int_equal(control(ep, 9, f, 3, POLLIN), -EINVAL);
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 3,
                             POLLIN | EPOLLEXCLUSIVE), -EINVAL);
    assert_int_equal(control(ep, EPOLL_CTL_ADD, f, 7, POLLIN |
                             EPOLLEXCLUSIVE | EPOLLONESHOT), -EINVAL);
    assert_int_equal(epoll_wait_events(f, out, 8, 0), -EINVAL);
    assert_int_equal(epoll_wait_events(ep, out, 0, 0), -EINVAL);
    file_unref(f);
    file_unref(ep);
}

static void epoll_level_edge_oneshot(void **state)
{
    struct file *ep = epoll_create_file(0), *f = event(0);

    (void)state;
    assert_int_equal(control(ep, EPOLL_CTL_ADD, f, 3, POLLIN), 0);
    assert_int_equal(ready(ep), 0);
    assert_int_equal(epoll_wait_events(ep, out, 8, in_ms(3)), 0);
    add(f, 1);
    assert_int_equal(ready(ep), 1);
    assert_int_equal(ready(ep), 1);
    assert_int_equal(out[0].events, POLLIN);
    assert_int_equal(out[0].data, 3);
    drain(f);
    assert_int_equal(ready(ep), 0);
    /* Edge: once for each arrival, and again after MOD. */
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 3, POLLIN | EPOLLET), 0);
    add(f, 1);
    assert_int_equal(ready(ep), 1);
    assert_int_equal(ready(ep), 0);
    add(f, 1);
    assert_int_equal(ready(ep), 1);
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 3, POLLIN | EPOLLET), 0);
    assert_int_equal(ready(ep), 1);
    /* One shot: silent until MOD, which reports what is there already. */
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 3,
                             POLLIN | EPOLLONESHOT), 0);
    assert_int_equal(ready(ep), 1);
    add(f, 1);
    assert_int_equal(ready(ep), 0);
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 3,
                             POLLIN | EPOLLONESHOT), 0);
    assert_int_equal(ready(ep), 1);
    /* The last reference takes it out. */
    assert_int_equal(control(ep, EPOLL_CTL_MOD, f, 3, POLLIN), 0);
    file_unref(f);
    assert_int_equal(ready(ep), 0);
    file_unref(ep);
}

static void epoll_shares_fairly(void **state)
{
    struct file *ep = epoll_create_file(0), *f[20];
    unsigned seen[20] = { 0 };

    (void)state;
    for (int i = 0; i < 20; i++) {
        f[i] = event(1);
        assert_int_equal(control(ep, EPOLL_CTL_ADD, f[i], i, POLLIN), 0);
    }
    for (unsigned round = 0; round < 10; round++) {
        assert_int_equal(epoll_wait_events(ep, out, 4, 0), 4);
        for (unsigned i = 0; i < 4; i++)
            seen[out[i].data]++;
    }
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(seen[i], 2);
        file_unref(f[i]);
    }
    assert_int_equal(ready(ep), 0);
    file_unref(ep);
}

static void epoll_hangup_is_always_told(void **state)
{
    struct file *ep = epoll_create_file(0), *e[2];

    (void)state;
    assert_int_equal(pipe_create(e, 0), 0);
    assert_int_equal(control(ep, EPOLL_CTL_ADD, e[0], 1, 0), 0);
    assert_int_equal(ready(ep), 0);
    file_unref(e[1]);
    assert_int_equal(ready(ep), 1);
    assert_int_equal(out[0].events, POLLHUP);
    file_unref(ep);
    assert_true(list_empty(&e[0]->epoll_items));
    file_unref(e[0]);
}

static void epoll_nests(void **state)
{
    struct file *ep[6], *f = event(0);

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        ep[i] = epoll_create_file(0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(control(ep[i], EPOLL_CTL_ADD, ep[i + 1], 1, POLLIN),
                         0);
    assert_int_equal(control(ep[4], EPOLL_CTL_ADD, ep[5], 1, POLLIN), -ELOOP);
    assert_int_equal(control(ep[4], EPOLL_CTL_ADD, ep[0], 1, POLLIN), -ELOOP);
    assert_int_equal(control(ep[1], EPOLL_CTL_ADD, ep[0], 1, POLLIN), -ELOOP);
    assert_int_equal(control(ep[4], EPOLL_CTL_ADD, f, 9, POLLIN), 0);
    assert_int_equal(ready(ep[0]), 0);
    add(f, 1);
    assert_int_equal(ready(ep[0]), 1);
    assert_int_equal(ready(ep[4]), 1);
    assert_int_equal(out[0].data, 9);
    drain(f);
    assert_int_equal(ready(ep[0]), 0);
    for (unsigned i = 0; i < 6; i++)
        file_unref(ep[i]);
    assert_true(list_empty(&f->epoll_items));
    file_unref(f);
}

static struct file *shared_ep;
static unsigned woken;

static void epoll_waiter(void *arg)
{
    struct epoll_event ev;
    struct file *ep = arg;

    if (epoll_wait_events(ep, &ev, 1, in_ms(50)) == 1)
        woken++;
}

static void epoll_exclusive_wakes_one_set(void **state)
{
    struct file *f = event(0), *ep[3];

    (void)state;
    woken = 0;
    for (unsigned i = 0; i < 3; i++) {
        ep[i] = epoll_create_file(0);
        assert_int_equal(control(ep[i], EPOLL_CTL_ADD, f, 1,
                                 POLLIN | EPOLLEXCLUSIVE | EPOLLET), 0);
        spawn(epoll_waiter, ep[i]);
    }
    sleep_ms(1);
    add(f, 1);
    sleep_ms(100);
    assert_int_equal(woken, 1);
    for (unsigned i = 0; i < 3; i++)
        file_unref(ep[i]);
    /* One event, one of several waiters of a set. */
    woken = 0;
    drain(f);
    shared_ep = epoll_create_file(0);
    assert_int_equal(control(shared_ep, EPOLL_CTL_ADD, f, 1,
                             POLLIN | EPOLLET), 0);
    for (unsigned i = 0; i < 3; i++)
        spawn(epoll_waiter, shared_ep);
    sleep_ms(1);
    add(f, 1);
    sleep_ms(100);
    assert_int_equal(woken, 1);
    file_unref(shared_ep);
    file_unref(f);
}

static void epoll_body(void *arg)
{
    struct file *ep = epoll_create_file(0), *e[2];

    (void)arg;
    if (!ep)
        return;
    if (pipe_create(e, 0) == 0) {
        control(ep, EPOLL_CTL_ADD, e[0], 3, POLLIN);
        control(ep, EPOLL_CTL_ADD, e[1], 4, POLLOUT);
        file_unref(e[0]);
        file_unref(e[1]);
    }
    file_unref(ep);
}

static void epoll_survives_no_memory(void **state)
{
    (void)state;
    unit_step_failures(FAULT_ALLOC, epoll_body, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(iter_crosses_segments),
        cmocka_unit_test(iter_stops_at_a_bad_address),
        cmocka_unit_test(lowest_free_descriptor),
        cmocka_unit_test(references_of_descriptors),
        cmocka_unit_test(tables_survive_no_memory),
        cmocka_unit_test(pipe_keeps_bytes_and_bounds),
        cmocka_unit_test(pipe_changes_size),
        cmocka_unit_test(pipe_blocks_and_goes_on),
        cmocka_unit_test(pipe_read_is_interrupted),
        cmocka_unit_test(fifo_opens_meet),
        cmocka_unit_test(eventfd_counts),
        cmocka_unit_test(timerfd_ticks),
        cmocka_unit_test(poll_waits_for_any),
        cmocka_unit_test(epoll_refuses),
        cmocka_unit_test(epoll_level_edge_oneshot),
        cmocka_unit_test(epoll_shares_fairly),
        cmocka_unit_test(epoll_hangup_is_always_told),
        cmocka_unit_test(epoll_nests),
        cmocka_unit_test(epoll_exclusive_wakes_one_set),
        cmocka_unit_test(epoll_survives_no_memory),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
