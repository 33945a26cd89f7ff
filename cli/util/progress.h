/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of progress on stderr, only where stderr is a terminal and the
 * step lasts. progress_begin() names a step; progress_tick() may be called
 * often and draws at most ten times a second, and only once the step is a
 * second old; progress_clear() wipes the line before other output.
 */
#ifndef CLI_UTIL_PROGRESS_H
#define CLI_UTIL_PROGRESS_H

#include <stdint.h>

void progress_begin(const char *what);
/* total 0: unknown, a turning mark is shown instead of a bar. */
void progress_tick(uint64_t done, uint64_t total);
void progress_clear(void);

#endif
