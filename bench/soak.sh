#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The Node and the Go example together under churn (bench/soak.py): no hang,
# and the kernel's own memory levels off. The churn comes in four parts. After
# the second, third and fourth all connections are closed and have had their
# minute in TIME_WAIT: what the kernel still holds then is its own.
#
# usage: bench/soak.sh [SECONDS]        of churn; 1200 unless said
# Needs what the two examples need, and see bench/wired. Exit 1 if an answer
# was wrong or late, or if memory grew between the second and the fourth part.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/wired"
seconds=${1:-1200}
if [ -z "$images" ]; then
    image node-express sh -c 'seq 12000 > public/big.txt'
    image go-http
    unplugged "$seconds"
fi

# begin N EXAMPLE PORT
begin() {
    wire "$1"
    (wired "$1" "$2" -c 2 --boot-arg stats=10) > "$tmp/console$1" 2>&1 \
        < /dev/null &
    pids+=($!)
    until curl -s -m 5 -o /dev/null "http://10.9.$1.2:$3/"; do
        kill -0 "${pids[-1]}" || { cat "$tmp/console$1"; exit 1; }
        sleep 0.5
    done
}

# What the last line of counters says is in use.
last() {
    grep -a counters: "$tmp/console$1" | tail -n 1 | tr -d '\r' |
        grep -o 'anon=.* pbufs=[0-9]*'
}
field() {
    grep -o "$2=[0-9]*" <<< "$1" | cut -d = -f 2
}

part() {
    local n clients=()
    for n in 1 2; do
        python3 "$top/bench/soak.py" "10.9.$n.2" "${ports[n]}" \
            $((seconds / 4)) / 1000 "${big[n]}" &
        clients[n]=$!
    done
    for n in 1 2; do
        wait "${clients[n]}" || bad=1
    done
}

# Sets now[N], when all has closed.
quiet() {
    local n i
    sleep 60
    for n in 1 2; do
        for ((i = 0; i < 12; i++)); do
            [ "$(field "$(last $n)" tcp)" -eq 0 ] && break
            sleep 10
        done
        now[n]=$(last $n)
        echo "${ports[n]} at rest: ${now[n]}"
    done
}

# level N NAME SLACK: what is used of it has grown by no more than SLACK
level() {
    local before after
    before=$(field "${second[$1]}" "$2")
    after=$(field "${now[$1]}" "$2")
    [ "$after" -le $((before + $3)) ] && return
    echo "${ports[$1]}: $2 grew from $before to $after"
    bad=1
}

# Sockets, pcbs and buffers must all be gone. Objects (KiB) may differ by what
# has not been asked for before; heap frames have holes, which move about.
# Tables follow the program's pages: one of each level for every 64 of them
# is what V8 needs, whose chunks of 256 KiB lie anywhere.
judge() {
    local more
    more=$(($(field "${now[$1]}" anon) - $(field "${second[$1]}" anon)))
    level "$1" sockets 0
    level "$1" tcp 0
    level "$1" pbufs 0
    level "$1" objects $(($(field "${second[$1]}" objects) / 50 + 16))
    level "$1" heap $(($(field "${second[$1]}" heap) / 20 + 8))
    level "$1" tables $((8 + (more > 0 ? more / 16 : 0)))
    ! grep -a 'kernel panic' "$tmp/console$1" || bad=1
}

bad=0
begin 1 node-express 3000
begin 2 go-http 8000
ports=(- 3000 8000)
big=(- /big.txt /)
part
part
quiet
second[1]=${now[1]} second[2]=${now[2]}
part
quiet
part
quiet
judge 1
judge 2
exit $bad
