/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's log. It lies below arch, so its lock is a plain test-and-set
 * of its own; the sink runs under it so that lines do not mix.
 */
#include "list.h"

#define LINE_MAX 512
#define TEXT_MAX 1024     /* of one call; a message may have several lines */

static uint8_t ring_bytes[LOG_BYTES];
static struct ring ring = { ring_bytes, LOG_BYTES, 0, 0 };
static uint32_t lock_word;
static bool panicking;
static int console_level = LOG_WARN;
static log_sink_fn *sink;

_Static_assert((LOG_BYTES & (LOG_BYTES - 1)) == 0, "the ring wants a power");

static bool log_lock(void)
{
    /* A line logged from an interrupt that cut into a line of this CPU would
     * wait for ever: after many tries go on without the lock. Garbled beats
     * hung, and the ring's indices stay in range whatever happens. */
    for (unsigned tries = 0; tries < 1u << 20; tries++) {
        if (__atomic_load_n(&panicking, __ATOMIC_RELAXED))
            return false;
        if (!__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

static void log_unlock(bool locked)
{
    if (locked)
        __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

static void ring_append(const char *text, uint32_t n)
{
    if (ring_free(&ring) < n)
        ring.head += n - ring_free(&ring);
    ring_write(&ring, text, n);
}

/* One line of text, without its newline; longer ones are cut. */
static void emit(enum log_level level, const char *text, size_t n)
{
    char line[LINE_MAX] = LOG_PREFIX;
    const size_t at = sizeof(LOG_PREFIX) - 1;
    bool locked;

    n = MIN(n, sizeof(line) - at - 1);
    memcpy(line + at, text, n);
    line[at + n] = '\n';
    locked = log_lock();
    ring_append(line, (uint32_t)(at + n + 1));
    if (sink && (int)level <= console_level)
        sink(line, at + n + 1);
    log_unlock(locked);
}

void log_vprintf(enum log_level level, const char *fmt, va_list ap)
{
    char text[TEXT_MAX];
    const char *at = text, *end;

    vsnprintf(text, sizeof(text), fmt, ap);
    for (; (end = strchr(at, '\n')) != NULL; at = end + 1)
        emit(level, at, (size_t)(end - at));
    if (*at)
        emit(level, at, strlen(at));
}

void log_printf(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_vprintf(level, fmt, ap);
    va_end(ap);
}

void log_sink_set(log_sink_fn *fn)
{
    sink = fn;
}

void log_level_set(int level)
{
    console_level = level;
}

int log_level_get(void)
{
    return console_level;
}

size_t log_ring_read(char *buf, size_t size)
{
    bool locked = log_lock();
    struct ring copy = ring;

    if (ring_used(&copy) > size)
        copy.head += ring_used(&copy) - (uint32_t)size;
    size = ring_read(&copy, buf, (uint32_t)size);
    log_unlock(locked);
    return size;
}

void log_panic_begin(void)
{
    __atomic_store_n(&panicking, true, __ATOMIC_RELAXED);
}
