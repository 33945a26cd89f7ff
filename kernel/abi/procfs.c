/* SPDX-License-Identifier: BSD-2-Clause */
/* The process part of /proc. */
#include "abi_priv.h"

int procfs__init(void)
{
    return 0;
}
