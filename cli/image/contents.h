/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into an image, worked out from a Hullfile. */
#ifndef CLI_IMAGE_CONTENTS_H
#define CLI_IMAGE_CONTENTS_H

#include "hullfile.h"
#include "tree.h"

#define CONTENTS_APP_DIR "/app"

/* The guest's root: rootfs, files, the program, what its runtime needs,
 * libraries, the few folders and /etc files a program expects. *program is
 * the guest path of cmd's program, freed by the caller. Where the program's
 * folder comes along and no workdir is given, hf's becomes CONTENTS_APP_DIR.
 * 0, or -1 after errors. */
int contents_tree(struct hullfile *hf, struct tree *t, char **program);
void contents_manifest(const struct hullfile *hf, const char *program,
                       struct strbuf *manifest);

#endif
