#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Debian's cloud kernel, for the Linux guest that Hull is measured against and
# for the rig that runs Hull under a real KVM: DIR/vmlinux, uncompressed so
# that it boots by PVH, DIR/pkg with the modules, DIR/version.
#
# usage: tools/fetch-linux.sh DIR
set -eu
out=$1
mkdir -p "$out"
[ ! -s "$out/vmlinux" ] || exit 0
pkg=$(apt-cache depends linux-image-cloud-amd64 |
      awk '/Depends: linux-image/ { print $2; exit }')
[ -n "$pkg" ] || { echo "apt knows no linux-image-cloud-amd64" >&2; exit 1; }
(cd "$out" && { ls "$pkg"_*.deb > /dev/null 2>&1 ||
                apt-get download -qq "$pkg"; } && dpkg-deb -x "$pkg"_*.deb pkg)
echo "$pkg" > "$out/version"
# The bzImage's payload, by the boot protocol's header (payload_offset at
# 0x248): LZ4 in its legacy frame, then four bytes of length.
python3 - "$out"/pkg/boot/vmlinuz-* "$out/payload.lz4" <<'P'
import struct, sys
d = open(sys.argv[1], "rb").read()
start = ((d[0x1f1] or 4) + 1) * 512
off, size = struct.unpack_from("<II", d, 0x248)
open(sys.argv[2], "wb").write(d[start + off:start + off + size - 4])
P
lz4 -dcq "$out/payload.lz4" > "$out/vmlinux.tmp"
mv "$out/vmlinux.tmp" "$out/vmlinux"
rm "$out/payload.lz4"
