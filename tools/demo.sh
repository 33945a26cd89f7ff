#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Boots examples/c-http and shows an answered request. PORT chooses the port.
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-8080}
log=build/demo.log
build/hull run examples/c-http -p "$port:80" < /dev/null > "$log" 2>&1 &
pid=$!
trap 'kill "$pid" 2> /dev/null; wait "$pid" 2> /dev/null || true' EXIT
for _ in $(seq 100); do
    if curl -sf -o /dev/null --max-time 2 "http://127.0.0.1:$port/hello"; then
        echo "\$ curl -i http://127.0.0.1:$port/hello"
        curl -si --max-time 5 "http://127.0.0.1:$port/hello"
        cat "$log"
        exit 0
    fi
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.2
done
echo "no answer; what the guest said:" >&2
cat "$log" >&2
exit 1
