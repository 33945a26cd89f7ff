/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev's insides that its files share: device registers, interrupt lines, and
 * what buses and drivers ask of each other.
 */
#ifndef HULL_DEV_PRIV_H
#define HULL_DEV_PRIV_H

#include "block.h"
#include "dev.h"
#include "netdev.h"

/* --- device registers --- */
static inline uint8_t mmio_get8(volatile void *base, unsigned off)
{
    return *((volatile uint8_t *)base + off);
}
static inline uint16_t mmio_get16(volatile void *base, unsigned off)
{
    return *(volatile uint16_t *)((volatile uint8_t *)base + off);
}
static inline uint32_t mmio_get32(volatile void *base, unsigned off)
{
    return *(volatile uint32_t *)((volatile uint8_t *)base + off);
}
static inline void mmio_put8(volatile void *base, unsigned off, uint8_t v)
{
    *((volatile uint8_t *)base + off) = v;
}
static inline void mmio_put16(volatile void *base, unsigned off, uint16_t v)
{
    *(volatile uint16_t *)((volatile uint8_t *)base + off) = v;
}
static inline void mmio_put32(volatile void *base, unsigned off, uint32_t v)
{
    *(volatile uint32_t *)((volatile uint8_t *)base + off) = v;
}

/* --- interrupt lines (irqline.c) --- */
/* Calls fn(arg) whenever global system interrupt gsi fires; several devices
 * may share one line. -ENOSPC, -ENODEV, -ENOMEM. */
int dev__line_attach(unsigned gsi, bool level, bool active_low,
                     irq_handler_fn *fn, void *arg);

/* --- buses --- */
void pci__scan(void);
/* How many virtio-mmio devices it found. */
unsigned virtio_mmio__scan(const char *cmdline);

struct mmio_window { paddr_t addr; uint64_t size; unsigned gsi;
                     bool level, active_low; };
/* Parses "SIZE@ADDR:IRQ[:ID]" up to a blank or the end. 0 or -EINVAL. */
int virtio_mmio__parse(const char *s, struct mmio_window *out);
/* Finds virtio-mmio nodes in the AML of `table` (any bytes, n of them). */
unsigned acpi__scan_mmio(const uint8_t *table, size_t n,
                         struct mmio_window *out, unsigned max);

/* --- disks (block.c) --- */
struct block_ops {
    /* Bounds, alignment and read-only are checked. May block. 0, -EIO. */
    int (*rw)(struct block_device *d, bool write, uint64_t off,
              const struct block_segment *segs, unsigned n);
    int (*flush)(struct block_device *d);
};
/* Names the disk and shows it to fs. -ENOSPC. */
int block__register(struct block_device *d);

/* --- network cards (netdev.c) --- */
struct netdev_ops {         /* as the door's calls; all required */
    struct netrx *(*receive)(struct netdev *d);
    void (*rx_free)(struct netrx *rx);      /* the chain */
    int (*transmit)(struct netdev *d, const struct nettx *tx, bool more);
    bool (*publish)(struct netdev *d);
    void (*ring)(struct netdev *d);
    void (*reclaim)(struct netdev *d);
};
/* Names the card and shows it to net. A received buffer's driver[0] must be
 * the card. -ENOSPC. */
int netdev__register(struct netdev *d);

/* --- consoles (console.c) --- */
struct console_ops {
    /* Waits for the device by sleeping if may_sleep, else by polling. */
    void (*write)(const char *buf, size_t n, bool may_sleep);
    /* Or NULL: 80x24. */
    void (*size)(unsigned *cols, unsigned *rows);
    /* There may be room again for what was left with the device. */
    void (*resume)(void);
};
/* An output device's lock, interrupts off. The log (may_sleep false) tries for
 * a while only, and returns false: it may have cut into the holder (panic). */
bool dev__output_lock(struct spinlock *l, bool may_sleep);
void console__set(const struct console_ops *ops);
/* From the device's interrupt; takes no more than there is room for. */
void console__input(const char *buf, size_t n);
size_t console__room(void);
void uart__init(void);

/* --- randomness --- */
/* Asks an entropy device for more; any context, must not block. */
void random__source_set(void (*ask)(void));
/* Real entropy was added. */
void random__seeded(void);
void chacha20__block(uint32_t out[16], const uint32_t in[16]);

#endif
