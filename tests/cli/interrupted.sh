#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A build that is interrupted leaves nothing and changes nothing.
. "$(dirname "$0")/common"
project "$tmp/p"
run 0 "$HULL" build "$tmp/p"
sum=$(md5sum < "$XDG_DATA_HOME/hull/images/t/disk.qcow2")

# a build that replaces an image leaves no moment without one
cat > "$tmp/slow.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int rename(const char *from, const char *to)
{
    int rc = renameat(AT_FDCWD, from, AT_FDCWD, to);

    sleep(2);
    return rc;
}
C
if cc -shared -fPIC -o "$tmp/slow.so" "$tmp/slow.c" 2> /dev/null; then
    LD_PRELOAD=$tmp/slow.so "$HULL" build -q "$tmp/p" &
    pid=$!
    while kill -0 $pid 2> /dev/null; do
        [ -e "$XDG_DATA_HOME/hull/images/t/meta.json" ] ||
            fail "there was a moment without the image"
        sleep 0.05
    done
    wait $pid || fail "status $?"
    [ "$(ls -A "$XDG_DATA_HOME/hull/images")" = t ] || fail "left over"
fi

interrupt() {
    "$HULL" build "$tmp/p" > "$tmp/out" 2> "$tmp/err" &
    local pid=$!
    for _ in $(seq 100); do [ -e "$tmp/started" ] && break; sleep 0.05; done
    kill -TERM $pid
    wait $pid
    [ $? -eq 143 ] || fail "status $? after SIGTERM"
    says "interrupted"
    [ "$(ls -A "$XDG_DATA_HOME/hull/images")" = t ] || fail "left over"
    [ "$sum" = "$(md5sum < "$XDG_DATA_HOME/hull/images/t/disk.qcow2")" ] ||
        fail "the old image changed"
    rm -f "$tmp/started"
}

# in the build command
printf "name: t\nbuild: touch $tmp/started; exec sleep 30\ncmd: /prog\n" \
    > "$tmp/p/Hullfile"
interrupt

# a signal that comes while the tool does not wait is seen as well
cat > "$tmp/late.c" <<'C'
#include <signal.h>
#include <sys/wait.h>
int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    (void)type, (void)id, (void)info, (void)options;
    raise(SIGTERM);
    return 0;
}
C
if cc -shared -fPIC -o "$tmp/late.so" "$tmp/late.c" 2> /dev/null; then
    run 143 timeout 20 env LD_PRELOAD="$tmp/late.so" "$HULL" build "$tmp/p"
    rm -f "$tmp/started"
fi

# while the root is compressed
mkdir "$tmp/bin"
printf "#!/bin/sh\ntouch $tmp/started\nexec sleep 30\n" \
    > "$tmp/bin/mkfs.erofs"
chmod +x "$tmp/bin/mkfs.erofs"
printf 'name: t\nfiles:\n  /prog: prog\ncmd: /prog\n' > "$tmp/p/Hullfile"
PATH=$tmp/bin:$PATH
interrupt

# a tool that is missing or fails is named, with the way to get it
rm "$tmp/bin/mkfs.erofs"
printf '#!/bin/sh\necho no good >&2\nexit 9\n' > "$tmp/bin/mkfs.erofs"
chmod +x "$tmp/bin/mkfs.erofs"
run 1 "$HULL" build "$tmp/p"
says "mkfs.erofs failed with status 9"
says "no good"

# inspecting leaves nothing either
printf "#!/bin/sh\ntouch $tmp/started\nexec sleep 30\n" > "$tmp/bin/qemu-img"
chmod +x "$tmp/bin/qemu-img"
"$HULL" inspect t > "$tmp/out" 2> "$tmp/err" &
pid=$!
for _ in $(seq 100); do [ -e "$tmp/started" ] && break; sleep 0.05; done
kill -TERM $pid
wait $pid
[ $? -eq 143 ] || fail "status $? after SIGTERM"
[ "$(ls -A "$XDG_DATA_HOME/hull/images")" = t ] || fail "left over"
