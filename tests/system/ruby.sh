#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Ruby on Hull: threads, queues, fibers, timers.
. "$(dirname "$0")/common-examples"
need_to_prepare ruby
need curl python3
example ruby
boot 8000 -c 2
sum=$(printf ahoy | sha256sum | cut -d ' ' -f 1)
is "{\"digest\":\"$sum\"}" get /digest/ahoy
crowd 8 /digest/n%d > "$tmp/crowd"
for i in 1 2 3 4 5 6 7 8; do
    grep -q "$(printf "n$i" | sha256sum | cut -d ' ' -f 1)" "$tmp/crowd" ||
        fail "answer $i is wrong"
done
is '{"slept":true}' get /sleep
is '{"squares":[0,1,4]}' get /fibers
is '{"error":"not found"}' get /
stop
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
as_on_linux
