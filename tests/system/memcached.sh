#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# memcached on Hull: four threads, text protocol, many connections at once.
. "$(dirname "$0")/common-examples"
need_to_prepare memcached
need python3
example memcached
probe=version     # it takes HTTP for an attack and hangs up
boot 11211 -c 2
cat > "$tmp/client.py" <<'P'
import socket, sys, threading

def talk(n):
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 120)
    f = s.makefile("rb")
    for i in range(50):
        value = bytes([65 + i % 26]) * (i * 37 % 4000)
        s.sendall(b"set k%d-%d 0 0 %d\r\n%s\r\n" % (n, i, len(value), value))
        assert f.readline() == b"STORED\r\n"
        s.sendall(b"get k%d-%d\r\n" % (n, i))
        assert f.readline() == b"VALUE k%d-%d 0 %d\r\n" % (n, i, len(value))
        assert f.read(len(value) + 7) == value + b"\r\nEND\r\n"
    s.sendall(b"incr shared 1\r\n")
    f.readline()
    s.close()

s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 120)
f = s.makefile("rb")
s.sendall(b"set shared 0 0 1\r\n0\r\n")
assert f.readline() == b"STORED\r\n"
failures = []
threading.excepthook = lambda a: failures.append(a.exc_value)
team = [threading.Thread(target=talk, args=(n,)) for n in range(20)]
for t in team:
    t.start()
for t in team:
    t.join()
assert not failures, failures
s.sendall(b"get shared\r\n")
assert f.readline() == b"VALUE shared 0 2\r\n" and f.readline() == b"20\r\n"
assert f.readline() == b"END\r\n"
s.sendall(b"stats\r\n")
stats = dict(line.split()[1:3] for line in iter(f.readline, b"END\r\n"))
assert stats[b"threads"] == b"4" and stats[b"cmd_set"] == b"1001", stats
print("content")
P
client_of() {
    timeout -k 5 120 ${via[$1]} python3 "$tmp/client.py" "${at[$1]%:*}" \
        "${at[$1]#*:}" | tee -a "$tmp/talk.$1"
}
is content kept client_of
stop
as_on_linux
