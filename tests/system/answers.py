# SPDX-License-Identifier: BSD-2-Clause
"""Whether the guest behind a forwarded port answers anything to a request
(a line given as the second argument, else HTTP's).
QEMU accepts connections by itself, so an open one says nothing. The request
is one that servers of other protocols answer too, if only by an error."""
import socket
import sys

alive = False
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2) as s:
        s.settimeout(5)
        s.sendall(sys.argv[2].encode() + b"\r\n" if len(sys.argv) > 2
                  else b"GET / HTTP/1.0\r\n\r\n")
        alive = s.recv(1) != b""
        s.settimeout(0.5)       # closing with bytes unread would be a reset
        while s.recv(65536):
            pass
except OSError:
    pass
sys.exit(not alive)
