#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What a JVM has beside the language: the same facts here and on Hull. Then
# what it says at its console: a thread dump by Ctrl-\, uncaught errors.
. "$(dirname "$0")/common"
need python3
need_to_prepare javac jlink keytool
options=(-Duser.language=de -Duser.country=DE -Duser.timezone=Europe/Berlin
    -XX:+UseParallelGC)

prepare() {
    local app=$tmp/app src=$top/tests/system/java-facts
    mkdir "$app"
    javac -nowarn -d "$app/classes" "$src"/*.java > "$tmp/err" 2>&1 ||
        fail "javac"
    jar cfe "$app/facts.jar" Facts -C "$app/classes" . || exit 1
    keytool -genkeypair -keystore "$app/keys.p12" -storepass secret -keyalg EC \
        -alias a -dname CN=localhost -validity 3650 > "$tmp/err" 2>&1 ||
        fail "keytool"
    cat > "$app/Hullfile" <<H
name: java-facts
cmd: java ${options[*]} -jar facts.jar /keys.p12
files:
  /keys.p12: keys.p12
memory: 640M
H
    (cd "$app" && java "${options[@]}" -jar facts.jar keys.p12) \
        > "$tmp/want" 2> "$tmp/err"
    [ $? = 3 ] || fail "the program fails here"
    "$HULL" build -q --fast "$app" || fail "hull build"
}
prepared
boot 600 -c 2 $(jit) java-facts
tr -d '\r' < "$tmp/console" > "$tmp/have"
diff "$tmp/want" "$tmp/have" || fail "differs from this host"
[ $status = 3 ] || fail "status $status, not 3"
echo "facts agree"

# The console takes keys as a terminal would send them.
mkfifo "$tmp/keys"
"$HULL" run -q -c 2 $(jit) java-facts -- -Xmx64m -cp /facts.jar Uncaught \
    < "$tmp/keys" > "$tmp/console" 2>&1 &
vm=$!
exec 9> "$tmp/keys"
until_true 300 console_says waiting || fail "no start"
printf '\034' >&9
until_true 120 console_says 'Heap' || fail "no thread dump"
says 'Full thread dump OpenJDK'
says '"main" #1'
says 'at java.io.FileInputStream.read'
printf 'x\n' >&9
until_true 300 ended || fail "it goes on"
wait $vm
status=$?
vm=
exec 9>&-
says 'Exception in thread "deep" java.lang.StackOverflowError'
says 'got x'
says 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space'
[ $status = 1 ] || fail "status $status, not 1"
echo "the console says what it should"
