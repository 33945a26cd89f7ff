/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other programs, run to their end. Killed with the tool; SIGINT or SIGTERM
 * while one runs ends the tool through path_check_signals().
 */
#ifndef CLI_UTIL_PROC_H
#define CLI_UTIL_PROC_H

#include "str.h"

/* How the program ended: its exit status, 128 + signal, or 127 where it could
 * not be started. dir NULL: here. Output: NULL leaves the tool's stdout
 * respectively stderr; otherwise it is collected there (both may be the same
 * buffer). Ticks the progress line while it waits for output. */
int proc_run(const struct strvec *argv, const char *dir, struct strbuf *out,
             struct strbuf *err);
/* As proc_run(), with stdout of the program sent to our stderr as it comes;
 * the last of it is collected in `said`. What the program leaves running does
 * not hold this up. */
int proc_run_talking(const struct strvec *argv, const char *dir,
                     struct strbuf *said);
/* The program's full path along PATH, freed by the caller, or NULL. */
char *proc_find(const char *name);

#endif
