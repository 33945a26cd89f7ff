#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# examples/c-http as a user meets it: requests of each kind, a load on 1 and
# on 4 CPUs, counters that agree before and after, a graceful stop.
# LONG=1: 100,000 requests each.
. "$(dirname "$0")/common"
need wrk curl
requests=3000
[ -z "${LONG:-}" ] || requests=100000

prepare() {
    cp -r "$top/examples/c-http" "$tmp/app"
    head -c 3000000 /dev/urandom > "$tmp/app/www/big"
    "$HULL" build -q "$tmp/app" || fail "build"
}
prepared

get() { curl -s -m $((20 * SLOW)) --noproxy '*' "$@"; }
answers() { get -o /dev/null "$url/"; }

# counters: "FREE THREADS SOCKETS TCP PBUFS" of the last line; what the page
# cache holds counts as free
counters() {
    grep -a 'counters:' "$tmp/console" | tail -n 1 | tr -d '\r' | awk '{
        for (i = 1; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] }
        print v["free"] + v["cached"], v["threads"], v["sockets"], v["tcp"],
              v["pbufs"] }'
}

lines() { grep -ac 'counters:' "$tmp/console"; }

# fresh_counters: those of a line that began after the call
fresh_counters() {
    local had
    had=$(lines)
    until_true 20 eval '[ "$(lines)" -gt '"$((had + 1))"' ]' ||
        fail "no counters"
    counters
}

requests_of_each_kind() {
    [ "$(get "$url/hello")" = "Hello from an unmodified C program." ] ||
        fail "GET /hello"
    get "$url/" | cmp - "$tmp/app/www/index.html" || fail "GET /"
    get "$url/big" | cmp - "$tmp/app/www/big" || fail "a big file"
    [ "$(get -o /dev/null -w '%{http_code}' "$url/none")" = 404 ] ||
        fail "404"
    get -I "$url/" | tr -d '\r' | grep -qx 'HTTP/1.1 200 OK' || fail "HEAD"
    [ "$(get -o /dev/null -o /dev/null -w '%{num_connects}' \
        "$url/" "$url/hello")" = 10 ] || fail "keep-alive"
}

# load: $requests requests over 64 kept connections, in bursts of wrk
load() {
    local done=0 n
    while [ $done -lt $requests ]; do
        limit 90 wrk -t 1 -c 64 -d 4 --timeout $((20 * SLOW)) "$url/hello" \
            > "$tmp/wrk" || fail "wrk"
        ! grep -E 'Socket errors|Non-2xx' "$tmp/wrk" || fail "errors of wrk"
        n=$(awk '/requests in/ { print $1 }' "$tmp/wrk")
        [ "$n" -gt 0 ] || fail "no request answered"
        done=$((done + n))
    done
    echo "$1: $done requests"
}

# agree "BEFORE": later counters settle at the same level. A hundred frames
# are allowed for: heap slabs that stay for next time.
agree() {
    local f t s p b F T S P B
    read -r f t s p b <<< "$1"
    for _ in 1 2 3 4 5 6 7 8; do
        read -r F T S P B <<< "$(fresh_counters)"
        [ "$T $S $P" = "$t $s $p" ] && [ "$B" -le $((b + 4)) ] &&
            [ "$F" -ge $((f - 100)) ] && return
    done
    fail "counters: free, threads, sockets, tcp, pbufs $1, then $F $T $S $P $B"
}

for cpus in 1 4; do
    port=$(free_port)
    url=http://127.0.0.1:$port
    start "$HULL" run c-http -p "$port:80" -c $cpus --boot-arg stats=1
    until_true 40 answers || fail "no answer on $cpus CPUs"
    requests_of_each_kind
    limit 60 wrk -t 1 -c 64 -d 2 --timeout $((20 * SLOW)) "$url/hello" \
        > /dev/null
    sleep 2
    before=$(fresh_counters)
    load "$cpus CPUs"
    agree "$before"
    echo "$cpus CPUs: counters $before, then $(counters)"
    requests_of_each_kind
    kill -TERM $vm
    wait $vm
    status=$?
    vm=
    [ $status -eq 0 ] || fail "status $status after SIGTERM"
    console_says "c-http: stopping" || fail "the SIGTERM handler did not run"
done
