#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How a run ends reaches the tool: statuses, signals with address and call
# chain, a panic of the kernel with symbols; by both ways out of a machine.
. "$(dirname "$0")/common"
prepare() {
    cat > "$tmp/ends.c" <<'C'
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) void poke(volatile int *p) { *p = 1; }

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "0";

    if (strcmp(how, "segv") == 0)
        poke((int *)0x1230);
    if (strcmp(how, "kernel") == 0)
        poke((int *)0xffffffff80000000);
    if (strcmp(how, "ill") == 0)
        __builtin_trap();
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "term") == 0)
        raise(SIGTERM);
    if (strcmp(how, "wait") == 0)
        pause();
    if (strcmp(how, "fill") == 0) {
        static char text[4090];

        memset(text, 'x', sizeof(text));
        return write(1, text, sizeof(text)) == sizeof(text) ? 7 : 1;
    }
    return (int)strtol(how, NULL, 10);
}
C
    cc -O1 -static -fno-omit-frame-pointer -o "$tmp/ends" "$tmp/ends.c" ||
        skip "no static C library"
    printf 'name: ends\nfiles:\n  /ends: ends\ncmd: /ends\nmemory: 32M\n' \
        > "$tmp/Hullfile"
    "$HULL" build -q "$tmp" 2> "$tmp/err" || fail "build"
}
prepared

# ends HOW STATUS [TEXT]...
ends() {
    local how=$1 want=$2 machine
    shift 2
    for machine in microvm pc; do
        boot 30 ends --no-net --machine $machine -- "$how"
        no_panic
        [ $status -eq "$want" ] ||
            fail "$how on $machine: status $status, not $want"
        for text; do says "$text"; done
    done
}
ends 0 0
ends 1 1
ends 42 42
ends 254 254
ends segv 139 "killed by SIGSEGV" "address 0x1230" "rip=" "#0 0x" " /ends+0x"
ends ill 132 "killed by SIGILL"
ends abort 134 "killed by SIGABRT"
ends term 143

boot 30 ends --no-net -- kernel         # a store to the kernel's own text
no_panic
[ $status -eq 139 ] || fail "a store to the kernel: $status"

for how in --machine=microvm --machine=pc --bios; do
    boot 30 ends --no-net $how --boot-arg panic
    [ $status -eq 255 ] || fail "status $status of a panic, not 255"
    [ "$(grep -ac 'Hull kernel panic: asked for' "$tmp/console")" = 1 ] ||
        fail "not one block"
    says "boot_program_start+0x"
    says "kernel_main+0x"
    says "CPU 0, thread boot"
done

# A stop that is asked for while the machine boots is not lost.
for early in 0.05 0.1 0.2; do
    start limit 30 "$HULL" run -q ends --no-net -- wait
    sleep $early
    pkill -TERM -P "$vm" || kill -TERM "$vm"
    wait "$vm"
    status=$?
    vm=
    [ $status -eq 143 ] || fail "status $status of a stop after $early s"
done

# A reader that is slow at the end still gets all of it: into a pipe of one
# page the last seven bytes do not go until it reads.
for machine in microvm pc; do
    python3 - "$("$HULL" run --dry-run ends --no-net --machine $machine -- \
        fill)" <<'P' || fail "the end of the output is lost on $machine"
import fcntl, os, struct, subprocess, sys, termios, time
r, w = os.pipe()
fcntl.fcntl(w, 1031, 4096)              # F_SETPIPE_SZ
subprocess.Popen("exec " + sys.argv[1], shell=True, stdin=subprocess.DEVNULL,
                 stdout=w)
os.close(w)
have = 0
while have < 4096:
    time.sleep(0.1)
    have, = struct.unpack("i", fcntl.ioctl(r, termios.FIONREAD, bytes(4)))
time.sleep(3)
got = b""
while part := os.read(r, 4096):
    got += part
if got != b"x" * 4090 + b"\x1ehull-exit:7\n":
    sys.exit("%d bytes, the last %r" % (len(got), got[4080:]))
P
done
