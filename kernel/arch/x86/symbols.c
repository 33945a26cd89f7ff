/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for addresses, from the table that the second link puts in (see
 * tools/ksyms.c for its format). Absent in the first link: hence weak.
 */
#include "x86_priv.h"

extern const uint8_t ksyms[] __attribute__((weak));
extern uint8_t image_start[], text_end[];

#define NAME_LONGEST 64

static uint64_t number_read(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;

    for (;;) {
        uint8_t byte = *(*p)++;

        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
        shift += 7;
    }
}

int x86_symbol_format(uint64_t pc, char *buf, size_t size)
{
    char name[NAME_LONGEST] = "?", best[NAME_LONGEST] = "?";
    uint64_t at = (uint64_t)image_start, best_at = 0;
    const uint8_t *p = ksyms;
    uint64_t count;

    if (!p || pc < at || pc >= (uint64_t)text_end)
        return scnprintf(buf, size, "?");
    count = number_read(&p);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t shared, n;

        at += number_read(&p);
        if (at > pc)
            break;
        shared = *p++;
        n = *p++;
        memcpy(name + shared, p, n);
        name[shared + n] = '\0';
        p += n;
        best_at = at;
        memcpy(best, name, sizeof(best));
    }
    if (!best_at)
        return scnprintf(buf, size, "?");
    return scnprintf(buf, size, "%s+%#lx", best, pc - best_at);
}
