/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Java runtime made for the program: jdeps says which modules its jars name
 * (jars inside jars too), jlink makes a runtime of them, and the JVM dumps the
 * archive that it starts from. Each step's result is kept below the tool's
 * data folder under a name made of all that went into it.
 */
#ifndef CLI_IMAGE_JAVA_H
#define CLI_IMAGE_JAVA_H

#include "hullfile.h"
#include "tree.h"

#define JAVA_MEMORY (512ull << 20)      /* where the Hullfile does not say */

/* For a cmd that runs `java` (or /java.so) and an image that lacks it: brings
 * jars that cmd names and lie next to the Hullfile, and a runtime. Sets
 * hf->memory where it is not given. 0 or -1. */
int java_add(struct hullfile *hf, struct tree *t);

#endif
