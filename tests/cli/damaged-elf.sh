#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Truncated and damaged ELF files among the files are an error or are taken
# for data; the tool never crashes on one.
. "$(dirname "$0")/common"
project "$tmp/p"
echo 'int main(void) { return 0; }' > "$tmp/d.c"
cc -o "$tmp/dyn" "$tmp/d.c" || fail "no compiler"
printf 'name: t\nfiles:\n  /prog: prog\n  /bad: bad\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"

size=$(stat -c %s "$tmp/dyn")
for n in 20 63 64 200 700 1000 4096 $((size / 2)); do
    head -c "$n" "$tmp/dyn" > "$tmp/p/bad"
    run 1 "$HULL" build "$tmp/p" -o "$tmp/t.qcow2"
    says "Hullfile:4: "
    says "cannot be used"
done

cp "$tmp/dyn" "$tmp/p/bad"
printf '\xb7' | dd of="$tmp/p/bad" bs=1 seek=18 conv=notrunc 2> /dev/null
run 1 "$HULL" build "$tmp/p" -o "$tmp/t.qcow2"
says "another machine than x86-64"
# one that lies in a folder is data, unless it is to be run
chmod +x "$tmp/p/bad"
mkdir "$tmp/p/more"
mv "$tmp/p/bad" "$tmp/p/more"
sed -i 's:/bad\: bad:/more\: more:' "$tmp/p/Hullfile"
run 0 "$HULL" build "$tmp/p" -o "$tmp/t.qcow2"
sed -i 's:^cmd.*:cmd\: /more/bad:' "$tmp/p/Hullfile"
run 1 "$HULL" build "$tmp/p" -o "$tmp/t.qcow2"
says "another machine than x86-64"
mv "$tmp/p/more/bad" "$tmp/p"
printf 'name: t\nfiles:\n  /prog: prog\n  /bad: bad\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"

stub_mkfs :
# random damage in the headers and the dynamic section
RANDOM=4711
dynamic=$(readelf -lW "$tmp/dyn" | awk '$1 == "DYNAMIC" { print $2 }')
for i in $(seq 60); do
    cp "$tmp/dyn" "$tmp/p/bad"
    for _ in 1 2 3; do
        at=$((i % 2 ? RANDOM % 800 : dynamic + RANDOM % 400))
        printf "\\x$(printf %02x $((RANDOM % 256)))" |
            dd of="$tmp/p/bad" bs=1 seek=$at conv=notrunc 2> /dev/null
    done
    PATH=$tmp/stub:$PATH timeout 20 "$HULL" build -q "$tmp/p" -o "$tmp/t.qcow2" > /dev/null \
        2> "$tmp/err"
    rc=$?
    [ $rc -le 1 ] || fail "status $rc for round $i"
done
