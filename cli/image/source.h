/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command that works on an image was given: the name of one in the
 * store, an image file, or a folder with a Hullfile, which is built. */
#ifndef CLI_IMAGE_SOURCE_H
#define CLI_IMAGE_SOURCE_H

#include "store.h"

struct image_source {
    struct image_meta meta;
    char *disk;             /* path, of format meta.format */
    char *kernel;           /* path */
    char *raw;              /* path of a raw copy or the disk itself; NULL
                               until image_source_raw() */
};

/* Dies where there is no such image, or it is damaged. */
void image_source_open(struct image_source *src, const char *given,
                       bool no_build);
/* The disk as a raw file, converted for the time being where it is not. */
const char *image_source_raw(struct image_source *src);
void image_source_release(struct image_source *src);

#endif
