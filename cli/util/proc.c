/* SPDX-License-Identifier: BSD-2-Clause */
#include "proc.h"
#include "path.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 100
#define SAID_MAX (1u << 16)

char *proc_find(const char *name)
{
    const char *path = getenv("PATH");
    struct strvec dirs;
    char *found = NULL;
    struct stat st;

    if (strchr(name, '/')) {
        return access(name, X_OK) ? NULL : xstrdup(name);
    }
    strvec_init(&dirs);
    strvec_split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin", ":");
    strvec_push(&dirs, "/usr/sbin");
    strvec_push(&dirs, "/sbin");
    for (size_t i = 0; i < dirs.nr && !found; i++) {
        found = path_join(dirs.v[i], name);
        if (access(found, X_OK) || stat(found, &st) ||
            !S_ISREG(st.st_mode)) {
            free(found);
            found = NULL;
        }
    }
    strvec_release(&dirs);
    return found;
}

static void child(const struct strvec *argv, const char *dir, int out, int err,
                  pid_t parent)
{
    char *path = proc_find(argv->v[0]);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    if ((out >= 0 && dup2(out, STDOUT_FILENO) < 0) ||
        (err >= 0 && dup2(err, STDERR_FILENO) < 0)) {
        _exit(127);
    }
    if (dir && chdir(dir)) {
        fprintf(stderr, "cannot enter %s: %s\n", dir, strerror(errno));
        _exit(127);
    }
    if (!path) {
        fprintf(stderr, "%s: not found\n", argv->v[0]);
        _exit(127);
    }
    execv(path, argv->v);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

/* Reads what one pipe has; false at its end. */
static bool drain(int fd, struct strbuf *sb)
{
    char chunk[16384];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n <= 0) {
        return false;
    }
    strbuf_add(sb, chunk, (size_t)n);
    return true;
}

/* Asked at each tick: a signal also comes while nothing waits. */
static void check_signals(pid_t pid)
{
    if (path_signalled()) {
        kill(pid, SIGTERM);
        path_check_signals();
    }
}

static void collect(pid_t pid, struct pollfd fds[2], struct strbuf *bufs[2])
{
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        int n = poll(fds, 2, TICK_MS);

        check_signals(pid);
        for (int i = 0; n > 0 && i < 2; i++) {
            if (fds[i].fd >= 0 && fds[i].revents &&
                !drain(fds[i].fd, bufs[i])) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
        progress_tick(0, 0);
    }
}

static int reap(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            die_errno("cannot wait for a child process");
        }
        check_signals(pid);
    }
    if (WIFSIGNALED(status)) {
        return 128 + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}

int proc_run(const struct strvec *argv, const char *dir, struct strbuf *out,
             struct strbuf *err)
{
    struct strbuf *bufs[2] = {out, err};
    struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};
    int ends[2] = {-1, -1};
    pid_t self = getpid(), pid;

    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        int p[2];

        if (!bufs[i]) {
            continue;
        }
        if (pipe2(p, O_CLOEXEC)) {
            die_errno("cannot make a pipe");
        }
        fds[i] = (struct pollfd){.fd = p[0], .events = POLLIN};
        ends[i] = p[1];
    }
    pid = fork();
    if (pid < 0) {
        die_errno("cannot start %s", argv->v[0]);
    }
    if (!pid) {
        child(argv, dir, ends[0], ends[1], self);
    }
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
    collect(pid, fds, bufs);
    return reap(pid);
}

/* Passes on what the pipe has; false at its end. */
static bool pass_on(int fd, struct strbuf *said)
{
    size_t had = said->len, half = SAID_MAX / 2;
    bool more = drain(fd, said);

    fwrite(said->buf + had, 1, said->len - had, stderr);
    if (said->len > SAID_MAX) {
        memmove(said->buf, said->buf + said->len - half, half + 1);
        said->len = half;
    }
    return more;
}

/* As reap(), until the pipe ends, or the process has and the pipe is empty. */
static int listen_to(pid_t pid, int fd, struct strbuf *said)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    siginfo_t info = {.si_pid = 0};

    for (;;) {
        int n = poll(&p, 1, TICK_MS);

        check_signals(pid);
        if (n >= 0 && (n ? !pass_on(fd, said) : info.si_pid == pid)) {
            break;
        }
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    }
    return reap(pid);
}

int proc_run_talking(const struct strvec *argv, const char *dir,
                     struct strbuf *said)
{
    pid_t self = getpid(), pid;
    int p[2], rc;

    fflush(NULL);
    if (pipe2(p, O_CLOEXEC)) {
        die_errno("cannot make a pipe");
    }
    pid = fork();
    if (pid < 0) {
        die_errno("cannot start %s", argv->v[0]);
    }
    if (!pid) {
        child(argv, dir, p[1], -1, self);
    }
    close(p[1]);
    rc = listen_to(pid, p[0], said);
    close(p[0]);
    return rc;
}
