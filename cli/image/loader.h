/* SPDX-License-Identifier: BSD-2-Clause */
/* The BIOS loader (boot/), carried inside the tool: the boot sector, then the
 * second stage, as they lie at the start of a disk. */
#ifndef CLI_IMAGE_LOADER_H
#define CLI_IMAGE_LOADER_H

extern const unsigned char loader_blob[];
extern const unsigned char loader_blob_end[];

#endif
