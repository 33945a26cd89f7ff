#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes the Linux guest that Hull is compared with: Debian's cloud kernel,
# uncompressed so that it boots by PVH, and an initramfs that holds the given
# programs with their libraries, our init, and the virtio modules.
#
# usage: bench/linux-guest.sh [-d] OUT_DIR GUEST=HOST...
# -d: with what it takes to have the root on a disk (init's -d)
set -eu
cd "$(dirname "$0")/.."
disk=
if [ "$1" = -d ]; then
    disk="libcrc32c erofs"
    shift
fi
out=$1
shift
mkdir -p "$out"
out=$(realpath "$out")

tools/fetch-linux.sh build/linux
pkg=build/linux/pkg

root=$out/root
rm -rf "$root"
mkdir -p "$root/modules" "$root/etc" "$root/tmp"
gcc -O2 -static -o "$root/init" bench/init.c
mods=$(find "$pkg/lib/modules" -maxdepth 1 -mindepth 1)
for m in virtio_ring virtio virtio_mmio virtio_pci_legacy_dev \
         virtio_pci_modern_dev virtio_pci failover net_failover virtio_net \
         virtio_blk $disk; do
    f=$(find "$mods" -name "$m.ko" | head -n 1)
    [ -n "$f" ] || continue
    cp "$f" "$root/modules/"
    echo "$m.ko" >> "$root/modules/order"
done
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
printf 'hosts: files dns\npasswd: files\n' > "$root/etc/nsswitch.conf"
for pair in "$@"; do
    guest=${pair%%=*}
    host=${pair#*=}
    mkdir -p "$root$(dirname "$guest")"
    cp -rL "$host" "$root$guest"
    [ -f "$host" ] || continue
    { ldd "$host" 2> /dev/null || true; } | grep -o '/[^ ]*' | while read -r l; do
        mkdir -p "$root$(dirname "$l")"
        cp -L "$l" "$root$l"
    done
done
(cd "$root" && find . | sort | cpio -o -H newc -R 0:0 --quiet) > "$out/initramfs.cpio"
