#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Where KVM is usable the tool picks it by itself, and the kernel finds itself
# on KVM on each machine type and number of CPUs, with the disk booted
# directly and by its BIOS loader.
set -u
: "${HULL:?set HULL to the path of the tool}"
image=build/tests/abi/image/abi.raw
bad=0
$HULL run --dry-run "$image" | grep -q -- '-accel kvm' ||
    { echo "--accel auto does not pick KVM"; bad=1; }
for how in "--machine microvm" "--machine q35" "--machine pc" "--bios" \
           "--machine microvm -c 4" "--machine q35 -c 2" "--bios -c 2"; do
    # shellcheck disable=SC2086
    text=$(timeout -k 5 60 "$HULL" run $how --boot-arg loglevel=7 "$image" \
           -- one two 2>&1 < /dev/null | tr -d '\r')
    rc=${PIPESTATUS[0]}
    echo "== $how"
    echo "$text"
    for want in 'Hull on KVM' 'argv\[2\] two' \
                'clock: TSC [0-9]* kHz by kvmclock, timer by TSC deadline'; do
        grep -q "$want" <<< "$text" || { echo "no '$want'"; bad=1; }
    done
done
exit $bad
