#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Packs what the rig of tests/run-kvm.sh needs: DIR/initramfs.cpio with the
# modules, DIR/host.erofs with this machine's tools (made again when their
# versions change), DIR/tree.erofs with this tree as it is built now and with
# what the wanted tests of tests/system prepare (their `prepared`).
#
# usage: tests/rig/pack.sh DIR KIND[/NAME]
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1"
rig=$(realpath "$1")
want=$2
packages="bash dash coreutils grep sed mawk gawk findutils diffutils util-linux
procps curl gcc gcc-12 cpp cpp-12 binutils binutils-x86-64-linux-gnu
libc6 libc6-dev libgcc-12-dev linux-libc-dev erofs-utils qemu-utils seabios
qemu-system-x86 qemu-system-data qemu-system-common ipxe-qemu base-files ca-certificates
netbase iproute2 musl-dev musl-tools musl libc-bin hostname python3-minimal
python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
wrk sqlite3 lua5.4 redis-server redis-tools memcached nginx nginx-common"

modules() {
    local root=$rig/root m f
    rm -rf "$root"
    mkdir -p "$root/bin" "$root/modules"
    cp /bin/busybox "$root/bin/"
    cp tests/rig/init "$root/init"
    for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev \
             virtio_pci virtio_blk libcrc32c lz4_decompress erofs overlay \
             irqbypass kvm kvm-amd; do
        f=$(find build/linux/pkg/lib/modules -name "$m.ko")
        [ -n "$f" ] || continue
        cp "$f" "$root/modules/"
        echo "$m.ko" >> "$root/modules/order"
    done
    (cd "$root" && find . | sort | cpio -o -H newc -R 0:0 --quiet) \
        > "$rig/initramfs.cpio"
}

# The libraries of every program among the files.
libraries() {
    xargs -d '\n' ldd 2> /dev/null | grep -o '/[^ :]*' | sort -u
}

# Of the packages and of what their programs link with, everything but
# folders, by its name below /usr.
host_files() {
    local list=$rig/files
    for p in $packages; do dpkg -L "$p" 2> /dev/null || true; done |
        grep -vE '^/usr/share/(doc|man|locale|info|lintian)/|^/\.$' |
        while read -r f; do
            [ -d "$f" ] && [ ! -L "$f" ] || echo "$f"
        done > "$list"
    { grep -E '/(s?bin|lib|libexec)/' "$list"; echo "$PWD/build/hull"; } |
        libraries > "$list.libs"
    { cat "$list" "$list.libs"
      xargs readlink -f < "$list.libs"
      printf '%s\n' /etc/passwd /etc/group /etc/hosts /etc/alternatives/* \
          /etc/ld.so.cache /etc/nsswitch.conf /usr/bin/{awk,cc,python3}
    } | sed -E 's#^/(bin|sbin|lib|lib64)/#/usr/\1/#' | sort -u
}

host() {
    local key
    key=$({ dpkg-query -W $packages 2> /dev/null; cat "$0"
            ldd build/hull; } | sha256sum)
    [ "$(cat "$rig/host.key" 2> /dev/null)" != "$key" ] || return 0
    rm -rf "$rig/host" "$rig/host.key"
    mkdir -p "$rig/host"
    for d in bin sbin lib lib64; do ln -s "usr/$d" "$rig/host/$d"; done
    host_files | tar -C / -cf - -T - 2> /dev/null | tar -C "$rig/host" -xf -
    rm -f "$rig/host.erofs"
    mkfs.erofs -T0 --all-root --quiet "$rig/host.erofs" "$rig/host"
    rm -rf "$rig/host"
    echo "$key" > "$rig/host.key"
}

# Has each wanted test of tests/system build what it runs: below DIR/prepared,
# or in NAME.77 why it must be skipped, in NAME.1 why it failed.
prepare() {
    local t n rc into=$rig/prepared
    rm -rf "$into"
    mkdir -p "$into"
    for t in tests/system/*.sh; do
        n=$(basename "$t" .sh)
        case $want in all | system | "system/$n") ;; *) continue ;; esac
        grep -qE '^(prepared|example )' "$t" || continue
        rc=0
        HULL=$PWD/build/hull PREPARE_INTO=$into timeout 400 "$t" \
            > "$into/$n.log" 2>&1 < /dev/null || rc=$?
        case $rc in
        0) rm "$into/$n.log" ;;
        77) mv "$into/$n.log" "$into/$n.77" ;;
        *) mv "$into/$n.log" "$into/$n.1" ;;
        esac
    done
}

tree() {
    local root=$rig/tree
    rm -rf "$root" "$rig/tree.erofs"
    mkdir -p "$root/build"
    cp -al bench docs examples include tests tools Makefile "$root/"
    cp -al build/hull build/hull.elf "$root/build/"
    cp -al build/boot "$root/build/" 2> /dev/null || true
    mkdir -p "$root/build/tests"
    [ ! -d build/tests/abi ] || cp -al build/tests/abi "$root/build/tests/"
    mv "$rig/prepared" "$root/build/"
    mkfs.erofs -T0 --all-root --quiet "$rig/tree.erofs" "$root"
    rm -rf "$root"
}

tools/fetch-linux.sh build/linux
modules
host
prepare
tree
