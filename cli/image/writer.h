/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk image of include/hull/image.h: writing its parts to one file,
 * reading an untrusted one back.
 */
#ifndef CLI_IMAGE_WRITER_H
#define CLI_IMAGE_WRITER_H

#include "../util/str.h"

#include <hull/image.h>

struct image_parts {
    const char *name;
    const struct strbuf *manifest;
    const char *kernel_path;
    const char *root_path;
};

/* Writes a raw image to a new file; dies where it cannot. */
void image_write(const char *path, const struct image_parts *parts);

/* Reads and checks the header, manifest and kernel of a raw image. 0, or -1
 * after error(). The manifest is appended to `manifest`, the kernel to
 * `kernel`, each where not NULL. */
int image_read(const char *path, struct hull_image_header *h,
               struct strbuf *manifest, struct strbuf *kernel);

#endif
