#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A table of what bench/profile.c wrote: instructions of the program (by
16 MiB of its addresses) and of the kernel (by function).

usage: bench/profile.py FILE [ELF-WITH-SYMBOLS, such as build/hull.debug]"""
import bisect
import collections
import subprocess
import sys


def symbols(elf):
    text = subprocess.run(["nm", "-n", elf], capture_output=True, text=True,
                          check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return [(int(r[0], 16), r[2]) for r in rows
            if len(r) == 3 and r[1] in "tTwW"]


names = symbols(sys.argv[2]) if len(sys.argv) > 2 else []
starts = [a for a, _ in names]
regions, functions = collections.Counter(), collections.Counter()
for line in open(sys.argv[1]):
    addr, n = line.split()
    addr, n = int(addr, 16), int(n)
    kernel = addr >> 63
    regions["the kernel" if kernel else hex(addr >> 24 << 24)] += n
    if kernel and names:
        i = bisect.bisect_right(starts, addr) - 1
        functions[names[i][1] if i >= 0 else hex(addr)] += n
total = sum(regions.values())
print(f"{total:16,} instructions")
for table in regions.most_common(12), functions.most_common(40):
    print()
    for what, n in table:
        print(f"{n:16,} {100 * n / total:6.2f}%  {what}")
