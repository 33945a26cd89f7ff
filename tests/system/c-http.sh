#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# examples/c-http as a user meets it: requests of each kind, a load on 1 and
# on 4 CPUs, counters that agree before and after, a graceful stop.
# LONG=1: 100,000 requests each.
. "$(dirname "$0")/common-examples"
need wrk curl python3
requests=3000
[ -z "${LONG:-}" ] || requests=100000

prepare() {
    cp -r "$top/examples/c-http" "$tmp/app"
    head -c 3000000 /dev/urandom > "$tmp/app/www/big"
    "$HULL" build -q "$tmp/app" || fail "build"
}
prepared
name=c-http

# counters: "FREE THREADS SOCKETS TCP PBUFS" of the last line; what the page
# cache holds counts as free. The last line may be there only in part: one is
# taken when it goes on behind the last number.
whole='counters:.* pbufs=[0-9]* '
counters() {
    grep -a "$whole" "$tmp/console" | tail -n 1 | tr -d '\r' | awk '{
        for (i = 1; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] }
        print v["free"] + v["cached"], v["threads"], v["sockets"], v["tcp"],
              v["pbufs"] }'
}

lines() { grep -ac "$whole" "$tmp/console"; }

# fresh_counters: those of a line that began after the call
fresh_counters() {
    local had
    had=$(lines)
    until_true 20 eval '[ "$(lines)" -gt '"$((had + 1))"' ]' ||
        fail "no counters"
    counters
}

# two SIDE: two requests in one write, then the end of the input
two() {
    ${via[$1]} python3 -c 'import socket, sys
host, port = sys.argv[1].split(":")
s = socket.create_connection((host, int(port)), 60)
s.sendall(b"GET /hello HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\n")
s.shutdown(socket.SHUT_WR)
while data := s.recv(65536): sys.stdout.buffer.write(data)' "${at[$1]}" \
        > "$tmp/body"
    cat "$tmp/body" >> "$tmp/talk.$1"
}

pipelined() { kept two; grep -ac '^HTTP' "$tmp/body"; }

requests_of_each_kind() {
    is 'Hello from an unmodified C program.' get /hello
    get / | cmp - "$tmp/app/www/index.html" || fail "GET /"
    get /big | cmp - "$tmp/app/www/big" || fail "a big file"
    is 404 get /none -o /dev/null -w '%{http_code}'
    is 403 get /../http --path-as-is -o /dev/null -w '%{http_code}'
    is 405 get /hello -d text -o /dev/null -w '%{http_code}'
    get / -I | tr -d '\r' | grep -qx 'HTTP/1.1 200 OK' || fail "HEAD"
    get /hello -0 > /dev/null || fail "HTTP/1.0"
    is 2 pipelined
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

for cpus in 4 1; do         # the last is compared: no host lacks one CPU
    boot 80 -c $cpus --boot-arg stats=1
    url=http://127.0.0.1:$port
    requests_of_each_kind
    is 10 curl -s -m $((20 * SLOW)) --noproxy '*' -o /dev/null -o /dev/null \
        -w '%{num_connects}' "$url/" "$url/hello"
    limit 60 wrk -t 1 -c 64 -d 2 --timeout $((20 * SLOW)) "$url/hello" \
        > /dev/null
    sleep 2
    before=$(fresh_counters)
    load "$cpus CPUs"
    agree "$before"
    echo "$cpus CPUs: counters $before, then $(counters)"
    requests_of_each_kind
    stop
    [ "$status" -eq 0 ] || fail "status $status after SIGTERM"
    console_has "c-http: stopping"
done
not_here='counters:'
as_on_linux
