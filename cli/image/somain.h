/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that are shared objects with a main(), as OSv has them. */
#ifndef CLI_IMAGE_SOMAIN_H
#define CLI_IMAGE_SOMAIN_H

#include "hullfile.h"
#include "tree.h"

/* Whether a file is a shared object that cannot start by itself. */
bool somain_is(const struct tree_node *node);
/* Puts in front of cmd a program that calls its main(), and into the image.
 * *program is replaced by that one. 0 or -1. */
int somain_add(struct hullfile *hf, struct tree *t, char **program);

#endif
