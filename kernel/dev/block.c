/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door to disks: the list of them, and the checks every request passes
 * before a driver sees it.
 */
#include "dev_priv.h"

static struct block_device *disks[DISKS_MAX];
static unsigned disk_count;     /* grows at start-up only */

int block__register(struct block_device *d)
{
    if (disk_count == DISKS_MAX)
        return -ENOSPC;
    snprintf(d->name, sizeof(d->name), "vd%c", 'a' + disk_count);
    disks[disk_count++] = d;
    return 0;
}

unsigned block_device_count(void)
{
    return disk_count;
}

struct block_device *block_device_get(unsigned i)
{
    return i < disk_count ? disks[i] : NULL;
}

struct block_device *block_device_find(const char *serial_or_name)
{
    unsigned i;

    if (!*serial_or_name)
        return NULL;
    for (i = 0; i < disk_count; i++)
        if (!strcmp(disks[i]->serial, serial_or_name))
            return disks[i];
    for (i = 0; i < disk_count; i++)
        if (!strcmp(disks[i]->name, serial_or_name))
            return disks[i];
    return NULL;
}

/* The whole length, or -EINVAL. */
static int64_t request_check(const struct block_device *d, uint64_t off,
                             const struct block_segment *segs, unsigned n)
{
    uint64_t total = 0;
    unsigned i;

    for (i = 0; i < n; i++) {
        if (!segs[i].len || segs[i].len & (d->sector - 1))
            return -EINVAL;
        total += segs[i].len;
    }
    if (off & (d->sector - 1) || off > d->size || total > d->size - off)
        return -EINVAL;
    return total;
}

static void count(uint64_t *counter, uint64_t n)
{
    __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

int block_rw_segments(struct block_device *d, bool write, uint64_t off,
                      const struct block_segment *segs, unsigned n)
{
    int64_t total = request_check(d, off, segs, n);

    if (total < 0)
        return total;
    if (write && d->read_only)
        return -EROFS;
    if (!total)
        return 0;
    if (fault_should_fail(FAULT_BLOCK))
        return -EIO;
    count(write ? &d->writes : &d->reads, 1);
    count(write ? &d->write_bytes : &d->read_bytes, total);
    return d->ops->rw(d, write, off, segs, n);
}

int block_read(struct block_device *d, uint64_t off, void *buf, size_t n)
{
    struct block_segment seg = { buf, n };

    if (n > UINT32_MAX)
        return -EINVAL;
    return n ? block_rw_segments(d, false, off, &seg, 1) : 0;
}

int block_write(struct block_device *d, uint64_t off, const void *buf,
                size_t n)
{
    struct block_segment seg = { (void *)buf, n };

    if (n > UINT32_MAX)
        return -EINVAL;
    return n ? block_rw_segments(d, true, off, &seg, 1) : 0;
}

int block_flush(struct block_device *d)
{
    if (!d->flush)
        return 0;
    if (fault_should_fail(FAULT_BLOCK))
        return -EIO;
    count(&d->flushes, 1);
    return d->ops->flush(d);
}
