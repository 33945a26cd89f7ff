#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Which of the calls that Hull has does no program of tests/abi use? Runs the
# programs on Linux under strace and compares the names with the list of calls.
#
# usage: tests/abi-coverage.sh [-l]; -l lists, for each call, who uses it.
# Prints the calls that nothing uses; exit 1 if there are any, 77 if this
# machine cannot tell (no strace, or it may not trace).
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
out=build/tests/abi
traces=$out/traces
list=kernel/abi/syscalls_x86_64.def

# What cannot be asked of Linux from here, and why.
except='
fchmodat2           strace may be older than it
fork vfork execveat  Hull refuses them on purpose
reboot              would be true on Linux
mount               a namespace of its own is all the tests may change
settimeofday        the clock belongs to the whole machine
clock_settime       likewise
rt_sigreturn        strace does not show what only handlers return by
'

command -v strace > /dev/null || { echo "no strace"; exit 77; }
strace -o /dev/null true 2> /dev/null || { echo "may not trace"; exit 77; }
make -s abi-programs || exit 1
as_root=
[ "$(id -u)" -eq 0 ] || as_root=-r
mkdir -p "$traces"

# mmstress and exhaust repeat what the others do, for long.
for n in $(make -s abi-list); do
    case $n in mmstress | exhaust | stress | *-static* | *-musl) continue ;; esac
    [ "$traces/$n" -nt "$out/$n" ] && continue
    { timeout -k 5 120 unshare $as_root -mn sh -c '
        ip link set lo up
        mount -t tmpfs tmpfs /tmp && mkdir /tmp/abi && mount --bind "$0" /tmp/abi
        HOME=/ exec strace -f -qq -o "$1" "/tmp/abi/$2" one two' \
        "$top/$out" "$top/$traces/$n.raw" "$n" > /dev/null < /dev/null; } 2> /dev/null
    sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$traces/$n.raw" | sort -u |
        sed 's/^umount2$/umount/' > "$traces/$n"
    rm -f "$traces/$n.raw"
done

sed -nE 's/^CALL\([0-9]+, ([a-z_0-9]+),.*/\1/p' "$list" | sort > "$traces/.have"
if [ "${1:-}" = -l ]; then
    while read -r call; do
        echo "$call: $(cd "$traces" && grep -lx "$call" -- * | tr '\n' ' ')"
    done < "$traces/.have"
    exit 0
fi
allowed=$(echo "$except" | sed -E 's/  +.*//')
unused=$(sort -u "$traces"/* | comm -13 - "$traces/.have" |
         grep -vxF "$(printf '%s\n' $allowed)")
[ -z "$unused" ] && exit 0
echo "calls that no program of tests/abi uses:" $unused
exit 1
