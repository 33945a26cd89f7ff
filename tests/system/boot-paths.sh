#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# One image gives the same answer by every way to boot it: the kernel directly
# on each machine type, the disk by its BIOS loader, from the store and from a
# file. Arguments, environment, folder, host name and exit status arrive.
. "$(dirname "$0")/common"
prepare() {
    cat > "$tmp/facts.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int in_hosts(const char *name)
{
    char line[256], address[64], host[64];
    FILE *f = fopen("/etc/hosts", "r");
    int found = 0;

    while (f && fgets(line, sizeof(line), f))
        found |= sscanf(line, "%63s %63s", address, host) == 2 &&
                 !strcmp(host, name);
    return found;
}

int main(int argc, char **argv)
{
    char text[256];

    for (int i = 0; i < argc; i++) {
        printf("arg %s\n", argv[i]);
    }
    printf("env %s\n", getenv("COLOR") ? getenv("COLOR") : "none");
    printf("cwd %s\n", getcwd(text, sizeof(text)) ? text : "none");
    printf("host %s\n", gethostname(text, sizeof(text)) ? "none" : text);
    printf("host is %sin /etc/hosts\n", in_hosts(text) ? "" : "not ");
    fflush(stdout);
    return 42;
}
C
    cc -static -O2 -o "$tmp/facts" "$tmp/facts.c" || exit 1
    cat > "$tmp/Hullfile" <<'H'
name: facts
files:
  /usr/bin/facts: facts
cmd: facts one "two three"
env:
  COLOR: "deep blue"
workdir: /var/lib/facts
hostname: harbour
memory: 32M
H
    "$HULL" build -q "$tmp" || exit 1
    sed -i '/^hostname/d' "$tmp/Hullfile"
    "$HULL" build -q "$tmp" -t nameless || exit 1
    echo 'hostname: harbour' >> "$tmp/Hullfile"
    "$HULL" build -q "$tmp" --format raw -o "$tmp/facts.raw" || exit 1
}
prepared
bad=0

# check WANT OPTIONS...: runs it; what it prints must be the file WANT
check() {
    local want=$1 rc
    shift
    limit 60 "$HULL" run -q "$@" < /dev/null 2> "$tmp/err" | tr -d '\r' |
        grep -a '^\(arg\|env\|cwd\|host\) ' > "$tmp/out"
    rc=${PIPESTATUS[0]}
    if [ "$rc" -ne 42 ] || ! diff "$want" "$tmp/out"; then
        echo "hull run $*: status $rc"
        cat "$tmp/err"
        bad=1
    fi
}

printf '%s\n' 'arg /usr/bin/facts' 'arg one' 'arg two three' 'env deep blue' \
    'cwd /var/lib/facts' 'host harbour' 'host is in /etc/hosts' \
    > "$tmp/plain"
check "$tmp/plain" facts
check "$tmp/plain" facts --machine q35
check "$tmp/plain" facts --machine pc -c 2
check "$tmp/plain" facts --bios
check "$tmp/plain" facts --bios --machine q35 -c 2
check "$tmp/plain" "$tmp/facts.raw"
check "$tmp/plain" "$tmp/facts.raw" --bios -m 16
check "$tmp/plain" facts --no-net -m 8
sed 's/^host harbour/host hull/' "$tmp/plain" > "$tmp/nameless"
check "$tmp/nameless" nameless
check "$tmp/nameless" nameless --no-net

printf '%s\n' 'arg /usr/bin/facts' 'arg a "quoted" \word' 'arg --' 'env a b' \
    'cwd /tmp' 'host port' 'host is in /etc/hosts' > "$tmp/other"
for how in --machine=microvm --bios; do
    check "$tmp/other" facts $how -e 'COLOR=a b' --boot-arg cwd=/tmp \
        --boot-arg hostname=port -- 'a "quoted" \word' --
done
exit $bad
