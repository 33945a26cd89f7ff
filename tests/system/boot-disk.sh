#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The disk alone, as an ordinary hypervisor boots it: plain QEMU with a PC's
# BIOS, and libvirt by virt-install. Each answers a request, and the power
# button stops the program.
. "$(dirname "$0")/common"
prepare() {
    cp -r "$top/examples/c-http" "$tmp/app"
    "$HULL" build -q "$tmp/app" -o "$tmp/disk.qcow2" 2> "$tmp/err" ||
        fail "build"
}
prepared
url=

answers() {
    [ "$(curl -s -m $((5 * SLOW)) --noproxy '*' "$url/hello")" = \
        "Hello from an unmodified C program." ]
}

# machine ARGS...: plain QEMU; qmp.sock takes commands
machine() {
    local port engine
    read -ra engine <<< "$(engine)"
    port=$(free_port)
    url=http://127.0.0.1:$port
    start qemu-system-x86_64 "${engine[@]}" -m 64 -display none \
        -nodefaults -no-reboot -serial stdio -monitor none \
        -qmp "unix:$tmp/qmp.sock,server=on,wait=off" \
        -netdev "user,id=n,hostfwd=tcp:127.0.0.1:$port-:80" "$@"
    until_true 40 answers || fail "no answer: $*"
}

button() {
    python3 - "$tmp/qmp.sock" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
for c in 'qmp_capabilities', 'system_powerdown':
    s.sendall(b'{"execute": "%s"}\n' % c.encode())
    s.recv(4096)
P
    until_true 20 ended || fail "the power button does nothing"
    wait $vm
    vm=
    console_says "c-http: stopping" || fail "the program was not told"
}
disk=file=$tmp/disk.qcow2,format=qcow2,if=none,id=d
machine -M pc -drive "$disk" -device virtio-blk-pci,drive=d \
    -device virtio-net-pci,netdev=n
button
machine -M q35 -smp 2 -drive "$disk" -device virtio-blk-pci,drive=d \
    -device virtio-net-pci,netdev=n,disable-legacy=on
button
echo "plain QEMU answers"

command -v virt-install > /dev/null && command -v libvirtd > /dev/null ||
    { echo "(libvirt is not installed: only plain QEMU was tried)"; exit 0; }

# A private libvirtd of an ordinary user, as its session mode wants, with
# folders of its own (its sockets need short names).
run=$(mktemp -d /tmp/hull-virt-XXXXXX)
user=(env "HOME=$run" "XDG_RUNTIME_DIR=$run" "XDG_CONFIG_HOME=$run/c"
    "XDG_CACHE_HOME=$run/cache" "XDG_DATA_HOME=$run/data")
if [ "$(id -u)" -eq 0 ]; then
    user=(setpriv --reuid=65534 --regid=65534 --clear-groups "${user[@]}")
fi
daemon=
end_libvirt() {
    if [ -n "$daemon" ]; then
        "${user[@]}" timeout 20 virsh -q -c qemu:///session destroy hull-test
        kill "$daemon"
        wait "$daemon"
    fi > /dev/null 2>&1
    rm -rf "$run"
}
trap 'end_libvirt; stop_now; rm -rf "$tmp"' EXIT
mkdir -p "$run/c/libvirt"
echo 'stdio_handler = "file"' > "$run/c/libvirt/qemu.conf"
cp "$tmp/disk.qcow2" "$run/disk.qcow2"
[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$run"

"${user[@]}" libvirtd > "$tmp/err" 2>&1 < /dev/null &
daemon=$!
until_true 30 "${user[@]}" timeout 10 virsh -q -c qemu:///session version \
    > /dev/null 2>&1 || fail "libvirtd does not start"
port=$(free_port)
url=http://127.0.0.1:$port
virt=qemu
[[ $(engine) != *kvm* ]] || virt=kvm
limit 60 "${user[@]}" virt-install -q --connect qemu:///session \
    --name hull-test --virt-type "$virt" --memory 64 --vcpus 2 \
    --import --boot hd \
    --osinfo linux2022 --disk "$run/disk.qcow2,bus=virtio" --network none \
    --graphics none --serial "file,path=$run/console" --noautoconsole \
    --qemu-commandline="-netdev user,id=n,hostfwd=tcp:127.0.0.1:$port-:80" \
    --qemu-commandline="-device virtio-net-pci,netdev=n,bus=pcie.0,addr=0x10" \
    > "$tmp/virt" 2>&1 || { cat "$tmp/virt"; fail "virt-install"; }
until_true 40 answers || { cat "$run/console"; fail "no answer by libvirt"; }
"${user[@]}" timeout 20 virsh -q -c qemu:///session shutdown hull-test
until_true 20 grep -qa 'c-http: stopping' "$run/console" ||
    fail "virsh shutdown did not reach the program"
gone() {
    "${user[@]}" timeout 10 virsh -q -c qemu:///session domstate hull-test |
        grep -q 'shut off'
}
until_true 20 gone || fail "the machine stays on"
echo "libvirt answers"
