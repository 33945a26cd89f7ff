#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# How `run` finds the program's status, with a stand-in for QEMU: the exit
# line in any pieces, QEMU's own status, a machine that dies.
. "$(dirname "$0")/common"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
mkdir "$tmp/bin"
export PATH=$tmp/bin:$PATH

# pretend STATUS TEXT SCRIPT: a QEMU that does SCRIPT; the output must be TEXT
pretend() {
    printf '#!/bin/bash\n%s\n' "$3" > "$tmp/bin/qemu-system-x86_64"
    chmod +x "$tmp/bin/qemu-system-x86_64"
    run "$1" timeout 20 "$HULL" run -q t
    printf "$2" | cmp - "$tmp/out" || fail "the output differs"
}

pretend 42 'hello\n' "printf 'hello\n\x1ehull-exit:42\n'; exit 85"
pretend 0 'no newline' "printf 'no newline\x1ehull-exit:0\n'; exit 1"
pretend 255 'x\n' "printf 'x\n\x1ehull-exit:255\r\n'; exit 255"
pretend 7 'ab' "printf 'ab'; for c in '\x1e' hull -ex it: 7; do
    printf -- \$c; sleep 0.02; done; printf '\n'"
pretend 3 '\x1ehull-exit:\x1ehull-exi\x1e\x1ehull-exit:x\n' \
    "printf '\x1ehull-exit:\x1ehull-exi\x1e\x1ehull-exit:x\n\x1ehull-exit:3\n'"
pretend 42 'out' "printf out; exit 85"
pretend 125 'out' "printf out; exit 0"
says "without saying how the program ended"
pretend 125 '' "echo 'qemu: no such thing' >&2; exit 1"
says "no such thing"
says "QEMU failed with status 1"
pretend 125 'half\x1ehull-ex' "printf 'half\x1ehull-ex'; kill -SEGV \$\$"
says "QEMU was killed by signal 11"

# the calls that the program missed, said at the end and not shown
printf '#!/bin/bash\nprintf "a\\x1ehull-missing:2 pkey_alloc, fork\\r\\n"
printf "\\x1ehull-exit:4\\n"\n' > "$tmp/bin/qemu-system-x86_64"
run 4 timeout 20 "$HULL" run t
[ "$(cat "$tmp/out")" = a ] || fail "the output differs"
says "hull: 2 unimplemented calls were used: pkey_alloc, fork"
# a folder's own Hullfile, if nothing is named
(cd "$tmp/p" && run 4 timeout 20 "$HULL" run) || exit 1
pretend 3 '\x1ehull-missing:x\n' \
    "printf '\x1ehull-missing:x\n\x1ehull-exit:3\n'"

# a great deal of output, none lost
printf '#!/bin/bash\nseq 200000\nprintf "\\x1ehull-exit:0\\n"\n' \
    > "$tmp/bin/qemu-system-x86_64"
run 0 timeout 60 "$HULL" run -q t
seq 200000 | cmp - "$tmp/out" || fail "output was lost"

# input reaches the machine; its end does not stop it
printf '#!/bin/bash\nread -r l; sleep 0.3; echo "got $l"
printf "\\x1ehull-exit:0\\n"\n' > "$tmp/bin/qemu-system-x86_64"
echo one | timeout 20 "$HULL" run -q t > "$tmp/out" || fail "status"
[ "$(cat "$tmp/out")" = "got one" ] || fail "input was lost"

# the end is Ctrl-D: one at the start of a line, two behind a part of one
# end_of_input INPUT BYTES QUOTED: the machine's first BYTES are QUOTED
end_of_input() {
    printf '#!/bin/bash\nread -r -d "" -n %d l; printf %%q "$l"\n%s\n' \
        $2 'printf "\x1ehull-exit:0\n"' > "$tmp/bin/qemu-system-x86_64"
    printf "$1" | timeout 20 "$HULL" run -q t > "$tmp/out" || fail "status"
    [ "$(cat "$tmp/out")" = "$3" ] || fail "the guest got $(cat "$tmp/out")"
}
end_of_input 'one\n' 5 "\$'one\\n\\004'"
end_of_input 'one' 5 "\$'one\\004\\004'"
end_of_input '' 1 "\$'\\004'"

# a signal twice kills the machine
printf '#!/bin/bash\nexec sleep 60\n' > "$tmp/bin/qemu-system-x86_64"
"$HULL" run -q t > /dev/null 2>&1 &
pid=$!
sleep 0.5
kill -TERM $pid
sleep 0.3
kill -TERM $pid 2> /dev/null
wait $pid
rc=$?
[ $rc -eq 137 ] || fail "status $rc after two signals, not 137"

# a reader that has gone ends a machine that writes on and does not stop
cat > "$tmp/bin/qemu-system-x86_64" <<'Q'
#!/usr/bin/env python3
import os, socket, sys, threading
at = [a for a in sys.argv if a.startswith("unix:")][0]
s = socket.socket(socket.AF_UNIX)
s.bind(at[5:].split(",")[0])
s.listen()
def qmp():
    c, _ = s.accept()
    c.sendall(b'{"QMP": {}}\n')
    while c.recv(4096):
        c.sendall(b'{"return": {}}\n')
threading.Thread(target=qmp, daemon=True).start()
while True:
    os.write(1, b"y\n")
Q
if command -v python3 > /dev/null; then
    timeout 30 "$HULL" run -q t 2> "$tmp/err" | head -n 1 > "$tmp/out"
    rc=${PIPESTATUS[0]}
    [ $rc -eq 137 ] || fail "status $rc without a reader, not 137"
fi

# more memory than there is
printf '#!/bin/bash\nexit 1\n' > "$tmp/bin/qemu-system-x86_64"
run 125 timeout 20 "$HULL" run -q -m 90000G t
says "the image asks for 87.9 TiB of memory, and this host has"
run 125 timeout 20 "$HULL" run -q -m 8M t
grep -q "this host has" "$tmp/err" && fail "a hint that is none"
exit 0
