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
