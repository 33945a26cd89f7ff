#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Programs that are none: cut off, damaged, of another machine. The kernel says
# what is wrong and ends with 126 or 127, as a shell does, or the program dies
# of its own damage; the kernel never panics and never hangs.
. "$(dirname "$0")/common"
prepare() {
    mkdir -p "$tmp/root/lib" "$tmp/root/dir"
    cat > "$tmp/p.c" <<'C'
#include <unistd.h>

static char zeros[100000];

int main(void)
{
    return write(1, "hello\n", 6) == 6 ? zeros[99999] : 1;
}
C
    cc -O1 -static -o "$tmp/root/good" "$tmp/p.c" || skip "no static C library"
    cc -O1 -o "$tmp/dynamic" "$tmp/p.c" || exit 1

    python3 - "$tmp/root" "$tmp/dynamic" <<'P' || exit 1
import os, random, struct, sys
root, dynamic = sys.argv[1:]
good = open(root + '/good', 'rb').read()
dyn = open(dynamic, 'rb').read()

def put(name, data):
    with open(root + '/' + name, 'wb') as f:
        f.write(data)
    os.chmod(root + '/' + name, 0o755)

def field(data, off, form, value):
    b = bytearray(data)
    struct.pack_into('<' + form, b, off, value)
    return bytes(b)

def headers(data, kind):
    off, = struct.unpack_from('<Q', data, 32)
    n, = struct.unpack_from('<H', data, 56)
    at = [off + 56 * i for i in range(n)]
    return [a for a in at if struct.unpack_from('<I', data, a)[0] == kind]

load = headers(good, 1)
interp, = headers(dyn, 3)
text, = struct.unpack_from('<Q', dyn, interp + 8)
put('ok', good)
# 126: it is there and cannot be run
put('126-empty', b'')
put('126-text', b'just some text\n')
put('126-zeros', bytes(10000))
put('126-magic', b'\x7fELG' + good[4:])
put('126-32-bit', field(good, 4, 'B', 1))
put('126-big-endian', field(good, 5, 'B', 2))
put('126-version', field(good, 20, 'I', 7))
put('126-relocatable', field(good, 16, 'H', 1))
put('126-core', field(good, 16, 'H', 4))
put('126-machine', field(good, 18, 'H', 183))
put('126-phnum-0', field(good, 56, 'H', 0))
put('126-phnum-huge', field(good, 56, 'H', 65535))
put('126-phentsize', field(good, 54, 'H', 57))
put('126-phoff-far', field(good, 32, 'Q', 1 << 40))
put('126-phoff-wraps', field(good, 32, 'Q', (1 << 64) - 40))
put('126-filesz-above-memsz', field(good, load[0] + 32, 'Q', 1 << 30))
put('126-in-kernel-half', field(good, load[0] + 16, 'Q', 0xffffffff80000000))
put('126-not-canonical', field(good, load[0] + 16, 'Q', 0x800000000000))
put('126-memsz-huge', field(good, load[-1] + 40, 'Q', 1 << 62))
put('126-memsz-wraps', field(good, load[-1] + 40, 'Q', (1 << 64) - 4096))
put('126-align', field(good, load[0] + 48, 'Q', 3))
put('126-offset-skewed', field(good, load[0] + 8, 'Q', 1))
put('126-interp-far', field(dyn, interp + 8, 'Q', 1 << 50))
put('126-interp-long', field(dyn, interp + 32, 'Q', 1 << 20))
put('126-interp-empty', field(dyn, interp + 32, 'Q', 0))
put('126-interp-is-text', dyn[:text] + b'/126-text\0' + dyn[text + 10:])
put('126-interp-no-file', dyn[:text] + b'/dir\0' + dyn[text + 5:])
put('127-interp-missing', dyn)
put('126-script-empty', b'#!\n')
put('127-script-missing', b'#!/no/such/shell\n')
put('126-script-of-itself', b'#!/126-script-of-itself\n')
put('126-script-long', b'#!/' + b'x' * 5000 + b'\n')
for n in (1, 4, 16, 63, 64, 119, 200):
    put('126-cut-%d' % n, good[:n])
# any: the headers may be fine, what they load is not
for n in (700, 4096, 5000, len(good) // 2, len(good) - 70000):
    put('any-cut-%d' % n, good[:n])
put('any-entry-0', field(good, 24, 'Q', 0))
put('any-entry-kernel', field(good, 24, 'Q', 0xffffffff80100000))
put('any-entry-not-canonical', field(good, 24, 'Q', 0x8000000000000000))
put('any-no-execute', field(good, load[1] + 4, 'I', 4))
put('any-no-write', field(good, load[-1] + 4, 'I', 4))
put('any-write-execute', field(good, load[0] + 4, 'I', 7))
put('any-overlap', field(good, load[1] + 16, 'Q',
                         struct.unpack_from('<Q', good, load[0] + 16)[0]))
put('any-memsz-tib', field(good, load[-1] + 40, 'Q', 1 << 40))
random.seed(4711)
for i in range(25):
    b = bytearray(good)
    for _ in range(3):
        b[random.choice((random.randrange(64), random.randrange(64, 500),
                         random.randrange(0x1000, 0x1800)))] = \
            random.randrange(256)
    put('any-random-%d' % i, bytes(b))
P

    printf 'name: bad-elf\nrootfs: root\ncmd: /ok\nmemory: 32M\n' \
        > "$tmp/Hullfile"
    "$HULL" build -q "$tmp" 2> "$tmp/err" || fail "build"
}
prepared
boot 30 bad-elf --no-net
[ $status -eq 0 ] && console_says hello || fail "the good program: $status"

n=0
for p in dir nothing "$tmp"/root/any-* "$tmp"/root/12[67]-*; do
    name=$(basename "$p")
    boot 30 bad-elf --no-net --cmd "/$name"
    no_panic
    [ $status -ne 125 ] || fail "/$name: the machine died"
    case $name in
    dir) want=126 ;;
    nothing) want=127 ;;
    any-*) want=$status ;;
    *) want=${name%%-*} ;;
    esac
    [ $status -eq $want ] || fail "/$name: status $status, not $want"
    case $name in
    any-*) ;;
    *-inter*|*-script*) says ": " ;;
    *) says "/$name: " ;;
    esac
    n=$((n + 1))
done
echo "$n programs"
