#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Damage all over a disk image, as a bad disk or transfer leaves it: the guest
# ends with an error, or reads wrong data, or the damage was in nothing that
# is used. It never panics and never hangs. Half by the kernel direct, half by
# the disk's own loader.
. "$(dirname "$0")/common"
prepare() {
    mkdir -p "$tmp/tree/sub/deep"
    cat > "$tmp/readall.c" <<'C'
#define _GNU_SOURCE
#include <ftw.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static long files, bytes, errors;

static int one(const char *name, const struct stat *st, int kind,
               struct FTW *at)
{
    static char buf[65536];
    ssize_t n = 0;
    int fd;

    (void)at;
    files++;
    listxattr(name, buf, sizeof(buf));
    if (kind == FTW_SL && readlink(name, buf, sizeof(buf)) < 0)
        errors++;
    if (kind == FTW_DNR || kind == FTW_NS)
        errors++;
    if (kind != FTW_F || !S_ISREG(st->st_mode))
        return 0;
    fd = open(name, O_RDONLY);
    while (fd >= 0 && bytes < (100l << 20) && (n = read(fd, buf, 65536)) > 0)
        bytes += n;
    errors += fd < 0 || n < 0;
    if (fd >= 0)
        close(fd);
    return files > 100000;
}

int main(void)
{
    nftw("/data", one, 16, FTW_PHYS);
    printf("read %ld files, %ld bytes, %ld errors\n", files, bytes, errors);
    return 0;
}
C
    cc -O1 -static -s -o "$tmp/readall" "$tmp/readall.c" ||
        skip "no static C library"
    seq 60000 > "$tmp/tree/numbers"
    head -c 50000 /dev/urandom > "$tmp/tree/sub/noise"
    echo tiny > "$tmp/tree/sub/deep/tiny"
    ln -s sub/deep/tiny "$tmp/tree/link"
    for i in $(seq 300); do echo "$i" > "$tmp/tree/sub/file-$i"; done
    cat > "$tmp/Hullfile" <<'H'
name: bad-image
files:
  /readall: readall
  /data: tree
cmd: /readall
memory: 32M
H
    "$HULL" build -q "$tmp" --format raw -o "$tmp/good" 2> "$tmp/err" ||
        fail "build"
}
prepared

cat > "$tmp/damage.py" <<'P'
# damage.py GOOD BAD KIND SEED: writes a copy with damage of that kind.
import random, struct, sys, zlib
good, bad, kind, seed = sys.argv[1:]
data = bytearray(open(good, 'rb').read())
random.seed(kind + seed)
H = 32768
man, man_size, kern, kern_size, root, root_size = \
    struct.unpack_from('<6Q', data, H + 24)

def flips(lo, hi, n):
    for _ in range(n):
        data[random.randrange(lo, hi)] ^= 1 << random.randrange(8)

def sign():         # as if it had been written so
    m, n = struct.unpack_from('<QQ', data, H + 24)
    if m + n <= len(data):
        struct.pack_into('<I', data, H + 80, zlib.crc32(data[m:m + n]))
    struct.pack_into('<I', data, H + 92, 0)
    struct.pack_into('<I', data, H + 92, zlib.crc32(data[H:H + 168]))

if kind == 'header':
    flips(H, H + 96, 2)
elif kind == 'signed-header':
    struct.pack_into('<Q', data, H + 16 + 8 * random.randrange(8),
                     random.choice((0, 1, 4096, len(data), 1 << 40, 1 << 63,
                                    (1 << 64) - 4096)))
    sign()
elif kind == 'manifest':
    flips(man, man + man_size, 2)
elif kind == 'signed-manifest':
    flips(man, man + man_size, 3)
    sign()
elif kind == 'kernel':
    flips(kern, kern + kern_size, 1)
elif kind == 'superblock':
    flips(root + 1024, root + 1024 + 128, 3)
    data[root + 1024 + 8] &= 0xfe       # no checksum, thus believed
elif kind == 'checked-superblock':
    flips(root + 1024, root + 1024 + 128, 1)
elif kind == 'inodes':
    flips(root + 1152, root + 1152 + 30000, 300)
elif kind == 'root':
    flips(root + 1152, root + root_size, 400)
elif kind == 'zeros':
    at = random.randrange(root + 4096, root + root_size - 4096) & ~4095
    data[at:at + 4096] = bytes(4096)
elif kind == 'cut':
    del data[random.choice((H + 100, man + 50, kern + 5000, root + 512,
                            root + 5000, root + root_size // 2)) & ~511:]
open(bad, 'wb').write(data)
P

# The machine itself, because the tool refuses what it sees to be damaged.
read -ra engine <<< "$(engine)"
qemu=(qemu-system-x86_64 "${engine[@]}" -m 32 -display none -nodefaults
    -no-reboot -serial stdio -monitor none -nic none
    -device isa-debug-exit,iobase=0x501,iosize=2)
direct=(-M pc -kernel "$top/build/hull.elf" -append exit=isa)
bios=(-M pc)

# try NAME: boots $tmp/bad, by the loader for odd tries
tries=0 whole=0
try() {
    local way=("${direct[@]}") rc limit=40
    tries=$((tries + 1))
    if [ $((tries % 2)) -eq 0 ]; then
        way=("${bios[@]}")
    fi
    # (SeaBIOS takes no small disk by virtio for a disk.)
    case $1 in
    cut*) way+=(-drive "file=$tmp/bad,format=raw,if=ide") ;;
    *) way+=(-drive "file=$tmp/bad,format=raw,if=virtio") ;;
    esac
    start timeout -k 2 $((limit * SLOW)) "${qemu[@]}" "${way[@]}"
    until_true $limit end_seen || fail "$1: no end within $limit s"
    kill "$vm" 2> /dev/null
    wait "$vm"
    rc=$?
    vm=
    ! grep -qai panic "$tmp/console" || fail "$1: a panic"
    grep -qa . "$tmp/console" || fail "$1: no word (status $rc)"
    ! grep -qa 'read 30[0-9] files' "$tmp/console" || whole=$((whole + 1))
}

# The machine has gone, or halts with the loader's last word.
end_seen() {
    ended || grep -qaE "$last_word" "$tmp/console"
}
last_word='^hull: (the (boot|image|machine|kernel|manifest|BIOS) |this BIOS|'
last_word+='cannot (read|switch))'

cp "$tmp/good" "$tmp/bad"
try good
try good
[ $whole -eq 2 ] || fail "the sound image is not read"

while read -r kind n; do
    for seed in $(seq "$n"); do
        python3 "$tmp/damage.py" "$tmp/good" "$tmp/bad" "$kind" "$seed" ||
            fail "damage.py"
        try "$kind $seed"
    done
done <<'K'
header 4
signed-header 8
manifest 2
signed-manifest 8
kernel 4
superblock 8
checked-superblock 2
inodes 8
root 10
zeros 6
cut 6
K
echo "$tries images, $whole of them read to the end"
