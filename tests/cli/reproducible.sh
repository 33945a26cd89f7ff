#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The same content gives the same bytes, whenever and wherever it is built.
. "$(dirname "$0")/common"
unset SOURCE_DATE_EPOCH
project "$tmp/p"
mkdir -p "$tmp/p/www/sub"
for i in $(seq 30); do echo "page $i" > "$tmp/p/www/sub/$i.html"; done
ln -s sub/1.html "$tmp/p/www/index.html"
printf 'name: t\nfiles:\n  /prog: prog\n  /www: www\ncmd: /prog\n' \
    > "$tmp/p/Hullfile"
cp -r "$tmp/p" "$tmp/q"
# the same names come in another order, with other times
rm -r "$tmp/q/www/sub"
mkdir "$tmp/q/www/sub"
for i in $(seq 30 -1 1); do echo "page $i" > "$tmp/q/www/sub/$i.html"; done
touch -d 2001-01-01 "$tmp/q/prog" "$tmp/q/www/sub/3.html"
for format in raw qcow2; do
    run 0 "$HULL" build "$tmp/p" --format $format -o "$tmp/a"
    run 0 "$HULL" build "$tmp/q" --format $format -o "$tmp/b"
    cmp "$tmp/a" "$tmp/b" || fail "two $format builds differ"
done
# on another file system, where nothing can be linked to, one file by two
# names is one file as well
ln "$tmp/p/prog" "$tmp/p/www/hard"
printf 'name: t\nfiles:\n  /prog: prog\n  /www: www\n  /two: prog\n%s\n' \
    'cmd: /prog' > "$tmp/p/Hullfile"
other=$(mktemp -d /dev/shm/hull-test-XXXXXX) || skip "no /dev/shm"
cleanup() { rm -rf "$other"; }
run 0 "$HULL" build "$tmp/p" --format raw -o "$tmp/a"
run 0 "$HULL" build "$tmp/p" --format raw -o "$other/b"
cmp "$tmp/a" "$other/b" || fail "it depends on the file system"
run 0 "$HULL" build "$tmp/p" --format qcow2 -o "$tmp/a"
cp "$tmp/p/Hullfile" "$tmp/q"
ln "$tmp/q/prog" "$tmp/q/www/hard"
echo changed > "$tmp/q/www/sub/3.html"
run 0 "$HULL" build "$tmp/q" -o "$tmp/b"
cmp -s "$tmp/a" "$tmp/b" && fail "a change went unseen"

# the time of all files: another content has another; or what is asked for
built() { run 0 "$HULL" build "$1" --format raw -o "$tmp/timed"; }
built "$tmp/p"
old=$(time_of "$tmp/timed")
built "$tmp/q"
new=$(time_of "$tmp/timed")
[ "$old" -ge 978307200 ] && [ "$old" -lt "$(date +%s)" ] &&
    [ "$new" != "$old" ] || fail "times: $old, $new"
export SOURCE_DATE_EPOCH=1234567890
built "$tmp/p"
[ "$(time_of "$tmp/timed")" = 1234567890 ] || fail "SOURCE_DATE_EPOCH"
export SOURCE_DATE_EPOCH=yesterday
run 1 "$HULL" build "$tmp/p" -o "$tmp/b"
says "SOURCE_DATE_EPOCH is no number of seconds: yesterday"
