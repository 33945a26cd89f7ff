#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the same programs in Hull and in a Linux guest, alternating, and prints
a table of medians and ratios (Hull's over Linux's).

usage: bench/run.py [--rounds N] [NAME...]     --help lists the names
       bench/run.py --doc      the last whole run's table into the documentation

A whole run writes bench/results/latest.json and latest.svg; one of some names
bench/results/run-NAME.json. See docs/PERFORMANCE.md for the method."""
import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import time

import images
import report
import rows_apps
import rows_net
import rows_small
from guest import SIDES, TOP, Failure, engine

RESULTS = f"{TOP}/bench/results"
DOC = f"{TOP}/docs/PERFORMANCE.md"

# name: [(rounds, measure, its arguments after the side)]
small, net, apps = rows_small, rows_net, rows_apps
NAMES = {
    "start": [(9, small.start, "microvm"), (3, small.start, "q35"),
              (3, small.start_http), (3, small.entry)],
    "micro": [(3, small.micro, 1), (3, small.micro, 2)],
    "files": [(3, small.files)],
    "network": [(3, net.outside)],
    "loopback": [(3, net.loopback, 1), (2, net.loopback, 2)],
    "idle": [(1, net.idle)],
    "http": [(3, net.http, 1), (3, net.http, 2)],
    "inside": [(3, net.inside, 1), (3, net.inside, 2)],
    "nginx": [(3, apps.server, "nginx", 4, 1)],
    "redis": [(3, apps.server, "redis", 3, 0.5)],
    "memcached": [(3, apps.server, "memcached", 3, 0.5)],
    "node": [(3, apps.server, "node", 6, 16)],
    "hello": [(3, apps.hello, "node hello", 1),
              (3, apps.hello, "java hello", 2)],
    "size": [(1, small.size)],
    "memory": [(1, small.memory, "hello"), (1, small.memory, "c-http"),
               (1, small.memory, "redis"), (1, small.memory, "node"),
               (1, small.memory, "java")],
    "instructions": [(1, small.instructions), (1, small.instructions_inside)],
    "spring": [(2, apps.server, "spring", 15, 45, 4, 900)],
}
UNMEASURED = {
    "files": {"files: fsync [us]":
              "Hull has no writable disk yet, so nothing to write through to"},
}


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def note(rows, key, side, value):
    row = rows.setdefault(key, {"hull": [], "linux": []})
    if isinstance(value, Failure):
        row["why"] = f"{side}: {value}"
    else:
        row[side].append(value)


def words(fn, *args):
    return " ".join([fn.__name__] + [str(a) for a in args])


def measure_once(rows, name, side, fn, args):
    """One guest of one side; what fails is a row too."""
    begun = time.monotonic()
    try:
        values = fn(side, *args)
    except (Failure, subprocess.SubprocessError, OSError) as e:
        values = {}
        note(rows, f"{name} {words(fn, *args)} [1]", side,
             Failure(str(e)[:150]))
        say(f"{name} {side}: {e}")
    for key, value in values.items():
        note(rows, key, side, value)
    say(f"{words(fn, *args)}, {side}, {time.monotonic() - begun:.1f} s: " +
        " ".join(f"{k}={v:.4g}" for k, v in values.items()
                 if not isinstance(v, Failure)))


def pair(rows, name, fn, args):
    """One measure on both sides."""
    for side in SIDES:
        measure_once(rows, name, side, fn, args)


def measure_all(rows, names, rounds, limit):
    """Everything once, then again what has further rounds, as long as a pair
    that took as long as the last time ends before the limit. Returns how
    many rounds were left out."""
    took, left_out = {}, 0
    every = [(n, m) for n in names for m in NAMES[n]]
    for name in names:
        for key, why in UNMEASURED.get(name, {}).items():
            note(rows, key, "both", Failure(why))
    for again in range(max(rounds or m[0] for _, m in every)):
        for name, m in every:
            begun = time.monotonic()
            if again >= (rounds or m[0]):
                continue
            if begun + took.get(m, 0) > limit:
                left_out += 1
                if again == 0:
                    note(rows, f"{name} {words(*m[1:])} [1]", "both",
                         Failure("there was no time for it"))
                continue
            pair(rows, name, m[1], m[2:])
            took[m] = time.monotonic() - begun
    return left_out


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=" ".join(NAMES))
    parser.add_argument("--rounds", type=int, help="instead of each one's own")
    parser.add_argument("--minutes", type=float, default=39,
                        help="no further rounds after these")
    parser.add_argument("--doc", action="store_true")
    args = parser.parse_args()
    for name in args.names:
        if name not in NAMES:
            parser.error(f"no {name}; there are {' '.join(NAMES)}")
    return args


def main():
    args = parse()
    latest = f"{RESULTS}/latest.json"
    if args.doc:
        report.document(DOC, json.load(open(latest)))
        return
    begun = time.monotonic()
    first_load = os.getloadavg()[0]
    images.programs()
    images.data_files()
    rows = collections.OrderedDict()
    left_out = None             # ended by a signal: what there is, is kept
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        left_out = measure_all(rows, args.names or list(NAMES), args.rounds,
                               begun + args.minutes * 60)
    except KeyboardInterrupt:
        say("interrupted")
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always",
                             "--dirty"], capture_output=True,
                            text=True).stdout.strip()
    result = {"commit": commit, "engine": engine()[1],
              "rounds_left_out": left_out,
              "minutes": (time.monotonic() - begun) / 60,
              "load": [first_load, os.getloadavg()[0]], "rows": rows}
    report.table(rows)
    os.makedirs(RESULTS, exist_ok=True)
    part = args.names or (["interrupted"] if left_out is None else [])
    path = f"{RESULTS}/run-{'-'.join(part)}.json" if part else latest
    with open(path, "w") as f:
        json.dump(result, f, indent=1)
    report.chart(rows, path.replace(".json", ".svg"))
    say(f"{path}, {result['minutes']:.1f} minutes")


main()
