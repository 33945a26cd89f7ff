/* SPDX-License-Identifier: BSD-2-Clause */
/* Python and its standard library. Packages that are not part of it belong
 * into the program's folder. What it compiles modules to is made beforehand,
 * for sources of the image's time: a changed source is compiled again. */
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
    "_ctypes_test*", "xxlimited*", "posix", "right", NULL,
};

/* Takes what this host's caches have, and compiles the rest. */
static const char *const prepare[] = {
    "-I", "-S", "-W", "ignore", "-c",
    "import importlib.util as u, marshal, os, sys\n"
    "word = lambda n: (n & 0xffffffff).to_bytes(4, 'little')\n"
    "def read(path):\n"
    "    with open(path, 'rb') as f: return f.read()\n"
    "def cached(guest, source):\n"
    "    try:\n"
    "        had = read(u.cache_from_source(guest))\n"
    "        head = u.MAGIC_NUMBER + word(0) + word(int(os.stat(guest)"
    ".st_mtime))\n"
    "        same = had.startswith(head + word(len(source)))\n"
    "        return had[16:] if same and read(guest) == source else None\n"
    "    except OSError: return None\n"
    "def make(path, guest):\n"
    "    source, to = read(path), u.cache_from_source(path)\n"
    "    code = cached(guest, source) or marshal.dumps(\n"
    "        compile(source, guest, 'exec', dont_inherit=True))\n"
    "    if not os.path.isdir(os.path.dirname(to)):\n"
    "        os.mkdir(os.path.dirname(to))\n"
    "        os.chmod(os.path.dirname(to), 0o755)\n"
    "    with open(to + '.new', 'wb') as f:\n"
    "        f.write(u.MAGIC_NUMBER + word(0) + time + word(len(source)) + "
    "code)\n"
    "    os.chmod(to + '.new', 0o644)\n"
    "    os.replace(to + '.new', to)\n"
    "root = sys.argv[1]\n"
    "time = word(int(sys.argv[2]))\n"
    "for top, dirs, files in os.walk(root):\n"
    "    for path in [os.path.join(top, f) for f in files "
    "if f.endswith('.py')]:\n"
    "        try: make(path, path[len(root):])\n"
    "        except (SyntaxError, ValueError, RecursionError): pass\n",
    NULL,
};
/* zoneinfo fails for UTC too where there are none. */
static const char *const paths[] = {"/usr/share/zoneinfo", NULL};

const struct runtime runtime_python = {
    .name = "Python", .programs = programs, .ask = ask, .paths = paths,
    .leave_out = leave_out, .module = ".py", .prepare = prepare,
};
