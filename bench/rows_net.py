# SPDX-License-Identifier: BSD-2-Clause
"""The network, from the host and over loopback, and c-http under load."""
import re
import subprocess

from guest import OUT, Failure, Guest, free_port
from images import image
from rows_small import HELLO, HTTP, numbers

UNITS = {"tcp-rr": ("TCP request and response", "us"),
         "udp-rr": ("UDP request and response", "us"),
         "stream-in": ("TCP stream in", "MB/s"),
         "stream-out": ("TCP stream out", "MB/s"),
         "connect": ("connections", "1/s")}


def load(g, port, request, expect, connections=16, seconds=4, pipeline=1,
         warm=0.5):
    """Runs bench/load against the guest: (requests a second, p50 ms, p99 ms,
    CPU time of QEMU us a request)."""
    def once(length):
        r = subprocess.run(
            [f"{OUT}/load", "127.0.0.1", str(port), str(connections),
             str(length), str(pipeline), expect], input=request,
            capture_output=True, timeout=90 + 2 * length)
        m = re.match(rb"requests (\d+) rate (\S+) p50 (\d+) p99 (\d+)",
                     r.stdout)
        if not m:
            raise Failure(r.stderr.decode()[-100:].strip() or "load failed")
        return m
    if warm:
        once(warm)
    before = g.cpu_seconds()
    m = once(seconds)
    used = g.cpu_seconds() - before
    return (float(m[2]), int(m[3]) / 1000, int(m[4]) / 1000,
            used * 1e6 / int(m[1]))


def load_rows(label, values):
    names = ("requests [1/s]", "p50 [ms]", "p99 [ms]", "QEMU's CPU [us]")
    rows = {f"{label}: {n}": v for n, v in zip(names, values)}
    rows[f"{label}: p99 over p50 [x]"] = values[2] / max(values[1], 0.001)
    return rows


def http(side, cpus):
    port = free_port()
    with Guest(side, image("least"), HTTP, cpus=cpus,
               ports=[("tcp", port, 80)]) as g:
        g.wait_answer(port, HELLO, b"HTTP/1.1 200")
        return load_rows(f"c-http, {cpus} CPU",
                         load(g, port, HELLO, "HTTP/1.1 200", seconds=5))


def inside(side, cpus):
    """c-http and its load generator in one guest."""
    with Guest(side, image("micro"), ["/bench/inside", "4", "16"],
               cpus=cpus) as g:
        for line in g.output():
            m = re.match(r"requests (\d+) rate (\S+) p50 (\d+) p99 (\d+)",
                         line)
            if m:
                return load_rows(f"c-http inside, {cpus} CPU",
                                 (float(m[2]), int(m[3]) / 1000,
                                  int(m[4]) / 1000))
        raise Failure(g.last_words())


def outside(side):
    """From the host, through QEMU's user-mode network."""
    tcp = free_port()
    udp = free_port()
    out = {}
    with Guest(side, image("micro"), ["/bench/net", "serve"],
               ports=[("tcp", tcp, 80), ("udp", udp, 80)]) as g:
        g.wait_answer(tcp, b"c", b"c")
        for name, (what, unit) in UNITS.items():
            r = subprocess.run(
                [f"{OUT}/net-host", name, "127.0.0.1",
                 str(udp if name == "udp-rr" else tcp), "3"],
                capture_output=True, text=True, timeout=60)
            m = re.match(rf"{name} (\S+)", r.stdout)
            out[f"network: {what} [{unit}]"] = float(m[1]) if m else \
                Failure(r.stderr.strip()[-100:])
    return out


def loopback(side, cpus):
    with Guest(side, image("micro"), ["/bench/net", "loop", "2"],
               cpus=cpus) as g:
        rows = numbers(g.output(), "", "")
    out = {}
    for name, (what, unit) in UNITS.items():
        value = rows.get(f" {name} []")
        if name != "stream-out":            # both ways are one over loopback
            out[f"loopback, {cpus} CPU: {what} [{unit}]".replace(
                " in [", " [")] = value or Failure("no value")
    return out


def idle(side):
    """Both ends are in the guest, over loopback: from outside QEMU would need
    ten thousand descriptors, and polls them all for each packet."""
    with Guest(side, image("micro"), ["/bench/net", "idle", "10000"],
               limit=300) as g:
        # that they are closed is not waited for
        g.wait_line(r"idle-connection \d", 300)
        rows = numbers([line for _, line in g.console], "", "")
    return {"memory of one of 10,000 idle connections, both ends [bytes]":
            rows[" idle-connection []"]}
