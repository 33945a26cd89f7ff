/* SPDX-License-Identifier: BSD-2-Clause */
/* The time that all files of an image bear. */
#ifndef CLI_IMAGE_STAMP_H
#define CLI_IMAGE_STAMP_H

#include "tree.h"

/* In seconds since 1970, in decimal, freed by the caller: as SOURCE_DATE_EPOCH
 * in the environment says (reproducible-builds.org specifies it), else made
 * from the content of t, which is sorted. Dies where what was said is no time,
 * or a file cannot be read. */
char *stamp_make(const struct tree *t);

#endif
