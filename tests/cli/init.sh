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

for d in maven gradle npm python make go none capstan; do mkdir "$tmp/$d"; done
printf '<project><parent><artifactId>p</artifactId><version>9</version>
</parent><artifactId>shop</artifactId><version>1.2</version></project>' \
    > "$tmp/maven/pom.xml"
made "$tmp/maven" '  /app.jar: target/shop-1.2.jar' 'name: maven' \
    'cmd: java -jar /app.jar'
touch "$tmp/gradle/build.gradle.kts"
made "$tmp/gradle" '  /app.jar: build/libs/gradle.jar'
touch "$tmp/npm/package.json" "$tmp/npm/index.js"
made "$tmp/npm" 'cmd: node index.js'
touch "$tmp/python/requirements.txt" "$tmp/python/main.py"
made "$tmp/python" 'cmd: python3 main.py'
touch "$tmp/make/Makefile"
made "$tmp/make" 'build: make' 'cmd: /make'
touch "$tmp/go/go.mod"
made "$tmp/go" '  /go: go'
run 1 "$HULL" init "$tmp/none"
says "nothing in $tmp/none says what it is"
run 1 "$HULL" init "$tmp/go"
says "is already there"

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
