/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk image: what `hull build` writes, the BIOS loader reads and the
 * kernel finds again on its boot disk. All numbers are little-endian.
 *
 *   OFFSET        SIZE     MEANING
 *   0             512      MBR: boot code, a partition entry, 0x55AA
 *   512           <=31.5K  the loader's second stage (sectors 1..63)
 *   32768         4096     struct hull_image_header, zero padded
 *   manifest_off  ...      the manifest (manifest.h), 4096-aligned
 *   kernel_off    ...      hull.elf, 4096-aligned
 *   root_off      ...      the EROFS root file system, 4096-aligned; to the
 *                          end of the image, padded to 1 MiB for raw disks
 *
 * Every part is covered by a CRC-32 (IEEE 802.3, reflected, as zlib's crc32)
 * except the root, whose blocks EROFS itself checks where it can. The header's
 * own CRC is computed with header_crc taken as zero.
 */
#ifndef HULL_IMAGE_H
#define HULL_IMAGE_H

#include <stdint.h>

#define HULL_IMAGE_MAGIC   "HULLIMG1"   /* 8 bytes, no terminator */
#define HULL_IMAGE_VERSION 1u
#define HULL_IMAGE_HEADER_OFFSET 32768u
#define HULL_IMAGE_ALIGN   4096u
#define HULL_IMAGE_STAGE2_SECTORS 63u

struct hull_image_header {
    uint8_t  magic[8];
    uint32_t version;
    uint32_t header_size;    /* sizeof(struct hull_image_header) */
    uint64_t image_size;     /* bytes of the whole image */
    uint64_t manifest_off;
    uint64_t manifest_size;  /* bytes, without padding */
    uint64_t kernel_off;
    uint64_t kernel_size;
    uint64_t root_off;
    uint64_t root_size;
    uint32_t manifest_crc;
    uint32_t kernel_crc;
    uint32_t flags;          /* none defined: must be zero */
    uint32_t header_crc;
    uint8_t  uuid[16];       /* of this build; the root is found by it */
    char     name[64];       /* NUL padded */
};
_Static_assert(sizeof(struct hull_image_header) == 168, "image header layout");

#endif
