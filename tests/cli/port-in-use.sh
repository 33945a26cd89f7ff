#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A port that is taken is an error before anything starts.
. "$(dirname "$0")/common"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
python3 - > "$tmp/ports" <<'P' &
import socket, time
t = socket.socket(); t.bind(("0.0.0.0", 0)); t.listen()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("0.0.0.0", 0))
print(t.getsockname()[1], u.getsockname()[1], flush=True)
time.sleep(60)
P
holder=$!
cleanup() { kill $holder; }
for _ in $(seq 50); do [ -s "$tmp/ports" ] && break; sleep 0.1; done
read -r tcp udp < "$tmp/ports"
run 125 timeout 20 "$HULL" run t -p "$tcp:80"
says "port $tcp of this host is already in use"
run 125 timeout 20 "$HULL" run t -p "$udp:80/udp"
says "port $udp of this host is already in use"
run 2 timeout 20 "$HULL" run t -p 8080:80 -p 8080:81
says "both want port 8080 of this host"
run 0 "$HULL" run --dry-run t -p 127.0.0.1:8080:80 -p 127.0.0.2:8080:81

# an address in front, as docker has it: only that one is taken
run 0 "$HULL" run --dry-run t -p 127.0.0.1:8080:80 -p 127.0.0.1:53:53/udp
grep -q 'hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:53-:53' \
    "$tmp/out" || fail "the address is lost: $(cat "$tmp/out")"
run 125 timeout 20 "$HULL" run t -p "127.0.0.1:$tcp:80"
says "port $tcp of this host is already in use"
run 125 timeout 20 "$HULL" run t -p 192.0.2.1:8080:80
says "this host has no such address"
for bad in 127.0.0:80:80 :80:80 1.2.3.4:80 a:80:80 1:2:3:4 127.0.0.1::80; do
    run 2 "$HULL" run t -p "$bad"
    says "is not understood"
done
