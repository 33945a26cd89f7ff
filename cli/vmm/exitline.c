/* SPDX-License-Identifier: BSD-2-Clause */
#include "exitline.h"

#include <ctype.h>
#include <hull/exit.h>

#define DIGITS_MAX 3

/* A line's fixed beginning: its format up to the first number. */
static size_t prefix_length(const char *format)
{
    return strcspn(format, "%");
}

void exitline_init(struct exitline *x)
{
    strbuf_init(&x->held);
    x->status = -1;
    x->missing = 0;
    x->missing_names = NULL;
}

void exitline_release(struct exitline *x)
{
    strbuf_release(&x->held);
    free(x->missing_names);
}

enum fit { FITS, COMPLETE, BREAKS };

/* Whether c can stand behind what is held, as the exit line. */
static enum fit try_exit(const struct strbuf *held, char c)
{
    size_t prefix = prefix_length(HULL_EXIT_LINE), len = held->len;

    if (len < prefix) {
        return !memcmp(held->buf, HULL_EXIT_LINE, len) &&
               c == HULL_EXIT_LINE[len] ? FITS : BREAKS;
    }
    if (memcmp(held->buf, HULL_EXIT_LINE, prefix)) {
        return BREAKS;
    }
    if (held->buf[len - 1] == '\r') {
        return c == '\n' ? COMPLETE : BREAKS;
    }
    if (isdigit((unsigned char)c)) {
        return len - prefix < DIGITS_MAX ? FITS : BREAKS;
    }
    if (len == prefix) {
        return BREAKS;
    }
    return c == '\n' ? COMPLETE : c == '\r' ? FITS : BREAKS;
}

/* The same for the line of unimplemented calls. */
static enum fit try_missing(const struct strbuf *held, char c)
{
    size_t prefix = prefix_length(HULL_MISSING_LINE), len = held->len;

    if (len < prefix) {
        return !memcmp(held->buf, HULL_MISSING_LINE, len) &&
               c == HULL_MISSING_LINE[len] ? FITS : BREAKS;
    }
    if (memcmp(held->buf, HULL_MISSING_LINE, prefix) ||
        len >= HULL_MISSING_MAX || (len == prefix && !isdigit(c & 0x7f))) {
        return BREAKS;
    }
    if (c == '\n') {
        return COMPLETE;
    }
    return isprint(c & 0x7f) || c == '\r' ? FITS : BREAKS;
}

static void take_missing(struct exitline *x)
{
    char *text = x->held.buf + prefix_length(HULL_MISSING_LINE), *names;

    x->missing = (unsigned)strtoul(text, &names, 10);
    free(x->missing_names);
    x->missing_names = xstrndup(names + (*names == ' '),
                                strcspn(names + (*names == ' '), "\r"));
}

static void put(struct exitline *x, char c, struct strbuf *out)
{
    enum fit as_exit = try_exit(&x->held, c);
    enum fit as_missing = try_missing(&x->held, c);

    if (as_exit == FITS || as_missing == FITS) {
        strbuf_addch(&x->held, c);
        return;
    }
    if (as_exit == COMPLETE) {
        x->status = (int)strtol(x->held.buf + prefix_length(HULL_EXIT_LINE),
                                NULL, 10) & 0xff;
        strbuf_clear(&x->held);
        return;
    }
    if (as_missing == COMPLETE) {
        take_missing(x);
        strbuf_clear(&x->held);
        return;
    }
    exitline_finish(x, out);
    if (c == HULL_EXIT_LINE[0]) {
        strbuf_addch(&x->held, c);
    } else {
        strbuf_addch(out, c);
    }
}

void exitline_feed(struct exitline *x, const char *data, size_t len,
                   struct strbuf *out)
{
    while (len) {
        const char *start = x->held.len
                                ? data
                                : memchr(data, HULL_EXIT_LINE[0], len);
        size_t plain = start ? (size_t)(start - data) : len;

        strbuf_add(out, data, plain);
        data += plain;
        len -= plain;
        if (len) {
            put(x, *data++, out);
            len--;
        }
    }
}

void exitline_finish(struct exitline *x, struct strbuf *out)
{
    strbuf_add(out, x->held.buf, x->held.len);
    strbuf_clear(&x->held);
}
