# SPDX-License-Identifier: BSD-2-Clause
"""Start, small numbers, files, size and least memory."""
import glob
import os
import re

from guest import OUT, TOP, Failure, Guest, free_port
from images import image

HELLO = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
HTTP = ["/http", "-p", "80", "-r", "/www"]
TWO_CPUS = ["pipe-pingpong", "futex-pingpong", "futex-two-cpus",
            "mutex-contended", "sched_yield", "thread", "signal", "mmap-64m",
            "sleep-late"]


def start(side, machine):
    """QEMU's start to a static program's first output."""
    with Guest(side, image("least"), ["/bench/first"], machine) as g:
        return {f"start: hello on {machine} [ms]":
                g.wait_line("first output") * 1000}


def entry(side):
    """From the kernel's first instruction to the program's, in instructions,
    or nanoseconds where it waits: now and then for a timer, since the clock
    jumps there when the disk is slow to answer. The firmware's part is what a kernel that
    only says when it was entered says."""
    linux_side = ("linux", image("least"), ["/bench/entry"])
    with Guest(*linux_side, count=True, kernel=f"{OUT}/stub") as g:
        g.wait_line("entry ")
        firmware = int(g.console[-1][1].split()[1], 16)
    with Guest(side, image("least"), ["/bench/entry"], count=True) as g:
        g.wait_line(r"entry \d")
        line = [t for _, t in g.console if t.startswith("entry ")][0]
    return {"kernel entry to program [1000 instructions]":
            (int(line.split()[1]) - firmware) / 1000}


def start_http(side):
    port = free_port()
    with Guest(side, image("least"), HTTP, ports=[("tcp", port, 80)]) as g:
        return {"start: first answer of c-http [ms]":
                g.wait_answer(port, HELLO, b"HTTP/1.1 200") * 1000}


def numbers(lines, label, unit):
    """Rows from lines of "NAME NUMBER"."""
    out = {}
    for line in lines:
        m = re.fullmatch(r"\W*([a-z][\w-]+) (-?[\d.]+)", line)
        if m:
            out[f"{label} {m[1]} [{unit}]"] = float(m[2])
    if not out:
        raise Failure(lines[-1][:100] if lines else "silence")
    return out


def micro(side, cpus):
    names = [] if cpus == 1 else TWO_CPUS
    with Guest(side, image("micro"), ["/bench/micro"] + names,
               cpus=cpus) as g:
        rows = numbers(g.output(), f"{cpus} CPU:", "ns")
    return {k: v for k, v in rows.items()
            if cpus > 1 or "two-cpus" not in k}


def files(side):
    for name in ("sequential", "random"):
        with open(f"{OUT}/{name}", "rb") as f:      # warm on the host
            f.read()
    open(image("files").disk, "rb").read()
    with Guest(side, image("files"), ["/bench/files", "/bench/sequential",
                                      "/bench/random"]) as g:
        rows = numbers(g.output(), "files:", "ms")
    return {k.replace("random-cold [ms]", "random-cold 4 KiB [us]").replace(
        "random-warm [ms]", "random-warm 4 KiB [us]").replace(
        "sequential-cold", "64 MiB cold").replace(
        "sequential-warm", "64 MiB warm").replace(
        "tmpfs-write", "tmpfs write 32 MiB").replace(
        "tmpfs-read", "tmpfs read 32 MiB"): v for k, v in rows.items()}


def instructions(side):
    """The small numbers by a clock that advances a nanosecond an instruction,
    which noise does not touch."""
    with Guest(side, image("micro"), ["/bench/micro", "-q"], limit=400,
               count=True) as g:
        rows = numbers(g.output(400), "instructions:", "1")
    return {k: v for k, v in rows.items() if "two-cpus" not in k}


def instructions_inside(side):
    """A request of c-http, client and server together; the CPU is never
    idle."""
    with Guest(side, image("micro"), ["/bench/inside", "0.3", "16"],
               limit=200, count=True) as g:
        g.wait_line("^requests", 200)
        for _, line in g.console:
            m = re.match(r"requests \d+ rate (\S+) ", line)
            if m:
                return {"instructions: c-http inside, a request [1]":
                        1e9 / float(m[1])}


def size(side):
    """Kernel, and kernel with the files of an application. Linux's kernel is
    compressed, its files are the same EROFS and the initramfs to mount it."""
    out = {}
    z = glob.glob(f"{TOP}/build/linux/pkg/boot/vmlinuz*")[0]
    kernel = os.path.getsize(f"{TOP}/build/hull.elf" if side == "hull" else z)
    out["size: kernel [KiB]"] = kernel / 1024
    for name in ("least", "redis", "node", "java"):
        i = image(name)
        if side == "hull":
            whole = os.path.getsize(i.disk)
        else:
            whole = kernel + os.path.getsize(i.initramfs) + \
                (i.root_size if i.on_disk else 0)
        out[f"size: image of {name} [KiB]"] = whole / 1024
    return out


# What shows that a program works: a line of its output, or an answer; the
# seconds that it may take; MiB for Hull and Linux: too little, enough, step.
WORKS = {
    "hello": ("least", ["/bench/first"], "first output", 40,
              (2, 18, 1), (64, 128, 8)),
    "c-http": ("least", HTTP, (80, HELLO, b"HTTP/1.1 200"), 60,
               (2, 18, 1), (64, 128, 8)),
    "redis": ("redis", None, (6379, b"PING\r\n", b"+PONG"), 90,
              (4, 36, 1), (64, 128, 8)),
    "node": ("node", None, "listening", 200, (16, 144, 4), (64, 192, 16)),
    "java": ("java", None, "first output", 200, (16, 144, 4), (64, 192, 16)),
}


def works(side, name, mib):
    disk, args, sign, limit, *_ = WORKS[name]
    port = free_port()
    ports = [("tcp", port, sign[0])] if isinstance(sign, tuple) else []
    with Guest(side, image(disk), args, memory=mib, ports=ports,
               limit=limit) as g:
        try:
            if ports:
                g.wait_answer(port, sign[1], sign[2], limit)
            else:
                g.wait_line(sign, limit)
            return True
        except Failure:
            return False


def memory(side, name):
    """The least MiB that the program works with, by bisection."""
    low, high, step = WORKS[name][4 if side == "hull" else 5]
    known = False
    while high - low > step or not known:
        middle = (low + high) // 2 if high - low > step else high
        if works(side, name, middle):
            high, known = middle, True
        elif middle == high:
            raise Failure(f"{high} MiB are not enough")
        else:
            low = middle
    return {f"least memory of {name} [MiB]": high}
