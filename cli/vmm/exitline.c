/* SPDX-License-Identifier: BSD-2-Clause */
#include "exitline.h"

#include <ctype.h>
#include <hull/exit.h>

#define DIGITS_MAX 3

/* The line's fixed beginning: HULL_EXIT_LINE up to the number. */
static size_t prefix_length(void)
{
    return strcspn(HULL_EXIT_LINE, "%");
}

void exitline_init(struct exitline *x)
{
    strbuf_init(&x->held);
    x->status = -1;
}

void exitline_release(struct exitline *x)
{
    strbuf_release(&x->held);
}

enum fit { FITS, COMPLETE, BREAKS };

/* Whether c can stand behind what is held. */
static enum fit try_char(const struct exitline *x, char c)
{
    size_t prefix = prefix_length(), len = x->held.len;
    const char *held = x->held.buf;

    if (len < prefix) {
        return c == HULL_EXIT_LINE[len] ? FITS : BREAKS;
    }
    if (held[len - 1] == '\r') {
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

static void put(struct exitline *x, char c, struct strbuf *out)
{
    switch (try_char(x, c)) {
    case FITS:
        strbuf_addch(&x->held, c);
        return;
    case COMPLETE:
        x->status = (int)strtol(x->held.buf + prefix_length(), NULL, 10) &
                    0xff;
        strbuf_clear(&x->held);
        return;
    case BREAKS:
        break;
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
