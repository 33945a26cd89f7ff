#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A Rust server on Hull: a pool of threads, channels, a panic caught.
. "$(dirname "$0")/common-examples"
need_to_prepare rustc
need curl python3
example rust-threads
boot 8000 -c 2
is 'ann 1' get /visit/ann
is 'ann 2' get /visit/ann
is 60060000 get /sum/16
is true get /sleep/50
is 'caught true' get /panic/now
is 'not found' get /
crowd 8 /visit/many > /dev/null
is 'many 9' get /visit/many
stop
[ "$status" -eq 143 ] || fail "SIGTERM ended it with $status"
as_on_linux
