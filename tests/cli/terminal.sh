#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# On a terminal every key goes to the guest, Ctrl-C stops the machine, and
# the terminal is as before at the end. A stand-in plays QEMU.
. "$(dirname "$0")/common"
command -v python3 > /dev/null || skip "python3 is not installed"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
mkdir "$tmp/bin"
# It presses no button: QMP answers, and Ctrl-C must be given twice.
cat > "$tmp/bin/qemu-system-x86_64" <<'Q'
#!/usr/bin/env python3
import os, socket, sys, threading
at = [a for a in sys.argv if a.startswith("unix:")][0]
s = socket.socket(socket.AF_UNIX)
s.bind(at[5:].split(",")[0])
s.listen()
def qmp():
    c, _ = s.accept()
    c.sendall(b'{"QMP": {}}\n')
    while line := c.recv(4096):
        os.write(1, b"[" + line.strip() + b"]")
        c.sendall(b'{"return": {}}\n')
threading.Thread(target=qmp, daemon=True).start()
os.write(1, b"ready\n")
while data := os.read(0, 4096):
    os.write(1, data)
Q
chmod +x "$tmp/bin/qemu-system-x86_64"
export PATH=$tmp/bin:$PATH
cat > "$tmp/play.py" <<'P'
import os, pty, sys, termios, time, select
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "run", "t"])
before = termios.tcgetattr(fd)
seen = b""
def expect(text):
    global seen
    end = time.time() + 15
    while text not in seen:
        if time.time() > end or not select.select([fd], [], [], 15)[0]:
            sys.exit("no %r in %r" % (text, seen))
        try:
            seen += os.read(fd, 4096)
        except OSError:
            sys.exit("the end before %r in %r" % (text, seen))
    seen = seen[seen.index(text) + len(text):]
expect(b"ready")
os.write(fd, b"abc\x1a\x1c\x04z")
expect(b"abc\x1a\x1c\x04z")
os.write(fd, b"\x03")
expect(b"asked the program to stop")
expect(b"system_powerdown")
os.write(fd, b"\x03")
expect(b"killing the machine")
_, status = os.waitpid(pid, 0)
after = termios.tcgetattr(fd)
assert after[:4] == before[:4], "the terminal was not put back"
sys.exit(0 if os.waitstatus_to_exitcode(status) == 137 else "status %d" % status)
P
timeout 60 python3 "$tmp/play.py" "$HULL" || fail "see above"

# In the background it leaves the terminal alone, which would stop it.
cat > "$tmp/background.py" <<'P'
import os, pty, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.execv(sys.argv[1], [sys.argv[1], "run", "-q", "t"])
    os.setpgid(job, job)
    time.sleep(2)
    stopped, status = os.waitpid(job, os.WUNTRACED | os.WNOHANG)
    os.kill(job, signal.SIGKILL)
    os._exit(1 if stopped else 0)
_, status = os.waitpid(pid, 0)
sys.exit("it was stopped or ended" if status else 0)
P
timeout 60 python3 "$tmp/background.py" "$HULL" || fail "see above"

# While it waits for a port, the second signal kills the machine too.
port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
"$HULL" run -q t -p "$port:80" --wait-port "$port" > "$tmp/out" 2>&1 &
pid=$!
for _ in $(seq 50); do grep -q ready "$tmp/out" && break; sleep 0.1; done
kill -TERM $pid
sleep 0.5
kill -TERM $pid
for _ in $(seq 50); do kill -0 $pid 2> /dev/null || break; sleep 0.1; done
if kill -0 $pid 2> /dev/null; then
    pkill -KILL -P $pid
    kill -KILL $pid
    fail "it waits on after two signals"
fi
wait $pid
rc=$?
[ $rc -eq 143 ] || fail "status $rc after two signals, not 143"
