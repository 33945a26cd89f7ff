/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing text, for what is generated: /proc, /sys, link targets. */
#include "fs_priv.h"

void fs__text_init(struct text *t)
{
    memset(t, 0, sizeof(*t));
}

void fs__text_release(struct text *t)
{
    kfree(t->buf);
    memset(t, 0, sizeof(*t));
}

/* Room for n more bytes and a NUL. */
static bool text_room(struct text *t, size_t n)
{
    size_t need = t->len + n + 1;
    if (t->failed || need > PROC_TEXT_MAX) {
        t->failed = true;
        return false;
    }
    if (need <= t->size)
        return true;
    size_t size = MAX(t->size * 2, ALIGN_UP(need, (size_t)512));
    char *buf = krealloc(t->buf, size);
    if (!buf) {
        t->failed = true;
        return false;
    }
    t->buf = buf;
    t->size = size;
    return true;
}

void text_write(struct text *t, const char *s, size_t n)
{
    if (!text_room(t, n))
        return;
    memcpy(t->buf + t->len, s, n);
    t->len += n;
    t->buf[t->len] = 0;
}

void text_printf(struct text *t, const char *fmt, ...)
{
    va_list ap;
    if (!text_room(t, 128))
        return;
    va_start(ap, fmt);
    int n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
    va_end(ap);
    if ((size_t)n >= t->size - t->len) {
        if (!text_room(t, (size_t)n))
            return;
        va_start(ap, fmt);
        vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
        va_end(ap);
    }
    t->len += (size_t)n;
}
