#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The Node and the Go example together under churn (bench/soak.py): no hang,
# and the kernel's own memory levels off.
#
# usage: bench/soak.sh [SECONDS]        1200 unless said
# Needs what the two examples need, and see bench/wired. Exit 1 if an answer
# was wrong or late, or if memory grew over the second half.
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

# The kernel's frames, sockets, pcbs and buffers of the last counters, and the
# most frames, or KiB of heap objects, of a part of the lines: FROM and TO in
# percent. Frames hold fragments too, and the tables of the program's own pages.
last() {
    grep -a counters: "$tmp/console$1" | tail -n 1 | tr -d '\r' |
        grep -o 'heap=.* pbufs=[0-9]*'
}
most() {
    grep -a counters: "$tmp/console$1" | tr -d '\r' |
        sed 's/.*heap=\([0-9]*\) tables=\([0-9]*\) objects=\([0-9]*\).*/\1 \2 \3/' |
        awk -v from="$2" -v to="$3" -v what="${4:-frames}" '
            { f[NR] = what == "objects" ? $3 : $1 + $2 } END {
            for (i = 1; i <= NR; i++)
                if (i * 100 > from * NR && i * 100 <= to * NR && f[i] > m)
                    m = f[i]
            print m }'
}

bad=0
begin 1 node-express 3000
begin 2 go-http 8000
ports=(- 3000 8000)
big=(- /big.txt /)
for n in 1 2; do
    echo "${ports[n]} at first: $(last $n)"
    python3 "$top/bench/soak.py" "10.9.$n.2" "${ports[n]}" "$seconds" / \
        1000 "${big[n]}" &
    clients[n]=$!
done
for n in 1 2; do
    wait "${clients[n]}" || bad=1
done
for n in 1 2; do
    third=$(most $n 50 75) fourth=$(most $n 75 100)
    echo "${ports[n]} kernel frames, most in each quarter:" \
        "$(most $n 0 25) $(most $n 25 50) $third $fourth"
    echo "${ports[n]} KiB of heap objects, the same:" \
        "$(most $n 0 25 objects) $(most $n 25 50 objects)" \
        "$(most $n 50 75 objects) $(most $n 75 100 objects)"
    [ "$fourth" -le $((third + third / 50 + 4)) ] || bad=1
done
sleep 30                            # what is closing has closed
for n in 1 2; do
    echo "${ports[n]} at the end: $(last $n)"
    ! grep -a 'kernel panic' "$tmp/console$n" || bad=1
done
exit $bad
