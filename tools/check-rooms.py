#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the kernel against kernel/ROOMS: includes and symbols point down only.

usage: tools/check-rooms.py [OBJECT_DIR]

Includes are read from the sources. Symbols are read with nm from the objects
below OBJECT_DIR/kernel/<room>/ where they exist. A room's insides (*_priv.h)
may be included from that room alone. Prints a line for each breach; exit 1 if
there is one."""
import os
import re
import subprocess
import sys

HEADERS_OPEN = {"limits.h"}     # kernel/limits.h belongs to no room


def read_rooms(path):
    rooms = {}
    for line in open(path):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, uses = line.partition(":")
        rooms[name.strip()] = set(uses.split())
    for name, uses in rooms.items():
        for use in uses:
            if use not in rooms:
                sys.exit(f"kernel/ROOMS: {name} uses the unknown room {use}")
    return rooms


def room_of(path):
    parts = os.path.normpath(path).split(os.sep)
    if len(parts) > 2 and parts[0] == "kernel":
        return parts[1]
    return None


def sources(rooms):
    for room in rooms:
        for folder, _, names in os.walk(os.path.join("kernel", room)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield room, os.path.join(folder, name)


def resolve(path, target):
    folder = os.path.dirname(path)
    for base in (folder, "kernel", "include"):
        full = os.path.normpath(os.path.join(base, target))
        if os.path.exists(full):
            return full
    return None


def check_includes(rooms):
    bad = 0
    for room, path in sources(rooms):
        for number, line in enumerate(open(path, errors="replace"), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            full = resolve(path, m.group(1)) if m else None
            if not full:
                continue
            other = room_of(full)
            if other is None or other == room:
                continue
            if other not in rooms[room]:
                print(f"{path}:{number}: {room} may not include {full}")
                bad += 1
            elif full.endswith("_priv.h"):
                print(f"{path}:{number}: {full} is private to {other}")
                bad += 1
    return bad


def nm(paths):
    """(defined, undefined) global symbols of the objects."""
    defined, undefined = set(), set()
    out = subprocess.run(["nm", "-g", *paths], capture_output=True, text=True,
                         check=True).stdout
    for line in out.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[-2] in ("U", "w"):
            undefined.add(fields[-1])
        elif len(fields) == 3:
            defined.add(fields[-1])
    return defined, undefined


def check_symbols(rooms, objects):
    owner, wants, bad = {}, {}, 0
    for room in rooms:
        paths = [os.path.join(f, n)
                 for f, _, names in os.walk(os.path.join(objects, "kernel",
                                                         room))
                 for n in names if n.endswith(".o")]
        if not paths:
            continue
        defined, wants[room] = nm(paths)
        for name in defined:
            owner.setdefault(name, room)
    for room, names in wants.items():
        for name in sorted(names):
            other = owner.get(name, room)
            # arch jumps to the start-up list once, by contract (arch.h).
            if other == room or name == "kernel_main":
                continue
            if other not in rooms[room]:
                print(f"{room} uses the symbol {name} of {other}")
                bad += 1
    return bad


def main():
    rooms = read_rooms("kernel/ROOMS")
    bad = check_includes(rooms)
    objects = sys.argv[1] if len(sys.argv) > 1 else "build"
    if os.path.isdir(os.path.join(objects, "kernel")):
        bad += check_symbols(rooms, objects)
    sys.exit(1 if bad else 0)


main()
