#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Load on the examples' servers, on 1 and 2 CPUs, three times each: requests a
# second, errors, and whether the kernel's own memory grows between the second
# and the third run.
#
# usage: bench/load.sh [SECONDS [SERVER...]]      servers: node nginx go redis
# CPUS="1 2", RUNS="1 2 3" and CONNECTIONS=64 unless said; REDIS_TESTS=set,get
# names less than redis-benchmark's own list. SYSTEM=linux puts the load on the
# Linux guest of bench/run.py with the same files, for comparison. Needs wrk,
# redis-benchmark, what the examples need, and see bench/wired. Exit 1 if there
# were errors or growth.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/wired"
seconds=${1:-30}
[ $# -gt 0 ] && shift
servers=${*:-node nginx go redis}
connections=${CONNECTIONS:-64}
bad=0
guest=10.9.1.2
system=${SYSTEM:-hull}

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

# The same with every connection answered once before the clock starts, for
# servers that accept one connection in each round of their event loop and
# answer all that are open in between (libuv 1.46 does): of 64 that knock at
# once the last wait for 64 rounds, on any system, and wrk counts that as
# time-outs. Here no answer may take as long.
answered() {
    local rate
    rate=$(printf 'GET / HTTP/1.1\r\nHost: hull\r\n\r\n' |
        "$tmp/load" $guest "$port" "$connections" "$seconds" 1 "HTTP/1.1 200")
    echo "$rate"
    awk '{ exit !(NF == 10 && $10 < 10e6) }' <<< "$rate" || bad=1
}

# One run of load; a line with what it did.
load() {
    local p errors='Socket errors|Non-2xx'
    case $1 in
    node) errors='connect [1-9]|read [1-9]|write [1-9]|Non-2xx' ;;
    esac
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
        ! grep -qE "$errors" "$tmp/out" || bad=1
        grep -E 'Requests/sec|Socket errors|Non-2xx|50%|99%' "$tmp/out" |
            tr -s ' \n' ' '
        [ "$1" != node ] || answered ;;
    esac
}

# What is in use of the kernel's own, from the last line of counters.
counters() {
    grep -a 'counters:' "$tmp/console" | tail -n 1 | tr -d '\r' |
        grep -o 'cached=.* pbufs=[0-9]*'
}
# Frames, KiB in objects (frames can be holes), and pages in files.
kernel_memory() {
    counters | tr = ' ' | awk '{ print $6 + $8, $10 + 0, $2 }'
}

# Until what is closing has closed; TIME_WAIT is with the client.
rest() {
    local i
    for ((i = 0; i < 15; i++)); do
        sleep 4
        ! counters | grep -q ' tcp=0 ' || return
    done
}

serve() {
    local server=$1 cpus=$2 name memory before=(0 0 0) after=(0 0 0) r more
    read -r name port memory <<< "$(example_of "$server")"
    if [ "$system" = linux ]; then
        wired_linux 1 "$name" "$cpus" 1G
    else
        wired 1 "$name" -c "$cpus" -m "$memory" --boot-arg stats=2
    fi > "$tmp/console" 2>&1 < /dev/null &
    pid=$!
    pids=($pid)
    until timeout 5 bash -c ": < /dev/tcp/$guest/$port"; do
        sleep 0.5
        kill -0 $pid || { cat "$tmp/console"; exit 1; }
    done 2> "$tmp/err"
    for r in ${RUNS:-1 2 3}; do
        load "$server" > "$tmp/line"
        echo "$server, $cpus CPUs, run $r: $(cat "$tmp/line")"
        [ "$system" = hull ] || continue
        rest
        echo "    $(counters)"
        before=("${after[@]}")
        after=($(kernel_memory))
    done
    if [ "$system" = hull ]; then
        # Redis' file of commands grows in memory: an index of 576 bytes for 64
        # pages.
        more=$(((after[2] - before[2]) / 100))
        more=$((more > 0 ? more : 0))
        echo "$server, $cpus CPUs: kernel frames ${before[0]} -> ${after[0]}," \
            "KiB of objects ${before[1]} -> ${after[1]}"
        [ "${after[0]}" -le $((before[0] + before[0] / 20 + 4 + more / 4)) ] ||
            bad=1
        [ "${after[1]}" -le $((before[1] + before[1] / 50 + 8 + more)) ] ||
            bad=1
    fi
    kill $pid
    wait $pid
}

if [ -z "$images" ]; then
    gcc -O2 -o "$tmp/load" "$top/bench/load.c" "$top/bench/client.c" || exit 1
    for s in $servers; do
        read -r name _ <<< "$(example_of "$s")"
        image "$name"
        [ "$system" = hull ] || linux_image "$name"
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
