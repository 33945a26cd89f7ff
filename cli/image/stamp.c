/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"
#include "../util/digest.h"
#include "../util/fail.h"
#include "../util/path.h"
#include "../util/progress.h"

#include <stdlib.h>
#include <string.h>

#define TIME_FIRST 978307200u   /* 2001-01-01 */
#define TIME_SPAN 0x1fffffffu   /* 17 years */
#define DIGITS_MAX 11

static void add_node(struct digest *d, const struct tree_node *n)
{
    digest_add(d, n->path, strlen(n->path) + 1);
    digest_add(d, &n->kind, sizeof(n->kind));
    digest_add(d, &n->mode, sizeof(n->mode));
    if (n->kind == TREE_FILE && n->source) {
        digest_add_file(d, n->source);
    } else if (n->kind == TREE_LINK) {
        digest_add(d, n->source, strlen(n->source) + 1);
    } else if (n->text) {
        digest_add(d, n->text, strlen(n->text) + 1);
    }
}

/*
 * It cannot be the time of the build, which would differ each time, and should
 * not be always the same: the ETag and Last-Modified of a web server are made
 * of it, and a browser would keep the page of the image before. Nor 0, which
 * some programs (SWI Prolog) take for "no time".
 */
static uint32_t time_of(const struct tree *t)
{
    uint8_t out[DIGEST_SIZE];
    struct digest d;
    uint32_t word;

    digest_begin(&d);
    progress_begin("reading files");
    for (size_t i = 0; i < t->nr; i++) {
        path_check_signals();
        add_node(&d, t->nodes[i]);
        progress_tick(i, t->nr);
    }
    progress_clear();
    digest_end(&d, out);
    memcpy(&word, out, sizeof(word));
    return TIME_FIRST + (word & TIME_SPAN);
}

char *stamp_make(const struct tree *t)
{
    const char *given = getenv("SOURCE_DATE_EPOCH");

    if (!given || !*given) {
        return xstrfmt("%u", time_of(t));
    }
    if (strspn(given, "0123456789") != strlen(given) ||
        strlen(given) > DIGITS_MAX) {
        die("SOURCE_DATE_EPOCH is no number of seconds: %s", given);
    }
    return xstrdup(given);
}
