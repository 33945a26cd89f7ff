#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The reference story: examples/spring-todo by its Capstanfile, built by Maven,
# answers the whole cycle; the same disk by its BIOS loader on one CPU.
. "$(dirname "$0")/common"
need python3
need_to_prepare mvn jlink
pid=
trap '[ -n "$pid" ] && kill -9 $pid 2> /dev/null; rm -rf "$tmp"' EXIT

prepare() {
    cp -r "$top/examples/spring-todo" "$tmp/todo"
    rm -rf "$tmp/todo/target" "$tmp/todo/Hullfile"
    (cd "$tmp/todo" && mvn -q -B package) > "$tmp/mvn" 2>&1 || {
        if grep -qiE 'could not transfer|unknown host|unresolvable|offline' \
            "$tmp/mvn"; then
            echo "the Maven registry cannot be reached"
            exit 77
        fi
        cat "$tmp/mvn"
        exit 1
    }
    "$HULL" build --no-build -t spring-todo "$tmp/todo" 2> "$tmp/log" ||
        { cat "$tmp/log"; exit 1; }
    cat "$tmp/log"
    "$HULL" build -q --no-build --compress -o "$tmp/small.qcow2" "$tmp/todo" ||
        exit 1
    disk=$(find "$XDG_DATA_HOME/hull/images/spring-todo" -name 'disk.*')
    big=$(($(stat -c '%b' "$disk") * 512))
    small=$(($(stat -c '%b' "$tmp/small.qcow2") * 512))
    echo "qcow2 $big bytes on disk, compressed $small"
    [ $big -le 80000000 ] && [ $small -le 65000000 ] || exit 1
    rm "$tmp/small.qcow2"
}
prepared

cat > "$tmp/cycle.py" <<'P'
import json, sys, urllib.error, urllib.request

base = sys.argv[1]

def call(method, path, body=None, raw=None):
    data = raw if raw is not None else body and json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, method=method,
        headers={"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in b"{[" \
                and text else text
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())

def check(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, not {want!r}")

status, todo = call("POST", "/api/todos", {"title": " milk "})
check("create", (status, todo["title"], todo["done"]), (201, "milk", False))
at = f"/api/todos/{todo['id']}"
check("get", call("GET", at), (200, todo))
check("list", call("GET", "/api/todos"), (200, [todo]))
status, new = call("PUT", at, {"title": "bread", "done": True})
check("update", (status, new), (200, {**todo, "title": "bread",
                                      "done": True}))
check("open", call("GET", "/api/todos?done=false"), (200, []))
status, error = call("POST", "/api/todos", {"title": " "})
check("blank", (status, error["fields"]), (400,
      {"title": "must not be blank"}))
status, error = call("POST", "/api/todos", {"title": "x" * 201})
check("long", (status, list(error["fields"])), (400, ["title"]))
check("no JSON", call("POST", "/api/todos", raw=b"{")[0], 400)
check("no number", call("GET", "/api/todos/x")[0], 400)
check("delete", call("DELETE", at), (204, b""))
status, error = call("GET", at)
check("gone", (status, error["detail"]), (404,
      f"there is no todo {todo['id']}"))
check("no page", call("GET", "/nothing")[0], 404)
status, health = call("GET", "/actuator/health")
check("health", (status, health["status"],
                 health["components"]["db"]["status"]), (200, "UP", "UP"))
status, metric = call("GET", "/actuator/metrics/todo.created")
check("metric", (status, metric["measurements"][0]["value"]), (200, 1.0))
status, page = call("GET", "/")
check("page", (status, b"<title>Todos</title>" in page), (200, True))
print("the whole cycle")
P

# try NAME OPTIONS...: runs the image and goes through the cycle
try() {
    local port
    echo "$*"
    shift
    port=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$HULL" run -q -p "$port:8080" --wait-port "$port" "$@" > "$tmp/run" 2>&1 ||
        { tail -n 40 "$tmp/run"; return 1; }
    pid=$(pgrep -f "$HULL run .*-p $port:8080" | head -n 1)
    python3 "$tmp/cycle.py" "http://127.0.0.1:$port" || {
        tail -n 40 "$tmp/run"
        return 1
    }
    kill "$pid"
    for _ in $(seq $((600 * SLOW))); do
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.1
    done
    grep -q 'Graceful shutdown complete' "$tmp/run" ||
        { echo "it did not stop by itself"; return 1; }
    pid=
}
try "directly, two CPUs" -c 2 spring-todo || exit 1
try "by BIOS, one CPU" --bios spring-todo || exit 1
