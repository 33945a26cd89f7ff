/* SPDX-License-Identifier: BSD-2-Clause */
/* What musl's headers lack of what t.h uses: names of errors and signals. */
#ifndef HULL_T_MUSL_H
#define HULL_T_MUSL_H

#include <string.h>

static inline const char *strerrorname_np(int e) { return strerror(e); }
static inline const char *sigabbrev_np(int s) { return strsignal(s); }

#endif
