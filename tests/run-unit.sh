#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Usage: tests/run-unit.sh [NAME]
# Builds and runs the unit tests, or the one named. Prints PASS unit/NAME or
# FAIL unit/NAME a test (with what it printed), and fails if one failed.
cd "$(dirname "$0")/.." || exit 2
names=${1:-$(make -s unit-list)}
limit=${UNIT_TIMEOUT:-120}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0
passed=0
for name in $names; do
    if make --no-print-directory -s "build/unit/$name" >"$out" 2>&1 &&
        timeout -k 5 "$limit" "build/unit/$name" >"$out" 2>&1; then
        echo "PASS unit/$name"
        passed=$((passed + 1))
    else
        echo "FAIL unit/$name (status $?)"
        tail -n 60 "$out"
        failed=$((failed + 1))
    fi
done
[ $((passed + failed)) -gt 1 ] && echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
