#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Wrong usage ends with status 2 and a way out; help with 0 on stdout.
. "$(dirname "$0")/common"
wrong() {
    local text=$1
    shift
    run 2 "$HULL" "$@"
    says "$text"
    [ -s "$tmp/out" ] && fail "wrong usage wrote to stdout: $*"
    return 0
}

run 2 "$HULL"
wrong "did you mean 'build'" buidl
wrong "there is no command 'xyzzy'" xyzzy
wrong "did you mean --memory" run --memroy 3 x
wrong "there is no option -z" run -z x
wrong "no option -d: 'hull run IMAGE &'" run -d x
wrong "no option --rm: nothing of a run is kept" run --rm x
wrong "no option --volume: files go into the image" run --volume=a:b x
wrong "needs a value" run x -m
wrong "run takes one image, folder or image file; here is no Hullfile" run
wrong "hull run a -- b" run a b
wrong "did you mean 'build'" help biuld
wrong "help takes one command" help run build
wrong "-p 80:x is not understood" run -p 80:x a
wrong "-e FOO is no NAME=VALUE" run -e FOO a
wrong "--accel must be" run --accel xen a
wrong "--machine must be" run --machine vax a
wrong "a microvm cannot boot a disk" run --bios --machine microvm a
wrong "with --bios the disk's kernel boots" run --bios --kernel k a
wrong "-m 1x" run -m 1x a
wrong "-c 0" run -c 0 a
wrong "--format must be" build --format vdi
wrong "cannot name an image" build -t a/b
wrong "takes no operand" images x
wrong "rmi needs the name" rmi
wrong "inspect takes one image" inspect
for c in init build run images rmi inspect doctor version help; do
    run 0 "$HULL" $c --help
    grep -q "^Usage: hull $c" "$tmp/out" || fail "no help for $c"
    run 0 "$HULL" help $c
done
run 0 "$HULL" version
run 0 "$HULL" --version
run 125 "$HULL" run nosuchimage
says "there is no image, folder or file 'nosuchimage'"
run 1 "$HULL" rmi nosuchimage
run 1 "$HULL" inspect nosuchimage
run 0 "$HULL" images --json
python3 -m json.tool "$tmp/out" > /dev/null || fail "images --json"
"$HULL" doctor --json > "$tmp/out" 2> "$tmp/err"
python3 -m json.tool "$tmp/out" > /dev/null || fail "doctor --json"

# every name that builds is listed, and none is left over
project "$tmp/p"
run 0 "$HULL" build "$tmp/p" -t tmp-a
run 0 "$HULL" images -q
grep -qx tmp-a "$tmp/out" || fail "tmp-a is not listed"
run 0 "$HULL" rmi --all
[ -z "$(ls -A "$XDG_DATA_HOME/hull/images")" ] || fail "something is left"

# an image's name with a slip
project "$tmp/p"
run 0 "$HULL" build "$tmp/p" -t web-shop
run 125 "$HULL" run web-shp
says "did you mean the image 'web-shop'?"
run 1 "$HULL" inspect webshop
says "did you mean the image 'web-shop'?"

# doctor speaks of a store that cannot be made, as a finding
touch "$tmp/file"
run 1 env XDG_DATA_HOME="$tmp/file" "$HULL" doctor --json
python3 -m json.tool "$tmp/out" > /dev/null || fail "doctor --json"
grep -q "a file is in its place" "$tmp/out" || fail "$(cat "$tmp/out")"
run 1 env XDG_DATA_HOME=/proc/none "$HULL" doctor
grep -q "MISSING  the folder for images" "$tmp/out" || fail "$(cat "$tmp/out")"

# the command of --dry-run is one that a shell reads back
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
run 0 "$HULL" run --dry-run t -e "A=it's \"so\""
eval "printf '%s\n' $(cat "$tmp/out")" > "$tmp/words"
grep -qF "it's" "$tmp/words" || fail "$(cat "$tmp/out")"
