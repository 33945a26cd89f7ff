/* SPDX-License-Identifier: BSD-2-Clause */
/* lwIP's netif.c parses an interface's number with it. */
#ifndef HULL_LWIP_STDLIB_H
#define HULL_LWIP_STDLIB_H
static inline int atoi(const char *s)
{
    int v = 0;

    for (; *s >= '0' && *s <= '9' && v < 100000; s++)
        v = v * 10 + (*s - '0');
    return v;
}
#endif
