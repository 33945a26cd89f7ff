#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A Go server on Hull: goroutines over threads, preemption by signals, the
# collector, a clean end.
. "$(dirname "$0")/common-examples"
need_to_prepare go
need curl python3
example go-http
boot 8000 -c 2
is 'hello from Go' get /
is '{"path":"/visit/a","visits":1}' get /visit/a
is '{"path":"/visit/a","visits":2}' get /visit/a
is '{"total":52084}' get /workers/400
is '{"came back":true}' get /spin
console_has '2 processors'
if command -v wrk > /dev/null; then
    wrk -t 2 -c 32 -d 5 --timeout $((10 * SLOW)) \
        "http://127.0.0.1:$port/visit/w" > "$tmp/wrk" || fail "wrk fails"
    ! grep -E 'Socket errors|Non-2xx' "$tmp/wrk" || fail "under load"
fi
stop
console_has closed
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
as_on_linux
