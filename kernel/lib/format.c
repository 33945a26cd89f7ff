/* SPDX-License-Identifier: BSD-2-Clause */
/* printf-style formatting into a bounded buffer. */
#include "lib.h"

struct out {
    char *buf;
    size_t size;
    size_t len;     /* of the full text */
};

struct spec {
    bool left, zero, plus, space, alt;
    int width;
    int precision;  /* -1: none given */
    int length;     /* 'H' hh, 'h', 0, 'l' (also ll z t j) */
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    for (; n > 0; n--)
        put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text,
                     int len)
{
    if (!s->left)
        pad(o, ' ', s->width - len);
    for (int i = 0; i < len; i++)
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', s->width - len);
}

static void put_number(struct out *o, const struct spec *s, uint64_t v,
                       unsigned base, bool upper, const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char tmp[24];
    int n = 0, zeros, total;

    while (v) {
        tmp[n++] = digits[v % base];
        v /= base;
    }
    if (n == 0 && s->precision != 0)
        tmp[n++] = '0';
    zeros = s->precision - n;
    total = n + MAX(zeros, 0) + (int)strlen(prefix);
    if (s->precision < 0 && s->zero && !s->left) {
        zeros = s->width - total;
        total = MAX(total, s->width);
    }
    if (!s->left)
        pad(o, ' ', s->width - total);
    while (*prefix)
        put(o, *prefix++);
    pad(o, '0', zeros);
    while (n > 0)
        put(o, tmp[--n]);
    if (s->left)
        pad(o, ' ', s->width - total);
}

static int parse_int(const char **f, va_list *ap)
{
    int v = 0;

    if (**f == '*') {
        (*f)++;
        return va_arg(*ap, int);
    }
    for (; **f >= '0' && **f <= '9'; (*f)++)
        v = v < 10000 ? v * 10 + (**f - '0') : v;
    return v;
}

static void parse_flags(const char **f, struct spec *s)
{
    for (;; (*f)++) {
        switch (**f) {
        case '-': s->left = true; break;
        case '0': s->zero = true; break;
        case '+': s->plus = true; break;
        case ' ': s->space = true; break;
        case '#': s->alt = true; break;
        default: return;
        }
    }
}

static void parse_spec(const char **f, struct spec *s, va_list *ap)
{
    *s = (struct spec){ .precision = -1 };
    parse_flags(f, s);
    s->width = parse_int(f, ap);
    if (s->width < 0) {
        s->left = true;
        s->width = -s->width;
    }
    if (**f == '.') {
        (*f)++;
        s->precision = parse_int(f, ap);
    }
    for (;; (*f)++) {
        switch (**f) {
        case 'h': s->length = s->length == 'h' ? 'H' : 'h'; break;
        case 'l': case 'z': case 't': case 'j': s->length = 'l'; break;
        default: return;
        }
    }
}

static int64_t signed_arg(const struct spec *s, va_list *ap)
{
    switch (s->length) {
    case 'l': return va_arg(*ap, long);
    case 'h': return (short)va_arg(*ap, int);
    case 'H': return (signed char)va_arg(*ap, int);
    default: return va_arg(*ap, int);
    }
}

static uint64_t unsigned_arg(const struct spec *s, va_list *ap)
{
    switch (s->length) {
    case 'l': return va_arg(*ap, unsigned long);
    case 'h': return (unsigned short)va_arg(*ap, int);
    case 'H': return (unsigned char)va_arg(*ap, int);
    default: return va_arg(*ap, unsigned);
    }
}

static void put_signed(struct out *o, const struct spec *s, int64_t v)
{
    const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

    put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, false, sign);
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    if (!text)
        text = "(null)";
    put_text(o, s, text, (int)(s->precision < 0 ? strlen(text) :
                               strnlen(text, (size_t)s->precision)));
}

static void put_conversion(struct out *o, char c, struct spec *s, va_list *ap)
{
    uint64_t v;
    char ch;

    switch (c) {
    case 'd': case 'i':
        put_signed(o, s, signed_arg(s, ap));
        break;
    case 'u':
        put_number(o, s, unsigned_arg(s, ap), 10, false, "");
        break;
    case 'x': case 'X':
        v = unsigned_arg(s, ap);
        put_number(o, s, v, 16, c == 'X',
                   !s->alt || !v ? "" : c == 'X' ? "0X" : "0x");
        break;
    case 'o':
        put_number(o, s, unsigned_arg(s, ap), 8, false, s->alt ? "0" : "");
        break;
    case 'p':
        put_number(o, s, (uint64_t)va_arg(*ap, void *), 16, false, "0x");
        break;
    case 'c':
        ch = (char)va_arg(*ap, int);
        put_text(o, s, &ch, 1);
        break;
    case 's':
        put_string(o, s, va_arg(*ap, const char *));
        break;
    default:
        put(o, '%');
        if (c != '%')
            put(o, c);
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = { buf, size, 0 };
    struct spec s;
    va_list args;

    va_copy(args, ap);
    while (*fmt) {
        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        fmt++;
        parse_spec(&fmt, &s, &args);
        if (!*fmt)
            break;
        put_conversion(&o, *fmt++, &s, &args);
    }
    va_end(args);
    if (size > 0)
        buf[MIN(o.len, size - 1)] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return (size_t)n < size ? n : (int)size - 1;
}
