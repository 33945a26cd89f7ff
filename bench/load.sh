#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Load on the examples' servers, on 1 and 2 CPUs, three times each: requests a
# second, errors, and whether the kernel's own memory grows between the second
# and the third run.
#
# usage: bench/load.sh [SECONDS [SERVER...]]      servers: node nginx go redis
# Needs wrk, redis-benchmark and what the examples need. Exit 1 if there were
# errors or growth.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
: "${HULL:=$top/build/hull}"
seconds=${1:-30}
[ $# -gt 0 ] && shift
servers=${*:-node nginx go redis}
connections=${CONNECTIONS:-64}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hull-load-XXXXXX")
export XDG_DATA_HOME=$tmp/data
pid=
trap '[ -z "$pid" ] || kill -9 $pid; rm -rf "$tmp"' EXIT
bad=0

example_of() {
    case $1 in
    node) echo node-express 3000 ;;
    nginx) echo nginx 80 ;;
    go) echo go-http 8000 ;;
    redis) echo redis 6379 ;;
    esac
}

# One run of load; a line with what it did.
load() {
    case $1 in
    redis)
        # forwarding has a backlog of one: few connections, see tests/system
        for p in 1 16; do
            timeout 600 redis-benchmark -p "$port" -n 100000 -c 3 -P "$p" \
                -t set,get --csv > "$tmp/out" 2>&1 || bad=1
            grep -qi error "$tmp/out" && bad=1
            sed -n "s/^\"\([SG]ET\)\",\"\([0-9.]*\)\".*/-P $p \1 \2/p" \
                "$tmp/out" | tr '\n' ' '
        done ;;
    *)
        wrk -t 2 -c "$connections" -d "$seconds" --timeout 30 \
            "http://127.0.0.1:$port/" > "$tmp/out"
        grep -qE 'Socket errors|Non-2xx' "$tmp/out" && bad=1
        grep -E 'Requests/sec|Socket errors|Non-2xx' "$tmp/out" |
            tr -s ' \n' ' ' ;;
    esac
}

# Frames of the kernel's own, from the last line of counters.
kernel_frames() {
    grep -a 'counters:' "$tmp/console" | tail -n 1 | tr -d '\r' |
        sed 's/.*heap=\([0-9]*\) tables=\([0-9]*\).*/\1 \2/' |
        awk '{ print $1 + $2 }'
}

serve() {
    local server=$1 cpus=$2 name guest before=0 after=0 r
    read -r name guest <<< "$(example_of "$server")"
    port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$HULL" run -q "$name" -p "$port:$guest" -c "$cpus" --boot-arg stats=2 \
        > "$tmp/console" 2>&1 < /dev/null &
    pid=$!
    until python3 "$top/tests/system/answers.py" "$port"; do
        sleep 0.5
        kill -0 $pid || exit 1
    done
    for r in 1 2 3; do
        load "$server" > "$tmp/line"
        echo "$server, $cpus CPUs, run $r: $(cat "$tmp/line")"
        sleep 8                     # what is closing has closed
        before=$after
        after=$(kernel_frames)
    done
    echo "$server, $cpus CPUs: kernel frames $before -> $after"
    [ "$after" -le $((before + before / 20 + 4)) ] || bad=1
    kill $pid
    wait $pid
    pid=
}

for s in $servers; do
    read -r name _ <<< "$(example_of "$s")"
    cp -r "$top/examples/$name" "$tmp/$name"
    "$HULL" build -q --fast -t "$name" "$tmp/$name" || exit 1
    for c in 1 2; do
        serve "$s" "$c"
    done
done
exit $bad
