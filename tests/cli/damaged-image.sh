#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A damaged image file is refused by name of what is damaged.
. "$(dirname "$0")/common"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p" --format raw -o "$tmp/good"
run 0 "$HULL" inspect --json "$tmp/good"
python3 -m json.tool "$tmp/out" > /dev/null || fail "inspect --json"
grep -q '"name": "t"' "$tmp/out" || fail "inspect lacks the name"

damage() {      # OFFSET TEXT COMMAND...
    local at=$1 text=$2
    shift 2
    cp "$tmp/good" "$tmp/bad"
    printf '\x55\xaa\x55' |
        dd of="$tmp/bad" bs=1 seek="$at" conv=notrunc 2> /dev/null
    run "$@" "$tmp/bad"
    says "$text"
}
damage 32768 "is no Hull image" 1 "$HULL" inspect
damage 32800 "the image header is damaged" 1 "$HULL" inspect
damage 36880 "the manifest is damaged" 1 "$HULL" inspect
damage 45000 "the kernel is damaged" 125 "$HULL" run
head -c 100000 "$tmp/good" > "$tmp/bad"
run 1 "$HULL" inspect "$tmp/bad"
says "cut off"
head -c 10 "$tmp/good" > "$tmp/bad"
run 1 "$HULL" inspect "$tmp/bad"
says "is no Hull image"
: > "$tmp/bad"
run 1 "$HULL" inspect "$tmp/bad"
