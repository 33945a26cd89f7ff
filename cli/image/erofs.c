/* SPDX-License-Identifier: BSD-2-Clause */
#include "erofs.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "../util/progress.h"

/*
 * 64 KiB of compressed data at a time compresses well and is still read with
 * one request; an extent holds at most 256 KiB of plain data, which bounds the
 * buffer that the kernel decompresses into. Without ztailpacking, which saves
 * less than 1 %: with it erofs-utils 1.5 writes the last block of some files
 * that cannot be compressed a few bytes off (tests/cli/content.sh). Level 9
 * takes a third of level 12's time and leaves 0.3 % more. Owner, time and the
 * file system's own UUID are fixed, so that a build can be repeated.
 */
static const char *const options[] = {
    "--quiet", "-d0", "-x-1", "-C65536",
    "--max-extent-bytes=262144", "--all-root",
    "-U00000000-0000-0000-0000-000000000001",
};

static const char *const levels[] = {
    [EROFS_FAST] = "-zlz4", [EROFS_USUAL] = "-zlz4hc,9",
    [EROFS_SMALL] = "-zlz4hc,12",
};

void erofs_make(const char *folder, const char *out, enum erofs_level level,
                const char *stamp)
{
    char *mkfs = proc_find("mkfs.erofs");
    struct strvec argv;
    struct strbuf text;
    int rc;

    if (!mkfs) {
        die("mkfs.erofs is not installed; try: apt-get install erofs-utils");
    }
    strvec_init(&argv);
    strbuf_init(&text);
    strvec_push(&argv, mkfs);
    strvec_push(&argv, levels[level]);
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        strvec_push(&argv, options[i]);
    }
    strvec_pushf(&argv, "-T%s", stamp);
    strvec_push(&argv, out);
    strvec_push(&argv, folder);
    /* mkfs.erofs would keep the times of files that are older. */
    unsetenv("SOURCE_DATE_EPOCH");
    progress_begin("compressing");
    rc = proc_run(&argv, NULL, &text, &text);
    progress_clear();
    strbuf_rtrim(&text);
    if (rc && strstr(text.buf, "No space left")) {
        die("cannot write %s: the disk is full; free some space there, or "
            "set XDG_DATA_HOME (or -o) to a disk that has room", out);
    }
    if (rc) {
        die("mkfs.erofs failed with status %d:\n%s", rc, text.buf);
    }
    strbuf_release(&text);
    strvec_release(&argv);
    free(mkfs);
}
