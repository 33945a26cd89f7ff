/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For unit tests of fs: a disk that is a file in memory, standing in for the
 * room dev, and images made by mkfs.erofs. Include it in one source file.
 */
#ifndef HULL_FS_DISK_H
#define HULL_FS_DISK_H

#include "unit.h"
#include "fs/fs_priv.h"
#include "fs/erofs_priv.h"
#include "dev/dev.h"

static struct {
    struct block_device dev;
    uint8_t *data;
    uint64_t reads;
} disk = { .dev = { .name = "vda", .sector = 512 } };

int block_read(struct block_device *d, uint64_t off, void *buf, size_t n)
{
    disk.reads++;
    if (fault_should_fail(FAULT_BLOCK))
        return -EIO;
    if (off > d->size || n > d->size - off || off % 512 || n % 512)
        return -EINVAL;
    memcpy(buf, disk.data + off, n);
    return 0;
}

struct block_device *block_device_find(const char *name)
{
    return strcmp(name, "vda") ? NULL : &disk.dev;
}

void random_bytes(void *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = (uint8_t)unit_random();
}

void random_add(const void *seed, size_t n)
{
    (void)seed;
    (void)n;
}

static __unused char *read_host_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size, f), *size);
    data[*size] = 0;
    fclose(f);
    return data;
}

/* Makes an image of folder `dir` and puts it in the disk. */
static __unused void disk_make(const char *dir, const char *options)
{
    char cmd[2048];
    size_t size;
    snprintf(cmd, sizeof(cmd), "mkfs.erofs -T1700000000 %s %s.img %s "
             ">%s.log 2>&1 || { cat %s.log; false; }", options, dir, dir,
             dir, dir);
    if (system(cmd) != 0)
        fail_msg("mkfs.erofs %s", options);
    snprintf(cmd, sizeof(cmd), "%s.img", dir);
    free(disk.data);
    disk.data = (uint8_t *)read_host_file(cmd, &size);
    disk.dev.size = size;
}

#endif
