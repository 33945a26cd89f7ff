/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the kernel's table of function names: reads `nm -n` of the first link
 * on stdin, writes assembly on stdout. kernel/arch/x86/symbols.c reads it:
 *
 *   count, then per function, by address: the distance from the one before
 *   (the first: from image_start), how many bytes of the name before it
 *   shares, how many follow (a byte each), and those bytes. Numbers are 7
 *   bits a byte, lowest first, the top bit on all but the last.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LONGEST 63
#define SYMBOLS_MAX  65536

struct symbol {
    uint64_t at;
    char name[NAME_LONGEST + 1];
};

static struct symbol symbols[SYMBOLS_MAX];
static unsigned count;
static uint64_t start, end;

static void number(uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        printf(" .byte %u\n", (unsigned)(v & 0x7f) | 0x80);
    printf(" .byte %u\n", (unsigned)v);
}

static void entry(const struct symbol *s, const struct symbol *before)
{
    size_t shared = 0, n = strlen(s->name);

    number(s->at - (before ? before->at : start));
    while (before && before->name[shared] && shared < n &&
           before->name[shared] == s->name[shared])
        shared++;
    printf(" .byte %zu, %zu\n .ascii \"%s\"\n", shared, n - shared,
           s->name + shared);
}

static void line_read(const char *line)
{
    unsigned long long at;
    char type, name[256];

    if (sscanf(line, "%llx %c %255s", &at, &type, name) != 3)
        return;
    if (strcmp(name, "image_start") == 0)
        start = at;
    if (strcmp(name, "text_end") == 0)
        end = at;
    if (toupper((unsigned char)type) != 'T' || count == SYMBOLS_MAX)
        return;
    if (count > 0 && symbols[count - 1].at == at)
        return;
    symbols[count].at = at;
    snprintf(symbols[count].name, sizeof(symbols[count].name), "%.63s", name);
    count++;
}

int main(void)
{
    char line[512];
    unsigned n = 0;

    while (fgets(line, sizeof(line), stdin))
        line_read(line);
    if (!start || !end) {
        fprintf(stderr, "ksyms: no image_start or text_end\n");
        return 1;
    }
    while (n < count && symbols[n].at < end)
        n++;
    printf(" .section .ksyms, \"a\"\n .globl ksyms\nksyms:\n");
    number(n);
    for (unsigned i = 0; i < n; i++)
        entry(&symbols[i], i ? &symbols[i - 1] : NULL);
    printf(" .section .note.GNU-stack, \"\", @progbits\n");
    return 0;
}
