/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs in the guest, as an ordinary program: opens the shared object that its
 * first argument names and calls its main(), as OSv does with programs. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv, char **envp)
{
    void *so = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
    int (*so_main)(int, char **, char **) = NULL;

    if (so) {
        *(void **)&so_main = dlsym(so, "main");
    }
    if (!so_main) {
        fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "no shared object");
        return 127;
    }
    return so_main(argc - 1, argv + 1, envp);
}
