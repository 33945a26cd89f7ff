/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot disk: the one that carries Hull's image (include/hull/image.h). */
#ifndef HULL_BOOT_DISK_H
#define HULL_BOOT_DISK_H

#include "../dev/block.h"

#include <hull/image.h>

struct boot_disk {
    struct block_device *dev;
    struct hull_image_header header;    /* checked */
};

/* The first disk with a sound header. 0, -ENODEV. Blocks. */
int boot_disk_find(struct boot_disk *out);

/* Its manifest, checked against the header's CRC; the caller kfrees *data.
 * 0, -EIO, -EINVAL (logged), -ENOMEM. */
int boot_disk_manifest(const struct boot_disk *d, void **data, size_t *size);

/* Whether a header may be believed; why not, else. Pure. */
bool boot_disk_header_ok(const struct hull_image_header *h, uint64_t size,
                         const char **why);

#endif
