#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Files come out of an image as they went in: many that hardly compress, with
# sizes around whole blocks.
. "$(dirname "$0")/common"
command -v fsck.erofs > /dev/null || skip "no fsck.erofs"
command -v python3 > /dev/null || skip "no python3"
project "$tmp/p"
mkdir "$tmp/p/in"
python3 - "$tmp/p/in" <<'PY'
import random
import sys
random.seed(7)
for i in range(600):
    near = 4096 * random.choice([1, 1, 2, 3, 16]) + random.randint(-40, 10)
    size = near if i % 2 else random.randint(1, 20000)
    data = bytearray(random.getrandbits(8) for _ in range(size))
    zeros = min(random.randint(0, 300), size)
    at = random.randint(0, size - zeros) if i % 3 else size - zeros
    data[at:at + zeros] = bytes(zeros)
    with open(f"{sys.argv[1]}/{i}", "wb") as f:
        f.write(data)
PY
printf 'name: t\nfiles:\n  /prog: prog\n  /in: in\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"
for level in --fast "" --compress; do
    run 0 "$HULL" build "$tmp/p" $level --format qcow2 -o "$tmp/t.qcow2"
    qemu-img convert -O raw "$tmp/t.qcow2" "$tmp/t.raw" || fail "qemu-img"
    root_of "$tmp/t.raw"
    diff -r "$tmp/p/in" "$tmp/root/in" > "$tmp/diff" ||
        fail "$(wc -l < "$tmp/diff") files differ: ${level:-usual}"
done
