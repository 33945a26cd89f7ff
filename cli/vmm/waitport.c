/* SPDX-License-Identifier: BSD-2-Clause */
#include "waitport.h"
#include "../util/fail.h"
#include "../util/progress.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 100
#define FIRST_TRY_MS 1000
#define LAST_TRY_MS 30000
#define TEXT "GET / HTTP/1.0\r\n\r\n"

static volatile sig_atomic_t stopped;
static volatile pid_t machine;

/* Each one is passed on: the second kills the machine, as without us. */
static void on_signal(int sig)
{
    stopped = sig;
    kill(machine, sig);
}

/* How the machine's process ended, or -1 while it runs. */
static int ended(pid_t child)
{
    int status;

    if (stopped) {
        waitpid(child, &status, 0);
        return 128 + stopped;
    }
    if (waitpid(child, &status, WNOHANG) != child) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* One request: true when a byte of an answer came within the time. */
static bool try_once(const struct sockaddr_in *addr, pid_t child,
                     int patience, int *status)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool answered = false, open;
    char byte;

    open = fd >= 0 &&
           !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) &&
           send(fd, TEXT, sizeof(TEXT) - 1, MSG_NOSIGNAL) > 0;
    for (int waited = 0; waited < patience; waited += STEP_MS) {
        progress_tick(0, 0);
        *status = ended(child);
        if (*status >= 0) {
            break;
        }
        if (!open) {
            poll(NULL, 0, STEP_MS);
            break;
        }
        if (poll(&p, 1, STEP_MS) > 0) {
            answered = recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
            open = false;
            if (answered) {
                break;
            }
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return answered;
}

static void wait_and_leave(const struct sockaddr_in *addr, pid_t child)
{
    unsigned port = ntohs(addr->sin_port);
    int patience = FIRST_TRY_MS, status = -1;
    bool answered = false;

    machine = child;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    progress_begin("waiting for the program to answer");
    while (!answered && status < 0) {
        answered = try_once(addr, child, patience, &status);
        patience = patience * 2 < LAST_TRY_MS ? patience * 2 : LAST_TRY_MS;
    }
    progress_clear();
    if (answered) {
        note("port %u answers; 'kill %d' stops the machine", port,
             (int)child);
        status = 0;
    } else if (!stopped) {
        error("the machine stopped before port %u answered", port);
        status = status ? status : FAIL_VM;
    }
    fflush(NULL);
    /* not exit(): the other one has the temporary files */
    _exit(status);
}

void waitport_split(struct in_addr address, uint16_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address,
    };
    pid_t child;
    int null;

    if (!addr.sin_addr.s_addr) {
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    fflush(NULL);
    child = fork();
    if (child < 0) {
        die_errno("cannot start a process");
    }
    if (child) {
        wait_and_leave(&addr, child);
    }
    setsid();
    null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        close(null);
    }
}
