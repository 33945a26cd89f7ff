#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Finds guests that the emulated machine of `make check-kvm` has lost.

QEMU's emulation of SVM (7.2) at times writes the registers of the hypervisor,
as they are after its VMRUN, into the control block of the guest, over the
guest's own. The guest goes on at an address of KVM's that it does not have;
KVM enters it, leaves it for a nested page fault, for ever. No guest can do
that to itself: where its instruction pointer is in KVM's __svm_vcpu_run, its
QEMU is killed and FILE gets a line, so that the test can be run again.

usage: tests/rig/lost.py FILE"""
import glob
import json
import os
import re
import signal
import socket
import sys
import time

LOOK = 20       # seconds from one look to the next


def vmrun():
    """Where KVM enters guests: first address, and the first behind."""
    with open("/proc/kallsyms") as f:
        for line in f:
            words = line.split()
            if words[2] == "__svm_vcpu_run":
                start = int(words[0], 16)
                return range(start, start + 0x400)
    return range(0)


def machines():
    """(pid, path of the QMP socket) of each machine that `hull run` has."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path) as f:
                m = re.search(r"\0-qmp\0unix:([^,\0]+)", f.read())
        except OSError:
            continue
        if m:
            yield int(path.split("/")[2]), m[1]


def registers(path):
    """What QEMU says of all CPUs of a machine; "" if it says nothing."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        f = s.makefile("rw")
        f.readline()
        for command in ({"execute": "qmp_capabilities"},
                        {"execute": "human-monitor-command", "arguments":
                         {"command-line": "info registers -a"}}):
            f.write(json.dumps(command) + "\n")
            f.flush()
            answer = {}
            while "return" not in answer and "error" not in answer:
                answer = json.loads(f.readline())
    return str(answer.get("return", ""))


def main():
    kvm = vmrun()
    while True:
        time.sleep(LOOK)
        for pid, path in machines():
            try:
                text = registers(path)
            except (OSError, ValueError):
                continue
            for rip in re.findall(r"RIP=([0-9a-f]+)", text):
                if int(rip, 16) in kvm:
                    with open(sys.argv[1], "a") as f:
                        f.write(f"a guest at {rip}, in KVM's own code\n")
                    os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
