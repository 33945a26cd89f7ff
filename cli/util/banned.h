/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions nobody should reach for: using one fails to compile by name.
 * Included by util/fail.h, so every file of the tool has it.
 */
#ifndef CLI_UTIL_BANNED_H
#define CLI_UTIL_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef sprintf
#undef vsprintf
#undef atoi
#undef atol
#undef alloca
#pragma GCC poison strcpy strcat strncpy sprintf vsprintf alloca atoi atol

#endif
