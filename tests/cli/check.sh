#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `check`: what it finds in programs made for it, what it says of those that
# cannot run.
. "$(dirname "$0")/common"
found() { grep -qF -- "$1" "$tmp/out" || fail "it does not say: $1"; }
not_found() { ! grep -qF -- "$1" "$tmp/out" || fail "it says: $1"; }

cat > "$tmp/plain.c" <<'C'
#include <stdio.h>
int main(void) { return puts("hello") < 0; }
C
cat > "$tmp/calls.c" <<'C'
#include <unistd.h>
int main(void)
{
    long r;
    __asm__ volatile("mov $250, %%eax; xor %%edi, %%edi; syscall"
                     : "=a"(r) : : "rcx", "r11", "rdi", "memory");
    return fork() < 0;
}
C
cc -o "$tmp/plain" "$tmp/plain.c" && cc -o "$tmp/calls" "$tmp/calls.c" ||
    fail "cannot compile"
run 0 "$HULL" check "$tmp/plain"
found "can run on Hull"
not_found warning
run 0 "$HULL" check "$tmp/calls"
found "the system call keyctl is not implemented"
found "other programs cannot be started"
run 0 "$HULL" check --json "$tmp/calls"
python3 -c 'import json, sys
found = json.load(open(sys.argv[1]))
assert len(found) == 2 and all(f["files"] and f["remedy"] for f in found)' \
    "$tmp/out" || fail "the JSON is not as it should be"

if cc -Wl,-z,x86-64-v3 -o "$tmp/v3" "$tmp/plain.c" 2> /dev/null; then
    run 0 "$HULL" check "$tmp/v3"
    found "the CPU must be an x86-64-v3"
fi

# cannot run: a library that is not there, another machine, no such program
echo 'int f(void) { return 1; }' | cc -shared -o "$tmp/libgone.so" -xc - ||
    fail "cannot compile"
echo 'int f(void); int main(void) { return f(); }' |
    cc -o "$tmp/lost" -xc - -xnone "$tmp/libgone.so" -Wl,-soname,x ||
    fail "cannot link"
rm "$tmp/libgone.so"
run 1 "$HULL" check "$tmp/lost"
says libgone.so
cp "$tmp/plain" "$tmp/other"
printf '\xb7' | dd of="$tmp/other" bs=1 seek=18 conv=notrunc 2> /dev/null
run 1 "$HULL" check "$tmp/other"
says "another machine"
run 1 "$HULL" check no-such-program-here

# a folder with a Hullfile; one without
project "$tmp/p"
run 0 "$HULL" check "$tmp/p"
found "can run on Hull"
mkdir "$tmp/empty"
run 1 "$HULL" check "$tmp/empty"
run 2 "$HULL" check
