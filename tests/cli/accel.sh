#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# --accel auto takes KVM where the CPU has vmx or svm and /dev/kvm opens, else
# QEMU's TCG; --accel kvm says what is missing. With each pair of a made-up
# /proc/cpuinfo and /dev/kvm, as root, and with those of this host.
. "$(dirname "$0")/common"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"

# picks ENGINE COMMAND...: `COMMAND hull run --dry-run` takes it
picks() {
    local want=$1
    shift
    run 0 "$@" "$HULL" run --dry-run t
    grep -q -- "-accel $want" "$tmp/out" ||
        fail "not $want: $(grep -o -- '-accel [^ ]*' "$tmp/out")"
}

if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
    picks kvm
else
    picks tcg
    says "no usable KVM"
    run 125 "$HULL" run --accel kvm --dry-run t
    says "KVM is not usable"
fi
run 0 "$HULL" run --accel tcg --dry-run t
grep -q -- '-accel tcg,thread=multi' "$tmp/out" ||
    fail "--accel tcg is not taken"
run 0 "$HULL" run --accel tcg-single --dry-run t
grep -q -- '-accel tcg,thread=single' "$tmp/out" ||
    fail "--accel tcg-single is not taken"

unshare -m true 2> /dev/null || exit 0
# as CPU DEVICE COMMAND...: where the CPU's flags have the word CPU and
# /dev/kvm is the file DEVICE, or is not there
as() {
    local cpu=$1 device=$2
    shift 2
    printf '%s\t: %s\n' processor 0 flags "fpu $cpu xsvmx svm_lock nx" \
        bugs svm > "$tmp/cpuinfo"
    unshare -m sh -c 'mount --bind "$0/cpuinfo" /proc/cpuinfo || exit 1
        mount -t tmpfs dev "$0/dev" || exit 1
        for f in null zero urandom; do
            touch "$0/dev/$f" && mount --bind /dev/$f "$0/dev/$f" || exit 1
        done
        if [ "$1" != none ]; then
            touch "$0/dev/kvm" && mount --bind "$1" "$0/dev/kvm" || exit 1
        fi
        mount --rbind "$0/dev" /dev || exit 1
        shift
        exec "$@"' "$tmp" "$device" "$@"
}
mkdir "$tmp/dev"
picks kvm as vmx /dev/null
picks kvm as svm /dev/null
picks tcg as sse2 /dev/null
says "no usable KVM"
picks tcg as vmx none
picks tcg as svm none
run 125 as sse2 /dev/null "$HULL" run --accel kvm --dry-run t
says "vmx"
run 125 as svm none "$HULL" run --accel kvm --dry-run t
says "/dev/kvm"
