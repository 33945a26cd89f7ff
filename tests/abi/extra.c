/* SPDX-License-Identifier: BSD-2-Clause */
/* memfd, sealing, copies between files, inotify, shared memory, dlopen. */
#include "t.h"
#include <dlfcn.h>
#include <math.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

static void memory_files(void)
{
    int fd = OK(memfd_create("name", MFD_ALLOW_SEALING | MFD_CLOEXEC));

    R(ftruncate(fd, 8192));
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    strcpy(p, "memfd");
    char buf[10] = "";
    R(pread(fd, buf, 5, 0));
    FACT("%s", buf);
    R(fcntl(fd, F_GET_SEALS));
    R(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    R(ftruncate(fd, 10));
    R(ftruncate(fd, 16384));
    R(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL));
    R(ftruncate(fd, 20000));
    R(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    R(memfd_create("x", 0x1000));
    int t = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    FACT("tmpfile %s", t >= 0 ? "ok" : strerrorname_np(errno));
    int s = OK(shm_open("/seg", O_CREAT | O_RDWR, 0600));
    R(ftruncate(s, 100));
    R(shm_unlink("/seg"));
    sem_t *sem = sem_open("/sem", O_CREAT, 0600, 1);
    YES(sem != SEM_FAILED);
    R(sem_wait(sem));
    R(sem_trywait(sem));
    R(sem_unlink("/sem"));
}

static void copies(void)
{
    int a = open("/tmp/ca", O_CREAT | O_RDWR, 0600);
    int b = open("/tmp/cb", O_CREAT | O_RDWR, 0600);
    char buf[20] = "";
    off_t off = 2;

    write(a, "0123456789", 10);
    R(sendfile(b, a, &off, 5));
    FACT("off %ld", (long)off);
    lseek(a, 0, SEEK_SET);
    R(copy_file_range(a, NULL, b, NULL, 4, 0));
    pread(b, buf, 20, 0);
    FACT("%s", buf);
    int p[2];
    pipe(p);
    lseek(a, 0, SEEK_SET);
    R(sendfile(p[1], a, NULL, 3));
    R(sendfile(a, p[0], NULL, 3));
    memset(buf, 0, 20);
    R(read(p[0], buf, 20));
    FACT("%s", buf);
}

static void watches(void)
{
    union {
        struct inotify_event ev;
        char bytes[4096];
    } u;
    int fd = OK(inotify_init1(IN_NONBLOCK)), w;

    mkdir("/tmp/watch", 0700);
    R(w = inotify_add_watch(fd, "/tmp/watch", IN_CREATE | IN_DELETE |
                            IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM));
    R(inotify_add_watch(fd, "/tmp/none", IN_CREATE));
    R(read(fd, &u, sizeof(u)));
    int f = open("/tmp/watch/file", O_CREAT | O_WRONLY, 0600);
    write(f, "x", 1);
    close(f);
    rename("/tmp/watch/file", "/tmp/watch/file2");
    unlink("/tmp/watch/file2");
    struct pollfd p = { fd, POLLIN, 0 };
    R(poll(&p, 1, 1000));
    ssize_t n = read(fd, &u, sizeof(u));
    for (char *e = u.bytes; e < u.bytes + n;) {
        struct inotify_event *ev = (void *)e;

        FACT("wd %d mask %x %s", ev->wd == w, ev->mask, ev->len ? ev->name
             : "");
        e += sizeof(*ev) + ev->len;
    }
    R(inotify_rm_watch(fd, w));
    R(inotify_rm_watch(fd, 99));
}

int main(void)
{
    t_start();
    memory_files();
    copies();
    watches();
    void *h = dlopen("libm.so.6", RTLD_NOW);
    YES(h != NULL);
    double (*fn)(double) = h ? (double (*)(double))dlsym(h, "cos") : NULL;
    YES(fn && fn(0) == 1.0);
    YES(dlopen("libnothing.so", RTLD_NOW) == NULL);
    char *line = NULL;
    size_t cap = 0;
    FILE *f = fopen("/tmp/lines", "w+");
    fprintf(f, "one\ntwo %d %.3f\n", 2, 3.14159);
    rewind(f);
    while (getline(&line, &cap, f) > 0)
        fputs(line, stdout);
    YES(getxattr("/tmp/lines", "user.x", NULL, 0) == -1);
    return 0;
}
