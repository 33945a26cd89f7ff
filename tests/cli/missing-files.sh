#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A missing host file or library is an error at the Hullfile's line, and
# leaves an image of that name as it was.
. "$(dirname "$0")/common"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
sum=$(md5sum < "$XDG_DATA_HOME/hull/images/t/disk.qcow2")

printf 'name: t\nfiles:\n  /prog: prog\n  /x: nowhere\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"
run 1 "$HULL" build "$tmp/p"
says "Hullfile:4: cannot find 'nowhere'"

echo 'void gone(void) { }' > "$tmp/gone.c"
echo 'void gone(void); int main(void) { gone(); return 0; }' > "$tmp/main.c"
cc -shared -fPIC -o "$tmp/libgone.so" "$tmp/gone.c" || fail "no compiler"
cc -o "$tmp/p/dyn" "$tmp/main.c" -L"$tmp" -lgone || fail "no compiler"
printf 'name: t\nfiles:\n  /prog: prog\n  /dyn: dyn\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"
run 1 "$HULL" build "$tmp/p"
says "Hullfile:4: "
says "needs the library libgone.so"

[ "$sum" = "$(md5sum < "$XDG_DATA_HOME/hull/images/t/disk.qcow2")" ] ||
    fail "the old image changed"
[ "$(ls "$XDG_DATA_HOME/hull/images")" = t ] || fail "something was left over"

# env(1) could start nothing: what it would look for is found at the build
printf '#!/usr/bin/env -S sh -e\necho hello\n' > "$tmp/p/script"
chmod +x "$tmp/p/script"
printf 'name: t\nfiles:\n  /script: script\ncmd: /script "a b"\n' \
    > "$tmp/p/Hullfile"
run 0 "$HULL" build "$tmp/p"
run 0 "$HULL" inspect t
grep -Eq "^cmd .*/sh -e /script 'a b'" "$tmp/out" || fail "$(cat "$tmp/out")"
echo '#!/usr/bin/env nosuchname' > "$tmp/p/script"
run 1 "$HULL" build "$tmp/p"
says "a script for nosuchname"
