/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments, environment, exit status, constructors, stdio. */
#include "t.h"

static int constructed;
__attribute__((constructor)) static void before(void) { constructed = 1; }
__attribute__((destructor)) static void after(void) { puts("destructor ran"); }

int main(int argc, char **argv)
{
    t_start();
    FACT("hello, argc %d", argc);
    for (int i = 1; i < argc; i++)
        FACT("argv[%d] %s", i, argv[i]);
    YES(constructed);
    YES(argv[argc] == NULL);
    FACT("HOME set: %d", getenv("HOME") != NULL);
    fprintf(stderr, "");
    return 42;
}
