#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the same programs in Hull and in a Linux guest, alternating, and prints
a table of medians and ratios (Hull's over Linux's).

usage: bench/run.py [ROW...]       rows: start micro http size memory
       --rounds N (3)   --out FILE.json

Both guests get the same machine, devices, memory and CPUs; Linux is Debian's
cloud kernel with an initramfs of the same files (bench/linux-guest.sh). Under
TCG absolute times say nothing about hardware; the ratio within one run does."""
import argparse
import json
import math
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, "build", "bench")
LINUX = os.path.join(OUT, "linux")
HULL = os.path.join(TOP, "build", "hull")
MEMORY = "512"
# Machines by name: what both guests boot on. q35 has every timer that Linux
# wants to calibrate by; microvm is what `hull run` uses.
MACHINES = {
    "q35": (["-M", "q35,usb=off,vmport=off"], "pci"),
    "microvm": (["-M", "microvm,acpi=off,pit=on,pic=on,rtc=on",
                 "-global", "virtio-mmio.force-legacy=false"], "device"),
}


def usable_kvm():
    flags = open("/proc/cpuinfo").read()
    return bool(re.search(r"\b(vmx|svm)\b", flags)) and \
        os.access("/dev/kvm", os.R_OK | os.W_OK)


def engine():
    if usable_kvm():
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", "max"]


def row_size(side):
    """What must be there to run the static hello: kernel, image."""
    if side == "hull":
        return {"kernel KiB": os.path.getsize(f"{TOP}/build/hull.elf") / 1024,
                "kernel and files KiB": os.path.getsize(f"{OUT}/least.raw")
                / 1024}
    z = [f for f in os.listdir(f"{TOP}/build/linux/pkg/boot")
         if f.startswith("vmlinuz")]
    kernel = os.path.getsize(f"{TOP}/build/linux/pkg/boot/{z[0]}") / 1024
    return {"kernel KiB": kernel, "kernel and files KiB": kernel +
            os.path.getsize(f"{OUT}/least-linux/initramfs.cpio") / 1024}


def least_memory(works, low, high, step):
    """The least MiB that works(MiB) is true for, to a step, or None."""
    if not works(high):
        return None
    while high - low > step:
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle
    return high


def hello_works(side, mib):
    with Guest(side, "q35", 1, ["/bench/first"], limit=15, memory=mib,
               least=True) as g:
        return any("first output" in line for line in g.lines())


def http_works(side, mib):
    port = free_port()
    with Guest(side, "q35", 1, ["/http", "-p", "80", "-r", "/www"], port,
               limit=20, memory=mib, least=True):
        return wait_http(port, 15)


def row_memory(side):
    low, high, step = (3, 24, 1) if side == "hull" else (64, 192, 8)
    out = {}
    for name, works in (("hello", hello_works), ("c-http", http_works)):
        least = least_memory(lambda m: works(side, m), low, high, step)
        if least:
            out[f"least memory of {name} MiB"] = least
    return out


def build_programs():
    os.makedirs(OUT, exist_ok=True)
    flags = ["gcc", "-O2", "-Wall", "-static"]
    for name in ("micro", "first"):
        subprocess.run(flags + ["-o", f"{OUT}/{name}", f"{TOP}/bench/{name}.c",
                                "-lpthread"], check=True)
    subprocess.run(["make", "-s", "-C", TOP, "all"], check=True)
    subprocess.run(["sh", "-c", "cc -O2 -o http http.c -lpthread"], check=True,
                   cwd=f"{TOP}/examples/c-http")
    data = f"{OUT}/data"
    if not os.path.exists(data):
        with open(data, "wb") as f:
            f.write(os.urandom(1 << 20) * 4)


FILES = {
    "/bench/micro": f"{OUT}/micro",
    "/bench/first": f"{OUT}/first",
    "/bench/data": f"{OUT}/data",
    "/http": f"{TOP}/examples/c-http/http",
    "/www": f"{TOP}/examples/c-http/www",
}


def build_guests():
    pairs = [f"{g}={h}" for g, h in FILES.items()]
    subprocess.run([f"{TOP}/bench/linux-guest.sh", LINUX] + pairs, check=True,
                   stderr=subprocess.DEVNULL)
    folder = f"{OUT}/image"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/Hullfile", "w") as f:
        f.write("name: bench\nfiles:\n")
        for g, h in FILES.items():
            f.write(f"  {g}: {h}\n")
        f.write("cmd: /bench/first\n")
    subprocess.run([HULL, "build", "-q", "--format", "raw", "-o",
                    f"{OUT}/hull.raw", folder], check=True)
    build_least_guests()


def build_least_guests():
    """The same with nothing but the static hello and c-http."""
    files = {g: FILES[g] for g in ("/bench/first", "/http", "/www")}
    subprocess.run([f"{TOP}/bench/linux-guest.sh", f"{OUT}/least-linux"] +
                   [f"{g}={h}" for g, h in files.items()], check=True,
                   stderr=subprocess.DEVNULL)
    folder = f"{OUT}/least"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/Hullfile", "w") as f:
        f.write("name: least\nfiles:\n")
        for g, h in files.items():
            f.write(f"  {g}: {h}\n")
        f.write("cmd: /bench/first\n")
    subprocess.run([HULL, "build", "-q", "--format", "raw", "-o",
                    f"{OUT}/least.raw", folder], check=True)


def command(side, machine, cpus, port, args, memory, least):
    base, bus = MACHINES[machine]
    image = "least" if least else "hull"
    guest = f"{OUT}/least-linux" if least else LINUX
    cmd = ["qemu-system-x86_64"] + base + engine() + [
        "-m", str(memory or MEMORY), "-smp", str(cpus), "-nodefaults", "-no-user-config",
        "-no-reboot", "-display", "none", "-serial", "stdio"]
    net = "user,id=n"
    if port:
        net += f",hostfwd=tcp:127.0.0.1:{port}-:80"
    cmd += ["-netdev", net, "-device", f"virtio-net-{bus},netdev=n"]
    if side == "hull":
        cmd += ["-drive", f"if=none,id=d,file={OUT}/{image}.raw,format=raw,"
                "readonly=on,file.locking=off",
                "-device", f"virtio-blk-{bus},drive=d",
                "-device", "isa-debug-exit,iobase=0x501,iosize=4",
                "-kernel", f"{TOP}/build/hull.elf",
                "-append", "exit=isa --cmd " + " ".join(args)]
    else:
        cmd += ["-kernel", f"{TOP}/build/linux/vmlinux",
                "-initrd", f"{guest}/initramfs.cpio",
                "-append", "console=ttyS0 quiet mitigations=off panic=-1 "
                "reboot=t tsc=reliable rdinit=/init -- " + " ".join(args)]
    return cmd


class Guest:
    """A running guest; ends with the block."""

    def __init__(self, side, machine, cpus, args, port=None, limit=300,
                 memory=None, least=False):
        self.limit = limit
        self.started = time.monotonic()
        self.p = subprocess.Popen(command(side, machine, cpus, port, args,
                                          memory, least),
                                  stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        signal.signal(signal.SIGALRM, self.late)
        signal.alarm(limit)

    def late(self, *_):
        self.p.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        signal.alarm(0)
        self.p.kill()
        self.p.wait()

    def lines(self):
        for raw in self.p.stdout:
            yield raw.decode(errors="replace").rstrip("\r\n")

    def cpu_seconds(self):
        fields = open(f"/proc/{self.p.pid}/stat").read().rsplit(")", 1)[1]
        ticks = sum(int(x) for x in fields.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")


def row_start(side, machine):
    """QEMU's start to a static program's first output, ms."""
    with Guest(side, machine, 1, ["/bench/first"], limit=60) as g:
        for line in g.lines():
            if "first output" in line:
                return {f"start-{machine} ms":
                        (time.monotonic() - g.started) * 1000}
    return {}


def row_micro(side, cpus):
    out = {}
    names = [] if cpus == 1 else ["pipe-pingpong", "futex-pingpong",
                                  "mutex-contended", "thread", "mmap-64m",
                                  "tcp-rr", "udp-rr"]
    with Guest(side, "q35", cpus, ["/bench/micro"] + names) as g:
        for line in g.lines():
            m = re.search(r"([a-z][\w-]+) ([\d.]+)$", line)
            if m and not line.startswith("hull:"):
                out[f"{m[1]} ns ({cpus} cpu)"] = float(m[2])
            if "guest-exit" in line or "hull-exit" in line:
                break
    return out


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_http(port, limit=60):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/hello",
                                        timeout=1) as r:
                return r.status == 200
        except OSError:
            time.sleep(0.005)
    return False


def to_ms(text):
    value, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def row_http(side, cpus, seconds=8):
    port = free_port()
    out = {}
    with Guest(side, "q35", cpus, ["/http", "-p", "80", "-r", "/www"],
               port) as g:
        if not wait_http(port):
            return out
        out[f"http first answer ms ({cpus} cpu)"] = \
            (time.monotonic() - g.started) * 1000
        before = g.cpu_seconds()
        text = subprocess.run(
            ["wrk", "-t1", "-c16", f"-d{seconds}", "--latency",
             f"http://127.0.0.1:{port}/hello"],
            capture_output=True, text=True).stdout
        used = g.cpu_seconds() - before
        rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
        count = re.search(r"(\d+) requests in", text)
        if rate and count:
            out[f"http req/s ({cpus} cpu)"] = float(rate[1])
            out[f"http cpu us/req ({cpus} cpu)"] = \
                used * 1e6 / max(1, int(count[1]))
            for p in ("50%", "99%"):
                m = re.search(p + r"\s+([\d.]+(?:us|ms|s))", text)
                if m:
                    out[f"http p{p[:2]} ms ({cpus} cpu)"] = to_ms(m[1])
        errors = re.search(r"(Socket errors.*|Non-2xx.*)", text)
        if errors:
            print(f"  {side}: {errors[1]}", file=sys.stderr)
    return out


ROWS = {
    "start": [lambda s: row_start(s, "microvm"), lambda s: row_start(s, "q35")],
    "micro": [lambda s: row_micro(s, 1), lambda s: row_micro(s, 2)],
    "http": [lambda s: row_http(s, 1), lambda s: row_http(s, 2)],
    "size": [row_size],
    "memory": [row_memory],
}
ONCE = ("size", "memory")   # exact: one round


def ratios(results):
    """(name, Hull's median, Linux's, ratio, spread), None where missing."""
    for name, sides in results.items():
        h, l = sides.get("hull"), sides.get("linux")
        if not h or not l:
            yield name, None, "hull" if not h else "linux", None, None
            continue
        mh, ml = statistics.median(h), statistics.median(l)
        spread = (max(h) - min(h)) / mh if mh else 0
        yield name, mh, ml, mh / ml, spread


def table(results):
    print(f"{'what':38} {'hull':>12} {'linux':>12} {'ratio':>7}  spread")
    for name, h, l, ratio, spread in ratios(results):
        if h is None:
            print(f"{name:38} no value from {l}")
        else:
            print(f"{name:38} {h:12.1f} {l:12.1f} {ratio:7.3f}  "
                  f"{spread * 100:.0f}%")


def chart(results, path):
    """A bar a row: Hull over Linux, on a logarithmic scale around 1."""
    rows = [r for r in ratios(results) if r[3]]
    height = 18 * len(rows) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" '
           f'height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="8" y="18">Hull over the Linux guest: left of the line '
           'is less than Linux</text>',
           f'<line x1="520" y1="26" x2="520" y2="{height}" stroke="gray"/>']
    for i, (name, _, _, ratio, _) in enumerate(rows):
        y = 30 + 18 * i
        width = max(-220, min(220, 110 * math.log10(ratio)))
        better = (ratio > 1) == ("req/s" in name)
        out.append(f'<text x="8" y="{y + 12}">{name}</text>'
                   f'<rect x="{520 + min(0, width):.1f}" y="{y}" '
                   f'width="{abs(width):.1f}" height="14" '
                   f'fill="{"#2a7" if better else "#c54"}"/>'
                   f'<text x="745" y="{y + 12}" text-anchor="end">'
                   f'{ratio:.3g}x</text>')
    with open(path, "w") as f:
        f.write("\n".join(out + ["</svg>", ""]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default=f"{TOP}/bench/results/latest.json")
    args = parser.parse_args()
    for name in args.rows:
        if name not in ROWS:
            sys.exit(f"no row {name}; there are {', '.join(ROWS)}")
    build_programs()
    build_guests()
    results = {}
    for name in args.rows or ROWS:
        for measure in ROWS[name]:
            for _ in range(1 if name in ONCE else args.rounds):
                for side in ("hull", "linux"):
                    for key, value in measure(side).items():
                        results.setdefault(key, {}).setdefault(
                            side, []).append(value)
    table(results)
    os.makedirs(os.path.dirname(args.out), exist_ok=True)
    commit = subprocess.run(["git", "-C", TOP, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()
    with open(args.out, "w") as f:
        json.dump({"commit": commit, "engine": engine()[1],
                   "rounds": args.rounds, "rows": results}, f, indent=1)
    chart(results, os.path.splitext(args.out)[0] + ".svg")


main()
