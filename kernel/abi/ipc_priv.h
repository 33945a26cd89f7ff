/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the three kinds of System V objects share (shm.c, sem.c, msg.c): the
 * numbers of their calls and how a permission looks to the program.
 */
#ifndef HULL_ABI_IPC_PRIV_H
#define HULL_ABI_IPC_PRIV_H

#include "abi_priv.h"

#define IPC_PRIVATE 0
#define IPC_CREAT 01000u
#define IPC_EXCL 02000u
#define IPC_NOWAIT 04000u
#define IPC_RMID 0
#define IPC_SET 1
#define IPC_STAT 2
#define IPC_INFO 3

struct ipc_perm {
    int32_t key;
    uint32_t uid, gid, cuid, cgid, mode;
    uint16_t seq, pad[3];
    uint64_t unused[2];
};
_Static_assert(sizeof(struct ipc_perm) == 48, "ipc_perm layout");

static inline int64_t ipc_now(void)
{
    return (int64_t)(clock_realtime() / NSEC_PER_SEC);
}

static inline void ipc_perm_init(struct ipc_perm *perm, int key,
                                 uint64_t flags)
{
    const struct creds *c = &process_current()->creds;

    perm->key = key;
    perm->uid = perm->cuid = c->euid;
    perm->gid = perm->cgid = c->egid;
    perm->mode = flags & 0777;
}

static inline void ipc_perm_set(struct ipc_perm *perm,
                                const struct ipc_perm *from)
{
    perm->uid = from->uid;
    perm->gid = from->gid;
    perm->mode = (perm->mode & ~0777u) | (from->mode & 0777);
}

#endif
