/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into an image, worked out from a Hullfile. */
#ifndef CLI_IMAGE_CONTENTS_H
#define CLI_IMAGE_CONTENTS_H

#include "hullfile.h"
#include "tree.h"

/* The guest's root: rootfs, files, the program, libraries, the few folders
 * and /etc files a program expects. *program is the guest path of cmd's
 * program, freed by the caller. 0, or -1 after errors. */
int contents_tree(const struct hullfile *hf, struct tree *t, char **program);
void contents_manifest(const struct hullfile *hf, const char *program,
                       struct strbuf *manifest);

#endif
