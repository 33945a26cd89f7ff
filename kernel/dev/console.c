/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: one output device, and what was typed at it. uart.c or
 * virtio_console.c register here; the later one wins, so the better one
 * starts last. Before either, output goes to arch's early console.
 */
#include "dev_priv.h"

#define LOCK_SPINS 1000000

struct waitq console_rx_wait = WAITQ_INIT(console_rx_wait);

static const struct console_ops *console;   /* [a] */
static struct spinlock rx_lock;
static char rx_bytes[CONSOLE_RX_BYTES];
static struct ring rx = { (uint8_t *)rx_bytes, CONSOLE_RX_BYTES, 0, 0 };
static uint64_t rx_lost;                    /* typed faster than read */
_Static_assert(!(CONSOLE_RX_BYTES & (CONSOLE_RX_BYTES - 1)), "ring size");

void console__set(const struct console_ops *ops)
{
    __atomic_store_n(&console, ops, __ATOMIC_RELEASE);
}

static void put(const char *buf, size_t n, bool may_sleep)
{
    const struct console_ops *c = __atomic_load_n(&console, __ATOMIC_ACQUIRE);

    if (c) {
        c->write(buf, n, may_sleep);
        return;
    }
    while (n--)
        arch_early_putc(*buf++);
}

void console_write(const char *buf, size_t n)
{
    put(buf, n, true);
}

void console_write_sync(const char *buf, size_t n)
{
    char out[256];
    size_t used = 0, i;

    for (i = 0; i < n; i++) {
        if (buf[i] == '\n')
            out[used++] = '\r';
        out[used++] = buf[i];
        if (used >= sizeof(out) - 1 || i == n - 1) {
            put(out, used, false);
            used = 0;
        }
    }
}

bool dev__output_lock(struct spinlock *l, bool may_sleep)
{
    unsigned i;

    ASSERT(!irq_enabled());
    if (may_sleep) {
        spin_lock(l);
        return true;
    }
    for (i = 0; i < LOCK_SPINS; i++) {
        if (spin_trylock(l))
            return true;
        cpu_relax();
    }
    return false;
}

void console__input(const char *buf, size_t n)
{
    uint64_t flags = spin_lock_irqsave(&rx_lock);

    rx_lost += n - ring_write(&rx, buf, n);
    spin_unlock_irqrestore(&rx_lock, flags);
    waitq_wake_all(&console_rx_wait);
}

size_t console__room(void)
{
    uint64_t flags = spin_lock_irqsave(&rx_lock);
    size_t n = ring_free(&rx);

    spin_unlock_irqrestore(&rx_lock, flags);
    return n;
}

size_t console_read(char *buf, size_t n)
{
    const struct console_ops *c = __atomic_load_n(&console, __ATOMIC_ACQUIRE);
    uint64_t flags = spin_lock_irqsave(&rx_lock);

    n = ring_read(&rx, buf, MIN(n, CONSOLE_RX_BYTES));
    spin_unlock_irqrestore(&rx_lock, flags);
    if (n && c)
        c->resume();
    return n;
}

void console_size(unsigned *cols, unsigned *rows)
{
    const struct console_ops *c = __atomic_load_n(&console, __ATOMIC_ACQUIRE);

    *cols = 80;
    *rows = 24;
    if (c && c->size)
        c->size(cols, rows);
}
