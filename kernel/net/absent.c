/* SPDX-License-Identifier: BSD-2-Clause */
/* Lets the kernel link until net's own functions are here; weak, so they win.
 * To be deleted by the room's first commit. */
#include "net.h"

__attribute__((weak))
void net_cred_hook_set(void (*cred)(int *pid, uint32_t *uid, uint32_t *gid))
{
    (void)cred;
}
