#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Capstanfiles as people have them: C with make, a fat jar, a jar with config
# files, a rootfs made by the build, Node with ROOTFS; and every mistake.
. "$(dirname "$0")/common"
static_program > /dev/null

# built DIR: builds it; the root is in $tmp/root, inspect's text in $tmp/out
built() {
    run 0 "$HULL" build "$1" --fast --format raw -o "$tmp/disk"
    root_of "$tmp/disk"
    run 0 "$HULL" inspect "$tmp/disk"
}
has() { [ -e "$tmp/root/$1" ] || fail "the image lacks $1"; }
shows() { grep -qF -- "$1" "$tmp/out" || fail "inspect lacks: $1"; }

# C with make; "&"; options of the loader; a folded cmdline
mkdir -p "$tmp/c/conf"
cp "$tmp/static" "$tmp/c/seed"
echo 'a: 1' > "$tmp/c/conf/a.yml"
printf 'build/hello:\n\tmkdir -p build\n\tcp seed $@\n' > "$tmp/c/Makefile"
cat > "$tmp/c/Capstanfile" <<'C'
#
# Name of the base image.
#
base: cloudius/osv-base

cmdline: >
  --env=COLOR=blue --verbose
  --cwd=/data /tools/hello
  "one two"

build: make build/hello

files:
  /tools/hello: build/&
  /etc/a.yml: conf/&
  /data/link.txt: ../outside.txt
C
echo out > "$tmp/outside.txt"
built "$tmp/c"
has tools/hello
has etc/a.yml
has data/link.txt
shows /tools/hello
shows 'one two'
shows COLOR=blue
shows /data
cmp "$tmp/root/tools/hello" "$tmp/static" || fail "the program differs"

# a lone "&"
mkdir "$tmp/amp"
cp "$tmp/static" "$tmp/amp/prog"
printf 'cmdline: /prog\nfiles:\n  /prog: &\n' > "$tmp/amp/Capstanfile"
built "$tmp/amp"
has prog

# an absolute path of this host, a base without a namespace
printf 'base: ruby\ncmdline: /prog\nfiles:\n  /prog: %s\n' "$tmp/static" \
    > "$tmp/amp/Capstanfile"
built "$tmp/amp"
has prog

# a shared object with a main()
mkdir "$tmp/so"
echo 'int puts(const char *); int main(int c, char **v) { return puts(v[c-1]); }' \
    > "$tmp/so/hello.c"
cat > "$tmp/so/Capstanfile" <<'C'
base: cloudius/osv-base
cmdline: /tools/hello.so ahoy
build: cc -shared -fPIC -o hello.so hello.c
files:
  /tools/hello.so: hello.so
C
built "$tmp/so"
shows '/usr/lib/hull/somain /tools/hello.so ahoy'
in_root /usr/lib/hull/somain /tools/hello.so ahoy > "$tmp/said" 2>&1
grep -qx ahoy "$tmp/said" || [ ! -s "$tmp/said" ] || fail "$(cat "$tmp/said")"

# a rootfs made by the build, in its default place and in another
mkdir "$tmp/r"
cp "$tmp/static" "$tmp/r/seed"
cat > "$tmp/r/Capstanfile" <<'C'
base: osv-base
cmdline: /bin2/prog
build: mkdir -p ROOTFS/bin2 && cp seed ROOTFS/bin2/prog
C
built "$tmp/r"
has bin2/prog
sed -e 's/ROOTFS/out/g' -e '$a rootfs: out' -i "$tmp/r/Capstanfile"
rm -r "$tmp/r/ROOTFS"
built "$tmp/r"
has bin2/prog

# Node with ROOTFS
if command -v node > /dev/null; then
    mkdir -p "$tmp/n/ROOTFS"
    echo 'console.log(1)' > "$tmp/n/ROOTFS/server.js"
    printf 'base: cloudius/osv-node\ncmdline: /libnode.so /server.js\n' \
        > "$tmp/n/Capstanfile"
    built "$tmp/n"
    has server.js
    shows /node
fi

# a fat jar, and a jar with config files
if command -v jlink > /dev/null && command -v javac > /dev/null; then
    mkdir -p "$tmp/j/BOOT-INF/lib" "$tmp/j/conf" "$tmp/j/in"
    echo 'class In { java.util.logging.Logger l; }' > "$tmp/j/In.java"
    echo 'public class Main { public static void main(String[] a) { } }' \
        > "$tmp/j/Main.java"
    (cd "$tmp/j" && javac -d in In.java && javac -d . Main.java &&
        jar cf BOOT-INF/lib/in.jar -C in . &&
        jar cfe fat.jar Main Main.class BOOT-INF) || fail "javac"
    printf 'base: cloudius/osv-openjdk8\n%s\nfiles:\n  /fat.jar: fat.jar\n' \
        'cmdline: /java.so -jar /fat.jar' > "$tmp/j/Capstanfile"
    built "$tmp/j"
    has fat.jar
    has usr/lib/jvm/java/lib/modules
    [ -L "$tmp/root/usr/bin/java" ] || fail "there is no java"
    in_root /usr/bin/java --list-modules > "$tmp/modules" 2>&1 ||
        fail "$(cat "$tmp/modules")"
    if [ -s "$tmp/modules" ]; then
        grep -q java.logging "$tmp/modules" || fail "java.logging is not there"
        grep -q java.desktop "$tmp/modules" && fail "java.desktop is there"
    fi
    echo 'x: 1' > "$tmp/j/conf/app.properties"
    cat > "$tmp/j/Capstanfile" <<'C'
base: osv.openjdk11-zulu
cmdline: >
  --cwd=/app /java.so -Dconf=/app/conf
  -cp /app/fat.jar:/app/conf Main
files:
  /app/fat.jar: &
  /app/conf: conf
C
    built "$tmp/j"
    has app/conf/app.properties
    [ "$(find "$XDG_DATA_HOME/hull/java" -name 'runtime-*' | wc -l)" = 1 ] ||
        fail "a runtime was made twice"
else
    echo "no JDK: Java's Capstanfiles were not tried"
fi

# bad LINE TEXT CAPSTANFILE
bad() {
    printf "$3" > "$tmp/amp/Capstanfile"
    run 1 "$HULL" build "$tmp/amp"
    says "$tmp/amp/Capstanfile:$1: "
    says "$2"
}
bad 2 "unknown key 'cmdlin'; did you mean 'cmdline'?" 'base: x\ncmdlin: /a\n'
bad 2 "unknown key 'zebra'; the keys are base" 'cmdline: /prog\nzebra: 1\n'
bad 2 "no image that Hull has something for" 'cmdline: /prog\nbase: a/redis\n'
bad 1 "no option of OSv's loader" 'cmdline: --frobnicate /prog\n'
bad 1 "comes by DHCP" 'cmdline: --ip=eth0,1.2.3.4 /prog\n'
bad 1 "names no program" 'cmdline: --verbose\n'
bad 1 "several programs" 'cmdline: /a; /b\n'
bad 1 "is no --env=NAME=VALUE" 'cmdline: --env=X /prog\n'
bad 3 "cannot find" 'cmdline: /prog\nfiles:\n  /x: none\n'
printf 'base: osv-base\n' > "$tmp/amp/Capstanfile"
run 1 "$HULL" build "$tmp/amp"
says "there is no cmdline"
exit 0
