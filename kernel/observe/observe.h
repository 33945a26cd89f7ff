/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * observe's door: the kernel watched from outside.
 */
#ifndef HULL_OBSERVE_H
#define HULL_OBSERVE_H

#include "../lib/lib.h"

/* Starts a kernel thread that logs one line of counters every `period`
 * nanoseconds (> 0), whatever the console's log level. -ENOMEM. */
int observe_stats_start(nsec_t period);

/* Logs the line once, now. */
void observe_stats_log(void);

#endif
