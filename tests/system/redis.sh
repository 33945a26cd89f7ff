#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Redis on Hull: its commands, the append-only file, expiry, a save that works
# and a background save that says why it cannot; redis-benchmark.
. "$(dirname "$0")/common-examples"
need_to_prepare redis-server
need redis-cli redis-benchmark python3
example redis
boot 6379
cli_to() {
    local side=$1 host=${at[$1]}
    shift
    echo "== $*" >> "$tmp/talk.$side"
    ${via[$side]} redis-cli -h "${host%:*}" -p "${host#*:}" "$@" |
        tee -a "$tmp/talk.$side"
}
cli() { kept cli_to "$@"; }
cli_here() { redis-cli -p "$port" "$@"; }
is OK cli set greeting ahoy
is ahoy cli get greeting
is 3 cli rpush list a b c
is $'a\nb\nc' cli lrange list 0 -1
is 5 cli incrby count 5
is 15 cli eval 'return redis.call("incrby", KEYS[1], ARGV[1])' 1 count 10
is OK cli set brief x px 100
pause() { sleep 0.5; }
kept pause
is '' cli get brief
is OK cli save
cli_here bgsave | grep -q "^ERR" || fail "a background save did not fail"
cli_here bgrewriteaof | grep -q "^ERR" || fail "a rewrite did not fail"
sleep 1.5
[ "$(cli_here info persistence | tr -d '\r' | sed -n 's/^aof_current_size://p')" \
    -gt 100 ] || fail "the append-only file did not grow"
is ahoy cli get greeting
# QEMU's forwarding has a backlog of one: connections that come together wait
# for this host's retransmission, for seconds, so they are few
for pipeline in 1 16; do
    limit 100 redis-benchmark -p "$port" -n 5000 -c 3 -P "$pipeline" -q \
        -t set,get,lpush,lrange_100 > "$tmp/bench" 2>&1 ||
        fail "redis-benchmark: $(tr "\r" "\n" < "$tmp/bench" | tail -n 3)"
    ! grep -qi error "$tmp/bench" || fail "$(cat "$tmp/bench")"
done
is PONG cli ping
cli shutdown nosave 2> /dev/null
wait "$pid"
status=$?
pid=
[ "$status" -eq 0 ] || fail "it ended with $status"
# there is no fork here, and the host has limits and settings of its own
not_here='fork\|in background\|on background rewrite\|overcommit'
not_here+='\|maximum number of open files'
as_on_linux
