/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks, as fs sees them. A disk appears at discovery and stays.
 */
#ifndef HULL_BLOCK_H
#define HULL_BLOCK_H

#include "../sched/sched.h"

struct block_device {
    char name[16];          /* "vda" */
    char serial[24];        /* what the hypervisor calls it, or "" */
    uint64_t size;          /* bytes; a multiple of sector */
    uint32_t sector;        /* 512 or 4096 */
    bool read_only;
    bool flush;             /* has a volatile write cache */
    uint64_t reads, writes, read_bytes, write_bytes, flushes;   /* [a] */
    const struct block_ops *ops;    /* the driver's */
    void *driver;           /* the driver's */
};

struct block_segment { void *addr; uint32_t len; };  /* direct-map memory,
                                                      * len a sector multiple */

unsigned block_device_count(void);
struct block_device *block_device_get(unsigned i);          /* NULL beyond */
struct block_device *block_device_find(const char *serial_or_name);
/* Reads or writes bytes at a sector-aligned offset; blocks. 0, -EIO, -EINVAL
 * (bounds, alignment), -EROFS, -ENOMEM. Callers issue in parallel from many
 * threads. */
int block_read(struct block_device *d, uint64_t off, void *buf, size_t n);
int block_write(struct block_device *d, uint64_t off, const void *buf,
                size_t n);
int block_rw_segments(struct block_device *d, bool write, uint64_t off,
                      const struct block_segment *segs, unsigned n);
/* Everything written before is on stable storage after. */
int block_flush(struct block_device *d);

#endif
