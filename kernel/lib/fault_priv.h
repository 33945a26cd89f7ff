/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of fault.c, present only where injection is built in. */
#ifndef HULL_FAULT_PRIV_H
#define HULL_FAULT_PRIV_H

#include "lib.h"

#ifdef HULL_FAULT_INJECTION
static unsigned armed[FAULT_KINDS];
static unsigned seen[FAULT_KINDS];

void fault_arm(enum fault_kind kind, unsigned nth)
{
    armed[kind] = nth;
    seen[kind] = 0;
}

bool fault_should_fail(enum fault_kind kind)
{
    return ++seen[kind] == armed[kind];
}

unsigned fault_calls(enum fault_kind kind)
{
    return seen[kind];
}
#endif

#endif
