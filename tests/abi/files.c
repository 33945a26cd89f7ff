/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files: open flags, positions, holes, append, truncate, unlinked. */
#include "t.h"
#include <sys/mman.h>
#include <sys/uio.h>

static void open_flags(void)
{
    OK(open("/tmp/f1", O_RDONLY));
    int fd = OK(open("/tmp/f1", O_CREAT | O_EXCL | O_RDWR, 0640));
    OK(open("/tmp/f1", O_CREAT | O_EXCL | O_RDWR, 0640));
    OK(open("/tmp", O_RDWR));
    OK(open("/tmp/f1/x", O_RDONLY));
    OK(open("/tmp/f1", O_RDONLY | O_DIRECTORY));
    OK(open("/tmp/", O_CREAT | O_WRONLY, 0600));
    OK(open("/tmp/nodir/x", O_CREAT | O_WRONLY, 0600));
    OK(open("", O_RDONLY));
    R(write(fd, "hello world", 11));
    R(read(fd, (char[4]){0}, 4));
    R(lseek(fd, 0, SEEK_SET));
    char buf[32] = "";
    R(read(fd, buf, 5));
    FACT("%s", buf);
    R(pread(fd, buf, 5, 6));
    FACT("%s", buf);
    R(pread(fd, buf, 5, 100));
    R(pread(fd, buf, 5, -1));
    R(pwrite(fd, "W", 1, 6));
    R(lseek(fd, -1, SEEK_SET));
    R(lseek(fd, 0, 99));
    R(lseek(fd, 2, SEEK_END));
    R(write(fd, "!", 1));
    struct stat st;
    R(fstat(fd, &st));
    FACT("size %ld mode %o nlink %ld", (long)st.st_size, st.st_mode,
         (long)st.st_nlink);
    R(ftruncate(fd, 5));
    R(ftruncate(fd, -1));
    R(lseek(fd, 0, SEEK_CUR));
    R(read(fd, buf, 5));
    R(lseek(fd, 0, SEEK_SET));
    memset(buf, 0, sizeof(buf));
    R(read(fd, buf, 32));
    FACT("%s", buf);
    int ro = OK(open("/tmp/f1", O_RDONLY));
    R(write(ro, "x", 1));
    R(ftruncate(ro, 1));
    int wo = OK(open("/tmp/f1", O_WRONLY | O_TRUNC));
    R(read(wo, buf, 1));
    R(fstat(fd, &st));
    FACT("size after O_TRUNC %ld", (long)st.st_size);
    R(close(ro));
    R(close(ro));
    R(close(wo));
    R(close(fd));
    R(read(-1, buf, 1));
    R(write(9999, buf, 1));
}

static void append(void)
{
    int a = open("/tmp/app", O_CREAT | O_WRONLY | O_APPEND, 0600);
    int b = open("/tmp/app", O_RDWR);
    char buf[32] = "";

    R(write(a, "one", 3));
    R(write(b, "ONE", 3));
    R(write(a, "two", 3));
    R(lseek(a, 0, SEEK_CUR));
    R(pread(b, buf, 32, 0));
    FACT("%s", buf);
    R(fcntl(a, F_GETFL) & (O_APPEND | O_ACCMODE));
    R(fcntl(b, F_SETFL, O_APPEND));
    R(write(b, "end", 3));
    memset(buf, 0, sizeof(buf));
    R(pread(b, buf, 32, 0));
    FACT("%s", buf);
    close(a);
    close(b);
}

static void sparse(void)
{
    int fd = open("/tmp/sparse", O_CREAT | O_RDWR, 0600);
    char buf[8192];
    struct stat st;

    R(pwrite(fd, "x", 1, 10 << 20));
    fstat(fd, &st);
    FACT("size %ld small %d", (long)st.st_size, st.st_blocks < 100);
    memset(buf, 1, sizeof(buf));
    R(pread(fd, buf, 8192, 4000));
    YES(buf[0] == 0 && buf[8191] == 0);
    R(fallocate(fd, 0, 0, 20 << 20));
    fstat(fd, &st);
    FACT("size %ld", (long)st.st_size);
    R(fallocate(fd, 0, -1, 5));
    R(posix_fallocate(fd, 0, 21 << 20));
    close(fd);
}

static void unlinked(void)
{
    int fd = open("/tmp/gone", O_CREAT | O_RDWR, 0600);
    struct stat st;
    char buf[8] = "";

    R(unlink("/tmp/gone"));
    R(unlink("/tmp/gone"));
    R(write(fd, "still", 5));
    R(pread(fd, buf, 5, 0));
    FACT("%s", buf);
    fstat(fd, &st);
    FACT("nlink %ld", (long)st.st_nlink);
    close(fd);
}

static void vectors(void)
{
    int fd = open("/tmp/vec", O_CREAT | O_RDWR, 0600);
    char a[4] = "", b[8] = "";
    struct iovec w[3] = { { "abc", 3 }, { NULL, 0 }, { "defgh", 5 } };
    struct iovec r[2] = { { a, 3 }, { b, 7 } };

    R(writev(fd, w, 3));
    R(preadv(fd, r, 2, 0));
    FACT("%s %s", a, b);
    R(writev(fd, w, -1));
    R(writev(fd, w, 2000));
    R(pwritev(fd, w, 3, 4));
    R(lseek(fd, 0, SEEK_SET));
    R(readv(fd, r, 2));
    FACT("%.3s %.5s", a, b);
    R(preadv2(fd, r, 2, 0, 0));
    close(fd);
}

/* Pages and holes in turn, read in pieces that begin and end anywhere. */
static void patchwork(void)
{
    static const int pages[] = { 130, 0, 1, 2, 66, 5, 64, 63, 20, 21, 22 };
    enum { SIZE = 131 * 4096 };
    static char page[4096], whole[SIZE], buf[SIZE + 4096];
    int fd = open("/tmp/patchwork", O_CREAT | O_RDWR, 0600);
    unsigned x = 1;
    int wrong = 0;

    for (unsigned i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        memset(page, 'A' + pages[i] % 50, sizeof(page));
        page[pages[i]] = (char)pages[i];
        memcpy(whole + pages[i] * 4096, page, sizeof(page));
        if (pwrite(fd, page, sizeof(page), pages[i] * 4096l) != 4096)
            FACT("short write");
    }
    for (int i = 0; i < 400; i++) {
        x = x * 1103515245 + 12345;
        long at = (x >> 8) % SIZE, n = i % 3 ? (x >> 3) % 90000 : x % SIZE;
        struct iovec v[2] = { { buf, (size_t)n / 3 },
                              { buf + n / 3, (size_t)(n - n / 3) } };
        long want = at + n > SIZE ? SIZE - at : n;
        wrong += preadv(fd, v, 2, at) != want ||
                 memcmp(buf, whole + at, (size_t)want);
    }
    FACT("%d wrong", wrong);
    /* Until the memory ends that is read into. */
    char *end = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    R(munmap(end + 8 * 4096, 8 * 4096));
    R(pread(fd, end + 7 * 4096, 8 * 4096, 0));
    R(pread(fd, end + 6 * 4096, 8 * 4096, 4096));
    FACT("%d", memcmp(end + 6 * 4096, whole + 4096, 8192));
    R(pread(fd, end + 8 * 4096, 8 * 4096, 0));
    R(pread(fd, end, 16 * 4096, 62 * 4096l));
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    R(read(fd, end + 5 * 4096, 16 * 4096));
    close(fd);
}

int main(void)
{
    t_start();
    umask(022);
    open_flags();
    append();
    sparse();
    unlinked();
    vectors();
    patchwork();
    int big = open("/tmp/big", O_CREAT | O_RDWR, 0600);
    static char block[65536];
    for (int i = 0; i < 64; i++) {
        memset(block, i, sizeof(block));
        if (write(big, block, sizeof(block)) != sizeof(block))
            FACT("short write");
    }
    long sum = 0;
    for (int i = 63; i >= 0; i--) {
        if (pread(big, block, sizeof(block), i * 65536l) != sizeof(block))
            FACT("short read");
        sum += block[100] * (i + 1);
    }
    FACT("sum %ld", sum);
    R(fsync(big));
    R(fdatasync(big));
    R(fsync(-1));
    return 0;
}
