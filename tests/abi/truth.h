/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the programs that hold what the system says in one place against what it
 * says, or does, in another. Nothing printed depends on the machine: only
 * whether two sources agree.
 */
#ifndef HULL_TRUTH_H
#define HULL_TRUTH_H

#include "t.h"
#include <dirent.h>
#include <stdarg.h>

/* The text of a file, from one of a few buffers in turn; "" if there is none,
 * which is told. */
static inline __attribute__((format(printf, 1, 2)))
char *text_of(const char *fmt, ...)
{
    static char bufs[4][200000];
    static int turn;
    char *buf = bufs[turn++ % 4], path[200];
    ssize_t n, len = 0;
    va_list ap;
    int fd;

    va_start(ap, fmt);
    vsnprintf(path, sizeof(path), fmt, ap);
    va_end(ap);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        FACT("%s: %s", path, strerrorname_np(errno));
    while (fd >= 0 && len < 199999 &&
           (n = read(fd, buf + len, (size_t)(199999 - len))) > 0)
        len += n;
    buf[len] = 0;
    if (fd >= 0)
        close(fd);
    return buf;
}

/* The number behind the line's or the text's beginning `key`; -1: none. */
static inline long value_of(const char *text, const char *key)
{
    for (const char *at = text; (at = strstr(at, key)) != NULL; at++) {
        if (at == text || at[-1] == '\n')
            return strtol(at + strlen(key), NULL, 0);
    }
    return -1;
}

static inline long number_in(const char *path)
{
    char *text = text_of("%s", path);

    return *text ? strtol(text, NULL, 10) : -1;
}

/* Lines that begin with `key` and a digit, if asked. */
static inline int lines_with(const char *text, const char *key, bool digit)
{
    size_t len = strlen(key);
    int n = 0;

    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        n += !strncmp(text, key, len) &&
             (!digit || (text[len] >= '0' && text[len] <= '9'));
    return n;
}

/* How many CPUs "0-2,5" names. */
static inline int list_count(const char *list)
{
    int n = 0;

    while (*list >= '0' && *list <= '9') {
        char *end;
        long from = strtol(list, &end, 10), to = from;

        if (*end == '-')
            to = strtol(end + 1, &end, 10);
        n += (int)(to - from + 1);
        list = end + (*end == ',');
    }
    return n;
}

/* Entries of a folder that begin with `key` and a digit, or all but dots. */
static inline int entries_in(const char *path, const char *key)
{
    DIR *d = opendir(path);
    struct dirent *e;
    size_t len = strlen(key);
    int n = 0;

    while (d && (e = readdir(d)) != NULL)
        n += len ? !strncmp(e->d_name, key, len) && e->d_name[len] >= '0' &&
                   e->d_name[len] <= '9' : e->d_name[0] != '.';
    if (d)
        closedir(d);
    return d ? n : -1;
}

static inline bool near(double a, double b, double by)
{
    return a - b <= by && b - a <= by;
}

static inline double seconds(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Was `v` right at some time between two readings? */
static inline bool between(double before, double v, double after, double by)
{
    return v >= before - by && v <= after + by;
}

/* Keeps a CPU busy until the thread has used so much of it. */
static inline void burn(double cpu_seconds)
{
    double end = seconds(CLOCK_THREAD_CPUTIME_ID) + cpu_seconds;

    while (seconds(CLOCK_THREAD_CPUTIME_ID) < end)
        ;
}

#endif
