/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names, walking, tmpfs and the overlay against Linux: the same random calls
 * run on a folder of this host's tmpfs and inside ours, and must give the same
 * results and errors. Then walks, locks, inotify, seals and getdents by table.
 */
#include <sys/syscall.h>

#include "fs_disk.h"

long syscall(long nr, ...);
int *__errno_location(void);

static char top[] = "/dev/shm/hull-vfs-XXXXXX";
static struct fs_ctx ctx;

static long host(long nr, long a, long b, long c, long d, long e)
{
    long r = syscall(nr, a, b, c, d, e);
    return r < 0 ? -*__errno_location() : r;
}
#define HOST(nr, a, b, c, d, e) host(nr, (long)(a), (long)(b), (long)(c), \
                                     (long)(d), (long)(e))

static int start(void **state)
{
    char cmd[400];
    (void)state;
    unit_boot(128ull << 20);
    assert_non_null(mkdtemp(top));
    snprintf(cmd, sizeof(cmd),
             "cd %s && mkdir -p t/w/a/b t/w/c t/dir/sub && echo hi > t/file && "
             "ln -s dir t/link && ln -s /dir/sub t/abs && ln -s loop t/loop && "
             "ln -s no t/dangling && ln -s ../file t/dir/up && "
             "echo x > t/dir/sub/f && seq 3000 > t/w/a/b/x && "
             "echo y > t/w/a/y && ln t/w/a/y t/w/c/x && echo > t/w/x && "
             "ln -s a t/w/y && cp -a t/w w", top);
    assert_int_equal(system(cmd), 0);
    snprintf(cmd, sizeof(cmd), "%s/t", top);
    disk_make(cmd, "-zlz4hc -C65536");
    sched_init();
    fs_init();
    assert_int_equal(fs_mount_root(&disk.dev, 0, disk.dev.size), 0);
    fs_ctx_init(&ctx);
    assert_int_equal(fs_mkdir(&ctx, NULL, "/tmp/m", 0755), 0);
    snprintf(cmd, sizeof(cmd), "mkdir %s/m", top);
    return system(cmd);
}

static int stop(void **state)
{
    char cmd[100];
    (void)state;
    fs_ctx_release(&ctx);
    snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
    return system(cmd);
}

/* ---------------- the same calls on both sides ---------------- */

static char our_base[64], host_base[64];

static void name_random(char *rel)
{
    static const char *const parts[] = { "a", "b", "c", "x", "y",
        "a-name-that-is-too-long-to-be-kept-inline-in-a-dentry", "..", "." };
    size_t n = 0;
    for (unsigned depth = 1 + (unsigned)unit_below(3); depth; depth--)
        n += (size_t)snprintf(rel + n, 200 - n, "/%s",
                              parts[unit_below(unit_below(8) ? 6 : 8)]);
    /* ".." must not lead out of the base, which differs. */
    if (strstr(rel, ".."))
        snprintf(rel, 200, "/a/../%s", parts[unit_below(5)]);
    if (!unit_below(12))
        snprintf(rel + strlen(rel), 4, "/");
}

static void both(const char *rel, char *ours, char *theirs)
{
    snprintf(ours, 300, "%s%s", our_base, rel);
    snprintf(theirs, 300, "%s%s", host_base, rel);
}

static void data_compare(const char *ours, int fd, struct file *f)
{
    static uint8_t a[40000], b[40000];
    struct iovec v;
    struct iov_iter it;
    iov_iter_kernel(&it, &v, a, sizeof(a));
    ssize_t n = file_pread(f, &it, 0);
    long m = HOST(SYS_pread64, fd, b, sizeof(b), 0, 0);
    if (n != m || (n > 0 && memcmp(a, b, (size_t)n)))
        fail_msg("%s: content differs: %ld %ld", ours, (long)n, m);
}

static void file_work(const char *ours, int fd, struct file *f)
{
    char buf[6000];
    struct iovec v;
    struct iov_iter it;
    memset(buf, (int)unit_random(), sizeof(buf));
    size_t n = unit_below(sizeof(buf)), off = unit_below(20000);
    switch (unit_below(5)) {
    case 0:
        iov_iter_kernel(&it, &v, buf, n);
        assert_int_equal(file_write(f, &it),
                         HOST(SYS_write, fd, buf, n, 0, 0));
        break;
    case 1:
        iov_iter_kernel(&it, &v, buf, n);
        if (!(f->flags & O_APPEND))
            assert_int_equal(file_pwrite(f, &it, (off_t)off),
                             HOST(SYS_pwrite64, fd, buf, n, off, 0));
        break;
    case 2:
        if ((f->flags & O_ACCMODE) != O_RDONLY)
            assert_int_equal(f->ops->truncate(f, off),
                             HOST(SYS_ftruncate, fd, off, 0, 0, 0));
        break;
    case 3:
        assert_int_equal(file_seek(f, (off_t)off, SEEK_SET),
                         HOST(SYS_lseek, fd, off, 0, 0, 0));
        break;
    case 4:
        if ((f->flags & O_ACCMODE) != O_RDONLY)
            assert_int_equal(f->ops->allocate(f, 3, (off_t)off, (off_t)n + 1),
                             HOST(SYS_fallocate, fd, 3, off, n + 1, 0));
        break;
    }
    if ((f->flags & O_ACCMODE) != O_WRONLY)
        data_compare(ours, fd, f);
}

static void step_open(const char *ours, const char *theirs)
{
    static const uint32_t flags[] = {
        O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
        O_WRONLY | O_CREAT | O_TRUNC, O_WRONLY | O_APPEND, O_DIRECTORY,
        O_RDONLY | O_NOFOLLOW, O_PATH, O_RDWR | O_CREAT | O_NOFOLLOW,
        O_PATH | O_NOFOLLOW | O_DIRECTORY,
    };
    uint32_t fl = flags[unit_below(ARRAY_LEN(flags))];
    struct file *f = fs_open(&ctx, NULL, ours, fl, 0644);
    long fd = HOST(SYS_open, theirs, fl | O_LARGEFILE, 0644, 0, 0);
    if (IS_ERR(f) ? PTR_ERR(f) != fd : fd < 0)
        fail_msg("open %s %#o: %ld, Linux %ld", ours, fl,
                 IS_ERR(f) ? PTR_ERR(f) : 0, fd);
    if (IS_ERR(f))
        return;
    if (f->ops == &fs__reg_ops)
        for (int i = 0; i < 3; i++)
            file_work(ours, (int)fd, f);
    file_unref(f);
    HOST(SYS_close, fd, 0, 0, 0, 0);
}

static void stat_compare(const char *ours, const char *theirs, unsigned walk)
{
    uint8_t raw[144];
    uint64_t nlink, size;
    uint32_t mode;
    struct kstat st;
    int err = fs_stat(&ctx, NULL, ours, walk, &st);
    long want = HOST(walk ? SYS_stat : SYS_lstat, theirs, raw, 0, 0, 0);
    if (err != want)
        fail_msg("stat %s: %d, Linux %ld", ours, err, want);
    if (err)
        return;
    memcpy(&nlink, raw + 16, 8);
    memcpy(&mode, raw + 24, 4);
    memcpy(&size, raw + 48, 8);
    bool dir = (mode & S_IFMT) == S_IFDIR;
    if (mode != st.mode || nlink != st.nlink || (!dir && size != st.size))
        fail_msg("stat %s: %o %u %llu, Linux %o %llu %llu", ours, st.mode,
                 st.nlink, (unsigned long long)st.size, mode,
                 (unsigned long long)nlink, (unsigned long long)size);
}

static int name_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names of getdents records, sorted, in one line. */
static void names_list(uint8_t *buf, long n, char *out, size_t size)
{
    char *names[200];
    size_t count = 0, used = 0;
    for (long at = 0; at < n;) {
        uint16_t len;
        memcpy(&len, buf + at + 16, 2);
        /* The type is compared along: it takes the byte before the name. */
        buf[at + 18] = (uint8_t)('A' + buf[at + 18]);
        names[count++] = (char *)buf + at + 18;
        at += len;
    }
    qsort(names, count, sizeof(*names), name_order);
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, size - used, "%s ", names[i]);
}

static void list_compare(const char *ours, const char *theirs)
{
    static uint8_t a[16384], b[16384];
    static char la[8000], lb[8000];
    struct file *f = fs_open(&ctx, NULL, ours, O_DIRECTORY, 0);
    long fd = HOST(SYS_open, theirs, O_DIRECTORY, 0, 0, 0);
    if (IS_ERR(f) || fd < 0) {
        assert_int_equal(IS_ERR(f) ? PTR_ERR(f) : 0, fd);
        return;
    }
    ssize_t n = 0, got, room = (ssize_t)(300 + unit_below(3000));
    while ((got = fs_getdents(f, a + n, (size_t)room)) > 0)
        n += got;
    assert_int_equal(got, 0);
    names_list(a, n, la, sizeof(la));
    long m = HOST(SYS_getdents64, fd, b, sizeof(b), 0, 0);
    names_list(b, m, lb, sizeof(lb));
    if (strcmp(la, lb))
        fail_msg("%s: has %s; Linux %s", ours, la, lb);
    file_unref(f);
    HOST(SYS_close, fd, 0, 0, 0, 0);
}

static void expect(const char *what, const char *ours, const char *other,
                   long got, long want)
{
    if (got != want)
        fail_msg("%s %s %s: %ld, Linux %ld", what, ours, other, got, want);
}

static void step_names(const char *ours, const char *theirs)
{
    char rel[200], ours2[300], theirs2[300];
    unsigned fl = (unsigned)unit_below(4);
    name_random(rel);
    both(rel, ours2, theirs2);
    switch (unit_below(9)) {
    case 0:
        expect("mkdir", ours, "", fs_mkdir(&ctx, NULL, ours, 0755),
               HOST(SYS_mkdir, theirs, 0755, 0, 0, 0));
        break;
    case 1:
        expect("rmdir", ours, "", fs_rmdir(&ctx, NULL, ours),
               HOST(SYS_rmdir, theirs, 0, 0, 0, 0));
        break;
    case 2:
        expect("unlink", ours, "", fs_unlink(&ctx, NULL, ours),
               HOST(SYS_unlink, theirs, 0, 0, 0, 0));
        break;
    case 3: case 4: case 5:
        fl = fl > 2 ? 0 : fl;
        expect("rename", ours, ours2,
               fs_rename(&ctx, NULL, ours, NULL, ours2, fl),
               HOST(SYS_renameat2, -100, theirs, -100, theirs2, fl));
        break;
    case 6:
        expect("link", ours, ours2,
               fs_link(&ctx, NULL, ours, NULL, ours2, 0),
               HOST(SYS_link, theirs, theirs2, 0, 0, 0));
        break;
    case 7:
        expect("symlink", rel + 1, ours,
               fs_symlink(&ctx, rel + 1, NULL, ours),
               HOST(SYS_symlink, rel + 1, theirs, 0, 0, 0));
        break;
    case 8:
        expect("chmod", ours, "",
               fs_chmod(&ctx, NULL, ours, 0600 + fl, FS_FOLLOW),
               HOST(SYS_chmod, theirs, 0600 + fl, 0, 0, 0));
        break;
    }
}

static void compare_run(const char *base, const char *host_name,
                        unsigned steps)
{
    char rel[200], ours[300], theirs[300], x[300], y[300];
    snprintf(our_base, sizeof(our_base), "%s", base);
    snprintf(host_base, sizeof(host_base), "%s/%s", top, host_name);
    for (unsigned i = 0; i < steps; i++) {
        name_random(rel);
        both(rel, ours, theirs);
        switch (unit_below(6)) {
        case 0:
            step_open(ours, theirs);
            break;
        case 1:
            stat_compare(ours, theirs, unit_below(2) ? FS_FOLLOW : 0);
            break;
        case 2:
            list_compare(ours, theirs);
            break;
        case 3: {
            ssize_t n = fs_readlink(&ctx, NULL, ours, x, sizeof(x));
            long m = HOST(SYS_readlink, theirs, y, sizeof(y), 0, 0);
            expect("readlink", ours, "", n, m);
            break;
        }
        default:
            step_names(ours, theirs);
        }
    }
}

static void tmpfs_is_as_linux(void **state)
{
    (void)state;
    unit_seed(3);
    compare_run("/tmp/m", "m", 60000);
}

static void overlay_is_as_linux(void **state)
{
    (void)state;
    unit_seed(4);
    compare_run("/w", "w", 60000);
}

/* ---------------- walks by table ---------------- */

static void walks(void **state)
{
    static const struct { const char *path; unsigned walk; int want; } t[] = {
        { "/", FS_FOLLOW, 0 }, { "//", 0, 0 }, { "/..", 0, 0 },
        { "/../../file", 0, 0 }, { "/file", 0, 0 },
        { "/file/", 0, -ENOTDIR }, { "/file/x", 0, -ENOTDIR },
        { "/file/.", 0, -ENOTDIR }, { "/dir/", 0, 0 },
        { "/dir/./sub/../sub//f", 0, 0 }, { "/link", FS_DIRECTORY, -ENOTDIR },
        { "/link/", 0, 0 }, { "/link/sub/f", 0, 0 },
        { "/link", FS_FOLLOW | FS_DIRECTORY, 0 }, { "/abs/f", 0, 0 },
        { "/loop", FS_FOLLOW, -ELOOP }, { "/loop", 0, 0 },
        { "/loop/x", 0, -ELOOP }, { "/dangling", FS_FOLLOW, -ENOENT },
        { "/dangling/", 0, -ENOENT }, { "/dir/up", FS_FOLLOW, 0 },
        { "/dir/up/", FS_FOLLOW, -ENOTDIR }, { "", 0, -ENOENT },
        { "", FS_EMPTY, 0 }, { "dir/sub", 0, 0 }, { "./file", 0, 0 },
        { "/dev/..", 0, 0 }, { "/dev/shm/../../tmp", 0, 0 },
        { "/dev/null", 0, 0 }, { "/nothing", 0, -ENOENT },
        { "/nothing/at/all", 0, -ENOENT }, { "/proc/meminfo", 0, 0 },
        { "/sys/devices/system/cpu/online", 0, 0 },
    };
    char long_name[300];
    struct kstat st;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        for (int twice = 0; twice < 2; twice++)
            expect("walk", t[i].path, "",
                   fs_stat(&ctx, NULL, t[i].path, t[i].walk, &st), t[i].want);
    memset(long_name, 'n', sizeof(long_name));
    long_name[0] = '/';
    long_name[257] = 0;
    expect("walk", "256", "", fs_stat(&ctx, NULL, long_name, 0, &st),
           -ENAMETOOLONG);
    long_name[256] = 0;
    expect("walk", "255", "", fs_stat(&ctx, NULL, long_name, 0, &st),
           -ENOENT);
}

static void cwd_and_root(void **state)
{
    char buf[100];
    struct kstat a, b;
    (void)state;
    assert_int_equal(fs_chdir(&ctx, "/link/sub"), 0);
    assert_int_equal(fs_getcwd(&ctx, buf, sizeof(buf)), 9);
    assert_string_equal(buf, "/dir/sub");
    assert_int_equal(fs_getcwd(&ctx, buf, 5), -ERANGE);
    assert_int_equal(fs_chdir(&ctx, "/dev/shm"), 0);
    assert_int_equal(fs_getcwd(&ctx, buf, sizeof(buf)), 9);
    assert_string_equal(buf, "/dev/shm");
    assert_int_equal(fs_mkdir(&ctx, NULL, "gone", 0755), 0);
    assert_int_equal(fs_chdir(&ctx, "gone"), 0);
    assert_int_equal(fs_rmdir(&ctx, NULL, "/dev/shm/gone"), 0);
    assert_int_equal(fs_getcwd(&ctx, buf, sizeof(buf)), -ENOENT);
    assert_int_equal(fs_mkdir(&ctx, NULL, "x", 0755), -ENOENT);
    assert_int_equal(fs_stat(&ctx, NULL, "..", 0, &a), 0);
    assert_int_equal(fs_stat(&ctx, NULL, "/dev/shm", 0, &b), 0);
    assert_int_equal(a.ino, b.ino);
    struct fs_ctx jail;
    fs_ctx_copy(&jail, &ctx);
    assert_int_equal(fs_chroot(&jail, "/dir"), 0);
    assert_int_equal(fs_chdir(&jail, "/"), 0);
    assert_int_equal(fs_stat(&jail, NULL, "../../sub/f", 0, &a), 0);
    assert_int_equal(fs_stat(&jail, NULL, "up", FS_FOLLOW, &a), -ENOENT);
    assert_int_equal(fs_getcwd(&jail, buf, sizeof(buf)), 2);
    fs_ctx_release(&jail);
    assert_int_equal(fs_chdir(&ctx, "/"), 0);
}

/* ---------------- one thing each ---------------- */

static struct file *must_open(const char *path, uint32_t flags)
{
    struct file *f = fs_open(&ctx, NULL, path, flags, 0644);
    if (IS_ERR(f))
        fail_msg("open %s: %ld", path, PTR_ERR(f));
    return f;
}

static void locks_ranges(void **state)
{
    (void)state;
    int me, you;
    struct file *f = must_open("/tmp/lock", O_RDWR | O_CREAT);
    struct fs_lock l = { 1, 10, 19, 7 }, q;
    assert_int_equal(fs_lock_set(f, &me, &l, false), 0);
    assert_int_equal(fs_lock_set(f, &me, &l, false), 0);
    q = (struct fs_lock){ 0, 15, 15, 8 };
    assert_int_equal(fs_lock_set(f, &you, &q, false), -EAGAIN);
    assert_int_equal(fs_lock_get(f, &you, &q), 0);
    assert_int_equal(q.type, 1);
    assert_int_equal(q.start, 10);
    assert_int_equal(q.end, 19);
    assert_int_equal(q.pid, 7);
    l = (struct fs_lock){ 2, 13, 16, 7 };       /* a hole in the middle */
    assert_int_equal(fs_lock_set(f, &me, &l, false), 0);
    q = (struct fs_lock){ 1, 13, 16, 8 };
    assert_int_equal(fs_lock_set(f, &you, &q, false), 0);
    q = (struct fs_lock){ 1, 16, 17, 8 };
    assert_int_equal(fs_lock_set(f, &you, &q, false), -EAGAIN);
    l = (struct fs_lock){ 0, 0, UINT64_MAX, 7 };
    assert_int_equal(fs_lock_set(f, &me, &l, false), -EAGAIN);
    fs_locks_drop(f, &you);
    assert_int_equal(fs_lock_set(f, &me, &l, false), 0);
    fs_locks_drop(f, &me);
    q = (struct fs_lock){ 1, 0, UINT64_MAX, 8 };
    assert_int_equal(fs_lock_get(f, &you, &q), 0);
    assert_int_equal(q.type, 2);
    struct file *g = must_open("/tmp/lock", O_RDONLY);
    assert_int_equal(fs_lock_set(g, &me, &q, false), 0);    /* unlock */
    q.type = 1;
    assert_int_equal(fs_lock_set(g, &me, &q, false), -EBADF);
    assert_int_equal(fs_flock(f, 2), 0);
    assert_int_equal(fs_flock(g, 1 | 4), -EAGAIN);
    assert_int_equal(fs_flock(f, 1), 0);
    assert_int_equal(fs_flock(g, 1 | 4), 0);
    assert_int_equal(fs_flock(f, 2 | 4), -EAGAIN);
    file_unref(g);
    assert_int_equal(fs_flock(f, 2 | 4), 0);
    file_unref(f);
}

static void watches_tell(void **state)
{
    (void)state;
    struct file *in = inotify_create(O_NONBLOCK);
    uint8_t buf[4096];
    struct iovec v;
    struct iov_iter it;
    char line[600] = "";
    size_t n = 0;
    assert_int_equal(fs_mkdir(&ctx, NULL, "/tmp/in", 0755), 0);
    int wd = inotify_add(&ctx, in, "/tmp/in", 0xfff);
    assert_int_equal(wd, 1);
    assert_int_equal(file_poll(in, NULL), 0);
    struct file *f = must_open("/tmp/in/f", O_RDWR | O_CREAT);
    iov_iter_kernel(&it, &v, buf, 10);
    file_write(f, &it);
    file_unref(f);
    assert_int_equal(fs_rename(&ctx, NULL, "/tmp/in/f", NULL, "/tmp/in/g", 0),
                     0);
    assert_int_equal(fs_unlink(&ctx, NULL, "/tmp/in/g"), 0);
    assert_int_equal(fs_rmdir(&ctx, NULL, "/tmp/in"), 0);
    assert_true(file_poll(in, NULL) & POLLIN);
    iov_iter_kernel(&it, &v, buf, sizeof(buf));
    ssize_t got = file_read(in, &it);
    for (ssize_t at = 0; at < got;) {
        uint32_t h[4];
        memcpy(h, buf + at, 16);
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%x:%s ", h[1],
                              h[3] ? (char *)buf + at + 16 : "");
        at += 16 + h[3];
    }
    assert_string_equal(line, "100:f 20:f 2:f 8:f 40:f 80:g 200:g 400: "
                              "8000: ");
    assert_int_equal(inotify_remove(in, wd), -EINVAL);
    file_unref(in);
    assert_int_equal(fs__watch_count, 0);
}

static void memfd_seal(void **state)
{
    (void)state;
    struct iovec v;
    struct iov_iter it;
    char buf[64] = "data";
    struct file *f = memfd_create_file("m", 0, true);
    iov_iter_kernel(&it, &v, buf, 4);
    assert_int_equal(file_write(f, &it), 4);
    assert_int_equal(memfd_seals(f, true, 2 | 4), 0);
    assert_int_equal(f->ops->truncate(f, 2), -EPERM);
    assert_int_equal(f->ops->truncate(f, 9), -EPERM);
    iov_iter_kernel(&it, &v, buf, 4);
    assert_int_equal(file_write(f, &it), -EPERM);
    iov_iter_kernel(&it, &v, buf, 4);
    assert_int_equal(file_pwrite(f, &it, 0), 4);
    assert_int_equal(memfd_seals(f, true, 8 | 1), 0);
    iov_iter_kernel(&it, &v, buf, 4);
    assert_int_equal(file_pwrite(f, &it, 0), -EPERM);
    assert_int_equal(memfd_seals(f, true, 2), -EPERM);
    assert_int_equal(memfd_seals(f, false, 0), 15);
    assert_int_equal(fs_file_path(f, buf, sizeof(buf)), 0);
    assert_string_equal(buf, "/memfd:m (deleted)");
    file_unref(f);
}

static void sparse_seeks(void **state)
{
    (void)state;
    struct iovec v;
    struct iov_iter it;
    char buf[8] = "x";
    struct kstat st;
    struct file *f = must_open("/tmp/sparse", O_RDWR | O_CREAT);
    iov_iter_kernel(&it, &v, buf, 1);
    assert_int_equal(file_pwrite(f, &it, 1 << 20), 1);
    assert_int_equal(f->ops->truncate(f, 1ull << 40), 0);
    assert_int_equal(file_seek(f, 0, SEEK_DATA), 1 << 20);
    assert_int_equal(file_seek(f, 1 << 20, SEEK_HOLE), (1 << 20) + 4096);
    assert_int_equal(file_seek(f, 2 << 20, SEEK_DATA), -ENXIO);
    assert_int_equal(file_seek(f, 5, SEEK_HOLE), 5);
    assert_int_equal(file_stat(f, &st), 0);
    assert_int_equal(st.blocks, 8);
    assert_int_equal(st.size, 1ull << 40);
    /* What is not there costs nothing to pass over. */
    iov_iter_kernel(&it, &v, buf, 1);
    assert_int_equal(file_pwrite(f, &it, 1ll << 60), 1);
    assert_int_equal(file_seek(f, 2 << 20, SEEK_DATA), 1ll << 60);
    assert_int_equal(file_seek(f, 1ll << 60, SEEK_HOLE), (1ll << 60) + 1);
    file_unref(f);
    assert_int_equal(fs_unlink(&ctx, NULL, "/tmp/sparse"), 0);
}

static void space_ends(void **state)
{
    (void)state;
    static char buf[65536];
    struct iovec v;
    struct iov_iter it;
    struct kstatfs before, after;
    assert_int_equal(fs_statfs(&ctx, "/tmp", &before), 0);
    struct file *f = must_open("/tmp/big", O_RDWR | O_CREAT);
    ssize_t n;
    do {
        iov_iter_kernel(&it, &v, buf, sizeof(buf));
        n = file_write(f, &it);
    } while (n > 0);
    assert_true(n == -ENOSPC || n == -ENOMEM);
    file_unref(f);
    assert_int_equal(fs_unlink(&ctx, NULL, "/tmp/big"), 0);
    assert_int_equal(fs_statfs(&ctx, "/tmp", &after), 0);
    assert_int_equal(before.bfree, after.bfree);
}

static void unlinked_stays(void **state)
{
    (void)state;
    char buf[64];
    struct iovec v;
    struct iov_iter it;
    struct kstat st;
    struct file *f = must_open("/tmp/gone", O_RDWR | O_CREAT);
    iov_iter_kernel(&it, &v, (char *)"hello", 5);
    assert_int_equal(file_write(f, &it), 5);
    assert_int_equal(fs_unlink(&ctx, NULL, "/tmp/gone"), 0);
    iov_iter_kernel(&it, &v, buf, sizeof(buf));
    assert_int_equal(file_pread(f, &it, 0), 5);
    assert_int_equal(file_stat(f, &st), 0);
    assert_int_equal(st.nlink, 0);
    assert_int_equal(fs_file_path(f, buf, sizeof(buf)), 0);
    assert_string_equal(buf, "/tmp/gone (deleted)");
    file_unref(f);
    f = must_open("/tmp", O_TMPFILE | O_RDWR);
    assert_int_equal(fs_link(&ctx, f, "", NULL, "/tmp/made", FS_EMPTY), 0);
    file_unref(f);
    assert_int_equal(fs_stat(&ctx, NULL, "/tmp/made", 0, &st), 0);
    assert_int_equal(st.nlink, 1);
}

static void proc_reads(void **state)
{
    (void)state;
    static const char *const files[] = {
        "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime",
        "/proc/mounts", "/proc/filesystems", "/proc/sys/vm/max_map_count",
        "/sys/devices/system/cpu/online", "/proc/sys/kernel/random/uuid",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    };
    static char buf[8192];
    struct iovec v;
    struct iov_iter it;
    /* /proc/mounts leads to self/mounts, which needs abi. */
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (!strcmp(files[i], "/proc/mounts"))
            continue;
        struct file *f = must_open(files[i], O_RDONLY);
        iov_iter_kernel(&it, &v, buf, sizeof(buf));
        assert_true(file_read(f, &it) > 0);
        file_unref(f);
    }
    struct file *d = must_open("/proc", O_DIRECTORY);
    ssize_t n = fs_getdents(d, buf, sizeof(buf));
    assert_true(n > 100);
    file_unref(d);
    assert_int_equal(fs_mkdir(&ctx, NULL, "/proc/x", 0755), -EPERM);
}

static void body_of_failures(void *arg)
{
    struct kstat st;
    (void)arg;
    struct file *f = fs_open(&ctx, NULL, "/tmp/fail/x", O_RDWR | O_CREAT,
                             0644);
    if (!IS_ERR(f))
        file_unref(f);
    fs_symlink(&ctx, "t", NULL, "/tmp/fail/s");
    fs_mkdir(&ctx, NULL, "/tmp/fail/d", 0755);
    fs_rename(&ctx, NULL, "/tmp/fail/x", NULL, "/tmp/fail/d/y", 0);
    fs_stat(&ctx, NULL, "/dir/sub/f", 0, &st);
    f = fs_open(&ctx, NULL, "/file", O_RDWR, 0);
    if (!IS_ERR(f)) {
        f->ops->truncate(f, 1);
        file_unref(f);
    }
    fs_unlink(&ctx, NULL, "/tmp/fail/x");
    fs_unlink(&ctx, NULL, "/tmp/fail/s");
    fs_unlink(&ctx, NULL, "/tmp/fail/d/y");
    fs_rmdir(&ctx, NULL, "/tmp/fail/d");
}

static void memory_ends(void **state)
{
    (void)state;
    assert_int_equal(fs_mkdir(&ctx, NULL, "/tmp/fail", 0755), 0);
    unit_step_failures(FAULT_ALLOC, body_of_failures, NULL);
    assert_int_equal(fs_rmdir(&ctx, NULL, "/tmp/fail"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks), cmocka_unit_test(tmpfs_is_as_linux),
        cmocka_unit_test(overlay_is_as_linux), cmocka_unit_test(cwd_and_root),
        cmocka_unit_test(locks_ranges), cmocka_unit_test(watches_tell),
        cmocka_unit_test(memfd_seal), cmocka_unit_test(sparse_seeks),
        cmocka_unit_test(space_ends), cmocka_unit_test(unlinked_stays),
        cmocka_unit_test(proc_reads), cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
