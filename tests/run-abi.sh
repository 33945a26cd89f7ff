#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs the programs of tests/abi on Linux and on Hull and compares what they
# print and how they end. Linux is the oracle.
#
# usage: tests/run-abi.sh [--record | --recorded] [NAME...]
#   --record     only asks Linux, and builds the image
#   --recorded   only runs Hull, against what was recorded
# Prints "PASS abi/NAME" or "FAIL abi/NAME" with a diff; exit 1 if one failed.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
out=build/tests/abi
hull=${HULL:-$top/build/hull}
limit=${ABI_TIMEOUT:-120}
results=$out/results
mkdir -p "$results"

mode=both
case ${1:-} in --record | --recorded) mode=${1#--}; shift ;; esac
if [ "$mode" = recorded ]; then
    all=$(cd "$results" && for f in *.linux; do echo "${f%.linux}"; done)
else
    make -s abi-programs || exit 1
    all=$(make -s abi-list)
fi
names=${*:-$all}

# One image holds them all; each run names the program.
make_image() {
    local hullfile=$out/image/Hullfile
    mkdir -p "$out/image"
    {
        echo "name: abi-tests"
        echo "files:"
        for n in $(make -s abi-list); do echo "  /abi/$n: $top/$out/$n"; done
        libm=$(gcc -print-file-name=libm.so.6)
        echo "  /usr/lib/libm.so.6: $(readlink -f "$libm")"
        echo "cmd: /abi/hello one two"
        echo "hostname: abi"
        echo "env:"
        echo "  HOME: /"
    } > "$hullfile"
    "$hull" build -q --format raw -o "$image" "$out/image"
}
image=$out/image/abi.raw
if [ "$mode" != recorded ]; then
    make_image || { echo "FAIL abi/image"; exit 1; }
fi

# A fresh /tmp, an empty network (also in /sys), no System V objects: nothing
# depends on this host.
as_root=
[ "$(id -u)" -eq 0 ] || as_root=-r
on_linux() {
    local n=$1
    timeout -k 5 "$limit" unshare $as_root -imn sh -c '
        ip link set lo up
        mount -t sysfs sysfs /sys
        mount -t tmpfs tmpfs /tmp && mkdir /tmp/abi && mount --bind '"$top/$out"' /tmp/abi
        HOME=/ exec "/tmp/abi/$0" "$@"' "$n" one two \
        > "$results/$n.linux" 2> "$results/$n.linux.err"
    echo "exit $?" >> "$results/$n.linux"
}

on_hull() {
    local n=$1
    timeout -k 5 "$limit" "$hull" run "$image" -c 4 -m 512M --cmd "/abi/$n" \
        -- one two < /dev/null 2> "$results/$n.hull.err" | tr -d '\r' |
        grep -av '^hull: ' > "$results/$n.hull"
    echo "exit ${PIPESTATUS[0]}" >> "$results/$n.hull"
}

failed=0
for n in $names; do
    # The shell's own word on a program that a signal ends is of no interest.
    [ "$mode" = recorded ] || on_linux "$n" 2> /dev/null
    [ "$mode" != record ] || continue
    if [ "$mode/$n" = recorded/avx ] && ! grep -qw avx2 /proc/cpuinfo; then
        echo "SKIP abi/avx: this CPU has no AVX"
        continue
    fi
    if [ ! -s "$results/$n.linux" ]; then
        echo "FAIL abi/$n (prints nothing on Linux: a wrong test)"
        failed=1
        continue
    fi
    on_hull "$n"
    if cmp -s "$results/$n.linux" "$results/$n.hull"; then
        echo "PASS abi/$n"
    else
        echo "FAIL abi/$n (linux < > hull)"
        diff "$results/$n.linux" "$results/$n.hull" | head -30
        failed=1
    fi
done
exit $failed
