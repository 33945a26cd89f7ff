/* SPDX-License-Identifier: BSD-2-Clause */
/* The root file system, made by mkfs.erofs from a folder. */
#ifndef CLI_IMAGE_EROFS_H
#define CLI_IMAGE_EROFS_H

/* From the least time to the smallest result. */
enum erofs_level { EROFS_FAST, EROFS_USUAL, EROFS_SMALL };

/* Files bear the time stamp, in seconds. Same folder content and stamp, same
 * bytes. Dies where mkfs.erofs is missing or fails. */
void erofs_make(const char *folder, const char *out, enum erofs_level level,
                const char *stamp);

#endif
