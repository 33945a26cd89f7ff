#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Bad system calls at random: the program ends well on Linux, then on Hull.
# SEEDS: which; SECONDS_EACH: for how long each.
. "$(dirname "$0")/common"
prepare() {
    cc -O1 -static -o "$tmp/badcalls" "$top/tests/stress/badcalls.c" \
        -lpthread || skip "no static C library"
    timeout -k 5 30 "$tmp/badcalls" 2 > "$tmp/console" 2>&1 < /dev/null ||
        fail "on Linux: status $?"
    printf 'name: badcalls\nfiles:\n  /badcalls: badcalls\ncmd: /badcalls\n' \
        > "$tmp/Hullfile"
    "$HULL" build -q "$tmp" 2> "$tmp/err" || fail "build"
}
prepared
each=${SECONDS_EACH:-6}
for seed in ${SEEDS:-1 2 3}; do
    boot $((each * 2 + 40)) badcalls -m 256M -c 2 -- "$each" "$seed" 4
    no_panic
    [ $status -eq 0 ] || fail "seed $seed: status $status"
    says "clean end"
    echo "seed $seed: $(grep -ah ' calls' "$tmp/console" | tail -n 1)"
done
