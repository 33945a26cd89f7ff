/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the dynamic linker would read in an ELF file: its interpreter, the
 * libraries it needs and where to look for them. Read with libelf; the file
 * is not run. Bad files are an error with a reason, never trusted.
 */
#ifndef CLI_IMAGE_ELFINFO_H
#define CLI_IMAGE_ELFINFO_H

#include "../util/str.h"

struct elfinfo {
    bool executable;    /* ET_EXEC, or ET_DYN with an interpreter */
    bool glibc;         /* wants the GNU C library */
    char *interp;       /* NULL: static, or a library */
    char *rpath;        /* NULL where a runpath is given */
    char *runpath;
    struct strvec needed;
    struct strvec opens;    /* the C library's own that it names: likely for
                               dlopen() */
};

enum elfinfo_result {
    ELFINFO_OK,
    ELFINFO_NOT_ELF,
    ELFINFO_BAD,        /* reason: one line, freed by the caller */
    ELFINFO_OTHER,      /* for another machine; reason likewise */
};

/* Only ELFINFO_OK leaves something to release. */
enum elfinfo_result elfinfo_read(struct elfinfo *info, const char *path,
                                 char **reason);
void elfinfo_release(struct elfinfo *info);
/* Whether a file contains the bytes of a text, such as a version's name. */
bool elfinfo_has_text(const char *path, const char *text);

#endif
