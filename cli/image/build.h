/* SPDX-License-Identifier: BSD-2-Clause */
/* From a folder with a Hullfile to an image, in the store or in a file. */
#ifndef CLI_IMAGE_BUILD_H
#define CLI_IMAGE_BUILD_H

#include "../util/str.h"

struct build_request {
    const char *dir;        /* holds the Hullfile */
    const char *name;       /* NULL: the Hullfile's, else the folder's */
    const char *output;     /* NULL: into the store */
    const char *format;     /* of build_formats */
    const char *method;     /* --compress: "zstd" or "zlib"; NULL: plain */
    const char *kernel;     /* NULL: image_kernel_find() */
    bool fast;              /* compress less, in less time */
    bool no_build;          /* skip the Hullfile's build command */
};

/* "raw, qcow2, vmdk, vdi, vhdx"; the store holds the first two. */
extern const char build_formats[];
/* Why a disk of that format cannot be made so, or NULL. */
const char *build_refuses(const struct build_request *req);

/* Says what was built and how big it is. 0, or -1 after errors. *name is the image's, freed by the caller. */
int image_build(const struct build_request *req, char **name);

/* The kernel file: `given`, or $HULL_KERNEL, or next to the tool. Dies where
 * there is none. Freed by the caller. */
char *image_kernel_find(const char *given);

#endif
