#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Fetches a Debian source package and unpacks what is pinned of it.
#
#   tools/fetch-source.sh NAME VERSION SHA256...
#
# NAME and VERSION are the source package's (lz4 1.9.4-1). Each SHA256 pins one
# of its tarballs; a pinned upstream tarball becomes build/third/NAME-VERSION/
# itself, a pinned Debian one its debian/ folder with its patches applied.
# Tarballs without a pin are ignored; a pin without a tarball is an error.
#
# apt works on lists and state folders of its own under build/third/.apt. Its
# sources are the machine's, asked for source packages: nothing on the host
# changes and no host is named here. Runs again only when the pins change.
# HULL_FETCH_TIMEOUT: seconds in all, 600 unless set.
set -eu

die() { echo "fetch-source: $*" >&2; exit 1; }

[ $# -ge 3 ] || die "usage: tools/fetch-source.sh NAME VERSION SHA256..."
name=$1 version=$2
shift 2
pins="$*"
case "$name$version" in
*[!A-Za-z0-9.+~:-]*) die "$name $version: not a package name and version" ;;
esac
cd "$(dirname "$0")/.."
third=$PWD/build/third
dest=$third/$name-$version
apt=$third/.apt
stamp=$dest/.pinned

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$pins" ] && exit 0
command -v apt-get >/dev/null || die "needs apt-get (a Debian machine)"
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"

# The machine's sources, turned into deb-src. One-line files, then deb822.
sources_derive() {
    rm -f "$apt"/parts/*
    : > "$apt/sources.list"
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$f" ] || continue
        sed -n 's/^[[:space:]]*deb\(-src\)\{0,1\}[[:space:]]/deb-src /p' \
            "$f" >> "$apt/sources.list"
    done
    sort -u -o "$apt/sources.list" "$apt/sources.list"
    for f in /etc/apt/sources.list.d/*.sources; do
        [ -f "$f" ] || continue
        sed 's/^[Tt]ypes:.*/Types: deb-src/' "$f" \
            > "$apt/parts/$(basename "$f")"
    done
    [ -s "$apt/sources.list" ] || [ -n "$(ls "$apt/parts")" ] ||
        die "no apt sources in /etc/apt"
}

apt_own() {
    timeout "${HULL_FETCH_TIMEOUT:-600}" apt-get -q -q \
        -o Dir::Etc::sourcelist="$apt/sources.list" \
        -o Dir::Etc::sourceparts="$apt/parts" \
        -o Dir::State::lists="$apt/lists" \
        -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$apt/cache" \
        -o APT::Sandbox::User=root \
        -o APT::Get::Only-Source=true \
        -o Acquire::Languages=none \
        -o Acquire::http::Timeout=30 \
        -o Acquire::https::Timeout=30 \
        -o Acquire::Retries=2 \
        "$@"
}

# One at a time: parallel jobs of make share the lists.
exec 9> "$apt/lock"
flock -w "${HULL_FETCH_TIMEOUT:-600}" 9 || die "another fetch holds the lock"

got=$apt/get-$name
rm -rf "$got" "$dest.new"
mkdir -p "$got" "$dest.new"
sources_derive
fetch() { (cd "$got" && apt_own source --download-only "$name=$version") ; }
log=$apt/$name.log
# The lists of an earlier fetch may do; else they are brought up to date.
if ! fetch > "$log" 2>&1; then
    apt_own update >> "$log" 2>&1 || :
    if ! fetch >> "$log" 2>&1; then
        grep -h '^[EW]:' "$log" | sed 's|[a-z]*://[^ ]*|(source)|g' |
            sort -u | head -n 5 >&2
        die "cannot get source package $name $version. Is the network up, and
  does this machine's Debian release still carry that version?
  (all of apt's messages: build/third/.apt/$name.log)"
    fi
fi

for pin in $pins; do
    file=
    for f in "$got"/*.tar.*; do
        case $f in *.asc) continue ;; esac
        [ "$(sha256sum < "$f")" = "$pin  -" ] && file=$f
    done
    [ -n "$file" ] || die "no tarball of $name $version has SHA-256 $pin"
    case $file in
    *.debian.tar.*) tar -xf "$file" -C "$dest.new" ;;
    *) tar -xf "$file" -C "$dest.new" --strip-components=1 ;;
    esac
done
if [ -f "$dest.new/debian/patches/series" ]; then
    sed 's/[[:space:]]*\(#.*\)\{0,1\}$//' "$dest.new/debian/patches/series" |
    while read -r p; do
        [ -n "$p" ] || continue
        patch -s -d "$dest.new" -p1 < "$dest.new/debian/patches/$p" ||
            die "$name $version: patch $p does not apply"
    done
fi
echo "$pins" > "$dest.new/.pinned"
rm -rf "$dest" "$got"
mv "$dest.new" "$dest"
echo "fetched source $name $version"
