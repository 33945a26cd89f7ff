/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads, waiting, sleeping locks and timers, on a clock that stands still
 * unless a test or the idle loop moves it. */
#include "unit_sched.h"

#define MS NSEC_PER_MSEC

static unsigned finished;

static int boot(void **state)
{
    (void)state;
    unit_sched_boot();
    return 0;
}

static void sleep_for(nsec_t ns)
{
    assert_int_equal(thread_sleep_until(arch_clock() + ns, 0), 0);
}

static void spawn(void (*fn)(void *), void *arg)
{
    assert_non_null(kthread_create("test", fn, arg));
}

/* ---------------- sleeping ---------------- */

static unsigned order[8];

static void sleeper(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    nsec_t deadline = arch_clock() + n * MS;

    thread_sleep_until(deadline, 0);
    assert_true(arch_clock() == deadline);
    order[finished++] = (unsigned)n;
}

static void sleeps_end_in_order(void **state)
{
    (void)state;
    finished = 0;
    spawn(sleeper, (void *)5);
    spawn(sleeper, (void *)1);
    spawn(sleeper, (void *)3);
    sleep_for(10 * MS);
    assert_int_equal(finished, 3);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 3);
    assert_int_equal(order[2], 5);
}

static void past_deadline_is_timeout(void **state)
{
    (void)state;
    thread_wait_prepare("test");
    assert_int_equal(thread_wait_commit(arch_clock(), 0), -ETIMEDOUT);
    assert_int_equal(thread_wait(NULL, 0, 0), -ETIMEDOUT);
}

static void wake_after_prepare_is_kept(void **state)
{
    (void)state;
    thread_wait_prepare("test");
    thread_wake(thread_current());
    assert_int_equal(thread_wait_commit(NSEC_FOREVER, 0), 0);
    /* One from before prepare says nothing about what is waited for now. */
    thread_wake(thread_current());
    thread_wait_prepare("test");
    assert_int_equal(thread_wait_commit(arch_clock() + MS, 0), -ETIMEDOUT);
}

static void interrupter(void *arg)
{
    thread_interrupt(arg);
}

static void interrupt_ends_a_wait(void **state)
{
    struct thread *self = thread_current();

    (void)state;
    spawn(interrupter, self);
    assert_int_equal(thread_sleep_until(NSEC_FOREVER, WAIT_INTERRUPTIBLE),
                     -EINTR);
    assert_true(self->interrupted);
    assert_true(self->arch.work & THREAD_WORK_INTERRUPT);
    /* It stays until cleared, and does not touch other waits. */
    assert_int_equal(thread_wait(NULL, NSEC_FOREVER, WAIT_INTERRUPTIBLE),
                     -EINTR);
    sleep_for(MS);
    thread_interrupt_clear(self);
    assert_int_equal(self->arch.work, 0);
    assert_int_equal(thread_wait(NULL, arch_clock() + MS, WAIT_INTERRUPTIBLE),
                     -ETIMEDOUT);
}

/* ---------------- wait queues ---------------- */

static struct waitq queue = WAITQ_INIT(queue);
static unsigned tokens, taken;

static bool token_take(void)
{
    if (!tokens)
        return false;
    tokens--;
    return true;
}

static void taker(void *arg)
{
    (void)arg;
    assert_int_equal(waitq_wait(&queue, token_take(), NSEC_FOREVER,
                                WAIT_EXCLUSIVE), 0);
    taken++;
}

static unsigned seen;

static void watcher(void *arg)
{
    unsigned old = seen;

    (void)arg;
    waitq_wait(&queue, seen != old, NSEC_FOREVER, 0);
    taken += 100;
}

static void exclusive_wakes_as_many_as_asked(void **state)
{
    (void)state;
    taken = 0;
    for (unsigned i = 0; i < 5; i++)
        spawn(taker, NULL);
    spawn(watcher, NULL);
    sleep_for(MS);
    tokens = 2;
    assert_int_equal(waitq_wake(&queue, 2, ~0u), 2);
    /* The woken are not woken again, the next ones are. */
    tokens += 1;
    assert_int_equal(waitq_wake(&queue, 1, ~0u), 1);
    sleep_for(MS);
    assert_int_equal(taken, 3);
    seen++;
    tokens = 2;
    assert_int_equal(waitq_wake(&queue, 9, ~0u), 2);
    sleep_for(MS);
    assert_int_equal(taken, 105);
    assert_false(waitq_busy(&queue));
}

static void waits_time_out(void **state)
{
    nsec_t start = arch_clock();

    (void)state;
    assert_int_equal(waitq_wait(&queue, false, start + 3 * MS, 0),
                     -ETIMEDOUT);
    assert_true(arch_clock() == start + 3 * MS);
    assert_false(waitq_busy(&queue));
}

/* ---------------- locks ---------------- */

static struct mutex mutex;
static unsigned inside;

static void locker(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 20; i++) {
        mutex_lock(&mutex);
        assert_int_equal(inside++, 0);
        assert_true(mutex_held(&mutex));
        if (i % 3 == 0)
            sleep_for(MS);
        else
            thread_yield();
        inside--;
        mutex_unlock(&mutex);
    }
    finished++;
}

static void mutex_excludes(void **state)
{
    (void)state;
    finished = 0;
    mutex_init(&mutex);
    assert_true(mutex_trylock(&mutex));
    assert_false(mutex_trylock(&mutex));
    for (unsigned i = 0; i < 6; i++)
        spawn(locker, NULL);
    sleep_for(MS);
    mutex_unlock(&mutex);
    sleep_for(1000 * MS);
    assert_int_equal(finished, 6);
    assert_int_equal(mutex.word, 0);
}

static struct rwlock rwlock;
static unsigned readers, most_readers;

static void reader(void *arg)
{
    (void)arg;
    rwlock_read_lock(&rwlock);
    readers++;
    most_readers = MAX(most_readers, readers);
    sleep_for(5 * MS);
    readers--;
    order[finished++] = 'r';
    rwlock_read_unlock(&rwlock);
}

static void writer(void *arg)
{
    (void)arg;
    rwlock_write_lock(&rwlock);
    assert_int_equal(readers, 0);
    sleep_for(5 * MS);
    assert_int_equal(readers, 0);
    order[finished++] = 'w';
    rwlock_write_unlock(&rwlock);
}

static void writers_go_first(void **state)
{
    (void)state;
    finished = 0;
    rwlock_init(&rwlock);
    spawn(reader, NULL);
    spawn(reader, NULL);
    sleep_for(MS);
    spawn(writer, NULL);
    sleep_for(MS);
    spawn(reader, NULL);
    sleep_for(100 * MS);
    assert_int_equal(finished, 4);
    assert_int_equal(most_readers, 2);
    assert_int_equal(order[2], 'w');
    assert_int_equal(order[3], 'r');
}

/* ---------------- fairness ---------------- */

struct spinner {
    struct thread thread;
    bool reaped;
    nsec_t used;
};

static bool stop;

static void spin(void *arg)
{
    struct spinner *s = arg;

    while (!stop) {
        host_clock_advance(100 * NSEC_PER_USEC);
        if (arch_resched_pending())
            thread_preempt_check();
    }
    s->used = thread_cpu_time(&s->thread);
    thread_exit();
}

static void spinner_reap(struct thread *t)
{
    struct spinner *s = container_of(t, struct spinner, thread);

    thread_release(t);
    s->reaped = true;
}

static void spinners_run(struct spinner *s, unsigned n, const int *nice,
                         nsec_t time)
{
    memset(s, 0, n * sizeof(*s));
    stop = false;
    for (unsigned i = 0; i < n; i++) {
        s[i].thread.program = true;
        s[i].thread.reap = spinner_reap;
        assert_int_equal(thread_init(&s[i].thread, "spin", NULL, spin,
                                     &s[i]), 0);
        thread_nice_set(&s[i].thread, nice[i]);
        assert_int_equal(thread_nice_get(&s[i].thread), nice[i]);
        thread_start(&s[i].thread);
    }
    sleep_for(time);
    stop = true;
    sleep_for(50 * MS);
    for (unsigned i = 0; i < n; i++)
        assert_true(s[i].reaped);
}

static void shares_follow_weight(void **state)
{
    static const int even[3], uneven[2] = { 0, 5 };
    struct spinner s[3];

    (void)state;
    spinners_run(s, 3, even, 3000 * MS);
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(s[i].used, 985 * MS, 1015 * MS);
    spinners_run(s, 2, uneven, 2000 * MS);
    assert_in_range(s[0].used * 100 / s[1].used, 290, 325);
}

static void a_sleeper_is_served_at_once(void **state)
{
    static const int nice[1];
    struct spinner s;
    nsec_t worst = 0;

    (void)state;
    memset(&s, 0, sizeof(s));
    stop = false;
    s.thread.program = true;
    s.thread.reap = spinner_reap;
    assert_int_equal(thread_init(&s.thread, "spin", NULL, spin, &s), 0);
    thread_nice_set(&s.thread, nice[0]);
    thread_start(&s.thread);
    for (unsigned i = 0; i < 100; i++) {
        nsec_t deadline = arch_clock() + 7 * MS;

        thread_sleep_until(deadline, 0);
        worst = MAX(worst, arch_clock() - deadline);
    }
    stop = true;
    sleep_for(50 * MS);
    assert_true(worst <= 200 * NSEC_PER_USEC);
}

static void no_tick_for_one(void **state)
{
    static const int nice[1];
    struct spinner s;

    (void)state;
    spinners_run(&s, 1, nice, 500 * MS);
    assert_in_range(s.used, 499 * MS, 501 * MS);
    assert_true(s.thread.switches_invol <= 2);
    assert_true(host_timer_deadline() == NSEC_FOREVER ||
                host_timer_deadline() <= arch_clock() + 10 * MS);
}

/* ---------------- timers ---------------- */

#define TIMERS 64u

static struct timer timers[TIMERS];
static nsec_t expected[TIMERS];     /* NSEC_FOREVER: must not run */
static unsigned fired;

static void timer_fn(struct timer *t)
{
    uintptr_t i = (uintptr_t)t->arg;

    assert_false(irq_enabled());
    assert_true(arch_clock() == expected[i]);
    expected[i] = NSEC_FOREVER;
    fired++;
    if (i % 4 == 0 && fired % 2) {
        expected[i] = arch_clock() + i * 1000 + 1;
        timer_set(t, expected[i]);
    }
}

static void timers_fire_when_due(void **state)
{
    (void)state;
    for (uintptr_t i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], timer_fn, (void *)i);
        expected[i] = NSEC_FOREVER;
    }
    for (unsigned n = 0; n < 20000; n++) {
        unsigned i = (unsigned)unit_below(TIMERS);

        if (unit_below(4)) {
            expected[i] = arch_clock() + 1 + unit_below(300000);
            timer_set(&timers[i], expected[i]);
        } else {
            assert_int_equal(timer_cancel(&timers[i]),
                             expected[i] != NSEC_FOREVER);
            expected[i] = NSEC_FOREVER;
        }
        /* Never past a deadline in one step, so each is met exactly. */
        for (nsec_t left = unit_below(5000); left;) {
            nsec_t next = host_timer_deadline(), now = arch_clock();
            nsec_t step = next > now ? MIN(left, next - now) : left;

            host_clock_advance(step);
            left -= step;
        }
    }
    for (unsigned i = 0; i < TIMERS; i++)
        timer_cancel(&timers[i]);
    assert_true(fired > 1000);
}

/* ---------------- life and death ---------------- */

static void nothing(void *arg)
{
    (void)arg;
    finished++;
}

static void threads_come_and_go(void **state)
{
    unsigned before = thread_count();

    (void)state;
    finished = 0;
    for (unsigned i = 0; i < 1000; i++) {
        spawn(nothing, NULL);
        if (i % 100 == 99)
            sleep_for(MS);
    }
    sleep_for(MS);
    assert_int_equal(finished, 1000);
    assert_int_equal(thread_count(), before);
}

static void create_body(void *arg)
{
    struct thread t;

    (void)arg;
    memset(&t, 0, sizeof(t));
    if (thread_init(&t, "never", NULL, nothing, NULL) == 0)
        thread_release(&t);
}

static void creation_fails_cleanly(void **state)
{
    unsigned before = thread_count();

    (void)state;
    unit_step_failures(FAULT_ALLOC, create_body, NULL);
    assert_int_equal(thread_count(), before);
}

static void affinity_must_leave_a_cpu(void **state)
{
    struct cpu_mask mask = { { 2 } };

    (void)state;
    assert_int_equal(thread_affinity_set(thread_current(), &mask), -EINVAL);
    mask.bits[0] = 3;
    assert_int_equal(thread_affinity_set(thread_current(), &mask), 0);
}

static void clocks_agree(void **state)
{
    nsec_t now = 1700000000 * NSEC_PER_SEC;

    (void)state;
    clock_realtime_set(now);
    assert_true(clock_realtime() == now);
    sleep_for(MS);
    assert_true(clock_realtime() == now + MS);
    assert_true(clock_monotonic() + clock_realtime_offset() == now + MS);
}

static void load_decays(void **state)
{
    static const int nice[2];
    struct spinner s[2];
    uint64_t load[3];

    (void)state;
    spinners_run(s, 2, nice, 120 * NSEC_PER_SEC);
    sched_load_get(load);
    assert_in_range(load[0], 65536 * 3 / 2, 65536 * 3);
    assert_true(load[1] < load[0] && load[2] < load[1]);
    sleep_for(600 * NSEC_PER_SEC);
    sched_load_get(load);
    assert_true(load[0] < 65536 / 100);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleeps_end_in_order),
        cmocka_unit_test(past_deadline_is_timeout),
        cmocka_unit_test(wake_after_prepare_is_kept),
        cmocka_unit_test(interrupt_ends_a_wait),
        cmocka_unit_test(exclusive_wakes_as_many_as_asked),
        cmocka_unit_test(waits_time_out),
        cmocka_unit_test(mutex_excludes),
        cmocka_unit_test(writers_go_first),
        cmocka_unit_test(shares_follow_weight),
        cmocka_unit_test(a_sleeper_is_served_at_once),
        cmocka_unit_test(no_tick_for_one),
        cmocka_unit_test(timers_fire_when_due),
        cmocka_unit_test(threads_come_and_go),
        cmocka_unit_test(creation_fails_cleanly),
        cmocka_unit_test(affinity_must_leave_a_cpu),
        cmocka_unit_test(clocks_agree),
        cmocka_unit_test(load_decays),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
