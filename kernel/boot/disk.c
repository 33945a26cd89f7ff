/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the boot disk and reading its manifest. */
#include "disk.h"

#include <hull/manifest.h>

static bool part_ok(uint64_t off, uint64_t size, uint64_t whole)
{
    return IS_ALIGNED(off, (uint64_t)HULL_IMAGE_ALIGN) && off <= whole &&
           size <= whole - off;
}

bool boot_disk_header_ok(const struct hull_image_header *h, uint64_t size,
                         const char **why)
{
    struct hull_image_header zeroed = *h;

    zeroed.header_crc = 0;
    *why = NULL;
    if (memcmp(h->magic, HULL_IMAGE_MAGIC, sizeof(h->magic)) != 0)
        *why = "no Hull image";
    else if (h->version != HULL_IMAGE_VERSION ||
             h->header_size != sizeof(*h))
        *why = "an image of a version this kernel does not know";
    else if (crc32(0, &zeroed, sizeof(zeroed)) != h->header_crc)
        *why = "a damaged image header";
    else if (h->flags != 0)
        *why = "image flags this kernel does not know";
    else if (h->image_size > size)
        *why = "an image longer than the disk";
    else if (!part_ok(h->manifest_off, h->manifest_size, size) ||
             !part_ok(h->root_off, h->root_size, size) ||
             h->manifest_size > HULL_MANIFEST_MAX)
        *why = "an image header with parts outside the disk";
    return !*why;
}

static int header_read(struct block_device *dev, void *page,
                       struct boot_disk *out)
{
    const char *why;

    if (dev->size < HULL_IMAGE_HEADER_OFFSET + PAGE_SIZE)
        return -ENODEV;
    if (block_read(dev, HULL_IMAGE_HEADER_OFFSET, page, PAGE_SIZE) != 0) {
        log_err("%s: cannot be read", dev->name);
        return -ENODEV;
    }
    memcpy(&out->header, page, sizeof(out->header));
    if (boot_disk_header_ok(&out->header, dev->size, &why)) {
        out->dev = dev;
        return 0;
    }
    if (memcmp(out->header.magic, HULL_IMAGE_MAGIC, 8) == 0)
        log_err("%s: %s", dev->name, why);
    return -ENODEV;
}

int boot_disk_find(struct boot_disk *out)
{
    void *page = kmalloc(PAGE_SIZE);
    int err = -ENODEV;

    if (!page)
        return -ENOMEM;
    for (unsigned i = 0; err && i < block_device_count(); i++)
        err = header_read(block_device_get(i), page, out);
    kfree(page);
    return err;
}

int boot_disk_manifest(const struct boot_disk *d, void **data, size_t *size)
{
    uint64_t n = d->header.manifest_size;
    uint64_t room = ALIGN_UP(MAX(n, 1ull), (uint64_t)HULL_IMAGE_ALIGN);
    void *buf;
    int err;

    if (room > d->dev->size - d->header.manifest_off)
        room = ALIGN_UP(n, (uint64_t)d->dev->sector);
    buf = kmalloc(room);
    if (!buf)
        return -ENOMEM;
    err = block_read(d->dev, d->header.manifest_off, buf, room);
    if (!err && crc32(0, buf, n) != d->header.manifest_crc) {
        log_err("%s: the manifest is damaged", d->dev->name);
        err = -EINVAL;
    }
    if (err) {
        kfree(buf);
        return err;
    }
    *data = buf;
    *size = n;
    return 0;
}
