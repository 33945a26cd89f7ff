#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What tests/run-kvm.sh runs where KVM is: the checks that ask for KVM, then
# tests/abi against what Linux answered and tests/system.
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
export HULL=$PWD/build/hull

wanted() { [ "$kind" = all ] || [ "$kind" = "$1" ]; }

scripts() {
    local t n text start
    for t in "$1"/*.sh; do
        n=$(basename "$t" .sh)
        [ -z "$name" ] || [ "$name" = "$n" ] || continue
        text=$(mktemp)
        start=$SECONDS
        timeout 400 "$t" > "$text" 2>&1 < /dev/null
        case $? in
        0) echo "PASS $2/$n ($((SECONDS - start)) s)" ;;
        77) echo "SKIP $2/$n: $(tail -n 1 "$text")" ;;
        *) echo "FAIL $2/$n"; tail -n 40 "$text" | sed 's/^/    /' ;;
        esac
    done
}

wanted kvm && scripts tests/kvm kvm
wanted abi && tests/run-abi.sh --recorded $name
wanted system && scripts tests/system system
exit 0
