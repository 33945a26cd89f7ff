#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Express on Hull: JSON, files, outgoing requests, workers, crypto, timers,
# a clean end on SIGTERM, and node's prompt on the console.
. "$(dirname "$0")/common-examples"
need_to_prepare node npm
need curl python3
prepare() {
    cp -r "$top/examples/node-express" "$tmp/app"
    (cd "$tmp/app" && timeout 100 npm install --omit=dev --no-audit \
        --no-fund --no-package-lock > "$tmp/npm.log" 2>&1) ||
        skip "npm cannot bring express:" \
            "$(grep -m 1 'npm err' -i "$tmp/npm.log")"
    "$HULL" build -q --fast --no-build "$tmp/app" || fail "cannot build it"
    node -e '
const c = require("crypto");
console.log(JSON.stringify({
  digest: c.createHash("sha256").update("hull").digest("hex"),
  key: c.pbkdf2Sync("hull", "salt", 1000, 16, "sha256").toString("hex"),
  random: 8 }))' > "$tmp/hash"
}
prepared
name=node-express
boot 3000 -c 2

json=(-H 'Content-Type: application/json')
is '{"id":1,"text":"ahoy"}' get /notes "${json[@]}" -d '{"text":"ahoy"}'
is '{"id":1,"text":"ahoy"}' get /notes/1
is '{"error":"no such note"}' get /notes/2
is '{"error":"text is missing"}' get /notes "${json[@]}" -d '{}'
is 400 get /notes -o /dev/null -w '%{http_code}' "${json[@]}" -d '{bad'
is '[{"id":1,"text":"ahoy"}]' get /notes
[ "$(get / | md5sum)" = "$(md5sum < "$tmp/app/public/index.html")" ] ||
    fail "the page differs"
is "$(cat "$tmp/hash")" get /hash
is '{"sum":12586269025}' get /worker/50
is '{"text":"one\ntwo\n","list":["a"],"size":8}' get /file
is '{"early":false,"late":false}' get /timer
[ "$(nproc)" -ne 2 ] && ask_os=get_here || ask_os=get
is '{"cpus":2,"platform":"linux","memory":true,"uptime":true}' $ask_os /os

mkdir "$tmp/host"
echo 'from the host' > "$tmp/host/x"
other=$(free_port)
python3 -m http.server -b 127.0.0.1 -d "$tmp/host" "$other" 2> /dev/null &
side=$!
listens 127.0.0.1 "$other"
is 'from the host' get "/fetch?url=http://10.0.2.2:$other/x"

stop
console_has 'closed'
[ "$status" -eq 0 ] || fail "SIGTERM ended it with $status"
as_on_linux 10.0.2.2 "$other" \
    python3 -m http.server -b 10.0.2.2 -d "$tmp/host" "$other"

# the prompt; a failing expression does not end it
printf '%s\n' '6 * 7' 'nothing.here' '[1,2].map(x => x * 2)' 'process.exit(3)' |
    limit 120 "$HULL" run -q node-express --cmd /usr/bin/node -- -i \
    > "$tmp/console" 2>&1
[ "${PIPESTATUS[1]}" -eq 3 ] || fail "the prompt ended otherwise"
console_has '42'
console_has 'ReferenceError: nothing is not defined'
console_has '[ 2, 4 ]'
