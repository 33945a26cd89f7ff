#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Lua on Hull, over the console: what it prints is what it prints here.
. "$(dirname "$0")/common-examples"
need lua5.4
example lua
printf '%s\n' 'sum 1 2 39' 'upper ahoy there' files nonsense quit \
    > "$tmp/commands"
limit 60 "$HULL" run -q lua < "$tmp/commands" 2> "$tmp/err" | tr -d '\r' \
    > "$tmp/console"
[ "${PIPESTATUS[0]}" -eq 7 ] || fail "it ended otherwise: $(cat "$tmp/err")"
(cd "$tmp/app" && lua5.4 app.lua < "$tmp/commands") > "$tmp/linux" 2>&1
[ $? -eq 7 ] || fail "it ends otherwise on Linux"
# the guest's console echoes what is typed, as a terminal does
grep -vxF -f "$tmp/commands" "$tmp/console" | diff "$tmp/linux" - ||
    fail "the answers differ"
