#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A JVM under stress prints the same facts here and on Hull, with each
# collector that Debian's HotSpot has a use for in a small guest, and leaves
# nothing behind in the kernel.
# RUNS="2:UseG1GC 4:UseParallelGC" names others: CPUs and collector.
. "$(dirname "$0")/common"
need python3
need_to_prepare javac jlink
[ -z "${HULL_TEST_DATA:-}" ] || export XDG_DATA_HOME=$HULL_TEST_DATA
rounds=4
prepare() {
    javac -d "$tmp/classes" "$top/tests/system/java-stress/Stress.java" ||
        exit 1
    jar cfe "$tmp/stress.jar" Stress -C "$tmp/classes" . || exit 1
    cat > "$tmp/Hullfile" <<'H'
name: java-stress
cmd: java -Xmx160m -XX:+UseG1GC -jar stress.jar
memory: 384M
cpus: 2
H
    java -Xmx160m -XX:+UseG1GC -jar "$tmp/stress.jar" $rounds > "$tmp/want" ||
        exit 1
    "$HULL" build -q --fast "$tmp" || exit 1
}
prepared

# Of the quiet moments of a run: what the kernel held in the second and in the
# last. The JVM's own threads come and go by themselves.
cat > "$tmp/left.py" <<'P'
import re, sys

quiet, now = [], None
for line in open(sys.argv[1], errors="replace"):
    if "hull: counters:" in line:
        now = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}
    elif line.startswith("quiet ") and now:
        quiet.append(now)
if len(quiet) < 3:
    sys.exit("counters of only %d quiet moments" % len(quiet))
a, b = quiet[1], quiet[-1]
names = ("heap", "tables", "threads", "sockets", "tcp", "pbufs")
print("left: " + ", ".join(f"{n} {a[n]} -> {b[n]}" for n in names))
bad = [n for n in ("sockets", "tcp", "pbufs") if b[n] > a[n]]
bad += [n for n in ("heap", "tables") if b[n] > a[n] * 1.05 + 16]
bad += ["threads"] if b["threads"] > a["threads"] + 8 else []
sys.exit("grows: " + " ".join(bad) if bad else 0)
P
for run in ${RUNS:-2:UseG1GC 1:UseSerialGC}; do
    gc=-XX:+${run#*:}
    boot 600 -c "${run%:*}" java-stress --boot-arg stats=1 -- -Xmx160m "$gc" \
        -XX:+ErrorFileToStderr -jar stress.jar $rounds
    no_panic
    tr -d '\r' < "$tmp/console" | grep -v '^hull: counters:' > "$tmp/have"
    [ "$status" -eq 0 ] && diff "$tmp/want" "$tmp/have" > "$tmp/diff" ||
        { cat "$tmp/diff"; fail "$run: status $status"; }
    echo "$run agrees"
    python3 "$tmp/left.py" "$tmp/console" || fail "$run leaves memory behind"
done
