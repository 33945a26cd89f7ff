#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A hostile wire: thousands of damaged Ethernet, ARP, IP, ICMP, TCP, UDP and
# DHCP frames reach the guest's card, its DHCP client and c-http's port. It
# answers pings to the end.
# SECONDS_OF_FUZZ, SEED: longer, others.
. "$(dirname "$0")/common"
prepare() {
    cp -r "$top/examples/c-http" "$tmp/app"
    "$HULL" build -q "$tmp/app" --format raw -o "$tmp/disk" 2> "$tmp/err" ||
        fail "build"
}
prepared

cat > "$tmp/wire.py" <<'P'
# wire.py TO-PORT FROM-PORT SECONDS SEED: plays the guest's network. Answers
# its DHCP as 10.9.8.1, then sends frames, whole ones damaged at random, and
# pings now and then. Ends with status 0 if pings are answered to the end.
import random, select, socket, struct, sys, time
to, here, seconds, seed = map(int, sys.argv[1:])
random.seed(seed)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', here))
US, GUEST = b'\x52\x54\x00\xaa\xaa\xaa', b'\x52\x54\x00\xbb\xbb\xbb'
OUR, ITS = bytes((10, 9, 8, 1)), bytes((10, 9, 8, 2))
OUR6 = bytes.fromhex('fe80000000000000505400fffeaaaaaa')
ITS6 = bytes.fromhex('fe80000000000000505400fffebbbbbb')

def csum(b):
    b += b'\0' * (len(b) % 2)
    n = sum(struct.unpack('>%dH' % (len(b) // 2), b))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff

def eth(kind, body, dst=GUEST):
    return dst + US + struct.pack('>H', kind) + body

def ip(proto, body, dst=ITS, frag=0, options=b'', src=OUR):
    h = bytearray(struct.pack('>BBHHHBBH', 0x45 + len(options) // 4, 0,
        20 + len(options) + len(body), random.randrange(65536), frag, 64,
        proto, 0) + src + dst + options)
    h[10:12] = struct.pack('>H', csum(bytes(h)))
    return eth(0x800, bytes(h) + body)

def ip6(proto, body):
    return eth(0x86dd, struct.pack('>IHBB', 6 << 28, len(body), proto, 255) +
               OUR6 + ITS6 + body)

def l4sum(proto, body, at, src=OUR, dst=ITS):
    pseudo = src + dst + struct.pack('>HH', proto, len(body)) \
        if len(src) == 4 else src + dst + struct.pack('>IHH', len(body), 0,
                                                      proto)
    b = bytearray(body)
    b[at:at + 2] = struct.pack('>H', csum(pseudo + body))
    return bytes(b)

def tcp():
    opts = random.choice((b'', b'\2\4\5\xb4', b'\2\0\1\1', b'\3\3\x0e\0',
        b'\x05\x22' + bytes(34) + b'\1\1', b'\x08\x0a' + bytes(8) + b'\1\1',
        bytes([random.randrange(256) for _ in range(8)])))
    data = random.choice((b'', b'GET / HTTP/1.1\r\n\r\n', b'x' * 1200))
    b = struct.pack('>HHIIBBHHH', random.randrange(1024, 1060), 80,
        random.choice((0, 1, 0xffffffff, random.randrange(1 << 32))),
        random.randrange(1 << 32), (5 + len(opts) // 4) << 4,
        random.choice((0, 2, 4, 0x10, 0x12, 1, 0x11, 0x29, 0xff)),
        random.choice((0, 1, 65535)), 0, random.randrange(100)) + opts + data
    if random.random() < .3:
        return ip6(6, l4sum(6, b, 16, OUR6, ITS6))
    return ip(6, l4sum(6, b, 16))

def udp(sport, dport, data):
    return struct.pack('>HHHH', sport, dport, 8 + len(data), 0) + data

def dhcp(kind, xid, options=b''):
    data = struct.pack('>BBBBIHH', 2, 1, 6, 0, xid, 0, 0) + bytes(4) + ITS + \
        OUR + bytes(4) + GUEST + bytes(10 + 192) + b'\x63\x82\x53\x63' + \
        b'\x35\1' + bytes([kind]) + b'\x36\4' + OUR + b'\x33\4\0\1\0\0' + \
        b'\1\4\xff\xff\xff\0\3\4' + OUR + b'\6\4' + OUR + options + b'\xff'
    return ip(17, udp(67, 68, data), ITS)

def ping(seq):
    b = struct.pack('>BBHHH', 8, 0, 0, 77, seq) + b'abcdefgh'
    return ip(1, b[:2] + struct.pack('>H', csum(b)) + b[4:])

def arp(op):
    return eth(0x806, struct.pack('>HHBBH', 1, 0x800, 6, 4, op) + US + OUR +
               GUEST + ITS)

def icmp6():
    kind = random.choice((128, 133, 134, 135, 136, 137, 1, 2, 3, 4, 130, 143))
    b = struct.pack('>BBHI', kind, 0, 0, random.randrange(1 << 32)) + \
        random.choice((ITS6, b'', bytes(60))) + random.choice((b'', b'\1\1' +
        US, b'\1\0' + US, b'\3\4\x40\xc0' + bytes(28), b'\x19\x03' + bytes(22)))
    return ip6(58, l4sum(58, b, 2, OUR6, ITS6))

def frag():
    body = bytes([random.randrange(256) for _ in range(8 *
                                                 random.randrange(1, 150))])
    return ip(random.choice((1, 6, 17)), body,
              frag=random.choice((0x2000, 0, 0x1fff)) | random.randrange(8192))

def frag6():
    return ip6(44, struct.pack('>BBHI', random.choice((6, 17, 58, 44)), 0,
               random.randrange(65536), random.randrange(4)) +
               bytes(8 * random.randrange(100)))

def chain6():
    n = random.choice((0, 43, 60, 44, 51, 135, 59))
    return ip6(random.choice((0, 43, 60)), bytes((n, random.randrange(256))) +
               bytes([random.randrange(256) for _ in range(70)]))

last_xid = 0
makers = (tcp, tcp, tcp, frag, frag6, chain6, icmp6, lambda: arp(1),
    lambda: arp(2), lambda: ping(0),
    lambda: ip(17, udp(53, random.randrange(65536), bytes(40))),
    lambda: dhcp(random.randrange(9), last_xid, bytes(
        random.randrange(256) for _ in range(60))),
    lambda: ip(6, bytes(30), options=bytes(random.randrange(256)
                                           for _ in range(40))),
    lambda: ip(1, struct.pack('>BBHI', random.choice((3, 5, 11, 12)),
        random.randrange(16), 0, 1400) + ip(6, tcp()[34:], OUR)[14:]),
    lambda: eth(random.randrange(65536), bytes(random.randrange(100))))

def damaged():
    f = bytearray(random.choice(makers)())
    how = random.random()
    if how < .45:
        for _ in range(random.randrange(1, 4)):
            f[random.randrange(12, min(len(f), 14 + 70))] = \
                random.randrange(256)
    elif how < .6:
        del f[random.randrange(1, len(f)):]
    elif how < .65:
        f += bytes(random.randrange(1, 1400))
    return bytes(f)[:1514]

def send(f):
    s.sendto(f, ('127.0.0.1', to))

def receive(wait):
    global last_xid
    got = []
    while select.select([s], [], [], wait)[0]:
        f = s.recv(70000)
        wait = 0
        got.append(f)
        if f[12:14] == b'\x08\x06' and f[20:22] == b'\0\1' and f[38:42] == OUR:
            send(arp(2))
        if f[12:14] == b'\x08\0' and f[36:38] == b'\0\x43' and len(f) > 286:
            last_xid, = struct.unpack_from('>I', f, 46)
            send(dhcp(5 if f[284] == 3 else 2, last_xid))
    return got

def answered(seq):
    for _ in range(20):
        send(arp(2))
        send(ping(seq))
        end = time.time() + 1
        while time.time() < end:
            for f in receive(.1):
                if f[23:24] == b'\1' and f[34:35] == b'\0' and \
                        f[38:42] == struct.pack('>HH', 77, seq):
                    return True
    return False

if not answered(1):
    sys.exit('no answer to the first ping')
end, sent, pings = time.time() + seconds, 0, 0
while time.time() < end:
    for _ in range(40):
        send(damaged())
    sent += 40
    receive(.01)
    if sent % 2000 == 0:
        pings += 1
        if not answered(pings + 1):
            sys.exit('no answer after %d frames' % sent)
if not answered(9999):
    sys.exit('no answer after %d frames' % sent)
print(sent, 'frames')
P

read -r wire guest <<< "$(free_port) $(free_port)"
read -ra engine <<< "$(engine)"
start timeout -k 2 $((120 * SLOW)) qemu-system-x86_64 "${engine[@]}" -M pc \
    -m 64 -display none -nodefaults -no-reboot -serial stdio -monitor none \
    -kernel "$top/build/hull.elf" -append "stats=1 exit=isa" \
    -device isa-debug-exit,iobase=0x501,iosize=2 \
    -drive "file=$tmp/disk,format=raw,if=virtio" \
    -netdev "socket,id=w,udp=127.0.0.1:$wire,localaddr=127.0.0.1:$guest" \
    -device virtio-net-pci,netdev=w,mac=52:54:00:bb:bb:bb
limit 100 python3 "$tmp/wire.py" "$guest" "$wire" "${SECONDS_OF_FUZZ:-15}" \
    "${SEED:-4711}" 2> "$tmp/err" || fail "the wire"
! console_says panic || fail "a panic"
ended && fail "the machine ended"
sleep 3
grep -a counters: "$tmp/console" | sed -n '1p;$p'
