/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tool's four voices of failure, and the memory calls that use them.
 *
 *   BUG    this program is wrong: aborts
 *   die    the world is wrong: says so and leaves with fail_status (1)
 *   usage  the command line is wrong: says so and leaves with 2
 *   error  something is wrong and the caller goes on: prints, returns -1
 *
 * A message names the thing and the remedy. All go to stderr; stdout is data.
 * Leaving runs the clean-ups registered by util/path.h.
 */
#ifndef CLI_UTIL_FAIL_H
#define CLI_UTIL_FAIL_H

#include "banned.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAIL_FMT(f, a) __attribute__((format(printf, f, a)))

#define FAIL_GENERAL 1      /* something the user can mend went wrong */
#define FAIL_USAGE   2      /* the command line makes no sense */
#define FAIL_VM      125    /* `run`: the machine failed, not the program */

#define BUG(...) fail_bug(__FILE__, __LINE__, __VA_ARGS__)

void fail_bug(const char *file, int line, const char *fmt, ...)
    FAIL_FMT(3, 4) __attribute__((noreturn));
void die(const char *fmt, ...) FAIL_FMT(1, 2) __attribute__((noreturn));
/* As die(), with ": strerror(errno)" and, for a full disk, the remedy. */
void die_errno(const char *fmt, ...) FAIL_FMT(1, 2) __attribute__((noreturn));
void usage(const char *fmt, ...) FAIL_FMT(1, 2) __attribute__((noreturn));
/* Leaves as die() does, after errors that were already told. */
void give_up(void) __attribute__((noreturn));
int error(const char *fmt, ...) FAIL_FMT(1, 2);
void warning(const char *fmt, ...) FAIL_FMT(1, 2);
/* A plain remark on stderr; nothing when the user asked for quiet. */
void note(const char *fmt, ...) FAIL_FMT(1, 2);

void fail_set_status(int status);
/* The name that usage() points to for help, such as "hull run". */
void fail_set_command(const char *name);
void fail_set_quiet(bool quiet);
bool fail_quiet(void);

/* They never return NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xstrfmt(const char *fmt, ...) FAIL_FMT(1, 2);

#endif
