# SPDX-License-Identifier: BSD-2-Clause
"""The two guests: what QEMU is started with, and a running one.

Both get the same machine, devices, memory, CPUs and, where the program lies
on a disk, the same EROFS file system: Linux's drive begins where the root
begins in Hull's disk. images.py makes what is booted here."""
import json
import os
import re
import select
import socket
import struct
import subprocess
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, "build", "bench")
HULL = os.path.join(TOP, "build", "hull")
SIDES = ("hull", "linux")
MEMORY = 512
# Machines by name: what both guests boot on. q35 has every timer that Linux
# wants to calibrate by; microvm is what `hull run` uses.
MACHINES = {
    "q35": (["-M", "q35,usb=off,vmport=off"], "pci"),
    "microvm": (["-M", "microvm,acpi=off,pit=on,pic=on,rtc=on",
                 "-global", "virtio-mmio.force-legacy=false"], "device"),
}


class Failure(Exception):
    """A value that could not be had; the text goes into the table."""


def usable_kvm():
    flags = open("/proc/cpuinfo").read()
    return bool(re.search(r"\b(vmx|svm)\b", flags)) and \
        os.access("/dev/kvm", os.R_OK | os.W_OK)


def engine():
    if usable_kvm():
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", "max"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, request):
    """A connection to the port with the request on its way, or None."""
    try:
        s = socket.create_connection(("127.0.0.1", port), 2)
        s.sendall(request)
        return s
    except OSError:
        return None


def hear(s):
    try:
        return s.recv(4096)
    except OSError:
        return b""


class Image:
    """A disk that `hull build` made, and how its program is started.

    initramfs: Linux's; one without programs takes its root from the disk."""

    def __init__(self, name, initramfs="disk"):
        self.disk = f"{OUT}/{name}.raw"
        self.on_disk = initramfs == "disk"
        self.initramfs = f"{OUT}/linux-{initramfs}/initramfs.cpio"
        text = subprocess.run([HULL, "inspect", "--json", self.disk],
                              check=True, capture_output=True).stdout
        self.manifest = json.loads(text)
        with open(self.disk, "rb") as f:
            f.seek(32768)
            head = struct.unpack("<8sII7Q", f.read(72))
        if head[0] != b"HULLIMG1":
            raise Failure(f"{self.disk} is no image")
        self.root_offset, self.root_size = head[8:10]

    def drive(self, side):
        text = f"if=none,id=d,file={self.disk},format=raw,readonly=on," \
               "file.locking=off"
        if side == "linux":
            text += f",offset={self.root_offset},size={self.root_size}"
        return text

    def append(self, side, args):
        """The kernel's command line; args None: the image's own program."""
        if side == "hull":
            return "exit=isa" + (" --cmd " + " ".join(args) if args else "")
        words = ["console=ttyS0 quiet mitigations=off panic=-1 reboot=t",
                 "tsc=reliable rdinit=/init --"]
        if self.on_disk:
            words += ["-d", "-C", self.manifest.get("workdir") or "/"]
            for e in self.manifest["env"]:
                words += ["-e", f'"{e}"']
        return " ".join(words + (args or self.manifest["cmd"]))


def command(side, image, args, machine, cpus, memory, ports, count, kernel):
    base, bus = MACHINES[machine]
    # counting: the clock advances a nanosecond an instruction
    how = ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "max"] \
        if count else engine()
    cmd = ["qemu-system-x86_64"] + base + how + [
        "-m", str(memory), "-smp", str(cpus), "-nodefaults",
        "-no-user-config", "-no-reboot", "-display", "none",
        "-serial", "stdio"]
    net = "user,id=n"
    for proto, host, guest in ports:
        net += f",hostfwd={proto}:127.0.0.1:{host}-:{guest}"
    cmd += ["-netdev", net, "-device", f"virtio-net-{bus},netdev=n",
            "-drive", image.drive(side),
            "-device", f"virtio-blk-{bus},drive=d"]
    if side == "hull":
        cmd += ["-device", "isa-debug-exit,iobase=0x501,iosize=4"]
        kernel = kernel or f"{TOP}/build/hull.elf"
    else:
        cmd += ["-initrd", image.initramfs]
        kernel = kernel or f"{TOP}/build/linux/vmlinux"
    return cmd + ["-kernel", kernel, "-append", image.append(side, args)]


class Guest:
    """A running guest; ends with the block, or when `limit` seconds are
    over. Its console is read all the time, with the time of each line."""

    def __init__(self, side, image, args=None, machine="q35", cpus=1,
                 memory=MEMORY, ports=(), limit=120, count=False,
                 kernel=None):
        self.heard = threading.Condition()
        self.console = []           # (seconds since the start, line)
        self.ended = False
        self.started = time.monotonic()
        self.p = subprocess.Popen(
            command(side, image, args, machine, cpus, memory, ports, count,
                    kernel),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.limit = threading.Timer(limit, self.p.kill)
        self.limit.start()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for raw in self.p.stdout:
            line = raw.decode(errors="replace").rstrip("\r\n")
            with self.heard:
                self.console.append((self.age(), line))
                self.heard.notify_all()
        with self.heard:
            self.ended = True
            self.heard.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.limit.cancel()
        self.p.kill()
        self.reader.join()
        self.p.wait()
        self.p.stdout.close()

    def age(self):
        return time.monotonic() - self.started

    def wait_line(self, pattern, limit=120):
        """Seconds from the start to the first line that has the pattern."""
        end = time.monotonic() + limit
        seen = 0
        with self.heard:
            while True:
                for at, line in self.console[seen:]:
                    if re.search(pattern, line):
                        return at
                seen = len(self.console)
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    raise Failure(f"no '{pattern}': {self.last_words()}")
                self.heard.wait(left)

    def last_words(self):
        lines = [line for _, line in self.console if line.strip()]
        return lines[-1][:100] if lines else "silence"

    def output(self, limit=120):
        """Lines until the program has ended."""
        self.wait_line(r"(hull|guest)-exit", limit)
        return [line for _, line in self.console]

    def wait_answer(self, port, request, start, limit=120):
        """Seconds until the port answers the request with `start`. Asks again
        and again without giving up the earlier ones: a SYN that comes before
        the guest's network is up may be lost for a second."""
        tries, end, again = [], time.monotonic() + limit, 0
        try:
            while time.monotonic() < end and not self.ended:
                if time.monotonic() >= again and len(tries) < 64:
                    s = ask(port, request)
                    tries += [s] if s else []
                    again = time.monotonic() + max(0.05, self.age() / 20)
                for s in select.select(tries, [], [], 0.02)[0]:
                    if hear(s).startswith(start):
                        return self.age()
                    tries.remove(s)
                    s.close()
        finally:
            for s in tries:
                s.close()
        raise Failure(f"no answer: {self.last_words()}")

    def cpu_seconds(self):
        fields = open(f"/proc/{self.p.pid}/stat").read().rsplit(")", 1)[1]
        ticks = sum(int(x) for x in fields.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")
