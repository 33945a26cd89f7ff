/* SPDX-License-Identifier: BSD-2-Clause */
#include "fail.h"
#include "progress.h"

#include <errno.h>

static int fail_status = FAIL_GENERAL;
static const char *fail_command = "hull";
static bool quiet_asked;

static void say(const char *voice, const char *fmt, va_list ap)
{
    progress_clear();
    fflush(stdout);
    fprintf(stderr, "hull: %s", voice);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

void fail_bug(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "hull: %s:%d: ", file, line);
    va_start(ap, fmt);
    say("BUG: ", fmt, ap);
    va_end(ap);
    abort();
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("error: ", fmt, ap);
    va_end(ap);
    exit(fail_status);
}

void die_errno(const char *fmt, ...)
{
    int saved = errno;
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (saved == ENOSPC || saved == EDQUOT) {
        die("%s: %s; free some space there, or set XDG_DATA_HOME (or -o) to "
            "a disk that has room", text, strerror(saved));
    }
    die("%s: %s", text, strerror(saved));
}

void usage(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
    fprintf(stderr, "Try '%s --help'.\n", fail_command);
    exit(FAIL_USAGE);
}

void give_up(void)
{
    exit(fail_status);
}

int error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("error: ", fmt, ap);
    va_end(ap);
    return -1;
}

void warning(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("warning: ", fmt, ap);
    va_end(ap);
}

void note(const char *fmt, ...)
{
    va_list ap;

    if (quiet_asked) {
        return;
    }
    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
}

void fail_set_status(int status)
{
    fail_status = status;
}

void fail_set_command(const char *name)
{
    fail_command = name;
}

void fail_set_quiet(bool quiet)
{
    quiet_asked = quiet;
}

bool fail_quiet(void)
{
    return quiet_asked;
}

void *xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    if (!q) {
        die("out of memory (%zu bytes)", size);
    }
    return q;
}

void *xmalloc(size_t size)
{
    return xrealloc(NULL, size);
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p) {
        die("out of memory (%zu times %zu bytes)", n, size);
    }
    return p;
}

char *xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = xmalloc(len + 1);

    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrfmt(const char *fmt, ...)
{
    va_list ap;
    char *out;

    va_start(ap, fmt);
    if (vasprintf(&out, fmt, ap) < 0) {
        die("out of memory");
    }
    va_end(ap);
    return out;
}
