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
crowd 8 /visit/many > /dev/null
is 9 get /visit/many
stop
console_has closed
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
as_on_linux
