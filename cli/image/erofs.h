/* SPDX-License-Identifier: BSD-2-Clause */
/* The root file system, made by mkfs.erofs from a folder. */
#ifndef CLI_IMAGE_EROFS_H
#define CLI_IMAGE_EROFS_H

#include <stdbool.h>

/* Same folder content, same bytes. fast: less time, a bigger result. Dies
 * where mkfs.erofs is missing or fails. */
void erofs_make(const char *folder, const char *out, bool fast);

#endif
