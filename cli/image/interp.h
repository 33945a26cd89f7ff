/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs taken from this host, with what their runtimes (../runtimes) say
 * that they need, and the folder of the script that they run. */
#ifndef CLI_IMAGE_INTERP_H
#define CLI_IMAGE_INTERP_H

#include "hullfile.h"
#include "tree.h"

/* Takes a program of this host, at the path it has here; that path, freed by
 * the caller, or NULL where there is none, or after an error. */
char *interp_take(const struct hullfile *hf, struct tree *t,
                  const char *name);
/* Where cmd runs a known runtime and one of its arguments is a file, folder or
 * module next to the Hullfile that is not in the image, or cmd's program is a
 * script or an interpreter there: brings the Hullfile's folder to workdir,
 * which becomes CONTENTS_APP_DIR if none is given. 0 or -1. */
int interp_add_app(struct hullfile *hf, struct tree *t);
/* Where the folder that interp_add_app brought holds the interpreter that has
 * this path on this host: brings what it needs, and *guest is its path in the
 * image, freed by the caller; else NULL. 0 or -1. */
int interp_own(const struct hullfile *hf, struct tree *t, const char *path,
               char **guest);

#endif
