#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Churn on an HTTP server for a while: requests answered and checked, and
among them connections that are half-closed, reset, left unfinished, or read
slowly, while others are opened and stay idle (again, where the server ends
them). Prints counts every minute; exit 1 if an answer was wrong or did not
come.

usage: bench/soak.py HOST PORT SECONDS [PATH [IDLE [BIG]]]
Slow readers ask for BIG, so often that the answers are half a megabyte.
"""
import collections
import random
import resource
import select
import socket
import struct
import sys
import threading
import time

HOST, PORT, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
PATH = sys.argv[4] if len(sys.argv) > 4 else "/"
IDLE = int(sys.argv[5]) if len(sys.argv) > 5 else 1000
BIG = sys.argv[6] if len(sys.argv) > 6 else PATH
PATIENCE = 300      # seconds without a byte are a hang, on a busy host too
LAST = b"Connection: close\r\n\r\n"
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: soak\r\n".encode()
BIG_REQUEST = f"GET {BIG} HTTP/1.1\r\nHost: soak\r\n".encode()
pipelined = 1       # set when the size of an answer is known
counts = collections.Counter()
until = 0.0         # set when the idle connections are there


def connect(rcvbuf=0):
    s = socket.socket()
    s.settimeout(PATIENCE)
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.connect((HOST, PORT))
    return s


def read_answers(s, part=65536, pause=0):
    data = b""
    while got := s.recv(part):
        data += got
        time.sleep(pause)
    return data


def whole():
    with connect() as s:
        s.sendall(REQUEST + LAST)
        assert read_answers(s).startswith(b"HTTP/1.1 200"), "no 200"


def kept():
    with connect() as s, s.makefile("rb") as f:
        for _ in range(20):
            s.sendall(REQUEST + b"\r\n")
            assert f.readline().startswith(b"HTTP/1.1 200"), "no 200"
            size = 0
            while line := f.readline().strip().lower():
                if line.startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            assert len(f.read(size)) == size, "cut short"


def half_closed():
    with connect() as s:
        s.sendall(REQUEST + LAST)
        s.shutdown(socket.SHUT_WR)
        read_answers(s)             # some servers answer, some do not


def slow_reader():
    """More answers than the buffers hold: the server has to wait."""
    with connect(rcvbuf=4096) as s:
        s.sendall((BIG_REQUEST + b"\r\n") * pipelined + BIG_REQUEST + LAST)
        got = read_answers(s, 4096, 0.01).count(b"HTTP/1.1 200")
        assert got == pipelined + 1, f"{got} answers"


def reset():
    with connect() as s:
        s.sendall((REQUEST + b"\r\n") * random.randrange(1, 10))
        time.sleep(random.random() / 20)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))


def unfinished():
    with connect() as s:
        s.sendall(REQUEST[:random.randrange(len(REQUEST))])


def churn():
    kinds = [whole] * 6 + [kept, half_closed, slow_reader, reset, unfinished]
    while time.monotonic() < until:
        kind = random.choice(kinds)
        try:
            kind()
            counts[kind.__name__] += 1
        except (OSError, AssertionError) as e:
            # the server may reset what is half-closed
            if kind is not half_closed or isinstance(e, TimeoutError):
                counts["FAILED"] += 1
                print(f"{kind.__name__}: {e!r}", file=sys.stderr)


def keep_idle():
    idle = {}
    poll = select.poll()
    while time.monotonic() < until:
        while len(idle) < IDLE and time.monotonic() < until:
            try:
                s = connect()
            except TimeoutError:        # a full backlog answers nothing
                counts["idle late"] += 1
                continue
            idle[s.fileno()] = s
            poll.register(s, select.POLLIN)
            counts["idle"] += 1
        for fd, _ in poll.poll(1000):
            poll.unregister(fd)     # the server tired of it
            idle.pop(fd).close()
    for s in idle.values():
        s.close()


def report():
    while time.monotonic() < until:
        time.sleep(min(60, max(0, until - time.monotonic())))
        print(f"port {PORT}: {dict(counts)}", flush=True)


resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
with connect() as probe:
    probe.sendall(BIG_REQUEST + LAST)
    pipelined = (1 << 19) // len(read_answers(probe))
until = time.monotonic() + SECONDS
team = [threading.Thread(target=f)
        for f in [churn] * 4 + [keep_idle, report]]
for t in team:
    t.start()
for t in team:
    t.join()
whole()
sys.exit(counts["FAILED"] > 0)
