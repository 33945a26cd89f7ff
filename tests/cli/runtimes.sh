#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A command that names an interpreter brings its library and the program's
# folder, by the tables of cli/runtimes. The interpreter here is a stand-in
# that answers as Python does.
. "$(dirname "$0")/common"
command -v fsck.erofs > /dev/null || skip "no fsck.erofs"
mkdir -p "$tmp/py/lib/test" "$tmp/py/lib/__pycache__" "$tmp/py/lib/pkg/tests"
mkdir -p "$tmp/bin" "$tmp/app/.git" "$tmp/app/static"
cp "$(static_program)" "$tmp/py/python"
touch "$tmp/py/lib/os.py" "$tmp/py/lib/test/t.py" "$tmp/py/lib/pkg/tests/u.py"
touch "$tmp/py/lib/__pycache__/os.pyc" "$tmp/py/lib/pkg/a.py"
printf '#!/bin/sh\nprintf "%%s\\n" %s %s nonsense /not/there\n' \
    "$tmp/py/python" "$tmp/py/lib" > "$tmp/bin/python3"
chmod +x "$tmp/bin/python3"
export PATH=$tmp/bin:$PATH
touch "$tmp/app/app.py" "$tmp/app/.git/HEAD" "$tmp/app/static/x"
echo given > "$tmp/app/given"

build() {
    rm -f "$tmp/d.raw"
    run 0 "$HULL" build -q --fast --format raw -o "$tmp/d.raw" "$tmp/app"
    root_of "$tmp/d.raw"
}
has() { [ -e "$tmp/root/$1" ] || fail "the image lacks $1"; }
lacks() { [ ! -e "$tmp/root/$1" ] || fail "the image has $1"; }

echo 'cmd: python3 app.py' > "$tmp/app/Hullfile"
build
has "$tmp/py/python"
has "$tmp/py/lib/os.py"
has "$tmp/py/lib/pkg/a.py"
lacks "$tmp/py/lib/test"
lacks "$tmp/py/lib/pkg/tests"
lacks "$tmp/py/lib/__pycache__"
has app/app.py
has app/static/x
lacks app/.git
lacks app/Hullfile
[ -L "$tmp/root/usr/bin/python3" ] || fail "python3 is not on the path"

# files go before the folder; workdir says where it goes
printf '%s\n' 'workdir: /srv' 'files:' '  /srv/given: app.py' \
    'cmd: python3 app.py' > "$tmp/app/Hullfile"
build
has srv/app.py
[ ! -s "$tmp/root/srv/given" ] || fail "the folder came over files"

# no argument names anything here: no folder
printf 'cmd: python3 -m http.server\n' > "$tmp/app/Hullfile"
build
lacks app
lacks srv

# a module and an object of it are named without the file
printf 'cmd: python3 -m server app:run\n' > "$tmp/app/Hullfile"
build
has app/app.py
printf 'cmd: python3 -m pkg.web.main\n' > "$tmp/app/Hullfile"
mkdir -p "$tmp/app/pkg/web"
touch "$tmp/app/pkg/web/main.py"
build
has app/pkg/web/main.py

# a virtual environment's python leads out of the folder: what it leads to
# comes, and its scripts run by it
mkdir -p "$tmp/app/venv/bin"
ln -s python3 "$tmp/app/venv/bin/python"
ln -s "$tmp/bin/python3" "$tmp/app/venv/bin/python3"
printf '#!%s/app/venv/bin/python3 -I\n' "$tmp" > "$tmp/app/venv/bin/serve"
chmod +x "$tmp/app/venv/bin/serve"
printf 'cmd: venv/bin/python nothing.py\n' > "$tmp/app/Hullfile"
build
has "$tmp/py/lib/os.py"
has "$tmp/bin/python3"
has app/app.py
[ -L "$tmp/root/app/venv/bin/python" ] || fail "the environment is no link"
printf 'cmd: venv/bin/serve app:run\n' > "$tmp/app/Hullfile"
build
has "$tmp/py/lib/os.py"
has "$tmp/bin/python3"
for arg in /app/venv/bin/python3 -I /app/venv/bin/serve app:run; do
    grep -qaF -- "$arg" "$tmp/d.raw" || fail "the command lacks $arg"
done

# a program next to the Hullfile: the error says how it comes
cp "$(static_program)" "$tmp/app/server"
printf 'cmd: ./server\n' > "$tmp/app/Hullfile"
run 1 "$HULL" build -q --fast --format raw -o "$tmp/d.raw" "$tmp/app"
says "    /server: ./server"

# native libraries in jars find what they ask for; the JDK is a stand-in
mkdir -p "$tmp/jdk/bin" "$tmp/java"
echo 'int main(void) { return 0; }' > "$tmp/d.c"
cc -o "$tmp/jdk/program" "$tmp/d.c" || fail "no compiler"
echo 'JAVA_VERSION="17.0.1"' > "$tmp/jdk/release"
printf '#!/bin/sh\nfor out; do :; done\nmkdir -p "$out/bin"\n%s' \
    "cp $tmp/jdk/program \"\$out/bin/java\"" > "$tmp/jdk/bin/jlink"
chmod +x "$tmp/jdk/bin/jlink"
touch "$tmp/java/a.jar"
printf '%s\n' 'java-modules: java.base' 'cmd: java -jar a.jar' \
    > "$tmp/java/Hullfile"
JAVA_HOME=$tmp/jdk run 0 "$HULL" build -q --fast --format raw \
    -o "$tmp/d.raw" "$tmp/java"
root_of "$tmp/d.raw"
has usr/lib/jvm/java/bin/java
for lib in libdl.so.2 libpthread.so.0 librt.so.1 libstdc++.so.6; do
    find "$tmp/root/" -name $lib | grep -q . || fail "the image lacks $lib"
done

# a runtime's variable is there unless env says otherwise, and so is the
# locale that it names
mkdir -p "$tmp/ruby/lib" "$tmp/app2"
cp "$tmp/jdk/program" "$tmp/ruby/ruby"
printf '#!/bin/sh\nprintf "%%s\\n" %s %s\n' "$tmp/ruby/ruby" \
    "$tmp/ruby/lib" > "$tmp/bin/ruby"
chmod +x "$tmp/bin/ruby"
echo 'cmd: ruby app.rb' > "$tmp/app2/Hullfile"
touch "$tmp/app2/app.rb"
run 0 "$HULL" build -q --fast --format raw -o "$tmp/d.raw" "$tmp/app2"
root_of "$tmp/d.raw"
grep -qaF LANG=C.UTF-8 "$tmp/d.raw" || fail "no LANG"
[ ! -d /usr/lib/locale/C.utf8 ] || has usr/lib/locale/C.utf8/LC_CTYPE
printf '%s\n' 'env:' '  LANG: C' >> "$tmp/app2/Hullfile"
run 0 "$HULL" build -q --fast --format raw -o "$tmp/d.raw" "$tmp/app2"
root_of "$tmp/d.raw"
! grep -qaF LANG=C.UTF-8 "$tmp/d.raw" || fail "the Hullfile's LANG is lost"
lacks usr/lib/locale

# an interpreter that cannot answer is an error that names it
printf 'cmd: python3 app.py\n' > "$tmp/app/Hullfile"
printf '#!/bin/sh\necho broken >&2; exit 3\n' > "$tmp/bin/python3"
run 1 "$HULL" build -q --fast --format raw -o "$tmp/d.raw" "$tmp/app"
says "does not say where its library is (status 3): broken"
