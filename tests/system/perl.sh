#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Perl on Hull: select(), signals, extension modules.
. "$(dirname "$0")/common-examples"
need_to_prepare perl
need curl python3
example perl
boot 8000
is 1 get /visit/ann
is 2 get /visit/ann
is "$(printf ahoy | sha256sum | cut -d ' ' -f 1)" get /digest/ahoy
is 1971 get /year
is 'bow hull keel mast' get /sorted
is 'not found' get /
for i in 1 2 3 4 5 6 7 8; do get /visit/many > /dev/null & done
wait $(jobs -p | grep -v "^$pid$")
is 9 get /visit/many
stop
console_has closed
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
