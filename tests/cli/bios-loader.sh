#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The BIOS loader says in one plain line what is wrong with a damaged image.
. "$(dirname "$0")/common"
command -v qemu-system-x86_64 > /dev/null || skip "QEMU is not installed"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p" --format raw -o "$tmp/good"

# boot TEXT [OFFSET]: damages a byte there; the machine must say TEXT
boot() {
    cp "$tmp/good" "$tmp/bad"
    if [ $# -gt 1 ]; then
        printf '\xa5\x5a' |
            dd of="$tmp/bad" bs=1 seek="$2" conv=notrunc 2> /dev/null
    fi
    : > "$tmp/serial"
    qemu-system-x86_64 -M pc -m 16 -display none -nodefaults -no-reboot \
        -accel tcg -serial "file:$tmp/serial" \
        -drive file="$tmp/bad",format=raw < /dev/null 2> "$tmp/err" &
    local vm=$!
    for _ in $(seq 100); do
        grep -q '^hull: ' "$tmp/serial" && break
        sleep 0.1
    done
    kill $vm
    wait $vm 2> /dev/null
    grep -qF "hull: $1" "$tmp/serial" || {
        cat "$tmp/serial"
        fail "the loader does not say: $1"
    }
}
boot "the boot disk holds no Hull image" 32768
boot "the image header is damaged" 32800
boot "the manifest is damaged" 36870
boot "the kernel is no x86-64 ELF file"
