#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A root comes from a folder or from an archive of it, and is the same then.
. "$(dirname "$0")/common"
project "$tmp/p"
mkdir -p "$tmp/p/root/bin" "$tmp/p/root/tmp" "$tmp/p/root/dev"
cp "$tmp/p/prog" "$tmp/p/root/bin/prog"
ln "$tmp/p/root/bin/prog" "$tmp/p/root/bin/hard"
ln -s prog "$tmp/p/root/bin/soft"
chmod 1777 "$tmp/p/root/tmp"
chmod 0600 "$tmp/p/root/bin/hard"
chmod 0755 "$tmp/p/root/bin/prog"

# built ROOTFS [NAME [STATUS]]: into $tmp/NAME.raw
built() {
    printf 'name: t\nrootfs: %s\ncmd: /bin/prog\n' "$1" > "$tmp/p/Hullfile"
    run "${3:-0}" "$HULL" build "$tmp/p" --format raw -o "$tmp/${2:-a}.raw"
}
built root folder
tar -C "$tmp/p/root" -cf "$tmp/p/root.tar" .
(cd "$tmp/p/root" && tar -czf ../root.tgz -- *)
for archive in root.tar root.tgz; do
    built $archive
    cmp "$tmp/a.raw" "$tmp/folder.raw" || fail "$archive makes another image"
done
# devices stay out, whoever builds
if mknod "$tmp/p/root/dev/null" c 1 3 2> /dev/null; then
    tar -C "$tmp/p/root" -cf "$tmp/p/root.tar" .
    built root.tar
    cmp "$tmp/a.raw" "$tmp/folder.raw" || fail "a device came in"
fi
[ -z "$(find "$XDG_DATA_HOME/hull" -name '.tmp*')" ] ||
    fail "it leaves what it unpacked"

head -c 10000 "$tmp/p/root.tgz" > "$tmp/p/torn.tgz"
built torn.tgz a 1
says "Hullfile:2: rootfs 'torn.tgz' is neither a folder nor an archive"
echo '[]' > "$tmp/p/manifest.json"
tar -C "$tmp/p" -cf "$tmp/p/saved.tar" manifest.json
built saved.tar a 1
says "docker export"
