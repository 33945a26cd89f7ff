#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# PHP's own server on Hull: scripts, plain files, uploads, file locks.
. "$(dirname "$0")/common-examples"
need_to_prepare php
need curl python3
example php
boot 8000
is '{"name":"ann","visits":1,"method":"GET","sent":0}' get '/?name=ann'
is '{"name":"ann","visits":2,"method":"GET","sent":0}' get '/?name=ann'
head -c 200000 /dev/zero > "$tmp/zeros"
is '{"name":"ben","visits":1,"method":"POST","sent":200000}' \
    get '/?name=ben' -H 'Content-Type: text/plain' --data-binary "@$tmp/zeros"
is 'a plain file' get /plain.txt
! grep -i warning "$tmp/console" || fail "PHP warns"
stop
# the server logs a connection that asks nothing too: those that see if it is up
not_here='GET /.\[0m\|Accepted\|Closing\|Closed without'
as_on_linux
