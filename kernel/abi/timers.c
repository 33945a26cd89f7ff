/* SPDX-License-Identifier: BSD-2-Clause */
/* Interval timers and POSIX timers. */
#include "abi_priv.h"

void timers__init(struct process *p)
{
    (void)p;
}

void timers__process_exit(struct process *p)
{
    (void)p;
}

void timers__signal_taken(struct process *p, struct linux_siginfo *info)
{
    (void)p;
    (void)info;
}
