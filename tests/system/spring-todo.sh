#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The reference story: examples/spring-todo by its Capstanfile, built by Maven,
# answers the whole cycle; the same disk by its BIOS loader on one CPU with a
# database in files, and by virt-install as it is. The first two stand a load
# of 32 connections, for SECONDS_OF_LOAD each.
. "$(dirname "$0")/common"
. "$top/tests/system/common-libvirt"
need python3 curl
need_to_prepare mvn jlink

prepare() {
    cp -r "$top/examples/spring-todo" "$tmp/todo"
    rm -rf "$tmp/todo/target" "$tmp/todo/Hullfile"
    (cd "$tmp/todo" && mvn -q -B package) > "$tmp/mvn" 2>&1 || {
        if grep -qiE 'could not transfer|unknown host|unresolvable|offline' \
            "$tmp/mvn"; then
            skip "the Maven registry cannot be reached"
        fi
        cat "$tmp/mvn"
        exit 1
    }
    "$HULL" build --no-build -t spring-todo "$tmp/todo" 2> "$tmp/err" ||
        fail "hull build"
    cat "$tmp/err"
    "$HULL" build -q --no-build --compress -o "$tmp/small.qcow2" "$tmp/todo" ||
        fail "hull build --compress"
    disk=$(find "$XDG_DATA_HOME/hull/images/spring-todo" -name 'disk.*')
    big=$(($(stat -c '%b' "$disk") * 512))
    small=$(($(stat -c '%b' "$tmp/small.qcow2") * 512))
    echo "qcow2 $big bytes on disk, compressed $small"
    [ $big -le 80000000 ] && [ $small -le 65000000 ] || fail "too large"
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

# 32 connections at once: nothing fails. QEMU lets them in one by one.
load() {
    command -v wrk > /dev/null || { echo "(no wrk: no load)"; return; }
    wrk -t 2 -c 32 -d "${SECONDS_OF_LOAD:-5}" --timeout 60 \
        "http://127.0.0.1:$port/api/todos" > "$tmp/wrk" 2>&1 || fail "wrk"
    grep -E 'requests in' "$tmp/wrk"
    ! grep -E 'Socket errors|Non-2xx' "$tmp/wrk" || fail "under load"
    grep -qE '[1-9][0-9]* requests in' "$tmp/wrk" || fail "no answers"
}

# try NAME OPTIONS...: runs the image and goes through the cycle
try() {
    echo "$*"
    shift
    port=$(free_port)
    : > "$tmp/err"
    "$HULL" run -q -p "$port:8080" --wait-port "$port" "$@" \
        > "$tmp/console" 2>&1 < /dev/null || fail "no answer"
    vm=$(pgrep -f "$HULL run .*-p $port:8080" | head -n 1)
    python3 "$tmp/cycle.py" "http://127.0.0.1:$port" || fail "the cycle"
    load
    kill "$vm"
    until_true 300 ended || fail "it does not stop"
    vm=
    console_says 'Graceful shutdown complete' ||
        fail "it did not stop by itself"
}
try "directly, two CPUs" -c 2 $(jit) spring-todo
try "by BIOS, one CPU, a database in files" --bios -c 1 \
    -e TODO_DB=file:/tmp/todo spring-todo

libvirt_there ||
    { echo "(libvirt is not installed: virt-install was not tried)"; exit 0; }
echo "by virt-install"
disk=$(find "$XDG_DATA_HOME/hull/images/spring-todo" -name 'disk.*')
libvirt_begin
libvirt_boot "$disk" 1024 8080
answers() {
    [ "$(curl -s -m $((20 * SLOW)) --noproxy '*' "http://127.0.0.1:$port/api/todos")" = \
        '[]' ]
}
until_true 600 answers || { cat "$virt/console"; fail "no answer by libvirt"; }
python3 "$tmp/cycle.py" "http://127.0.0.1:$port" || fail "the cycle"
libvirt_stop 300
grep -qa 'Graceful shutdown complete' "$virt/console" ||
    fail "virsh shutdown did not reach the program"
