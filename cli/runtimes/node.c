/* SPDX-License-Identifier: BSD-2-Clause */
/* Node.js holds its library in itself; Debian's keeps a few modules of it
 * outside. */
#include "runtimes.h"

#include <stddef.h>

static const char *const programs[] = {"node", "nodejs", NULL};
static const char *const ask[] = {"-p", "process.execPath", NULL};
static const char *const paths[] = {
    "/usr/share/nodejs/acorn", "/usr/share/nodejs/acorn-walk",
    "/usr/share/nodejs/cjs-module-lexer", "/usr/share/nodejs/undici", NULL,
};
static const char *const leave_out[] = {"*.md", "*.d.ts", "*.map", NULL};

const struct runtime runtime_node = {
    .name = "Node.js", .programs = programs, .ask = ask, .paths = paths,
    .leave_out = leave_out,
};
