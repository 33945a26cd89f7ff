# SPDX-License-Identifier: BSD-2-Clause
"""What an image holds, run by this host's Linux: the same files as its root,
the same command, environment, folder and addresses, on a terminal whose
output is copied to stdout. Passes SIGTERM on and ends as the program does.
Needs a network and a mount namespace of its own.

usage: unshare -nm twin.py META.json ROOT CPUS
META.json is what `hull inspect --json` says."""
import json
import os
import pty
import signal
import subprocess
import sys

meta, root, cpus = sys.argv[1:]
with open(meta) as f:
    meta = json.load(f)


def do(command):
    subprocess.run(command.split(), check=True)


def become_program():
    os.chroot(root)
    os.chdir(meta.get("workdir", "/"))
    os.execve(meta["cmd"][0], meta["cmd"],
              dict(e.split("=", 1) for e in meta["env"]))


def pass_on(*_):
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass                # it has just ended by itself


# A guest is 10.0.2.15 and its clients are 10.0.2.2 for it.
do("ip link set lo up")
do("ip addr add 10.0.2.2/32 dev lo")
do("ip addr add 10.0.2.15/32 dev lo")
do("ip route replace local 10.0.2.15 dev lo table local src 10.0.2.2")
for name in ("proc", "sys", "dev"):
    do(f"mount --rbind /{name} {root}/{name}")
for name in ("tmp", "run", "var/tmp"):
    if os.path.isdir(f"{root}/{name}"):
        do(f"mount -t tmpfs none {root}/{name}")
mine = sorted(os.sched_getaffinity(0))[:int(cpus)]
os.sched_setaffinity(0, mine)
# What is online, libc's sysconf reads here.
with open(root + "/online", "w") as f:
    f.write(",".join(map(str, mine)) + "\n")
do(f"mount --bind {root}/online {root}/sys/devices/system/cpu/online")
pid, terminal = pty.fork()
if pid == 0:
    become_program()
signal.signal(signal.SIGTERM, pass_on)
try:
    while data := os.read(terminal, 65536):
        os.write(1, data)
except OSError:
    pass                    # EIO: it has ended
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os._exit(status if status >= 0 else 128 - status)
