#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What is piped to the console while the program does not read is kept, by the
# kernel and then by the host, and is not shown again: on microvm, and on a PC
# by its BIOS.
. "$(dirname "$0")/common"
prepare() {
    cat > "$tmp/count.c" <<'C'
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    static char buf[4096];
    long bytes = 0, lines = 0;
    ssize_t n;

    printf("asleep\n");
    fflush(stdout);
    sleep(2);
    while ((n = read(0, buf, sizeof(buf))) > 0) {
        bytes += n;
        for (ssize_t i = 0; i < n; i++)
            lines += buf[i] == '\n';
    }
    printf("read %ld bytes, %ld lines\n", bytes, lines);
    return 0;
}
C
    cc -O1 -static -o "$tmp/count" "$tmp/count.c" || skip "no static C library"
    printf 'name: count\nfiles:\n  /count: count\ncmd: /count\n' \
        > "$tmp/Hullfile"
    "$HULL" build --fast -q "$tmp" || fail "build"
}
prepared

# 108894 bytes; where every access to the port takes a millisecond (KVM in an
# emulated machine), still four times what the kernel keeps
lines=20000
[ "${SLOW:-1}" -eq 1 ] || lines=4000
bytes=$(seq $lines | wc -c)
for machine in "" "--bios --machine pc"; do
    { seq $lines; printf '\004'; } |
        limit 60 "$HULL" run -q $machine --no-net count > "$tmp/console" \
            2> "$tmp/err" || fail "exit status $?: ${machine:-microvm}"
    console_says "read $bytes bytes, $lines lines" ||
        fail "input was lost: ${machine:-microvm}"
    [ "$(wc -l < "$tmp/console")" -eq 2 ] ||
        fail "input was shown: ${machine:-microvm}"
done
