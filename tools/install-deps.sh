#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs by apt what a Debian 12 machine lacks to build, run and test Hull.
# Does nothing, quickly, when all of it is there. Needs root to install.
# usage: tools/install-deps.sh [FURTHER-PACKAGE]...
set -eu
need="gcc make binutils python3 qemu-system-x86 qemu-utils erofs-utils
pkg-config dpkg-dev patch ca-certificates curl
libyaml-dev libjansson-dev libelf-dev libssl-dev libarchive-dev liblz4-dev
libcmocka-dev musl-tools wrk busybox-static cpio lz4 iproute2 $*"
missing=
for p in $need; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
if [ "$(id -u)" -ne 0 ]; then
    echo "not root: run  sudo apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing > /dev/null
