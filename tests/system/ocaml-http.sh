#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An OCaml server on Hull: threads under one master lock, the collector.
. "$(dirname "$0")/common-examples"
need_to_prepare ocamlopt
need curl python3
example ocaml-http
boot 8000
is 'ann 1' get /visit/ann
is 'ann 2' get /visit/ann
is 65536 get /tree/16
is 8000 get /threads/8
is true get /sleep
is 'not found' get /
crowd 8 /visit/many > /dev/null
is 'many 9' get /visit/many
stop
console_has closed
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
as_on_linux
