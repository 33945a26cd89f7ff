#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples next to a Linux guest with the same files: how big the image
is, how long from QEMU's start to the first answer, how much memory is in use
once it has answered. Prints a table.

usage: bench/examples.py [--rounds N] [EXAMPLE...]

Image: Hull's disk; for Linux, its compressed kernel, an initramfs (gzip) and
the same root file system. Memory: what the machine was given, less what the
kernel says is free or can be had at once (the page cache)."""
import argparse
import gzip
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import images
from guest import HULL, OUT, TOP, Failure, Guest, Image, free_port
from rows_apps import get, resp

# name: port and request, what an answer begins with; or what the program says
EXAMPLES = {
    "c-http": (80, get("/hello"), b"HTTP/1.1 200"),
    "node-express": (3000, get("/notes"), b"HTTP/1.1 200"),
    "python": (8000, get("/visit/a"), b"HTTP/1.1 200"),
    "go-http": (8000, get("/"), b"HTTP/1.1 200"),
    "rust-threads": (8000, get("/visit/a"), b"HTTP/1.1 200"),
    "ocaml-http": (8000, get("/visit/a"), b"HTTP/1.1 200"),
    "ruby": (8000, get("/sleep"), b"HTTP/1.1 200"),
    "perl": (8000, get("/year"), b"HTTP/1.1 200"),
    "php": (8000, get("/plain.txt"), b"HTTP/1.1 200"),
    "nginx": (80, get("/"), b"HTTP/1.1 200"),
    "redis": (6379, resp(b"PING"), b"+PONG"),
    "memcached": (11211, b"version\r\n", b"VERSION"),
    "lua": (None, None, "ready"),
    "sqlite": (None, None, "^ok"),
}
MEMORY = 256        # MiB, of both
REST = 5            # seconds after the answer


class Quiet(Image):
    """An image whose guest says how much memory is in use."""

    def append(self, side, args):
        text = super().append(side, args)
        return text + " stats=2" if side == "hull" else \
            text.replace("rdinit=/init -- ", "rdinit=/init -- -m ")


def sizes(name, image):
    """Bytes of Hull's disk and of what Linux needs."""
    folder = f"{OUT}/image-{name}"
    with tempfile.TemporaryDirectory() as tmp:
        disk = f"{tmp}/disk.qcow2"
        subprocess.run([HULL, "build", "-q", "--no-build", "-o", disk,
                        folder], check=True)
        hull = os.stat(disk).st_blocks * 512
    boot = f"{TOP}/build/linux/pkg/boot"
    kernel = next(f for f in os.listdir(boot) if f.startswith("vmlinuz"))
    with open(image.initramfs, "rb") as f:
        initramfs = len(gzip.compress(f.read(), 9))
    linux = hull - os.path.getsize(f"{TOP}/build/hull.elf") + initramfs + \
        os.path.getsize(f"{boot}/{kernel}")
    return {"hull": hull, "linux": linux}


def in_use(g, side):
    """MiB in use, from the last line that says it."""
    for _, line in reversed(g.console):
        if side == "hull" and "counters:" in line:
            free, cached = (int(re.search(f"{n}=(\\d+)", line)[1])
                            for n in ("free", "cached"))
            return MEMORY - (free + cached) / 256
        if m := re.search(r"guest-memory:(\d+)", line):
            return MEMORY - int(m[1]) / 1024
    raise Failure("it does not say how much memory is free")


def measure(name, image, side):
    guest_port, request, expect = EXAMPLES[name]
    port = free_port()
    ports = [("tcp", port, guest_port)] if guest_port else []
    with Guest(side, image, ports=ports, limit=150, memory=MEMORY) as g:
        seconds = g.wait_answer(port, request, expect) if guest_port else \
            g.wait_line(expect)
        if name == "sqlite":
            return seconds, None        # it is over
        time.sleep(REST)
        return seconds, in_use(g, side)


def row(name, rounds):
    images.EXAMPLES.setdefault(name, name)
    images.image(name)
    image = Quiet(name)
    size = sizes(name, image)
    start = {"hull": [], "linux": []}
    memory = {"hull": None, "linux": None}
    for _ in range(rounds):
        for side in start:
            seconds, used = measure(name, image, side)
            start[side].append(seconds)
            memory[side] = used
    text = f"| {name} |"
    for side in start:
        text += f" {size[side] / 2 ** 20:.1f} |"
    for side in start:
        text += f" {memory[side]:.1f} |" if memory[side] else " - |"
    for side in start:
        text += f" {statistics.median(start[side]):.2f} |"
    ratio = statistics.median(start["hull"]) / statistics.median(start["linux"])
    return f"{text} {ratio:.2f} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("examples", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    subprocess.run(["make", "-s", "-C", TOP, "all"], check=True)
    os.makedirs(OUT, exist_ok=True)
    bad = 0
    print("| example | image MiB: Hull | Linux | memory at rest MiB: Hull | "
          "Linux | first answer s: Hull | Linux | ratio |\n"
          "|---|---|---|---|---|---|---|---|", flush=True)
    for name in args.examples or EXAMPLES:
        try:
            print(row(name, args.rounds), flush=True)
        except (Failure, subprocess.SubprocessError) as e:
            bad = 1
            print(f"| {name} | {e} |", flush=True)
    sys.exit(bad)


main()
