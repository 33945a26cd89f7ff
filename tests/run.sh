#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The front end of `make check`: runs each kind of test, prints one line a
# test, and ends with "N passed, N failed" (", N skipped" if any).
#
# usage: tests/run.sh [lint | unit | abi | system | cli | KIND/NAME]
set -u
cd "$(dirname "$0")/.." || exit 1
umask 022           # what Linux answers is compared
. tests/limits
want=${1:-all}
kind=${want%%/*}
name=
[ "$kind" = "$want" ] || name=${want#*/}
log=build/tests/check.log
mkdir -p build/tests
: > "$log"

wanted() { [ "$kind" = all ] || [ "$kind" = "$1" ]; }

# Runs a command that prints its own PASS/FAIL/SKIP lines.
lines() { "$@" 2>&1 | tee -a "$log"; }

# Runs one script as one test: exit 77 means skipped.
script() {
    local label=$1 limit=$2 path=$3 rc start=$SECONDS
    local text=build/tests/${label//\//-}.log

    HULL=$PWD/build/hull timeout -k 5 "$limit" "$path" \
        > "$text" 2>&1 < /dev/null
    rc=$?
    case $rc in
    0) echo "PASS $label ($((SECONDS - start)) s)" ;;
    77) echo "SKIP $label: $(tail -n 1 "$text")" ;;
    *) echo "FAIL $label (exit $rc)"; tail -n 40 "$text" | sed 's/^/    /' ;;
    esac
}

if wanted lint; then
    {
        tests/lint.sh rooms python3 tools/check-rooms.py build
        tests/lint.sh style tools/check-style.sh
        tests/lint.sh headers tools/check-headers.sh
    } | tee -a "$log"
fi
wanted unit && lines tests/run-unit.sh $name
if wanted abi; then
    [ "$name" = coverage ] || lines tests/run-abi.sh $name
    case $name in '' | coverage) lines script abi/coverage 600 tests/abi-coverage.sh ;; esac
fi
for k in cli system; do
    wanted $k || continue
    for t in tests/$k/*.sh; do
        [ -e "$t" ] || continue
        n=$(basename "$t" .sh)
        [ -z "$name" ] || [ "$name" = "$n" ] || continue
        lines script "$k/$n" "$(limit_of "$k/$n")" "$t"
    done
done

passed=$(grep -c '^PASS ' "$log")
failed=$(grep -c '^FAIL ' "$log")
skipped=$(grep -c '^SKIP ' "$log")
[ "$skipped" -eq 0 ] && tail= || tail=", $skipped skipped"
[ "$failed" -eq 0 ] || { echo "failed:"; grep '^FAIL ' "$log"; }
echo "$passed passed, $failed failed$tail"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
