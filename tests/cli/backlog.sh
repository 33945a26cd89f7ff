#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Many connections can wait at each forwarded port, though QEMU's user network
# asks for one. A stand-in plays QEMU.
. "$(dirname "$0")/common"
command -v python3 > /dev/null || skip "python3 is not installed"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
mkdir "$tmp/bin"
# Of a listening socket TCP_INFO has the queue's length where else it counts
# what was acknowledged out of order.
cat > "$tmp/bin/qemu-system-x86_64" <<'Q'
#!/usr/bin/env python3
import os, socket, struct, sys, time
time.sleep(0.3)
listening = []
for _ in range(2):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(1)
    listening.append(s)
    time.sleep(0.3)
end = time.time() + 8
def queue(s):
    info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, 28)[0]
while time.time() < end and min(map(queue, listening)) < 100:
    time.sleep(0.1)
os.write(1, b"queues of %d\n" % min(map(queue, listening)))
sys.exit(7)
Q
chmod +x "$tmp/bin/qemu-system-x86_64"
PATH=$tmp/bin:$PATH run 3 "$HULL" run -q -p 34971:1 -p 34972:2 \
    -p 34973:3/udp t
grep -qa '^queues of [0-9]\{3,\}' "$tmp/out" || fail "$(cat "$tmp/out")"
