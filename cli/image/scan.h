/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program's code says about the system calls it can make, as far as
 * that can be seen without running it: "mov $N, %eax ... syscall" in its
 * code, and the names that it imports from the C library. Best effort: a
 * number that comes from memory is not seen, and code that is there may never
 * run. The C library's own code is passed over, since it can make them all.
 */
#ifndef CLI_IMAGE_SCAN_H
#define CLI_IMAGE_SCAN_H

#include "../util/str.h"

struct scan {
    struct strvec missing;      /* system calls that Hull does not have */
    struct strvec processes;    /* names that start other programs */
    int isa;                    /* x86-64-vN that it is built for; 0: any */
};

void scan_init(struct scan *s);
void scan_release(struct scan *s);
/* Adds what the file shows. -1: it is no ELF file, or cannot be read. */
int scan_file(struct scan *s, const char *path);

#endif
