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
    "start": [(5, small.start, "microvm"), (3, small.start, "q35"),
              (3, small.start_http)],
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
    "node": [(3, apps.server, "node", 5, 4)],
    "java": [(3, apps.java)],
    "spring": [(1, apps.server, "spring", 15, 15, 4, 400)],
    "size": [(1, small.size)],
    "memory": [(1, small.memory, "hello", 2, 160, 1, 15),
               (1, small.memory, "c-http", 2, 160, 1, 20),
               (1, small.memory, "redis", 4, 160, 2, 25),
               (1, small.memory, "node", 16, 256, 4, 60),
               (1, small.memory, "java", 16, 256, 4, 60)],
    "instructions": [(1, small.instructions)],
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


def measure_once(rows, name, side, fn, args):
    """One guest of one side; what fails is a row too."""
    begun = time.monotonic()
    try:
        values = fn(side, *args)
    except (Failure, subprocess.SubprocessError, OSError) as e:
        values = {}
        words = "_".join(str(a) for a in args)
        why = Failure(str(e)[:150])
        note(rows, f"{name} {fn.__name__} {words} failed [1]", side, why)
        say(f"{name} {side}: {e}")
    for key, value in values.items():
        note(rows, key, side, value)
    say(f"{name} {side} {' '.join(str(a) for a in args)}: "
        f"{time.monotonic() - begun:.1f} s " + " ".join(
            f"{k}={v:.4g}" for k, v in values.items()
            if not isinstance(v, Failure)))


def measure(rows, name, rounds, limit):
    for times, fn, *args in NAMES[name]:
        if fn == small.instructions:
            for key, h, l in fn():
                note(rows, key, "hull", h)
                if l is not None:
                    note(rows, key, "linux", l)
            continue
        for _ in range(rounds or times):
            for side in SIDES:
                if time.monotonic() < limit:
                    measure_once(rows, name, side, fn, args)
    for key, why in UNMEASURED.get(name, {}).items():
        note(rows, key, "both", Failure(why))


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=" ".join(NAMES))
    parser.add_argument("--rounds", type=int, help="instead of each one's own")
    parser.add_argument("--minutes", type=float, default=39,
                        help="start nothing after these")
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
    for name in args.names or NAMES:
        measure(rows, name, args.rounds, begun + args.minutes * 60)
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always",
                             "--dirty"], capture_output=True,
                            text=True).stdout.strip()
    result = {"commit": commit, "engine": engine()[1],
              "minutes": (time.monotonic() - begun) / 60,
              "load": [first_load, os.getloadavg()[0]], "rows": rows}
    report.table(rows)
    os.makedirs(RESULTS, exist_ok=True)
    path = f"{RESULTS}/run-{'-'.join(args.names)}.json" if args.names \
        else latest
    with open(path, "w") as f:
        json.dump(result, f, indent=1)
    report.chart(rows, path.replace(".json", ".svg"))
    say(f"{path}, {result['minutes']:.1f} minutes")


main()
