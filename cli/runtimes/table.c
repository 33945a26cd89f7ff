/* SPDX-License-Identifier: BSD-2-Clause */
#include "runtimes.h"
#include "../util/path.h"

#include <fnmatch.h>

const struct runtime *const runtimes[] = {
    &runtime_lua, &runtime_node, &runtime_perl, &runtime_php, &runtime_python,
    &runtime_ruby, NULL,
};

const struct runtime *runtime_find(const char *program)
{
    const char *name = path_basename(program);

    for (size_t i = 0; runtimes[i]; i++) {
        for (const char *const *p = runtimes[i]->programs; *p; p++) {
            if (!fnmatch(*p, name, 0)) {
                return runtimes[i];
            }
        }
    }
    return NULL;
}
