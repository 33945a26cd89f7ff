/* SPDX-License-Identifier: BSD-2-Clause */
#include "path.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define WALK_FDS 16

static struct strvec doomed;
static bool doomed_ready;
static volatile sig_atomic_t signal_seen;

char *path_join(const char *a, const char *b)
{
    if (b[0] == '/') {
        return xstrdup(b);
    }
    return xstrfmt("%s%s%s", a, str_ends(a, "/") ? "" : "/", b);
}

char *path_normalize(const char *path)
{
    struct strbuf out;

    strbuf_init(&out);
    while (*path) {
        size_t len = strcspn(path, "/");

        if (len == 2 && !strncmp(path, "..", 2)) {
            while (out.len && out.buf[out.len - 1] != '/') {
                out.len--;
            }
            out.len -= out.len != 0;
        } else if (len && !(len == 1 && *path == '.')) {
            strbuf_addch(&out, '/');
            strbuf_add(&out, path, len);
        }
        path += len;
        path += *path == '/';
    }
    if (!out.len) {
        strbuf_addch(&out, '/');
    }
    return strbuf_detach(&out);
}

char *path_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash) {
        return xstrdup(".");
    }
    return slash == path ? xstrdup("/")
                         : xstrndup(path, (size_t)(slash - path));
}

const char *path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool path_exists(const char *path)
{
    struct stat st;

    return !lstat(path, &st);
}

bool path_is_dir(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

void path_make_dirs(const char *dir)
{
    char *copy = xstrdup(dir);

    for (char *p = copy + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(copy, 0755) && errno != EEXIST) {
                die_errno("cannot make the folder %s", copy);
            }
            *p = '/';
        }
    }
    if (mkdir(copy, 0755) && errno != EEXIST) {
        die_errno("cannot make the folder %s", copy);
    }
    free(copy);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    remove(path);
    return 0;
}

/* A folder copied read-only must be opened up before it can be emptied. */
static int open_up(const char *path, const struct stat *st, int type,
                   struct FTW *ftw)
{
    (void)ftw;
    if ((type == FTW_D || type == FTW_DNR) &&
        (st->st_mode & S_IRWXU) != S_IRWXU) {
        chmod(path, S_IRWXU);
    }
    return 0;
}

void path_remove_tree(const char *path)
{
    if (!path_exists(path)) {
        return;
    }
    nftw(path, open_up, WALK_FDS, FTW_PHYS);
    nftw(path, remove_one, WALK_FDS, FTW_PHYS | FTW_DEPTH);
}

static void remove_doomed(void)
{
    progress_clear();
    for (size_t i = doomed.nr; i-- > 0;) {
        path_remove_tree(doomed.v[i]);
    }
}

void path_remove_at_exit(const char *path)
{
    if (!doomed_ready) {
        strvec_init(&doomed);
        doomed_ready = true;
        atexit(remove_doomed);
    }
    strvec_push(&doomed, path);
}

void path_keep(const char *path)
{
    for (size_t i = 0; doomed_ready && i < doomed.nr; i++) {
        if (!strcmp(doomed.v[i], path)) {
            free(doomed.v[i]);
            doomed.v[i] = xstrdup("");
        }
    }
}

static void on_signal(int signo)
{
    signal_seen = signo;
}

void path_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

bool path_signalled(void)
{
    return signal_seen != 0;
}

void path_check_signals(void)
{
    if (signal_seen) {
        progress_clear();
        fprintf(stderr, "hull: interrupted; nothing was kept\n");
        exit(128 + signal_seen);
    }
}

char *path_data_dir(void)
{
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");

    if (xdg && xdg[0] == '/') {
        return path_join(xdg, "hull");
    }
    if (!home || home[0] != '/') {
        die("neither XDG_DATA_HOME nor HOME is set; set HOME to a folder "
            "where images can be kept");
    }
    return path_join(home, ".local/share/hull");
}

char *path_temp_dir(const char *parent)
{
    char *dir = path_join(parent, ".tmp-XXXXXX");   /* no image's name */

    if (!mkdtemp(dir)) {
        die_errno("cannot make a temporary folder in %s", parent);
    }
    path_remove_at_exit(dir);
    return dir;
}

char *path_runtime_dir(void)
{
    const char *run = getenv("XDG_RUNTIME_DIR");
    char *parent, *dir;

    if (!run || run[0] != '/' || strlen(run) > 60 || access(run, W_OK)) {
        dir = xstrdup("/tmp/hull-XXXXXX");
    } else {
        parent = path_join(run, "hull");
        path_make_dirs(parent);
        dir = path_join(parent, "run-XXXXXX");
        free(parent);
    }
    if (!mkdtemp(dir)) {
        die_errno("cannot make the folder %s", dir);
    }
    path_remove_at_exit(dir);
    return dir;
}

char *path_self_dir(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (n < 0) {
        die_errno("cannot read /proc/self/exe");
    }
    self[n] = '\0';
    return path_dirname(self);
}

int path_read_file(const char *path, struct strbuf *sb, size_t max)
{
    char chunk[65536];
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int saved;

    if (fd < 0) {
        return -1;
    }
    while (sb->len < max) {
        n = read(fd, chunk, sizeof(chunk));
        if (n <= 0) {
            break;
        }
        strbuf_add(sb, chunk, (size_t)n);
    }
    saved = n < 0 ? errno : sb->len >= max ? EFBIG : 0;
    close(fd);
    errno = saved;
    return saved ? -1 : 0;
}

void path_write_fd(int fd, const void *data, size_t len, const char *path)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR) {
            path_check_signals();
            continue;
        }
        if (n < 0) {
            die_errno("cannot write %s", path);
        }
        p += n;
        len -= (size_t)n;
    }
}

void path_write_file(const char *path, const void *data, size_t len,
                     mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0) {
        die_errno("cannot create %s", path);
    }
    path_write_fd(fd, data, len, path);
    if (fchmod(fd, mode)) {
        die_errno("cannot set the mode of %s", path);
    }
    if (close(fd)) {
        die_errno("cannot write %s", path);
    }
}

void path_copy_into(int out, const char *out_path, const char *in_path)
{
    static char chunk[1 << 18];
    int in = open(in_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint64_t done = 0;

    if (in < 0 || fstat(in, &st)) {
        die_errno("cannot read %s", in_path);
    }
    for (;;) {
        ssize_t n = read(in, chunk, sizeof(chunk));

        path_check_signals();
        if (n < 0) {
            die_errno("cannot read %s", in_path);
        }
        if (n == 0) {
            break;
        }
        path_write_fd(out, chunk, (size_t)n, out_path);
        done += (uint64_t)n;
        progress_tick(done, (uint64_t)st.st_size);
    }
    close(in);
}

void path_copy_file(const char *from, const char *to, mode_t mode)
{
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (out < 0) {
        die_errno("cannot create %s", to);
    }
    path_copy_into(out, to, from);
    if (fchmod(out, mode)) {
        die_errno("cannot set the mode of %s", to);
    }
    if (close(out)) {
        die_errno("cannot write %s", to);
    }
}
