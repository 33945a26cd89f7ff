#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Python finds its library and the program's modules compiled in the image, as
# long as the sources are what they were.
. "$(dirname "$0")/common"
command -v fsck.erofs > /dev/null || skip "no fsck.erofs"
command -v python3 > /dev/null || skip "no python3"
mkdir "$tmp/app"
echo 'import mod' > "$tmp/app/app.py"
echo 'print("mod says so")' > "$tmp/app/mod.py"
echo 'this is no Python' > "$tmp/app/broken.py"
echo 'cmd: python3 app.py' > "$tmp/app/Hullfile"
run 0 "$HULL" build -q --fast --format raw -o "$tmp/d.raw" "$tmp/app"
root_of "$tmp/d.raw"
mod=$tmp/root/app/mod.py
caches=$(find "$tmp/root" -path '*/asyncio/__pycache__/*.pyc' | wc -l)
[ "$caches" -gt 10 ] || fail "asyncio has $caches compiled modules"
touch -d "@$(time_of "$tmp/d.raw")" "$mod"      # as in the image
said() { (cd "$tmp/root/app" && python3 -Bv -c 'import mod' 2>&1); }
said | grep -q 'mod.*pyc matches' || fail "mod is compiled again"
said | grep -q 'mod says so' || fail "it does not run"
echo 'print("another mod")' > "$mod"
said | grep -q 'another mod' || fail "a changed source was not seen"
[ ! -e "$tmp/app/__pycache__" ] || fail "the build left caches behind"
