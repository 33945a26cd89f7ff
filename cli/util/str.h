/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Growing strings and lists of strings.
 *
 * struct strbuf: always NUL-terminated after init; may hold NULs inside.
 * struct strvec: v is NULL-terminated, so it serves as an argv. Both own what
 * they hold; *_init makes them empty, *_release frees, *_clear empties.
 */
#ifndef CLI_UTIL_STR_H
#define CLI_UTIL_STR_H

#include "fail.h"

struct strbuf {
    char *buf;
    size_t len;
    size_t alloc;
};

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);
void strbuf_clear(struct strbuf *sb);
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_addch(struct strbuf *sb, char c);
void strbuf_addstr(struct strbuf *sb, const char *s);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) FAIL_FMT(2, 3);
/* Takes trailing blanks and newlines off. */
void strbuf_rtrim(struct strbuf *sb);
/* Hands the text to the caller, who frees it; sb is empty afterwards. */
char *strbuf_detach(struct strbuf *sb);

struct strvec {
    char **v;
    size_t nr;
    size_t alloc;
};

void strvec_init(struct strvec *sv);
void strvec_release(struct strvec *sv);
void strvec_clear(struct strvec *sv);
void strvec_push(struct strvec *sv, const char *s);
void strvec_pushf(struct strvec *sv, const char *fmt, ...) FAIL_FMT(2, 3);
void strvec_extend(struct strvec *sv, const struct strvec *more);
/* Pushes the pieces of s between characters of sep; empty ones are skipped. */
void strvec_split(struct strvec *sv, const char *s, const char *sep);
bool strvec_has(const struct strvec *sv, const char *s);
/* The value of NAME=value among the members, or NULL. */
const char *strvec_env(const struct strvec *sv, const char *name);

/* Splits words as a shell would: blanks, '...', "...", backslash; no
 * expansions. Returns 0, or -1 for an open quote. */
int str_split_words(const char *s, struct strvec *out);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Edit distance, for suggestions. */
size_t str_distance(const char *a, const char *b);
/* "64M", "1G", "512K", or a plain number counted in `unit` bytes. Returns 0,
 * or -1 where it is no size or too big. */
int str_parse_size(const char *s, uint64_t unit, uint64_t *out);
/* A decimal number between min and max. Returns 0 or -1. */
int str_parse_int(const char *s, long min, long max, long *out);
/* "1.4 MiB". The text lives in buf, which is returned. */
const char *str_size(uint64_t bytes, char buf[32]);

#endif
