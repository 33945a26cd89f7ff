#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each disk format holds the same image; what cannot be made is said.
. "$(dirname "$0")/common"
command -v qemu-img > /dev/null || skip "no qemu-img"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p" --format raw -o "$tmp/want"
for f in qcow2 vmdk vdi vhdx; do
    run 0 "$HULL" build "$tmp/p" --format $f -o "$tmp/d"
    says "built t: "
    qemu-img convert -f $f -O raw "$tmp/d" "$tmp/have" || fail "$f"
    cmp -n "$(stat -c %s "$tmp/want")" "$tmp/want" "$tmp/have" ||
        fail "$f holds something else"
    run 0 "$HULL" inspect "$tmp/d"
    grep -q "($f, " "$tmp/out" || fail "inspect does not know $f"
    run 0 "$HULL" run --dry-run "$tmp/d"
    grep -q "format=$f," "$tmp/out" || fail "run does not know $f"
done
for f in "qcow2 --method zlib" "qcow2 --compress" "vmdk --compress"; do
    run 0 "$HULL" build "$tmp/p" -o "$tmp/d" --format $f
    qemu-img convert -f "${f%% *}" -O raw "$tmp/d" "$tmp/have" || fail "$f"
    qemu-img check -q "$tmp/d" || fail "$f"
done
run 2 "$HULL" build "$tmp/p" --format vdi
says "add -o FILE"
run 2 "$HULL" build "$tmp/p" --format vdi --compress -o "$tmp/d"
says "cannot hold compressed data"
run 2 "$HULL" build "$tmp/p" --format iso
says "no such format"
run 2 "$HULL" build "$tmp/p" --compress --method lzma
says "must be zstd or zlib"
run 0 "$HULL" build "$tmp/p"
run 2 "$HULL" run t --wait-port 70000
says "must be a port"
run 2 "$HULL" run t --wait-port 8080
says "is not forwarded"

# -o: a folder is refused before the build, a link's file is replaced
printf 'name: t\nbuild: touch %s\nfiles:\n  /prog: prog\ncmd: /prog\n' \
    "$tmp/ran" > "$tmp/p/Hullfile"
for o in "$tmp/p" "$tmp/new/" "$tmp/none/d" ''; do
    run 1 "$HULL" build "$tmp/p" -o "$o"
    says "-o "
    [ -e "$tmp/ran" ] && fail "the build command ran"
done
if mknod "$tmp/null" c 1 3 2> /dev/null; then
    run 1 "$HULL" build "$tmp/p" -o "$tmp/null"
    [ -c "$tmp/null" ] || fail "a device was replaced"
fi
touch "$tmp/target"
ln -s target "$tmp/link"
run 0 "$HULL" build "$tmp/p" -o "$tmp/link"
says "built t: "
[ -L "$tmp/link" ] && [ -s "$tmp/target" ] || fail "a link was replaced"
exit 0
