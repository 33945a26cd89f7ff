#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# nginx on Hull: static files by sendfile, ranges, keep-alive, its log on
# stdout, load without errors.
. "$(dirname "$0")/common-examples"
export PATH=$PATH:/usr/sbin
need_to_prepare nginx
need curl python3
prepare() {
    [ -e /etc/nginx/mime.types ] ||
        skip "this host has no /etc/nginx/mime.types"
    cp -r "$top/examples/nginx" "$tmp/app"
    seq 300000 > "$tmp/app/www/numbers.txt"
    "$HULL" build -q --fast "$tmp/app" || fail "cannot build it"
}
prepared
name=nginx
boot 80
is '<h1>Hello from nginx</h1>' eval 'get / | tail -n 1'
is text/html get / -o /dev/null -w '%{content_type}'
get /numbers.txt | cmp - "$tmp/app/www/numbers.txt" || fail "the file differs"
is $'2\n3' get /numbers.txt -r 2-4
is 206 get /numbers.txt -r 2-4 -o /dev/null -w '%{http_code}'
is 404 get /none -o /dev/null -w '%{http_code}'
url=http://127.0.0.1:$port/
is '1 0 0 ' curl -sS -o /dev/null -o /dev/null -o /dev/null \
    -w '%{num_connects} ' "$url" "$url" "$url"
if command -v wrk > /dev/null; then
    wrk -t 2 -c 32 -d 5 --timeout $((10 * SLOW)) "$url" > "$tmp/wrk" ||
        fail "wrk fails"
    ! grep -E 'Socket errors|Non-2xx' "$tmp/wrk" || fail "under load"
fi
console_has '"GET /numbers.txt HTTP/1.1" 206 3'
console_has '"GET /none HTTP/1.1" 404'
stop
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
not_here='HTTP/1.[01]" 200 [0-9]* "-" "-"'      # what wrk and the probe asked
as_on_linux
