#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What tests/run-kvm.sh runs where KVM is: the checks that ask for KVM, then
# tests/abi against what Linux answered and tests/system. Where build/prepared
# is, tests/rig/pack.sh built there what those run.
#
# usage: tests/rig/inside.sh [kvm | abi | system | KIND/NAME | --sh COMMAND]
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "${1:-}" = --sh ]; then
    shift
    eval "$*"
    exit
fi
want=${1:-all}
kind=${want%%/*}
name=
[ "$kind" = "$want" ] || name=${want#*/}
export HULL=$PWD/build/hull SLOW=${SLOW:-1}
. tests/limits

wanted() { [ "$kind" = all ] || [ "$kind" = "$1" ]; }

# one TEST LABEL: as tests/run.sh, less the time where nothing counts it
one() {
    local text start=$SECONDS
    local made=build/prepared/${2#system/}
    if [ -e "$made.77" ]; then
        echo "SKIP $2: $(tail -n 1 "$made.77")"
        return
    fi
    if [ -e "$made.1" ]; then
        echo "FAIL $2: not prepared"
        tail -n 40 "$made.1" | sed 's/^/    /'
        return
    fi
    text=$(mktemp)
    if [ -e "$made" ]; then
        export PREPARED=$PWD/build/prepared
    fi
    timeout -k 5 $(($(limit_of "$2") * SLOW)) "$1" > "$text" 2>&1 < /dev/null
    case $? in
    0) echo "PASS $2 ($((SECONDS - start)) s)" ;;
    77) echo "SKIP $2: $(tail -n 1 "$text")" ;;
    124) echo "FAIL $2 (no end)"; tail -n 40 "$text" | sed 's/^/    /' ;;
    *) echo "FAIL $2"; tail -n 40 "$text" | sed 's/^/    /' ;;
    esac
    rm "$text"
    unset PREPARED
}

scripts() {
    local t n
    for t in "$1"/*.sh; do
        n=$(basename "$t" .sh)
        [ -z "$name" ] || [ "$name" = "$n" ] || continue
        one "$t" "$2/$n"
    done
}

wanted kvm && scripts tests/kvm kvm
wanted abi && tests/run-abi.sh --recorded $name
wanted system && scripts tests/system system
exit 0
