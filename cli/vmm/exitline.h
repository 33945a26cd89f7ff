/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes the kernel's last lines (include/hull/exit.h) out of the console's
 * output, however the output is cut into pieces. Bytes that turn out not to
 * be such a line go through. The last line wins.
 */
#ifndef CLI_VMM_EXITLINE_H
#define CLI_VMM_EXITLINE_H

#include "../util/str.h"

struct exitline {
    struct strbuf held;     /* a beginning that matches so far */
    int status;             /* -1: none seen */
    unsigned missing;       /* unimplemented calls that were used */
    char *missing_names;    /* NULL: none */
};

void exitline_init(struct exitline *x);
void exitline_release(struct exitline *x);
/* Appends to out what is the program's. */
void exitline_feed(struct exitline *x, const char *data, size_t len,
                   struct strbuf *out);
/* At the end of output: gives up what is held. */
void exitline_finish(struct exitline *x, struct strbuf *out);

#endif
