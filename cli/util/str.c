/* SPDX-License-Identifier: BSD-2-Clause */
#include "str.h"

#include <ctype.h>
#include <errno.h>

static char empty[1];

void strbuf_init(struct strbuf *sb)
{
    sb->buf = empty;
    sb->len = 0;
    sb->alloc = 0;
}

void strbuf_release(struct strbuf *sb)
{
    if (sb->alloc) {
        free(sb->buf);
    }
    strbuf_init(sb);
}

void strbuf_clear(struct strbuf *sb)
{
    sb->len = 0;
    if (sb->alloc) {
        sb->buf[0] = '\0';
    }
}

static void strbuf_grow(struct strbuf *sb, size_t more)
{
    size_t want = sb->len + more + 1;

    if (want <= sb->alloc) {
        return;
    }
    if (want < sb->alloc * 2) {
        want = sb->alloc * 2;
    }
    sb->buf = xrealloc(sb->alloc ? sb->buf : NULL, want);
    sb->alloc = want;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
    strbuf_grow(sb, len);
    if (len) {
        memcpy(sb->buf + sb->len, data, len);
    }
    sb->len += len;
    sb->buf[sb->len] = '\0';
}

void strbuf_addch(struct strbuf *sb, char c)
{
    strbuf_add(sb, &c, 1);
}

void strbuf_addstr(struct strbuf *sb, const char *s)
{
    strbuf_add(sb, s, strlen(s));
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (len < 0) {
        die("out of memory");
    }
    strbuf_add(sb, text, (size_t)len);
    free(text);
}

void strbuf_rtrim(struct strbuf *sb)
{
    while (sb->len && isspace((unsigned char)sb->buf[sb->len - 1])) {
        sb->buf[--sb->len] = '\0';
    }
}

char *strbuf_detach(struct strbuf *sb)
{
    char *text;

    strbuf_grow(sb, 0);
    sb->buf[sb->len] = '\0';
    text = sb->buf;
    strbuf_init(sb);
    return text;
}

void strvec_init(struct strvec *sv)
{
    sv->v = xcalloc(1, sizeof(*sv->v));
    sv->nr = 0;
    sv->alloc = 1;
}

void strvec_clear(struct strvec *sv)
{
    for (size_t i = 0; i < sv->nr; i++) {
        free(sv->v[i]);
    }
    sv->nr = 0;
    sv->v[0] = NULL;
}

void strvec_release(struct strvec *sv)
{
    strvec_clear(sv);
    free(sv->v);
    sv->v = NULL;
    sv->alloc = 0;
}

static void push_owned(struct strvec *sv, char *s)
{
    if (sv->nr + 2 > sv->alloc) {
        sv->alloc = sv->alloc * 2 + 8;
        sv->v = xrealloc(sv->v, sv->alloc * sizeof(*sv->v));
    }
    sv->v[sv->nr++] = s;
    sv->v[sv->nr] = NULL;
}

void strvec_push(struct strvec *sv, const char *s)
{
    push_owned(sv, xstrdup(s));
}

void strvec_pushf(struct strvec *sv, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (len < 0) {
        die("out of memory");
    }
    push_owned(sv, text);
}

void strvec_extend(struct strvec *sv, const struct strvec *more)
{
    for (size_t i = 0; i < more->nr; i++) {
        strvec_push(sv, more->v[i]);
    }
}

void strvec_split(struct strvec *sv, const char *s, const char *sep)
{
    while (*s) {
        size_t len = strcspn(s, sep);

        if (len) {
            push_owned(sv, xstrndup(s, len));
        }
        s += len;
        s += *s != '\0';
    }
}

bool strvec_has(const struct strvec *sv, const char *s)
{
    for (size_t i = 0; i < sv->nr; i++) {
        if (!strcmp(sv->v[i], s)) {
            return true;
        }
    }
    return false;
}

const char *strvec_env(const struct strvec *sv, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < sv->nr; i++) {
        if (!strncmp(sv->v[i], name, len) && sv->v[i][len] == '=') {
            return sv->v[i] + len + 1;
        }
    }
    return NULL;
}

/* Copies one word from *sp to sb; *sp ends behind it. -1: an open quote. */
static int take_word(const char **sp, struct strbuf *sb)
{
    const char *s = *sp;
    char quote = 0;

    for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
        if (quote ? *s == quote : (*s == '\'' || *s == '"')) {
            quote = quote ? 0 : *s;
        } else if (*s == '\\' && quote != '\'' && s[1]) {
            if (quote && s[1] != '"' && s[1] != '\\') {
                strbuf_addch(sb, '\\');
            }
            strbuf_addch(sb, *++s);
        } else {
            strbuf_addch(sb, *s);
        }
    }
    *sp = s;
    return quote ? -1 : 0;
}

int str_split_words(const char *s, struct strvec *out)
{
    struct strbuf word;
    int rc = 0;

    strbuf_init(&word);
    for (;;) {
        while (isspace((unsigned char)*s)) {
            s++;
        }
        if (!*s) {
            break;
        }
        strbuf_clear(&word);
        rc = take_word(&s, &word);
        if (rc) {
            break;
        }
        strvec_push(out, word.buf);
    }
    strbuf_release(&word);
    return rc;
}

bool str_starts(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && !strcmp(s + n - m, suffix);
}

size_t str_distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    size_t *row = xcalloc(n + 1, sizeof(*row));
    size_t result;

    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);

            if (best > row[j] + 1) {
                best = row[j] + 1;
            }
            if (best > row[j - 1] + 1) {
                best = row[j - 1] + 1;
            }
            corner = row[j];
            row[j] = best;
        }
    }
    result = row[n];
    free(row);
    return result;
}

int str_parse_size(const char *s, uint64_t unit, uint64_t *out)
{
    static const char letters[] = "KMGT";
    const char *letter;
    uint64_t value;
    char *end;

    if (!isdigit((unsigned char)*s)) {
        return -1;
    }
    errno = 0;
    value = strtoull(s, &end, 10);
    if (errno) {
        return -1;
    }
    if (*end) {
        letter = strchr(letters, toupper((unsigned char)*end));
        if (!letter) {
            return -1;
        }
        unit = 1ull << (10 * (letter - letters + 1));
        end++;
        if (!strcmp(end, "B") || !strcmp(end, "iB")) {
            end += strlen(end);
        }
    }
    if (*end || (value && value > (UINT64_MAX >> 1) / unit)) {
        return -1;
    }
    *out = value * unit;
    return 0;
}

int str_parse_int(const char *s, long min, long max, long *out)
{
    char *end;
    long value;

    if (!isdigit((unsigned char)*s) && *s != '-') {
        return -1;
    }
    errno = 0;
    value = strtol(s, &end, 10);
    if (errno || *end || value < min || value > max) {
        return -1;
    }
    *out = value;
    return 0;
}

const char *str_size(uint64_t bytes, char buf[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t i = 0;

    while (value >= 1024 && i + 1 < sizeof(units) / sizeof(*units)) {
        value /= 1024;
        i++;
    }
    snprintf(buf, 32, i ? "%.1f %s" : "%.0f %s", value, units[i]);
    return buf;
}
