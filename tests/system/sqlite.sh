#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# SQLite's shell on Hull gives what it gives here.
. "$(dirname "$0")/common-examples"
need sqlite3
example sqlite
limit 120 "$HULL" run -q sqlite < /dev/null 2> "$tmp/err" | tr -d '\r' \
    > "$tmp/console"
rc=${PIPESTATUS[0]}
[ "$rc" -eq 0 ] || fail "it ended with $rc: $(cat "$tmp/err")"
sqlite3 -init "$tmp/app/report.sql" "$tmp/shop.db" .quit < /dev/null \
    > "$tmp/linux" 2> /dev/null
diff "$tmp/linux" <(grep -v '^-- Loading' "$tmp/console") ||
    fail "the report differs"
