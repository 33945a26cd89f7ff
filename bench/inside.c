/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server and its load generator in one program, over loopback, so that
 * QEMU's user-mode network has no part in it. The server is examples/c-http,
 * whose main() is compiled in as http_main().
 *
 *   inside SECONDS CONNECTIONS
 */
#include "client.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int http_main(int argc, char **argv);

static char *server_args[] = { "http", "-p", "80", "-r", "/www", NULL };

static void *server(void *arg)
{
    exit(http_main(5, server_args));
    return arg;
}

static void wait_listening(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
    int fd, err;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    do {
        usleep(10000);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        err = connect(fd, (struct sockaddr *)&a, sizeof(a));
        close(fd);
    } while (err);
}

int main(int argc, char **argv)
{
    struct load l = { .host = "127.0.0.1", .port = 80, .pipeline = 1,
                      .request = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
                      .expect = "HTTP/1.1 200 OK" };
    struct load_result r = { 0 };
    pthread_t t;

    if (argc != 3) {
        fprintf(stderr, "usage: inside SECONDS CONNECTIONS\n");
        return 2;
    }
    l.seconds = strtod(argv[1], NULL);
    l.connections = (int)strtol(argv[2], NULL, 10);
    l.request_len = strlen(l.request);
    if (pthread_create(&t, NULL, server, NULL))
        return 1;
    wait_listening();
    if (load_run(&l, &r))
        return 1;
    load_print(&r);
    fflush(stdout);
    _exit(0);
}
