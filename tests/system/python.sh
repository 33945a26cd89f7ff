#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Python on Hull: asyncio, threads, sqlite3 in /tmp, no fork said clearly;
# then its own http.server.
. "$(dirname "$0")/common-examples"
need python3 curl
prepare() {
    app python
    mkdir "$tmp/web"
    seq 100000 > "$tmp/web/numbers"
    printf '%s\n' 'name: web' 'cmd: python3 -m http.server 8000 -d /srv' \
        'files:' '  /srv: .' 'memory: 128M' > "$tmp/web/Hullfile"
    "$HULL" build -q --fast "$tmp/web" || fail "cannot build http.server"
}
prepared
name=python
boot 8000 -c 2
is '{"name": "ann", "visits": 1}' get /visit/ann
is '{"name": "ann", "visits": 2}' get /visit/ann
is '{"threads": 8, "counted": 8000}' get /threads/8
is '{"slept": true}' get /sleep
is '{"spawn": "Function not implemented"}' get_here /spawn
is '{"error": "not found"}' get /nothing
crowd 8 /visit/many > /dev/null
is '{"name": "many", "visits": 9}' get /visit/many
stop
console_has "closed ('ok',)"
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
as_on_linux

name=web
boot 8000
get /numbers | cmp - "$tmp/web/numbers" || fail "the file differs"
get / | grep -q '<a href="numbers">' || fail "no listing"
is 404 get /missing -o /dev/null -w '%{http_code}'
stop
not_here='"GET / HTTP/1.0" 200'
as_on_linux
