#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tests/stress/stress.c, everything at once, on 4 CPUs.
# SECONDS_OF_STRESS: for longer.
. "$(dirname "$0")/common"
n=${SECONDS_OF_STRESS:-20}
prepare() {
    cc -O2 -static -o "$tmp/stress" "$top/tests/stress/stress.c" -lpthread ||
        skip "no static C library"
    printf 'name: stress\nfiles:\n  /stress: stress\ncmd: /stress\n' \
        > "$tmp/Hullfile"
    "$HULL" build -q "$tmp" 2> "$tmp/err" || fail "build"
}
prepared
boot $((n * 2 + 60)) stress -m 512M -c 4 --boot-arg stats=10 -- "$n"
no_panic
[ $status -eq 0 ] || fail "status $status"
says "clean end"
grep -a 'clean end' "$tmp/console"
grep -a 'counters:' "$tmp/console" | sed -n '1p;$p'
