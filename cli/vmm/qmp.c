/* SPDX-License-Identifier: BSD-2-Clause */
#include "qmp.h"
#include "../util/str.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 2000
#define RETRY_MS 50
#define ANSWER_MAX 65536

static int dial(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(addr.sun_path)) {
        goto out_close;
    }
    memcpy(addr.sun_path, path, strlen(path));
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
        goto out_close;
    }
    return fd;

out_close:
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Reads until a whole line with the word has come. */
static int await(int fd, const char *word)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct strbuf got;
    char chunk[4096];
    int rc = -1;

    strbuf_init(&got);
    while (got.len < ANSWER_MAX && poll(&p, 1, PATIENCE_MS) > 0) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        const char *at;

        if (n <= 0) {
            break;
        }
        strbuf_add(&got, chunk, (size_t)n);
        at = strstr(got.buf, word);
        if (at && strchr(at, '\n')) {
            rc = 0;
            break;
        }
    }
    strbuf_release(&got);
    return rc;
}

static int command(int fd, const char *name)
{
    char *text = xstrfmt("{\"execute\": \"%s\"}\n", name);
    ssize_t len = (ssize_t)strlen(text);
    int rc = send(fd, text, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;

    free(text);
    return rc ? rc : await(fd, "\"return\"");
}

int qmp_power_button(const char *socket_path)
{
    int fd = dial(socket_path);
    int rc;

    /* a machine that has just been started may not listen yet */
    for (int waited = 0; fd < 0 && waited < PATIENCE_MS;
         waited += RETRY_MS) {
        poll(NULL, 0, RETRY_MS);
        fd = dial(socket_path);
    }
    if (fd < 0) {
        return -1;
    }
    rc = await(fd, "\"QMP\"");
    if (!rc) {
        rc = command(fd, "qmp_capabilities");
    }
    if (!rc) {
        rc = command(fd, "system_powerdown");
    }
    close(fd);
    return rc;
}
