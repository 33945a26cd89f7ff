#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Load on the examples' servers, on 1 and 2 CPUs, three times each: requests a
# second, errors, and whether the kernel's own memory grows between the second
# and the third run.
#
# usage: bench/load.sh [SECONDS [SERVER...]]      servers: node nginx go redis
# CPUS="1 2" and CONNECTIONS=64 unless said; REDIS_TESTS=set,get names less than
# redis-benchmark's own list. Needs wrk, redis-benchmark, what the examples
# need, and see bench/wired. Exit 1 if there were errors or growth.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/wired"
seconds=${1:-30}
[ $# -gt 0 ] && shift
servers=${*:-node nginx go redis}
connections=${CONNECTIONS:-64}
bad=0
guest=10.9.1.2

# The example, its port, and how much memory it needs under that load: all
# that redis-benchmark writes goes to the append-only file, in memory.
example_of() {
    case $1 in
    node) echo node-express 3000 256M ;;
    nginx) echo nginx 80 64M ;;
    go) echo go-http 8000 128M ;;
    redis) echo redis 6379 1G ;;
    esac
}

# One run of load; a line with what it did.
load() {
    local p
    case $1 in
    redis)
        for p in 1 16; do
            timeout 3000 redis-benchmark -h $guest -n 100000 -P "$p" --csv \
                ${REDIS_TESTS:+-t "$REDIS_TESTS"} > "$tmp/out" 2>&1 || bad=1
            ! grep -i error "$tmp/out" || bad=1
            sed -n "s/^\"\([SG]ET\)\",\"\([0-9.]*\)\".*/-P $p \1 \2/p" \
                "$tmp/out" | tr '\n' ' '
            redis-cli -h $guest flushall > "$tmp/out"
        done ;;
    *)
        wrk -t 2 -c "$connections" -d "$seconds" --timeout 10 --latency \
            "http://$guest:$port/" > "$tmp/out" || bad=1
        ! grep -qE 'Socket errors|Non-2xx' "$tmp/out" || bad=1
        grep -E 'Requests/sec|Socket errors|Non-2xx|50%|99%' "$tmp/out" |
            tr -s ' \n' ' ' ;;
    esac
}

# What is in use of the kernel's own, from the last line of counters.
counters() {
    grep -a 'counters:' "$tmp/console" | tail -n 1 | tr -d '\r' |
        grep -o 'heap=.* pbufs=[0-9]*'
}
kernel_frames() {
    counters | sed 's/heap=\([0-9]*\) tables=\([0-9]*\).*/\1 \2/' |
        awk '{ print $1 + $2 }'
}

serve() {
    local server=$1 cpus=$2 name memory before=0 after=0 r
    read -r name port memory <<< "$(example_of "$server")"
    (wired 1 "$name" -c "$cpus" -m "$memory" --boot-arg stats=2) \
        > "$tmp/console" 2>&1 < /dev/null &
    pid=$!
    pids=($pid)
    until timeout 5 bash -c ": < /dev/tcp/$guest/$port"; do
        sleep 0.5
        kill -0 $pid || { cat "$tmp/console"; exit 1; }
    done 2> "$tmp/err"
    for r in 1 2 3; do
        load "$server" > "$tmp/line"
        sleep 8                     # what is closing has closed
        echo "$server, $cpus CPUs, run $r: $(cat "$tmp/line")"
        echo "    $(counters)"
        before=$after
        after=$(kernel_frames)
    done
    echo "$server, $cpus CPUs: kernel frames $before -> $after"
    [ "$after" -le $((before + before / 20 + 4)) ] || bad=1
    kill $pid
    wait $pid
}

if [ -z "$images" ]; then
    for s in $servers; do
        read -r name _ <<< "$(example_of "$s")"
        image "$name"
    done
    unplugged "$seconds" $servers
fi
wire 1
for s in $servers; do
    for c in ${CPUS:-1 2}; do
        serve "$s" "$c"
    done
done
exit $bad
