/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that fail to compile by name: each has a bounded twin. Force-
 * included into every source file of ours. */
#ifndef HULL_BANNED_H
#define HULL_BANNED_H

#pragma GCC poison strcpy strcat sprintf vsprintf alloca atoi gets

#endif
