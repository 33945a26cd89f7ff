#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A JVM under stress prints the same facts here and on Hull, with each
# collector that Debian's HotSpot has a use for in a small guest.
. "$(dirname "$0")/common"
need_to_prepare javac jlink
export XDG_DATA_HOME=${HULL_TEST_DATA:-$tmp/data}
prepare() {
    javac -d "$tmp/classes" "$(dirname "$0")/java-stress/Stress.java" || exit 1
    jar cfe "$tmp/stress.jar" Stress -C "$tmp/classes" . || exit 1
    cat > "$tmp/Hullfile" <<'H'
name: java-stress
cmd: java -Xmx160m -XX:+UseG1GC -jar stress.jar
memory: 384M
cpus: 2
H
    java -Xmx160m -XX:+UseG1GC -jar "$tmp/stress.jar" > "$tmp/want" || exit 1
    "$HULL" build -q --fast "$tmp" || exit 1
}
prepared
bad=0
for how in "-c 2 -XX:+UseG1GC" "-c 1 -XX:+UseSerialGC"; do
    gc=${how##* }
    limit 250 "$HULL" run -q ${how% *} java-stress -- -Xmx160m $gc \
        -XX:+ErrorFileToStderr -jar stress.jar < /dev/null 2> "$tmp/err" |
        tr -d '\r' > "$tmp/have"
    rc=${PIPESTATUS[0]}
    if [ "$rc" -ne 0 ] || ! diff "$tmp/want" "$tmp/have"; then
        echo "$how: status $rc"
        tail -n 30 "$tmp/err"
        bad=1
    fi
done
exit $bad
