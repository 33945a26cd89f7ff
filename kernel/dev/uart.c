/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550 serial port at 0x3f8: the console when there is no better one.
 * Sending polls, with one look at the status a FIFO's worth (each access may
 * leave the guest); receiving is by ISA interrupt 4.
 */
#include "dev_priv.h"

#define PORT 0x3f8
enum { DATA = 0, IER = 1, FCR = 2, IIR = 2, LCR = 3, MCR = 4, LSR = 5,
       SCRATCH = 7 };
enum { LSR_READY = 1, LSR_EMPTY = 0x20, IER_RX = 1, LCR_8N1 = 3,
       LCR_DIVISOR = 0x80, FCR_ON = 1, MCR_DTR_RTS_OUT2 = 11,
       MCR_LOOP = 16, IIR_FIFO = 0xc0 };
#define READ_AT_ONCE 64     /* bytes taken in one interrupt */
#define FULL_SPINS 100000   /* looks at a FIFO that does not drain */
#define WHOLE_FIFOS 16      /* sent without letting another writer in */

static struct spinlock lock;
static struct spinlock rx_lock;
static bool rx_held;        /* [rx_lock] the rest stays in the FIFO */
static unsigned fifo = 1;

static bool wait_empty(void)
{
    unsigned i;

    for (i = 0; i < FULL_SPINS; i++) {
        if (arch_in8(PORT + LSR) & LSR_EMPTY)
            return true;
        cpu_relax();
    }
    return false;
}

/* Sends what it can of n bytes; less when the port does not drain. */
static size_t send(const char *buf, size_t n, bool may_sleep)
{
    uint64_t flags = irq_save();
    bool locked = dev__output_lock(&lock, may_sleep);
    size_t i, sent = 0;

    n = MIN(n, (size_t)fifo * WHOLE_FIFOS);
    while (sent < n && wait_empty())
        for (i = 0; i < fifo && sent < n; i++)
            arch_out8(PORT + DATA, buf[sent++]);
    if (locked)
        spin_unlock(&lock);
    irq_restore(flags);
    return sent;
}

/* Nobody may be reading at the other end: a thread waits for that, the log
 * drops the rest. */
static void uart_write(const char *buf, size_t n, bool may_sleep)
{
    size_t sent;

    while (n) {
        sent = send(buf, n, may_sleep);
        buf += sent;
        n -= sent;
        if (sent)
            continue;
        if (!may_sleep)
            return;
        thread_sleep_until(clock_monotonic() + NSEC_PER_MSEC, 0);
    }
}

static void uart_irq(void *arg)
{
    uint64_t flags = spin_lock_irqsave(&rx_lock);
    size_t n = 0, room = MIN(console__room(), (size_t)READ_AT_ONCE);
    char buf[READ_AT_ONCE];

    (void)arg;
    while (n < room && arch_in8(PORT + LSR) & LSR_READY)
        buf[n++] = arch_in8(PORT + DATA);
    if (n)
        console__input(buf, n);
    rx_held = console__room() == 0;
    if (rx_held)
        arch_out8(PORT + IER, 0);
    spin_unlock_irqrestore(&rx_lock, flags);
}

static void uart_resume(void)
{
    uint64_t flags = spin_lock_irqsave(&rx_lock);

    if (rx_held) {
        rx_held = false;
        arch_out8(PORT + IER, IER_RX);
    }
    spin_unlock_irqrestore(&rx_lock, flags);
}

static const struct console_ops uart_ops = {
    .write = uart_write,
    .resume = uart_resume,
};

/*
 * Turns the FIFO on, which empties it: what was typed before the kernel came
 * this far (one byte without a FIFO, as nobody sends more then) is taken out
 * and handed on first. Looped back, as taking it would else be a hypervisor's
 * cue to send the next byte, into the FIFO that is about to be emptied.
 */
static void fifo_on(void)
{
    bool typed = arch_in8(PORT + LSR) & LSR_READY;
    char c = 0;

    arch_out8(PORT + MCR, MCR_LOOP);
    if (typed)
        c = (char)arch_in8(PORT + DATA);
    arch_out8(PORT + FCR, FCR_ON);
    if (typed)
        console__input(&c, 1);
}

void uart__init(void)
{
    int irq;

    if (!arch_has_ports())
        return;
    arch_out8(PORT + SCRATCH, 0x5a);
    if (arch_in8(PORT + SCRATCH) != 0x5a)
        return;                                 /* nobody there */
    arch_out8(PORT + IER, 0);
    arch_out8(PORT + LCR, LCR_DIVISOR);
    arch_out8(PORT + DATA, 1);                  /* 115200 baud */
    arch_out8(PORT + IER, 0);
    arch_out8(PORT + LCR, LCR_8N1);
    fifo_on();
    arch_out8(PORT + MCR, MCR_DTR_RTS_OUT2);
    if ((arch_in8(PORT + IIR) & IIR_FIFO) == IIR_FIFO)
        fifo = 16;
    console__set(&uart_ops);
    irq = arch_irq_alloc(uart_irq, NULL, 0);
    if (irq < 0 || arch_irq_route_isa(irq, 4))
        log_warn("serial port: no interrupt; it cannot be typed at");
    else
        arch_out8(PORT + IER, IER_RX);
}
