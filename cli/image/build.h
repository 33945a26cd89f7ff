/* SPDX-License-Identifier: BSD-2-Clause */
/* From a folder with a Hullfile to an image, in the store or in a file. */
#ifndef CLI_IMAGE_BUILD_H
#define CLI_IMAGE_BUILD_H

#include "../util/str.h"

struct build_request {
    const char *dir;        /* holds the Hullfile */
    const char *name;       /* NULL: the Hullfile's, else the folder's */
    const char *output;     /* NULL: into the store */
    const char *format;     /* "raw" or "qcow2" */
    const char *kernel;     /* NULL: image_kernel_find() */
    bool fast;              /* compress less, in less time */
    bool no_build;          /* skip the Hullfile's build command */
};

/* 0, or -1 after errors. *name is the image's, freed by the caller. */
int image_build(const struct build_request *req, char **name);

/* The kernel file: `given`, or $HULL_KERNEL, or next to the tool. Dies where
 * there is none. Freed by the caller. */
char *image_kernel_find(const char *given);

#endif
