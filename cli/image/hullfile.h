/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Hullfile: what to put into an image and how to run it. docs/HULLFILE.md
 * says what each key means. hullfile_read() prints every error it meets as
 * "FILE:LINE: what; remedy" and returns -1.
 */
#ifndef CLI_IMAGE_HULLFILE_H
#define CLI_IMAGE_HULLFILE_H

#include "../util/str.h"

#define HULLFILE_NAME "Hullfile"
#define HULLFILE_SIZE_MAX (1u << 20)

struct hullfile_file {
    char *guest;        /* absolute, normalized */
    char *host;         /* as written; relative to the Hullfile's folder */
    int line;
};

struct hullfile {
    char *path;         /* of the Hullfile, as messages name it */
    char *dir;          /* its folder */
    char *name;         /* NULL where not given, as the other strings */
    char *build;
    char *rootfs;
    char *workdir;
    char *hostname;
    char *tz;
    char *java_modules;
    int build_line;
    int rootfs_line;
    int workdir_line;
    int cmd_line;
    int tz_line;
    int ca_line;
    bool ca_certificates;
    bool capstan;       /* from a Capstanfile: what its base would hold, this
                           host gives; rootfs is ROOTFS if that is there */
    struct hullfile_file *files;
    size_t nfiles;
    struct strvec cmd;
    struct strvec env;      /* NAME=value */
    struct strvec ports;    /* HOST:GUEST[/udp], checked */
    uint64_t memory;        /* bytes; 0: not given */
    long cpus;              /* 0: not given */
};

/* dir: the folder to look in. */
int hullfile_read(struct hullfile *hf, const char *dir);
void hullfile_release(struct hullfile *hf);
/* Prints "FILE:LINE: ..." (without the line where it is 0); returns -1. */
int hullfile_error(const struct hullfile *hf, int line, const char *fmt, ...)
    FAIL_FMT(3, 4);

#endif
