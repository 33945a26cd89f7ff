#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# SQLite's shell on Hull gives what it gives here.
. "$(dirname "$0")/common-examples"
need sqlite3 script
example sqlite
limit 120 "$HULL" run -q sqlite < /dev/null 2> "$tmp/err" | tr -d '\r' \
    > "$tmp/console"
rc=${PIPESTATUS[0]}
[ "$rc" -eq 0 ] || fail "it ended with $rc: $(cat "$tmp/err")"
# On a terminal, as there: it names the file that it reads.
script -qec "sqlite3 -init '$tmp/app/report.sql' '$tmp/shop.db' .quit" \
    /dev/null < /dev/null > "$tmp/linux" || fail "on Linux it ended with $?"
sed -i -e "s|$tmp/app/|/|" -e 's/\r//' "$tmp/linux"
diff "$tmp/linux" "$tmp/console" || fail "the report differs"
