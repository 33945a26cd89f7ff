#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A full host disk is a clear error, and no half image is left.
. "$(dirname "$0")/common"
[ "$(id -u)" -eq 0 ] || skip "needs root to mount a small disk"
mkdir "$tmp/disk"
mount -t tmpfs -o size=2m tmpfs "$tmp/disk" 2> /dev/null ||
    skip "mounting is not allowed here"
cleanup() { umount "$tmp/disk"; }
project "$tmp/p"
run 0 env XDG_DATA_HOME="$tmp/disk" "$HULL" build "$tmp/p"
sum=$(md5sum < "$tmp/disk/hull/images/t/disk.qcow2")
head -c 4000000 /dev/urandom > "$tmp/p/big"
printf 'name: t\nfiles:\n  /prog: prog\n  /big: big\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"
run 1 env XDG_DATA_HOME="$tmp/disk" "$HULL" build "$tmp/p"
grep -Eq 'No space left|disk is full' "$tmp/err" || fail "no clear message"
says "free some space"
[ "$sum" = "$(md5sum < "$tmp/disk/hull/images/t/disk.qcow2")" ] ||
    fail "the old image changed"
[ "$(ls -A "$tmp/disk/hull/images")" = t ] || fail "something was left over"
run 1 "$HULL" build "$tmp/p" -o "$tmp/disk/out.qcow2"
[ -e "$tmp/disk/out.qcow2" ] && fail "a half image was left"
exit 0
