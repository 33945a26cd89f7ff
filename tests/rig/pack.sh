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
. tests/limits
mkdir -p "$1"
rig=$(realpath "$1")
want=$2
prepared=
packages="bash dash coreutils grep sed mawk gawk findutils diffutils util-linux
procps bsdutils curl gcc gcc-12 cpp cpp-12 binutils binutils-x86-64-linux-gnu
libc6 libc6-dev libgcc-12-dev linux-libc-dev erofs-utils qemu-utils seabios
qemu-system-x86 qemu-system-data qemu-system-common ipxe-qemu base-files ca-certificates
mount netbase iproute2 musl-dev musl-tools musl libc-bin hostname python3-minimal
python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
wrk sqlite3 lua5.4 redis-server redis-tools memcached nginx nginx-common
libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients libvirt0 osinfo-db
virtinst python3-libvirt python3-libxml2 python3-gi python3-requests
python3-urllib3 python3-chardet python3-idna python3-certifi python3-six
gir1.2-glib-2.0 gir1.2-freedesktop gir1.2-libosinfo-1.0
libosinfo-1.0-0 pci.ids usb.ids"

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
    xargs -d '\n' grep -slaU '^.ELF' | xargs -d '\n' ldd 2> /dev/null |
        grep -o '/[^ :]*' | sort -u
}

# Of the packages and of what their programs link with, everything but
# folders, by its name below /usr; and what Python made of its modules, which
# is as good as its source's time stamp.
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
      sed -nE 's#/([^/]+)\.py$#/__pycache__/\1.cpython-311.pyc#p' "$list" |
          xargs -d '\n' ls -d 2> /dev/null || true
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
    mkfs.erofs --all-root --quiet "$rig/host.erofs" "$rig/host"
    rm -rf "$rig/host"
    echo "$key" > "$rig/host.key"
}

# key TEST: of all that what it prepares is made of
key() {
    find examples tests/system tests/stress build/hull build/hull.elf -type f \
        ! -path "tests/system/*.sh" -print0 |
        sort -z | xargs -0 sha256sum "tests/system/$1.sh" | sha256sum
}

# Has each wanted test of tests/system build what it runs: below DIR/prepared,
# or in NAME.77 why it must be skipped, in NAME.1 why it failed. What is there
# already, of the same, stays.
prepare() {
    local t n rc key into=$rig/prepared
    mkdir -p "$into"
    rm -f "$into"/*.77 "$into"/*.1
    for t in tests/system/*.sh; do
        n=$(basename "$t" .sh)
        case $want in all | system | "system/$n") ;; *) continue ;; esac
        grep -qE '^(prepared|example )' "$t" || continue
        prepared="$prepared $n"
        key=$(key "$n")
        [ "$(cat "$into/$n.key" 2> /dev/null)" != "$key" ] || continue
        rm -rf "${into:?}/$n" "$into/$n.key"
        rc=0
        HULL=$PWD/build/hull PREPARE_INTO=$into \
            timeout -k 5 "$(limit_of "system/$n")" "$t" \
            > "$into/$n.log" 2>&1 < /dev/null || rc=$?
        case $rc in
        0) rm "$into/$n.log"; echo "$key" > "$into/$n.key" ;;
        77) mv "$into/$n.log" "$into/$n.77" ;;
        *) mv "$into/$n.log" "$into/$n.1" ;;
        esac
    done
}

tree() {
    local n f root=$rig/tree
    rm -rf "$root" "$rig/tree.erofs"
    mkdir -p "$root/build"
    cp -al bench docs examples include tests tools Makefile "$root/"
    cp -al build/hull build/hull.elf "$root/build/"
    cp -al build/boot "$root/build/" 2> /dev/null || true
    mkdir -p "$root/build/tests"
    [ ! -d build/tests/abi ] || cp -al build/tests/abi "$root/build/tests/"
    mkdir "$root/build/prepared"
    for n in $prepared; do
        for f in "$rig/prepared/$n" "$rig/prepared/$n".{1,77}; do
            [ ! -e "$f" ] || cp -al "$f" "$root/build/prepared/"
        done
    done
    mkfs.erofs -T0 --all-root --quiet "$rig/tree.erofs" "$root"
    rm -rf "$root"
}

tools/fetch-linux.sh build/linux
modules
host
prepare
tree
