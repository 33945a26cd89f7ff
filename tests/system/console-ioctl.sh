#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How much there is to be read, and what drops it, as for any Linux terminal.
. "$(dirname "$0")/common"
prepare() {
    cat > "$tmp/ready.c" <<'C'
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int ready(void)
{
    int n = -1;

    ioctl(0, FIONREAD, &n);
    return n;
}

int main(void)
{
    char buf[100];
    struct termios t;

    while (ready() < 7)
        usleep(10000);
    printf("two lines %d\n", ready());
    printf("read %zd\n", read(0, buf, 2));
    printf("left %d\n", ready());
    printf("output dropped %d\n", tcflush(0, TCOFLUSH));
    printf("left %d\n", ready());
    printf("neither %d\n", tcflush(0, 3));
    printf("input dropped %d\n", tcflush(0, TCIFLUSH));
    printf("left %d\n", ready());
    tcgetattr(0, &t);
    cfmakeraw(&t);
    tcsetattr(0, TCSANOW, &t);
    printf("raw\n");
    fflush(stdout);
    while (ready() < 5)
        usleep(10000);
    printf("keys %d\n", ready());
    return 0;
}
C
    cc -O1 -static -o "$tmp/ready" "$tmp/ready.c" || skip "no static C library"
    printf 'name: ready\nfiles:\n  /ready: ready\ncmd: /ready\n' \
        > "$tmp/Hullfile"
    "$HULL" build --fast -q "$tmp" || fail "build"
}
prepared

printf '%s\n' 'two lines 7' 'read 2' 'left 5' 'output dropped 0' 'left 5' \
    'neither -1' 'input dropped 0' 'left 0' raw 'keys 5' > "$tmp/want"
mkfifo "$tmp/keys"
limit 60 "$HULL" run -q --no-net ready < "$tmp/keys" > "$tmp/console" \
    2> "$tmp/err" &
vm=$!
exec 3> "$tmp/keys"
printf 'abc\nde\n' >&3
for _ in $(seq 300); do
    console_says raw && break
    sleep 0.1
done
printf hello >&3
wait "$vm" || fail "exit status $?"
vm=
tr -d '\r' < "$tmp/console" | grep -avx 'abc\|de' | diff "$tmp/want" - ||
    fail "see above"
