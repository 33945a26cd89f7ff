#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The libraries that come into an image are those that ldd names.
. "$(dirname "$0")/common"

# the folder that would be compressed, as it is then
stub_mkfs "cp -a \"\${@: -1}\" $tmp/root"

# what may be there although ldd does not name it
opened='^lib(gcc_s|pthread|dl|rt|m|util)\.so'

# compare PROGRAM: what ldd says and what the image has, by name and content
compare() {
    mkdir -p "$tmp/p"
    printf 'name: t\nfiles:\n  /prog: %s\ncmd: /prog\n' "$1" \
        > "$tmp/p/Hullfile"
    rm -rf "$tmp/root"
    PATH=$tmp/stub:$PATH run 1 "$HULL" build "$tmp/p" -o "$tmp/t.raw"
    [ -d "$tmp/root" ] || fail "$1 cannot be built"
    ldd "$1" | grep -o '/[^ ]*' | sort -u | while read -r lib; do
        echo "$(basename "$lib") $(md5sum < "$lib")"
    done | sort -u > "$tmp/want"
    find "$tmp/root" -name '*.so*' | while read -r lib; do
        echo "$(basename "$lib") $(md5sum < "$lib")"
    done | grep -vE "$opened" | sort -u > "$tmp/have"
    grep -vE "$opened" "$tmp/want" | diff - "$tmp/have" ||
        fail "the libraries of $1 differ from ldd's"
    # what the image has is enough: the program's own ld.so agrees
    in_root /lib64/ld-linux-x86-64.so.2 --list /prog > "$tmp/list" 2>&1 ||
        fail "ld.so cannot load $1"
    ! grep -q 'not found' "$tmp/list" || fail "ld.so misses something"
}

echo 'int main(void) { return 0; }' > "$tmp/d.c"
cc -o "$tmp/d" "$tmp/d.c" || fail "no compiler"
compare "$tmp/d"
for p in bash curl python3 qemu-img git; do
    path=$(PATH=/usr/bin:/bin command -v $p) || continue
    path=$(readlink -f "$path")
    ldd "$path" > /dev/null 2>&1 && compare "$path"
done

# a runpath with $ORIGIN, two deep, outside the default folders
mkdir -p "$tmp/app/lib/deep" "$tmp/app/bin"
echo 'int two(void) { return 2; }' > "$tmp/two.c"
echo 'int two(void); int one(void) { return two(); }' > "$tmp/one.c"
echo 'int one(void); int main(void) { return one() - 2; }' > "$tmp/m.c"
cc -shared -fPIC -o "$tmp/app/lib/deep/libtwo.so" "$tmp/two.c" &&
cc -shared -fPIC -o "$tmp/app/lib/libone.so" "$tmp/one.c" \
    -L"$tmp/app/lib/deep" -ltwo -Wl,-rpath,'$ORIGIN/deep' &&
cc -o "$tmp/app/bin/m" "$tmp/m.c" -L"$tmp/app/lib" -lone \
    -Wl,-rpath-link,"$tmp/app/lib/deep" -Wl,-rpath,'$ORIGIN/../lib' ||
    fail "no compiler"
printf 'name: t\nfiles:\n  /opt/x/bin/m: app/bin/m\ncmd: /opt/x/bin/m\n' \
    > "$tmp/Hullfile"
run 0 "$HULL" build "$tmp" --format raw -o "$tmp/t.raw"
root_of "$tmp/t.raw"
[ -f "$tmp/root/opt/x/lib/libone.so" ] || fail "libone.so is not there"
[ -f "$tmp/root/opt/x/lib/deep/libtwo.so" ] || fail "libtwo.so is not there"
in_root /opt/x/bin/m || fail "it does not run in its root"

# a part of the C library's own that is opened by its name
cat > "$tmp/m.c" <<'C'
#include <dlfcn.h>
int main(void) { return !dlopen("libpthread.so.0", RTLD_NOW); }
C
cc -o "$tmp/m" "$tmp/m.c" -ldl || fail "no compiler"
printf 'name: t\nfiles:\n  /m: m\ncmd: /m\n' > "$tmp/Hullfile"
run 0 "$HULL" build "$tmp" --format raw -o "$tmp/t.raw"
root_of "$tmp/t.raw"
in_root /m || fail "libpthread.so.0 is not there"

# the folders that programs expect to find
for d in run tmp var/cache var/lib var/log var/spool var/tmp; do
    [ -d "$tmp/root/$d" ] || fail "/$d is not there"
done
[ "$(readlink "$tmp/root/var/run")" = /run ] || fail "/var/run is not /run"
