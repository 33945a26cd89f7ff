/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories, links, renames, path resolution, permissions' bits, times. */
#include "t.h"
#include <dirent.h>
#include <sys/statfs.h>
#include <sys/vfs.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
    DIR *d = opendir(path);
    char *names[200];
    int n = 0;

    if (!d) {
        FACT("opendir %s: %s", path, strerrorname_np(errno));
        return;
    }
    for (struct dirent *e; n < 200 && (e = readdir(d)); n++) {
        char text[300];

        snprintf(text, sizeof(text), "%s/%d", e->d_name, e->d_type);
        names[n] = strdup(text);
    }
    closedir(d);
    qsort(names, n, sizeof(*names), by_name);
    printf("%s:", path);
    for (int i = 0; i < n; i++)
        printf(" %s", names[i]);
    putchar('\n');
}

static void make(void)
{
    R(mkdir("/tmp/d", 0755));
    R(mkdir("/tmp/d", 0755));
    R(mkdir("/tmp/no/d", 0755));
    R(mkdir("/tmp/d/sub/", 0700));
    R(close(open("/tmp/d/file", O_CREAT | O_WRONLY, 0644)));
    R(symlink("file", "/tmp/d/link"));
    R(symlink("file", "/tmp/d/link"));
    R(symlink("", "/tmp/d/empty"));
    R(link("/tmp/d/file", "/tmp/d/hard"));
    R(link("/tmp/d", "/tmp/d2"));
    R(mknod("/tmp/d/fifo", S_IFIFO | 0600, 0));
    list("/tmp/d");
    struct stat st;
    R(stat("/tmp/d/link", &st));
    FACT("nlink %ld type %o", (long)st.st_nlink, st.st_mode & S_IFMT);
    R(lstat("/tmp/d/link", &st));
    FACT("type %o size %ld", st.st_mode & S_IFMT, (long)st.st_size);
    R(stat("/tmp/d", &st));
    FACT("dir type %o", st.st_mode & S_IFMT);
    char buf[64] = "";
    R(readlink("/tmp/d/link", buf, sizeof(buf)));
    FACT("%s", buf);
    R(readlink("/tmp/d/link", buf, 2));
    R(readlink("/tmp/d/file", buf, sizeof(buf)));
    R(readlink("/tmp/d/link", buf, 0));
}

static void walk(void)
{
    char cwd[PATH_MAX];

    R(symlink("loop2", "/tmp/loop1"));
    R(symlink("loop1", "/tmp/loop2"));
    OK(open("/tmp/loop1", O_RDONLY));
    R(symlink("../d/./sub/../link", "/tmp/d/sub/deep"));
    OK(open("/tmp/d/sub/deep", O_RDONLY));
    OK(open("/tmp/d/link", O_RDONLY | O_NOFOLLOW));
    OK(open("/tmp/d/file/", O_RDONLY));
    OK(open("/tmp/d/link/", O_RDONLY));
    OK(open("//tmp///d/./file", O_RDONLY));
    OK(open("/../../tmp/d/file", O_RDONLY));
    char *longname = malloc(5000);
    memset(longname, 'a', 4999);
    longname[4999] = 0;
    OK(open(longname, O_RDONLY));
    longname[0] = '/';
    longname[257] = 0;
    OK(open(longname, O_RDONLY));
    free(longname);
    R(chdir("/tmp/d/sub"));
    FACT("%s", getcwd(cwd, sizeof(cwd)));
    FACT("small: %s", getcwd(cwd, 3) ? "?" : strerrorname_np(errno));
    OK(open("../file", O_RDONLY));
    R(chdir("/tmp/d/file"));
    R(chdir("/nowhere"));
    int d = OK(open("/tmp/d", O_RDONLY | O_DIRECTORY));
    OK(openat(d, "file", O_RDONLY));
    OK(openat(d, "/tmp/d/file", O_RDONLY));
    OK(openat(-1, "file", O_RDONLY));
    int f = OK(open("/tmp/d/file", O_RDONLY));
    OK(openat(f, "x", O_RDONLY));
    R(fchdir(d));
    FACT("%s", getcwd(cwd, sizeof(cwd)));
    R(fchdir(f));
    R(access("/tmp/d/file", F_OK));
    R(access("/tmp/d/file", X_OK));
    R(access("/tmp/d/nofile", F_OK));
    R(faccessat(d, "link", R_OK, AT_SYMLINK_NOFOLLOW));
    struct stat st;
    R(fstatat(f, "", &st, AT_EMPTY_PATH));
    R(fstatat(f, "", &st, 0));
    char b[10];
    R(read(d, b, 10));
    R(chdir("/"));
}

static void renames(void)
{
    R(rename("/tmp/d/file", "/tmp/d/file2"));
    R(rename("/tmp/d/file", "/tmp/d/file3"));
    R(rename("/tmp/d/hard", "/tmp/d/file2"));
    list("/tmp/d");
    R(rename("/tmp/d", "/tmp/d/sub/x"));
    R(rename("/tmp/d/sub", "/tmp/d/file2"));
    R(rename("/tmp/d/file2", "/tmp/d/sub"));
    R(mkdir("/tmp/e", 0755));
    R(rename("/tmp/e", "/tmp/d/sub"));
    R(rename("/tmp/d/sub", "/tmp/e"));
    list("/tmp/e");
    R(renameat2(AT_FDCWD, "/tmp/d/file2", AT_FDCWD, "/tmp/d/link",
                RENAME_NOREPLACE));
    R(renameat2(AT_FDCWD, "/tmp/d/file2", AT_FDCWD, "/tmp/d/link",
                RENAME_EXCHANGE));
    list("/tmp/d");
    R(rename("/tmp/d/.", "/tmp/q"));
    R(rmdir("/tmp/d"));
    R(rmdir("/tmp/d/link"));
    R(rmdir("/tmp/e/."));
    R(unlink("/tmp/e"));
    R(unlinkat(AT_FDCWD, "/tmp/e/deep", 0));
    R(unlinkat(AT_FDCWD, "/tmp/e", AT_REMOVEDIR));
    R(unlink("/tmp/d/nofile"));
    R(unlink("/tmp/d/"));
}

static void attributes(void)
{
    struct stat st;
    struct timespec ts[2] = { { 1000, 5 }, { 2000, 7 } };

    int fd = open("/tmp/attr", O_CREAT | O_RDWR, 0666);
    umask(077);
    R(close(open("/tmp/attr2", O_CREAT | O_RDWR, 0666)));
    stat("/tmp/attr2", &st);
    FACT("mode %o", st.st_mode);
    R(chmod("/tmp/attr", 04711));
    R(fchmod(fd, 0751));
    fstat(fd, &st);
    FACT("mode %o", st.st_mode);
    R(utimensat(AT_FDCWD, "/tmp/attr", ts, 0));
    stat("/tmp/attr", &st);
    FACT("atime %ld.%ld mtime %ld.%ld", st.st_atim.tv_sec, st.st_atim.tv_nsec,
         st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    ts[0].tv_nsec = UTIME_OMIT;
    ts[1].tv_nsec = UTIME_NOW;
    R(futimens(fd, ts));
    stat("/tmp/attr", &st);
    FACT("atime %ld", st.st_atim.tv_sec);
    YES(st.st_mtim.tv_sec > 1000000);
    R(chown("/tmp/attr", 1, 2));
    stat("/tmp/attr", &st);
    FACT("uid %d gid %d", st.st_uid, st.st_gid);
    R(lchown("/tmp/attr", -1, 3));
    stat("/tmp/attr", &st);
    FACT("uid %d gid %d", st.st_uid, st.st_gid);
    R(write(fd, "x", 1));
    stat("/tmp/attr", &st);
    YES(time(NULL) - st.st_mtime < 10);
    struct statx stx;
    R(statx(AT_FDCWD, "/tmp/attr", 0, STATX_BASIC_STATS, &stx));
    FACT("statx mode %o size %ld", stx.stx_mode, (long)stx.stx_size);
    struct statfs sf;
    R(statfs("/tmp", &sf));
    YES(sf.f_bsize >= 512 && sf.f_blocks > 0 && sf.f_namelen == 255);
    R(statfs("/nowhere", &sf));
    R(truncate("/tmp/attr", 100));
    R(truncate("/tmp", 100));
    R(truncate("/tmp/nofile", 100));
    close(fd);
}

static void many(void)
{
    char name[64];
    int n = 0, seen = 0;

    mkdir("/tmp/many", 0700);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "/tmp/many/file-number-%d", i);
        n += close(open(name, O_CREAT | O_WRONLY, 0600)) == 0;
    }
    FACT("made %d", n);
    DIR *d = opendir("/tmp/many");
    long mid = 0;
    for (struct dirent *e; (e = readdir(d)); seen++)
        if (seen == 250)
            mid = telldir(d);
    FACT("seen %d", seen);
    seekdir(d, mid);
    seen = 0;
    while (readdir(d))
        seen++;
    FACT("after seek %d", seen);
    rewinddir(d);
    seen = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        seen += unlinkat(dirfd(d), e->d_name, 0) == 0;
    }
    FACT("removed while reading %d", seen);
    closedir(d);
    R(rmdir("/tmp/many"));
}

int main(void)
{
    t_start();
    umask(022);
    make();
    walk();
    renames();
    attributes();
    many();
    return 0;
}
