/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stop state: RUNNING, by ask_stop() -> STOPPING (the power button was
 * pressed), by ask_stop() again -> KILLED.
 *
 * QEMU runs in its own process group, so that a terminal's Ctrl-C reaches
 * only the tool, and dies with the tool. Its stdin and stdout are one end of
 * a socket pair; its stderr is a file shown only when things go wrong.
 */
#include "session.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "../util/progress.h"
#include "backlog.h"
#include "exitline.h"
#include "qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CTRL_C 3
#define CTRL_D "\004"
#define STDERR_MAX (1u << 20)
#define STATUS_KILLED 137
#define SAME_SIGNAL_MS 200
#define READER_GONE_MS 10000    /* as long as `docker stop` waits */
#define TICK_MS 100
#define LOOKS_AT_PORTS 100      /* one a tick, until QEMU listens */

enum stop { RUNNING, STOPPING, KILLED };

struct session {
    const struct vm_config *vm;
    char *stderr_path;
    pid_t pid;
    int console;            /* our end; -1 once QEMU closed its own */
    int signals;
    bool input_open;
    bool mid_line;          /* the last byte of stdin was no newline */
    bool silent;            /* nothing was printed yet */
    enum stop stop;
    uint64_t asked;         /* when it became STOPPING */
    struct strbuf input;    /* read from stdin, not yet taken by QEMU */
    struct strbuf output;
    unsigned ports;         /* of TCP that are forwarded */
    unsigned looks;         /* more at whether QEMU listens; 0: done */
    struct exitline exitline;
};

static struct termios saved_tty;
static bool tty_changed;

static void restore_tty(void)
{
    if (tty_changed) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_tty);
        tty_changed = false;
    }
}

/* Keys go to the guest as they are. Output processing stays on, so that the
 * guest's plain newlines and our own messages both look right. A job in the
 * background ("hull run ... &") would be stopped by touching the terminal. */
static void set_tty(struct session *s)
{
    struct termios raw;
    pid_t owner;

    if (!isatty(STDIN_FILENO)) {
        return;
    }
    owner = tcgetpgrp(STDIN_FILENO);    /* -1: not our session's terminal */
    if (owner > 0 && owner != getpgrp()) {
        s->input_open = false;
        return;
    }
    if (tcgetattr(STDIN_FILENO, &saved_tty)) {
        return;
    }
    raw = saved_tty;
    cfmakeraw(&raw);
    raw.c_oflag = saved_tty.c_oflag;
    tty_changed = true;
    atexit(restore_tty);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void start_child(struct session *s, int end, char *path,
                        char *const *argv, pid_t parent)
{
    int err = open(s->stderr_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || err < 0 || dup2(end, STDIN_FILENO) < 0 ||
        dup2(end, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
        _exit(127);
    }
    execv(path, argv);
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    _exit(127);
}

static void start(struct session *s)
{
    char *path = proc_find(QEMU_PROGRAM);
    pid_t self = getpid();
    struct strvec argv;
    int ends[2];

    if (!path) {
        die(QEMU_PROGRAM " is not installed; try: apt-get install "
            "qemu-system-x86");
    }
    strvec_init(&argv);
    qemu_command(s->vm, &argv);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        die_errno("cannot make a socket pair");
    }
    fflush(NULL);
    s->pid = fork();
    if (s->pid < 0) {
        die_errno("cannot start %s", path);
    }
    if (!s->pid) {
        start_child(s, ends[1], path, argv.v, self);
    }
    close(ends[1]);
    s->console = ends[0];
    fcntl(s->console, F_SETFL, O_NONBLOCK);
    strvec_release(&argv);
    free(path);
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void kill_vm(struct session *s)
{
    s->stop = KILLED;
    kill(s->pid, SIGKILL);
}

static void ask_stop(struct session *s)
{
    if (s->stop != RUNNING) {
        note("killing the machine");
        kill_vm(s);
        return;
    }
    s->stop = STOPPING;
    if (qmp_power_button(s->vm->qmp_path)) {
        note("QEMU does not answer: killing the machine");
        kill_vm(s);
        return;
    }
    s->asked = now_ms();
    note("asked the program to stop; Ctrl-C again kills the machine");
}

static void take_signal(struct session *s)
{
    struct signalfd_siginfo si;

    if (read(s->signals, &si, sizeof(si)) != sizeof(si)) {
        return;
    }
    /* timeout(1) and others signal the process and then its group */
    if (s->stop == RUNNING || now_ms() - s->asked >= SAME_SIGNAL_MS) {
        ask_stop(s);
    }
}

/* The guest's stdin is a terminal, whose end of file is Ctrl-D on an empty
 * line; behind half a line the first one only passes that on. */
static void end_input(struct session *s)
{
    s->input_open = false;
    strbuf_addstr(&s->input, s->mid_line ? CTRL_D CTRL_D : CTRL_D);
}

static void take_input(struct session *s)
{
    char chunk[4096];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n <= 0) {
        end_input(s);
        return;
    }
    s->mid_line = chunk[n - 1] != '\n';
    for (ssize_t i = 0; i < n; i++) {
        if (tty_changed && chunk[i] == CTRL_C) {
            ask_stop(s);
        } else {
            strbuf_addch(&s->input, chunk[i]);
        }
    }
}

static void send_input(struct session *s)
{
    ssize_t n = send(s->console, s->input.buf, s->input.len, MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n < 0) {
        strbuf_clear(&s->input);
        return;
    }
    memmove(s->input.buf, s->input.buf + n, s->input.len - (size_t)n);
    s->input.len -= (size_t)n;
}

/* A reader that has gone stops the program, as SIGPIPE would on Linux, and
 * kills one that still writes long after. */
static void reader_gone(struct session *s)
{
    if (s->stop == RUNNING) {
        ask_stop(s);
    } else if (s->stop == STOPPING && now_ms() - s->asked >= READER_GONE_MS) {
        kill_vm(s);
    }
}

static void show(struct session *s)
{
    const char *p = s->output.buf;
    size_t left = s->output.len;

    if (left && s->silent) {
        s->silent = false;
        progress_clear();
    }

    while (left) {
        ssize_t n = write(STDOUT_FILENO, p, left);

        if (n < 0 && errno == EAGAIN) {
            struct pollfd w = {.fd = STDOUT_FILENO, .events = POLLOUT};

            poll(&w, 1, -1);
            continue;
        }
        if (n < 0 && errno != EINTR) {
            reader_gone(s);
            break;
        }
        p += n > 0 ? n : 0;
        left -= (size_t)(n > 0 ? n : 0);
    }
    strbuf_clear(&s->output);
}

static void take_console(struct session *s)
{
    static char chunk[65536];
    ssize_t n = read(s->console, chunk, sizeof(chunk));

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        close(s->console);
        s->console = -1;
        exitline_finish(&s->exitline, &s->output);
    } else {
        exitline_feed(&s->exitline, chunk, (size_t)n, &s->output);
    }
    show(s);
}

static void count_ports(struct session *s)
{
    for (size_t i = 0; s->vm->net && i < s->vm->ports->nr; i++) {
        s->ports += !str_ends(s->vm->ports->v[i], "/udp");
    }
    s->looks = s->ports ? LOOKS_AT_PORTS : 0;
}

static void look_at_ports(struct session *s)
{
    s->looks = backlog_raise(s->pid, s->ports) ? 0 : s->looks - 1;
}

static void relay(struct session *s)
{
    enum { CONSOLE, SIGNALS, INPUT };
    struct pollfd fds[3];

    while (s->console >= 0) {
        bool want_input = s->input_open && !s->input.len;

        fds[CONSOLE] = (struct pollfd){
            .fd = s->console,
            .events = (short)(POLLIN | (s->input.len ? POLLOUT : 0)),
        };
        fds[SIGNALS] = (struct pollfd){.fd = s->signals, .events = POLLIN};
        fds[INPUT] = (struct pollfd){
            .fd = want_input ? STDIN_FILENO : -1, .events = POLLIN,
        };
        if (s->silent) {
            progress_tick(0, 0);
        }
        if (s->looks) {
            look_at_ports(s);
        }
        if (poll(fds, 3, s->silent || s->looks ? TICK_MS : -1) <= 0) {
            continue;
        }
        if (fds[SIGNALS].revents) {
            take_signal(s);
        }
        if (fds[INPUT].revents) {
            take_input(s);
        }
        if (fds[CONSOLE].revents & POLLOUT) {
            send_input(s);
        }
        if (fds[CONSOLE].revents & (POLLIN | POLLHUP | POLLERR)) {
            take_console(s);
        }
    }
}

static void say_stderr(const struct session *s)
{
    struct strbuf text;

    strbuf_init(&text);
    if (!path_read_file(s->stderr_path, &text, STDERR_MAX) && text.len) {
        strbuf_rtrim(&text);
        fprintf(stderr, "%s\n", text.buf);
    }
    strbuf_release(&text);
}

/* QEMU only says that it cannot allocate. */
static void hint_memory(uint64_t asked)
{
    uint64_t has = (uint64_t)sysconf(_SC_PHYS_PAGES) *
                   (uint64_t)sysconf(_SC_PAGESIZE);
    char text[2][32];

    if (asked > has) {
        error("the image asks for %s of memory, and this host has %s; "
              "-m SIZE says less", str_size(asked, text[0]),
              str_size(has, text[1]));
    }
}

/* The exit line is believed first, then QEMU's own status, which the kernel
 * sets to (V << 1) | 1; 1 is also what QEMU says when it cannot start. */
static int judge(const struct session *s, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    if (s->exitline.status >= 0) {
        return s->exitline.status;
    }
    if (s->stop == KILLED) {
        return STATUS_KILLED;
    }
    if (code > 1 && (code & 1)) {
        return code >> 1;
    }
    say_stderr(s);
    if (code == 0) {
        error("the machine stopped without saying how the program ended; "
              "try again with --boot-arg loglevel=7");
    } else if (code > 0) {
        error("QEMU failed with status %d; 'hull run --dry-run' prints its "
              "command", code);
        hint_memory(s->vm->memory);
    } else {
        error("QEMU was killed by signal %d", WTERMSIG(status));
    }
    return FAIL_VM;
}

int session_run(const struct vm_config *vm, const char *runtime_dir)
{
    struct session s = {.vm = vm, .input_open = true, .silent = true};
    int status = 0, result;
    sigset_t set;

    s.stderr_path = path_join(runtime_dir, "qemu.log");
    strbuf_init(&s.input);
    strbuf_init(&s.output);
    exitline_init(&s.exitline);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s.signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (s.signals < 0) {
        die_errno("cannot make a signal descriptor");
    }
    count_ports(&s);
    start(&s);
    set_tty(&s);
    progress_begin("starting");
    relay(&s);
    progress_clear();
    while (waitpid(s.pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    restore_tty();
    if (s.exitline.missing) {
        note("%u unimplemented call%s used: %s", s.exitline.missing,
             s.exitline.missing == 1 ? " was" : "s were",
             s.exitline.missing_names);
    }
    result = judge(&s, status);
    close(s.signals);
    exitline_release(&s.exitline);
    strbuf_release(&s.input);
    strbuf_release(&s.output);
    free(s.stderr_path);
    return result;
}
