#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# examples/c-http answers a client, with one CPU and with two, over virtio-mmio
# and over PCI with MSI-X.
set -u
: "${HULL:?set HULL to the path of the tool}"
tmp=$(mktemp -d)
trap 'kill $pid 2> /dev/null; rm -rf "$tmp"' EXIT
bad=0
pid=
export XDG_DATA_HOME=$tmp/data
$HULL build -q --format raw -o "$tmp/http.raw" examples/c-http || exit 1

ask() {
    local port=$1 i
    for i in $(seq 100); do
        curl -s -m 2 "http://127.0.0.1:$port/hello" && return
        sleep 0.2
    done
    return 1
}

port=18080
for how in "--machine microvm" "--machine q35 -c 2" "--machine pc -c 2" \
           "--bios"; do
    port=$((port + 1))
    # shellcheck disable=SC2086
    $HULL run $how -p "$port:80" "$tmp/http.raw" > "$tmp/log" 2>&1 &
    pid=$!
    ask "$port" > "$tmp/answer"
    for _ in $(seq 20); do
        curl -s -m 5 "http://127.0.0.1:$port/hello" || echo "none"
    done > "$tmp/answers"
    n=$(grep -c 'Hello from' "$tmp/answers")
    if [ "$n" -ne 20 ]; then
        echo "$how: $n of 20 answers"
        cat "$tmp/log"
        bad=1
    fi
    kill "$pid"; kill "$pid"        # twice: now
    wait "$pid" 2> /dev/null
done
exit $bad
