#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `make check-kvm`: the tests of whole images under a real Linux KVM. Where
# the CPU has vmx or svm and /dev/kvm opens, here; else in a virtual machine
# whose CPU, an AMD emulated by QEMU, has SVM: Debian's cloud kernel with
# kvm-amd, and on two disks this machine's own tools and this tree.
#
# usage: tests/run-kvm.sh [KIND[/NAME]]     as tests/run.sh: kvm abi system
#        tests/run-kvm.sh --sh COMMAND      COMMAND in the rig, for a look
# Ends with "N passed, N failed"; KVM_LIMIT is the rig's time in seconds;
# KVM_PACKED=1 takes what the last run packed.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
umask 022           # what Linux answers is compared
rig=build/kvm
want=${1:-all}
log=$rig/check.log
mkdir -p "$rig"

# Less what QEMU does not emulate and would warn of. Less XSAVE too: QEMU
# does not let a hypervisor intercept XSETBV, so that KVM never learns what the
# guest wrote and puts XCR0 back to 1 at the next entry.
cpu=EPYC,+svm,+npt,-rdseed,-sha-ni,-fxsr-opt,-misalignsse,-3dnowprefetch
cpu=$cpu,-osvw,-topoext,-nrip-save,-xsave,-xsaveopt,-xsavec,-xgetbv1
cpu=$cpu,-avx,-avx2,-fma,-f16c

usable_kvm() {
    grep -qwE 'vmx|svm' /proc/cpuinfo && [ -r /dev/kvm ] && [ -w /dev/kvm ]
}

# What Linux answers is asked of this machine's own kernel, once.
record() {
    case $want in all | abi) tests/run-abi.sh --record ;;
    abi/*) tests/run-abi.sh --record "${want#*/}" ;;
    *) tests/run-abi.sh --record hello ;;
    esac
}

count() {
    local passed failed skipped tail=
    passed=$(grep -c '^PASS ' "$log")
    failed=$(grep -c '^FAIL ' "$log")
    skipped=$(grep -c '^SKIP ' "$log")
    [ "$skipped" -eq 0 ] || tail=", $skipped skipped"
    echo "$passed passed, $failed failed$tail"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

if [ "$want" != --sh ]; then
    record || exit 1
fi
if usable_kvm; then
    tests/rig/inside.sh "$@" | tee "$log"
    count
    exit
fi
grep -qwE 'vmx|svm' /proc/cpuinfo ||
    echo "no vmx or svm here: KVM in an emulated machine" >&2
[ -n "${KVM_PACKED:-}" ] || tests/rig/pack.sh "$rig" "$want" || exit 1
cc -O2 -o "$rig/tsc" tests/rig/tsc.c || exit 1
{ printf '%s\n' "$top"; printf '%s\n' "$@"; } > "$rig/words"
timeout -k 5 "${KVM_LIMIT:-10800}" qemu-system-x86_64 \
    -M q35,usb=off,vmport=off -accel tcg,thread=multi -cpu "$cpu" \
    -smp 3 -m 3584 -nodefaults -no-user-config -no-reboot -display none \
    -serial stdio -kernel build/linux/vmlinux -initrd "$rig/initramfs.cpio" \
    -append "console=ttyS0 quiet loglevel=4 mitigations=off panic=-1 reboot=t \
no_timer_check tsc=reliable tsc_early_khz=$("$rig/tsc") rdinit=/init" \
    -drive "if=none,id=a,format=raw,readonly=on,file.locking=off,file=$rig/host.erofs" \
    -device virtio-blk-pci,drive=a \
    -drive "if=none,id=b,format=raw,readonly=on,file.locking=off,file=$rig/tree.erofs" \
    -device virtio-blk-pci,drive=b \
    -drive "if=none,id=c,format=raw,readonly=on,file.locking=off,file=$rig/words" \
    -device virtio-blk-pci,drive=c \
    < /dev/null | stdbuf -oL tr -d '\r' | tee "$log"
[ "$want" != --sh ] || exit 0
grep -q '^rig: done' "$log" || echo "FAIL kvm/rig: it did not come to its end" |
    tee -a "$log"
count
