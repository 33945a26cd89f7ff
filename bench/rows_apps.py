# SPDX-License-Identifier: BSD-2-Clause
"""Applications of examples/ under load from the host, and their start."""
from guest import Guest, free_port
from images import image
from rows_net import load, load_rows


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def resp(*words):
    """A command of Redis's protocol."""
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


OK = "HTTP/1.1 200"
VALUE = b"v" * 32
# name: port, then loads of (label, request, what the answer begins with,
# requests at once); the first one also shows that the server is up.
SERVERS = {
    "nginx": (80, [("", get("/"), OK, 1)]),
    "redis": (6379, [
        ("SET", resp(b"SET", b"k", VALUE), "+OK", 1),
        ("GET", resp(b"GET", b"k"), "$32", 1),
        ("SET, 16 at once", resp(b"SET", b"k", VALUE), "+OK", 16),
        ("GET, 16 at once", resp(b"GET", b"k"), "$32", 16)]),
    "memcached": (11211, [
        ("set", b"set k 0 0 32\r\n" + VALUE + b"\r\n", "STORED", 1),
        ("get", b"get k\r\n", "VALUE k 0 32", 1)]),
    "node": (3000, [("", get("/notes"), OK, 1)]),
    "spring": (8080, [("", get("/api/todos"), OK, 1)]),
}


def server(side, name, seconds, warm, connections=16, limit=300):
    port = free_port()
    guest_port, loads = SERVERS[name]
    out = {}
    with Guest(side, image(name), ports=[("tcp", port, guest_port)],
               limit=limit) as g:
        if name == "node":
            out["node: start to first output [ms]"] = \
                g.wait_line("listening", limit) * 1000
        _, request, expect, _ = loads[0]
        out[f"{name}: start to first answer [ms]"] = \
            g.wait_answer(port, request, expect.encode(), limit) * 1000
        out[f"{name}: start, QEMU's CPU [ms]"] = g.cpu_seconds() * 1000
        for label, request, expect, pipeline in loads:
            what = f"{name} {label}".strip()
            out |= load_rows(what, load(g, port, request, expect, connections,
                                        seconds, pipeline, warm))
    return out


HELLO = {"node hello": "node-hello", "java hello": "java"}


def hello(side, what, cpus):
    """A script or a class that says hello: "node hello", "java hello"."""
    with Guest(side, image(HELLO[what]), cpus=cpus) as g:
        ms = g.wait_line("first output") * 1000
        return {f"{what}, {cpus} CPU [ms]": ms,
                f"{what}, QEMU's CPU [ms]": g.cpu_seconds() * 1000}
