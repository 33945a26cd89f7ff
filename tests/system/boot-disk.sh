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
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.settimeout(20)
said = s.makefile()
said.readline()
# A command still queued when its sender hangs up is dropped: wait for "return".
for c in 'qmp_capabilities', 'system_powerdown':
    s.sendall(b'{"execute": "%s"}\n' % c.encode())
    while 'return' not in (answer := json.loads(said.readline())):
        if 'error' in answer:
            sys.exit(str(answer))
P
    [ $? = 0 ] || fail "QEMU does not take the command"
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

. "$top/tests/system/common-libvirt"
libvirt_there ||
    { echo "(libvirt is not installed: only plain QEMU was tried)"; exit 0; }
libvirt_begin
libvirt_boot "$tmp/disk.qcow2" 64 80
url=http://127.0.0.1:$port
until_true 40 answers || { cat "$virt/console"; fail "no answer by libvirt"; }
libvirt_stop 20
grep -qa 'c-http: stopping' "$virt/console" ||
    fail "virsh shutdown did not reach the program"
echo "libvirt answers"
