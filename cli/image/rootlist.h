/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists the files of an image's EROFS root with the space they take there.
 * The file system is not trusted: damage is an error. */
#ifndef CLI_IMAGE_ROOTLIST_H
#define CLI_IMAGE_ROOTLIST_H

#include "../util/str.h"

struct rootlist_file {
    char *path;
    uint64_t size;      /* bytes as the program sees them */
    uint64_t stored;    /* bytes in the image, whole blocks and tails */
};

struct rootlist {
    struct rootlist_file *files;    /* the biggest stored first */
    size_t nr;
};

/* 0, or -1 after error(). Release in both cases. */
int rootlist_read(struct rootlist *list, const char *raw, uint64_t offset,
                  uint64_t size);
void rootlist_release(struct rootlist *list);

#endif
