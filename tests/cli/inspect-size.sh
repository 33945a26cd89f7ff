#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `inspect --size` lists every file of the root, and stands a damaged one.
. "$(dirname "$0")/common"
project "$tmp/p"
mkdir -p "$tmp/p/tree/a/b/c"
for i in $(seq 300); do
    echo "$i" > "$tmp/p/tree/a/b/file-with-quite-a-long-name-$i"
done
head -c 300000 /dev/urandom > "$tmp/p/tree/a/random"
head -c 3000000 /dev/zero > "$tmp/p/tree/a/b/zeros"
printf 'name: t\nfiles:\n  /prog: prog\n  /tree: tree\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"
run 0 "$HULL" build "$tmp/p" --format raw -o "$tmp/good"
root_of "$tmp/good"
run 0 "$HULL" inspect --size --json "$tmp/good"
python3 -c '
import json, sys
for f in json.load(open(sys.argv[1]))["files"]:
    print(f["path"], f["size"])' "$tmp/out" | sort > "$tmp/have"
(cd "$tmp/root" && find . ! -type d -printf '/%P %s\n') | sort > "$tmp/want"
diff "$tmp/want" "$tmp/have" > "$tmp/diff" || fail "$(head "$tmp/diff")"

off=$(word "$tmp/good" $((32768 + 56)))
RANDOM=42
for i in $(seq 80); do
    cp --sparse=always "$tmp/good" "$tmp/bad"
    for _ in 1 2 3 4; do
        at=$((off + 1024 + (i % 2 ? RANDOM % 128 : RANDOM)))
        printf "\\x$(printf %02x $((RANDOM % 256)))" |
            dd of="$tmp/bad" bs=1 seek=$at conv=notrunc 2> /dev/null
    done
    timeout 20 "$HULL" inspect --size "$tmp/bad" > /dev/null 2> "$tmp/err"
    rc=$?
    [ $rc -le 1 ] || fail "status $rc for a damaged root"
done
