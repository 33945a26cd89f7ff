/* SPDX-License-Identifier: BSD-2-Clause */
/* Python and its standard library. Packages that are not part of it belong
 * into the program's folder. */
#include "runtimes.h"

#include <stddef.h>

static const char *const programs[] = {
    "python", "python3", "python3.[0-9]", "python3.[0-9][0-9]", NULL,
};
static const char *const ask[] = {
    "-I", "-S", "-c",
    "import sys, sysconfig as c\n"
    "print(sys.executable)\n"
    "for p in {c.get_path('stdlib'), c.get_path('platstdlib')}: print(p)\n"
    "print(c.get_config_var('DESTSHARED'))", NULL,
};
static const char *const leave_out[] = {
    "__pycache__", "test", "tests", "idle_test", "*.a", "site-packages",
    "dist-packages", "config-3.*", "idlelib", "tkinter", "turtledemo",
    "turtle.py", "lib2to3", "ensurepip", "pydoc_data", "_test*.so", "_tkinter*",
    "_ctypes_test*", "xxlimited*", NULL,
};

const struct runtime runtime_python = {
    .name = "Python", .programs = programs, .ask = ask,
    .leave_out = leave_out,
};
