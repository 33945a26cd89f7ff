/* SPDX-License-Identifier: BSD-2-Clause */
#include "backlog.h"
#include "../util/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int socket_option(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? 0 : value;
}

/* Whether it listens at a port; its queue is then long. */
static bool raise_one(int fd)
{
    int domain = socket_option(fd, SO_DOMAIN);

    return (domain == AF_INET || domain == AF_INET6) &&
           socket_option(fd, SO_ACCEPTCONN) && !listen(fd, SOMAXCONN);
}

bool backlog_raise(pid_t pid, unsigned want)
{
    long process = syscall(SYS_pidfd_open, pid, 0);
    char *path = xstrfmt("/proc/%d/fd", (int)pid);
    DIR *dir = process >= 0 ? opendir(path) : NULL;
    const struct dirent *de;
    bool hopeless = !dir;
    unsigned have = 0;

    while (!hopeless && (de = readdir(dir))) {
        char link[64] = "", *file = xstrfmt("%s/%s", path, de->d_name);
        long fd = -1;

        if (readlink(file, link, sizeof(link) - 1) > 0 &&
            str_starts(link, "socket:")) {
            fd = syscall(SYS_pidfd_getfd, process,
                         strtol(de->d_name, NULL, 10), 0);
            hopeless = fd < 0 && errno != EBADF;     /* closed since */
        }
        if (fd >= 0) {
            have += raise_one((int)fd);
            close((int)fd);
        }
        free(file);
    }
    if (dir) {
        closedir(dir);
    }
    if (process >= 0) {
        close((int)process);
    }
    free(path);
    return hopeless || have >= want;
}
