#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `init` writes a Hullfile that the tool reads, for each kind of project.
. "$(dirname "$0")/common"

# made DIR LINE...: init in DIR must write these lines
made() {
    local dir=$1 line
    shift
    run 0 "$HULL" init "$dir"
    for line; do
        grep -qxF -- "$line" "$dir/Hullfile" ||
            fail "no '$line' in: $(cat "$dir/Hullfile")"
    done
}

for d in maven gradle npm python django rust php ruby make go none capstan; do mkdir "$tmp/$d"; done
printf '<project><parent><artifactId>p</artifactId><version>9</version>
</parent><artifactId>shop</artifactId><version>1.2</version></project>' \
    > "$tmp/maven/pom.xml"
made "$tmp/maven" '  /app.jar: target/shop-1.2.jar' 'name: maven' \
    'cmd: java -jar /app.jar'
touch "$tmp/gradle/build.gradle.kts"
made "$tmp/gradle" '  /app.jar: build/libs/gradle.jar'
touch "$tmp/npm/package.json" "$tmp/npm/index.js"
made "$tmp/npm" 'cmd: node index.js'
rm "$tmp/npm/Hullfile"
mkdir "$tmp/npm/src"
touch "$tmp/npm/src/shop.js"
echo '{"main": "src/shop.js"}' > "$tmp/npm/package.json"
made "$tmp/npm" 'cmd: node src/shop.js'
rm "$tmp/npm/Hullfile"
echo '{"main": "gone.js", "scripts": {"start": "node src/shop.js"}}' \
    > "$tmp/npm/package.json"
made "$tmp/npm" 'cmd: node src/shop.js'
touch "$tmp/python/requirements.txt" "$tmp/python/main.py"
made "$tmp/python" 'cmd: python3 main.py'
rm "$tmp/python/Hullfile"
printf 'FastAPI>=0.1\nuvicorn\n' > "$tmp/python/requirements.txt"
made "$tmp/python" '  PYTHONPATH: vendor' '  - 8000:8000' \
    'cmd: python3 -m uvicorn main:app --host 0.0.0.0 --port 8000'
rm "$tmp/python/Hullfile"
echo flask > "$tmp/python/requirements.txt"
mkdir -p "$tmp/python/.venv/bin"
touch "$tmp/python/.venv/bin/python"
made "$tmp/python" 'cmd: .venv/bin/python -m flask --app main run '\
'--host 0.0.0.0 --port 5000'
grep -q -e build -e vendor "$tmp/python/Hullfile" && fail "it has libraries"
touch "$tmp/django/manage.py"
made "$tmp/django" \
    'cmd: python3 manage.py runserver --noreload 0.0.0.0:8000'
printf '[package]\nname = "web-app"\n' > "$tmp/rust/Cargo.toml"
made "$tmp/rust" '  /web-app: target/release/web-app' 'cmd: /web-app'
touch "$tmp/php/index.php"
made "$tmp/php" 'cmd: php -S 0.0.0.0:8000 -t .'
touch "$tmp/ruby/app.rb"
made "$tmp/ruby" 'cmd: ruby app.rb'
touch "$tmp/make/Makefile"
made "$tmp/make" 'build: make' 'cmd: /make'
touch "$tmp/go/go.mod"
made "$tmp/go" '  /go: go'
run 1 "$HULL" init "$tmp/none"
says "nothing in $tmp/none says what it is"
run 1 "$HULL" init "$tmp/go"
says "is already there"

# where it cannot be written, no half one stays
if mount -t tmpfs -o size=4k tmpfs "$tmp/none" 2> /dev/null; then
    cleanup() { umount "$tmp/none"; }
    touch "$tmp/none/Makefile"
    head -c 4096 /dev/zero > "$tmp/none/full"
    run 1 "$HULL" init "$tmp/none"
    says "free some space"
    [ -e "$tmp/none/Hullfile" ] && fail "an empty Hullfile stays"
fi

# a converted Capstanfile makes the same image
cp "$(static_program)" "$tmp/capstan/prog"
cat > "$tmp/capstan/Capstanfile" <<'C'
base: osv-base
cmdline: --env=A="b c" --cwd=/d /prog "two words" back\\slash
files:
  /prog: &
C
run 0 "$HULL" build "$tmp/capstan" --format raw -o "$tmp/one"
made "$tmp/capstan" '  "/prog": "prog"'
run 0 "$HULL" build "$tmp/capstan" --format raw -o "$tmp/two"
cmp "$tmp/one" "$tmp/two" || fail "the converted one differs"
exit 0
