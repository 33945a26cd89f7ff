/* SPDX-License-Identifier: BSD-2-Clause */
/* Lua, and the modules installed for the whole host. It cannot say what its
 * own path is: the first line is empty. */
#include "runtimes.h"

#include <stddef.h>

static const char *const programs[] = {
    "lua", "lua5*", "luajit", "luajit-*", NULL,
};
static const char *const ask[] = {
    "-e",
    "print() for p in (package.path .. ';' .. package.cpath):gmatch('[^;]+') "
    "do p = p:match('^(/.+)/%?%.[a-z]+$') if p then print(p) end end", NULL,
};

const struct runtime runtime_lua = {
    .name = "Lua", .programs = programs, .ask = ask,
};
