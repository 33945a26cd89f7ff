#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Little memory and none left: small machines run small programs, a program
# that asks for ever is killed with a message that says so, whatever it asks
# with; nothing panics.
. "$(dirname "$0")/common"
prepare() {
    cat > "$tmp/greedy.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static char block[1 << 16];

static void *sleeper(void *arg)
{
    pause();
    return arg;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    pthread_t t;
    long n = 0;
    int fd, s[2];

    memset(block, 1, sizeof(block));
    setvbuf(stdout, NULL, _IONBF, 0);
    if (strcmp(what, "heap") == 0)
        for (char *p; (p = malloc(1 << 20)) != NULL; n++)
            memset(p, 1, 1 << 20);
    if (strcmp(what, "pages") == 0)
        for (char *p;; *p = 1) {
            p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (p == MAP_FAILED)
                break;
            mprotect(p, 4096, n++ % 2 ? PROT_READ | PROT_WRITE : PROT_WRITE);
        }
    if (strcmp(what, "stack") == 0)
        main(argc, (char *[]){ argv[0], "stack", memset(alloca(65536), 1,
             65536), NULL });
    if (strcmp(what, "file") == 0)
        for (fd = open("/tmp/big", O_CREAT | O_RDWR, 0600);
             write(fd, block, sizeof(block)) > 0;)
            n++;
    if (strcmp(what, "files") == 0)
        for (char name[32]; n < 10000000; n++, close(fd)) {
            snprintf(name, sizeof(name), "/tmp/%ld", n);
            fd = open(name, O_CREAT | O_RDWR, 0600);
            if (fd < 0)
                break;
        }
    if (strcmp(what, "threads") == 0)
        while (pthread_create(&t, NULL, sleeper, NULL) == 0)
            n++;
    if (strcmp(what, "sockets") == 0)
        while (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0) {
            fcntl(s[0], F_SETFL, O_NONBLOCK);
            while (write(s[0], block, sizeof(block)) > 0)
                continue;
            n++;
        }
    if (strcmp(what, "pipes") == 0)
        while (pipe2(s, O_NONBLOCK) == 0) {
            while (write(s[1], block, sizeof(block)) > 0)
                continue;
            n++;
        }
    printf("%s ended after %ld\n", what, n > 0);
    return 0;
}
C
    cc -O1 -static -o "$tmp/greedy" "$tmp/greedy.c" ||
        skip "no static C library"
    printf 'name: greedy\nfiles:\n  /greedy: greedy\ncmd: /greedy\n' \
        > "$tmp/Hullfile"
    "$HULL" build -q "$tmp" 2> "$tmp/err" || fail "build"
    cp -r "$top/examples/c-http" "$tmp/http"
    "$HULL" build -q "$tmp/http" 2> "$tmp/err" || fail "build"
}
prepared

for m in 8M 16M; do
    boot 30 greedy -m $m
    [ $status -eq 0 ] && console_says ended || fail "status $status with $m"
done

# Ends by SIGKILL with a reason, or by an error that the program can handle.
for what in heap pages stack file files threads sockets pipes; do
    boot 60 greedy --no-net -m 64M -c 2 -- $what
    no_panic
    case $what:$status in
    heap:137) says "out of memory" ;;
    stack:139) says "killed by SIGSEGV" ;;
    *:137) says "out of memory" ;;
    *:0) says "ended after 1" ;;
    *) fail "$what: status $status" ;;
    esac
    echo "$what: status $status: $(tail -n 1 "$tmp/console" | cut -c 1-150)"
done

port=$(free_port)
start "$HULL" run c-http -m 16M -p "$port:80"
until_true 30 curl -s -m $((5 * SLOW)) --noproxy '*' -o /dev/null \
    "http://127.0.0.1:$port/" || fail "c-http with 16 MiB"
