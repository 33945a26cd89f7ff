/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Brings the shared libraries of the programs in a tree into the tree, found
 * the way their own dynamic linkers would find them (ld.so(8), musl), first
 * in the tree, then on this host. Also what the C library needs at run time.
 *
 * Files of a rootfs are left alone: a rootfs is complete in itself.
 */
#ifndef CLI_IMAGE_CLOSURE_H
#define CLI_IMAGE_CLOSURE_H

#include "hullfile.h"
#include "tree.h"

/* Goes over every file in the tree. 0, or -1 after errors that name the
 * Hullfile's line. *glibc: some program runs on the GNU C library. */
int closure_add(struct tree *t, const struct hullfile *hf, bool *glibc);

#endif
