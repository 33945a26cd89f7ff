/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's user network lets one connection wait at a forwarded port. Of many
 * that come at once the host then drops all others, and each tries again
 * seconds later; some are only taken when their client has given up. The
 * queue of a listening socket can be made longer by whoever has a descriptor
 * of it, and Linux lets a parent take that of its child.
 */
#ifndef CLI_VMM_BACKLOG_H
#define CLI_VMM_BACKLOG_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes them longer. False: not all `want` ports are listened at yet; try
 * again. Where it cannot be done it is true, as that changes nothing. */
bool backlog_raise(pid_t pid, unsigned want);

#endif
