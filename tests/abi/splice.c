/* SPDX-License-Identifier: BSD-2-Clause */
/* splice, tee, vmsplice, sendfile and copy_file_range with odd arguments. */
#include "t.h"
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int p[2], q[2], file, s[2];
static char buf[200000];

static void show(int fd)
{
    char text[64] = "";
    ssize_t n = read(fd, text, sizeof(text) - 1);

    FACT("read %ld %s", (long)n, n < 0 ? strerrorname_np(errno) : text);
}

static void splices(void)
{
    off_t off = 3;

    R(splice(file, &off, p[1], NULL, 4, 0));
    FACT("off %ld pos %ld", (long)off, (long)lseek(file, 0, SEEK_CUR));
    show(p[0]);
    R(splice(file, NULL, p[1], NULL, 5, SPLICE_F_MOVE | SPLICE_F_MORE));
    FACT("pos %ld", (long)lseek(file, 0, SEEK_CUR));
    R(splice(p[0], NULL, q[1], NULL, 3, 0));
    show(q[0]);
    R(splice(p[0], NULL, s[0], NULL, 100, SPLICE_F_NONBLOCK));
    show(s[1]);
    write(s[1], "socket", 6);
    R(splice(s[0], NULL, p[1], NULL, 100, 0));
    off = 100;
    R(splice(p[0], NULL, file, &off, 100, 0));
    FACT("off %ld size %ld", (long)off, (long)lseek(file, 0, SEEK_END));
    R(splice(p[0], NULL, q[1], NULL, 10, SPLICE_F_NONBLOCK));
    R(splice(file, NULL, p[1], NULL, 10, 0));
    R(splice(p[0], NULL, q[1], NULL, 0, 0));
    off = 0;
    R(splice(p[0], &off, q[1], NULL, 10, 0));
    R(splice(file, NULL, file, NULL, 10, 0));
    R(splice(s[0], NULL, s[1], NULL, 10, 0));
    R(splice(p[0], NULL, p[1], NULL, 10, 0));
    R(splice(p[1], NULL, q[1], NULL, 10, 0));
    R(splice(p[0], NULL, q[0], NULL, 10, 0));
    R(splice(-1, NULL, p[1], NULL, 10, 0));
    R(splice(p[0], NULL, q[1], NULL, 10, 0x100));
    off = -1;
    R(splice(file, &off, p[1], NULL, 10, 0));
    R(splice(file, (off_t *)8, p[1], NULL, 10, 0));
    fcntl(file, F_SETFL, O_APPEND);
    write(p[1], "x", 1);
    R(splice(p[0], NULL, file, NULL, 1, 0));
    fcntl(file, F_SETFL, 0);
    show(p[0]);
}

static void *late(void *arg)
{
    (void)arg;
    t_sleep_ms(50);
    write(p[1], "late", 4);
    return NULL;
}

static void ends(void)
{
    pthread_t t = t_thread(late, NULL);

    R(splice(p[0], NULL, q[1], NULL, 100, 0));
    pthread_join(t, NULL);
    show(q[0]);
    close(p[1]);
    R(splice(p[0], NULL, q[1], NULL, 100, 0));
    close(p[0]);
    pipe(p);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    R(splice(file, &(off_t){ 0 }, p[1], NULL, 10, 0));
    close(p[1]);
}

static void tees(void)
{
    write(p[1], "tee me", 6);
    R(tee(p[0], q[1], 100, 0));
    show(q[0]);
    show(p[0]);
    R(tee(p[0], q[1], 100, SPLICE_F_NONBLOCK));
    R(tee(p[0], p[1], 100, 0));
    R(tee(file, p[1], 100, 0));
    R(tee(p[0], file, 100, 0));
    R(tee(p[0], q[1], 0, 0));
    R(tee(-1, q[1], 1, 0));
    struct iovec iov[2] = { { "gather", 6 }, { "ed", 2 } };
    R(vmsplice(p[1], iov, 2, 0));
    show(p[0]);
    write(p[1], "to memory", 9);
    char a[5] = "", b[20] = "";
    struct iovec in[2] = { { a, 4 }, { b, 19 } };
    R(vmsplice(p[0], in, 2, 0));
    FACT("%s|%s", a, b);
    R(vmsplice(file, iov, 1, 0));
    R(vmsplice(p[1], (void *)8, 1, 0));
    R(vmsplice(p[1], iov, 5000, 0));
    iov[0].iov_base = (void *)8;
    R(vmsplice(p[1], iov, 1, 0));
}

static void sends(void)
{
    off_t off = 5;
    int ro = open("/tmp/splice", O_RDONLY), wo = open("/tmp/splice.w",
                                                      O_CREAT | O_WRONLY,
                                                      0600);

    lseek(file, 0, SEEK_SET);
    R(sendfile(s[0], ro, &off, 3));
    FACT("off %ld", (long)off);
    show(s[1]);
    R(sendfile(s[0], ro, NULL, 2));
    FACT("pos %ld", (long)lseek(ro, 0, SEEK_CUR));
    show(s[1]);
    R(sendfile(s[0], wo, NULL, 2));
    R(sendfile(ro, ro, NULL, 2));
    R(sendfile(s[0], s[1], NULL, 2));
    R(sendfile(wo, ro, NULL, 0));
    off = 1 << 20;
    R(sendfile(wo, ro, &off, 10));
    off = -5;
    R(sendfile(wo, ro, &off, 10));
    R(sendfile(-1, ro, NULL, 10));
    R(sendfile(wo, open("/tmp", O_RDONLY), NULL, 10));
    R(sendfile(wo, open("/dev/zero", O_RDONLY), NULL, 10));
    off = 0;
    R(copy_file_range(ro, &off, wo, NULL, 10, 0));
    R(copy_file_range(ro, &off, wo, NULL, 10, 1));
    R(copy_file_range(wo, NULL, ro, NULL, 10, 0));
    R(copy_file_range(ro, NULL, ro, NULL, 10, 0));
    R(copy_file_range(p[0], NULL, wo, NULL, 10, 0));
    off = 1 << 20;
    R(copy_file_range(ro, &off, wo, NULL, 10, 0));
    off = 0;
    off_t to = 2;
    R(copy_file_range(file, &off, file, &to, 5, 0));
    R(copy_file_range(ro, &off, wo, &to, 1ul << 62, 0) > 0);
}

static void bulk(void)
{
    long in = 0, out = 0, sum = 0;
    off_t off = 0;

    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 7);
    int big = open("/tmp/splice.b", O_CREAT | O_RDWR | O_TRUNC, 0600);
    write(big, buf, sizeof(buf));
    memset(buf, 0, sizeof(buf));
    while (in < (long)sizeof(buf)) {
        ssize_t n = splice(big, &off, p[1], NULL, sizeof(buf),
                           SPLICE_F_NONBLOCK);
        if (n <= 0)
            break;
        in += n;
        while (out < in && (n = read(p[0], buf + out, 1000)) > 0)
            out += n;
    }
    for (long i = 0; i < out; i++)
        sum += buf[i] == (char)(i * 7);
    FACT("in %ld out %ld same %ld", in, out, sum);
}

int main(void)
{
    t_start();
    pipe(p);
    pipe(q);
    file = open("/tmp/splice", O_CREAT | O_RDWR | O_TRUNC, 0600);
    write(file, "0123456789", 10);
    lseek(file, 0, SEEK_SET);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    splices();
    tees();
    sends();
    bulk();
    close(p[0]);
    close(p[1]);
    pipe(p);
    ends();
    return 0;
}
