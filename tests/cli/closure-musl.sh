#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A program of musl brings musl's loader, which is its C library, and its own
# libraries, and nothing of the host's C library.
. "$(dirname "$0")/common"
command -v musl-gcc > /dev/null || skip "musl-gcc is not installed"
mkdir -p "$tmp/p/lib"
echo 'int one(void) { return 0; }' > "$tmp/one.c"
echo 'int one(void); int main(void) { return one(); }' > "$tmp/main.c"
musl-gcc -shared -fPIC -o "$tmp/p/lib/libone.so" "$tmp/one.c" &&
musl-gcc -o "$tmp/p/prog" "$tmp/main.c" -L"$tmp/p/lib" -lone -lpthread \
    -Wl,-rpath,'$ORIGIN/lib' || fail "musl-gcc fails"
printf 'name: t\nfiles:\n  /app/prog: prog\ncmd: /app/prog\n' \
    > "$tmp/p/Hullfile"
run 0 "$HULL" build "$tmp/p" --format raw -o "$tmp/t.raw"
root_of "$tmp/t.raw"
(cd "$tmp/root" && find . -type f -name '*.so*' | sort) > "$tmp/have"
printf './app/lib/libone.so\n./usr/lib/ld-musl-x86_64.so.1\n' |
    diff - "$tmp/have" || fail "other libraries than expected"
in_root /app/prog || fail "it does not run in its root"
