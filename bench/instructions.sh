#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Exact figures, which a busy machine does not touch: instructions from the
# machine's first one to the program's (by DHCP and with a static
# address), and per operation, in Hull and in the Linux guest. QEMU's -icount
# shift=0 makes the clock advance a nanosecond an instruction.
#
# usage: bench/instructions.sh [--hull]     --hull: without the Linux guest
# Targets: start <= 15,000,000, getppid <= 80.
set -eu
cd "$(dirname "$0")/.."
out=build/bench/instructions
mkdir -p "$out/image"
[ -f "$out/data" ] || head -c 786432 /dev/urandom | base64 -w0 > "$out/data"
gcc -O2 -Wall -static -o "$out/instructions" bench/instructions.c -lpthread
gcc -O2 -Wall -static -nostdlib -ffreestanding -o "$out/entry" bench/entry.c
printf 'name: instructions\nfiles:\n  /instructions: %s\n  /entry: %s\n  /data: %s\ncmd: /entry\n' \
    "$PWD/$out/instructions" "$PWD/$out/entry" "$PWD/$out/data" > "$out/image/Hullfile"
build/hull build -q --format raw -o "$out/hull.raw" "$out/image"

machine() {
    timeout 120 qemu-system-x86_64 -accel tcg -icount shift=0,sleep=off \
        -cpu max -m 256 -nodefaults -no-user-config -no-reboot \
        -display none -serial stdio "$@" < /dev/null | tr -d '\r'
}

mmio() { echo "virtio_mmio.device=512@0x$1:$2"; }

hull() {
    machine -M microvm,acpi=on,ioapic2=off,pic=off,isa-serial=on,auto-kernel-cmdline=off \
        -global virtio-mmio.force-legacy=false \
        -drive "if=none,id=d,file=$out/hull.raw,format=raw,readonly=on" \
        -device virtio-blk-device,drive=d,bus=virtio-mmio-bus.0 \
        -netdev user,id=n \
        -device virtio-net-device,netdev=n,bus=virtio-mmio-bus.1 \
        -device isa-debug-exit,iobase=0x501,iosize=4 \
        -kernel build/hull.elf -append \
        "$(mmio feb00000 16) $(mmio feb00200 17) exit=isa $*" || true
}

linux() {
    bench/linux-guest.sh "$out/linux" \
        "/instructions=$out/instructions" "/data=$out/data" 2> /dev/null
    machine -M q35,usb=off -kernel build/linux/vmlinux \
        -initrd "$out/linux/initramfs.cpio" -append "console=ttyS0 quiet \
mitigations=off panic=-1 reboot=t rdinit=/init -- /instructions"
}

# From the machine's first instruction: what the firmware does is in it.
start() {
    hull "$@" --cmd /entry | awk -v name="$name" '
        /^entry/ { printf "%-34s %12d\n", name, $2 }'
}

name="start, static address" start ip=10.0.2.15/24,gw=10.0.2.2
name="start, DHCP" start
hull --cmd /instructions | grep -E '^[a-z][a-z_0-9-]* [0-9.]+$' > "$out/hull.txt"
[ "${1:-}" = --hull ] || linux |
    grep -E '^[a-z][a-z_0-9-]* [0-9.]+$' > "$out/linux.txt" || true
touch "$out/linux.txt"
printf '%-34s %12s %12s %7s\n' "instructions per operation" hull linux ratio
awk 'FILENAME == ARGV[1] { l[$1] = $2; next }
     { if ($1 == "empty-loop") { h0 = $2; l0 = l[$1]; next }
       printf "%-34s %12.1f", $1, $2 - h0
       if ($1 in l) printf " %12.1f %7.2f", l[$1] - l0, ($2 - h0) / (l[$1] - l0)
       print "" }' "$out/linux.txt" "$out/hull.txt"
