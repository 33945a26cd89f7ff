#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every mistake in a Hullfile is named by file and line, with a remedy.
. "$(dirname "$0")/common"
project "$tmp/p"
cp "$tmp/p/Hullfile" "$tmp/good"

# bad LINE TEXT HULLFILE: building must fail at that line, saying TEXT
bad() {
    printf "$3" > "$tmp/p/Hullfile"
    run 1 "$HULL" build "$tmp/p"
    says "$tmp/p/Hullfile:$1: "
    says "$2"
    [ -e "$XDG_DATA_HOME/hull/images/t" ] && fail "an image was made"
    return 0
}

bad 2 "unknown key 'comand'; did you mean 'cmd'?" 'name: t\ncomand: /prog\n'
bad 1 "unknown key 'zebra'; the keys are" 'zebra: 1\ncmd: /prog\n'
bad 3 "which begins at line 2" 'name: t\ncmd: [/prog\n'
bad 1 "a Hullfile is a list" 'just text\n'
bad 1 "a Hullfile is a list" ''
bad 2 "already given at line 1" 'cmd: /prog\ncmd: /prog\n'
bad 1 "cannot name an image" 'name: ../up\ncmd: /prog\n'
bad 1 "open quote" 'cmd: /prog "a\n'
bad 1 "cmd is empty" 'cmd: []\n'
bad 2 "memory 'lots'" 'cmd: /prog\nmemory: lots\n'
bad 2 "memory '1K'" 'cmd: /prog\nmemory: 1K\n'
bad 2 "cpus '0'" 'cmd: /prog\ncpus: 0\n'
bad 4 "port '99999:80'" 'cmd: /prog\nports:\n  - 80:80\n  - 99999:80\n'
bad 4 "both want port 80 of the host" \
    'cmd: /prog\nports:\n  - 80:80\n  - 80:81\n'
bad 2 "port '80:80/xyz'" 'cmd: /prog\nports: [80:80/xyz]\n'
bad 3 "must be an absolute path" 'cmd: /prog\nfiles:\n  prog: prog\n'
bad 4 "already given at line 3" \
    'cmd: /prog\nfiles:\n  /prog: prog\n  //prog: prog\n'
bad 4 "/prog/x cannot be in the image: /prog is not a folder there" \
    'cmd: /prog\nfiles:\n  /prog: prog\n  /prog/x: prog\n'
bad 4 "/etc cannot be in the image: it is already a folder there" \
    'cmd: /prog\nfiles:\n  /etc/x: prog\n  /etc: prog\n'
bad 2 "wants lines of the form" 'cmd: /prog\nfiles: prog\n'
bad 3 "is no NAME=value" 'cmd: /prog\nenv:\n  - FOO\n'
bad 4 "FOO is given twice" 'cmd: /prog\nenv:\n  FOO: a\n  FOO: b\n'
bad 2 "workdir 'tmp' must be an absolute path" 'cmd: /prog\nworkdir: tmp\n'
bad 2 "is no host name" 'cmd: /prog\nhostname: a_b\n'
bad 2 "is not there" 'cmd: /prog\nrootfs: nowhere\n'
bad 2 "knows no time zone" \
    'cmd: /prog\ntz: Mars/Olympus\nfiles:\n  /prog: prog\n'
bad 2 "must be true or false" 'cmd: /prog\nca-certificates: maybe\n'
bad 1 "wants one value" 'name: [a]\ncmd: /prog\n'
bad 1 "build command failed with status 3" 'build: exit 3\ncmd: /prog\n'
bad 1 "the Maven registry cannot be reached" \
    'build: echo Could not transfer artifact x; exit 1\ncmd: /prog\n'
bad 1 "is neither in the image nor on this host" 'cmd: /no/such/program\n'
bad 1 "is not executable" 'cmd: /data\nfiles:\n  /data: Hullfile\n'
bad 2 "workdir /prog is no folder" \
    'cmd: /prog\nworkdir: /prog\nfiles:\n  /prog: prog\n'
echo 'echo hello' > "$tmp/p/text"
chmod +x "$tmp/p/text"
bad 1 "neither an ELF program nor a script" \
    'cmd: /t\nfiles:\n  /t: text\n'

bad 4 "a second document" \
    'cmd: /prog\nfiles: {/prog: prog}\n---\nname: second\n'

printf 'name: t\n' > "$tmp/p/Hullfile"
run 1 "$HULL" build "$tmp/p"
says "there is no cmd"
rm "$tmp/p/Hullfile"
run 1 "$HULL" build "$tmp/p"
says "there is no $tmp/p/Hullfile"
printf '%s\n' 'env:' '  # A: b' 'ports:' 'files:' '  /prog: prog' \
    'cmd: /prog' '...' > "$tmp/p/Hullfile"
run 0 "$HULL" build "$tmp/p" -o "$tmp/disk"
cp "$tmp/good" "$tmp/p/Hullfile"
run 0 "$HULL" build "$tmp/p"
