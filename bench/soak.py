#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Churn on an HTTP server for a while: requests answered and checked, and
among them connections that are half-closed, reset, read slowly, or opened and
left idle. Ends with counts; exit 1 if an answer was wrong or did not come.

usage: bench/soak.py PORT SECONDS [PATH [IDLE]]
"""
import collections
import random
import socket
import struct
import sys
import threading
import time

PORT, SECONDS = int(sys.argv[1]), float(sys.argv[2])
PATH = sys.argv[3] if len(sys.argv) > 3 else "/"
IDLE = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: soak\r\n".encode()
counts = collections.Counter()
until = 0.0     # set when the idle connections are there


def connect():
    return socket.create_connection(("127.0.0.1", PORT), 60)


def read_answer(s, slow=False):
    data = b""
    while True:
        part = s.recv(7 if slow else 65536)
        if not part:
            return data
        data += part
        if slow:
            time.sleep(0.01)


def whole():
    with connect() as s:
        s.sendall(REQUEST + b"Connection: close\r\n\r\n")
        assert read_answer(s).startswith(b"HTTP/1.1 200"), "no 200"


def half_closed():
    with connect() as s:
        s.sendall(REQUEST + b"Connection: close\r\n\r\n")
        s.shutdown(socket.SHUT_WR)
        read_answer(s)              # some servers answer, some do not


def slow_reader():
    with connect() as s:
        s.sendall(REQUEST + b"Connection: close\r\n\r\n")
        assert read_answer(s, True).startswith(b"HTTP/1.1 200"), "no 200"


def reset():
    with connect() as s:
        s.sendall(REQUEST + b"\r\n")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))


def unfinished():
    with connect() as s:
        s.sendall(REQUEST[:random.randrange(len(REQUEST))])


def churn():
    kinds = [whole] * 6 + [half_closed, slow_reader, reset, unfinished]
    while time.monotonic() < until:
        kind = random.choice(kinds)
        try:
            kind()
            counts[kind.__name__] += 1
        except (OSError, AssertionError) as e:
            if kind in (whole, slow_reader):
                counts["FAILED"] += 1
                print(f"{kind.__name__}: {e}", file=sys.stderr)


idle = []
for _ in range(IDLE):
    idle.append(connect())
    time.sleep(0.02)        # QEMU's forwarding has a backlog of one
until = time.monotonic() + SECONDS
team = [threading.Thread(target=churn) for _ in range(4)]
for t in team:
    t.start()
for t in team:
    t.join()
for s in idle:
    s.close()
whole()
print(dict(counts), "idle", len(idle))
sys.exit(counts["FAILED"] > 0)
