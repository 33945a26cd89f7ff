/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads of files of the root image that nothing has read since the machine
 * started, then again, and a file in memory (/tmp).
 *
 *   files SEQUENTIAL RANDOM      two big files, one for each order
 *
 * Prints "NAME NUMBER" a line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (128u << 10)
#define PAGE 4096
#define RANDOM_READS 4096
#define TMP_BYTES (32u << 20)
#define WARM_ROUNDS 5

static char chunk[CHUNK];

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int open_file(const char *path, off_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY);

    if (fd < 0 || fstat(fd, &st))
        die(path);
    *size = st.st_size;
    return fd;
}

static double read_all(int fd)
{
    double begun = now_ms();
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET))
        die("lseek");
    while ((n = read(fd, chunk, CHUNK)) > 0)
        ;
    if (n < 0)
        die("read");
    return now_ms() - begun;
}

/* Microseconds a page; the order is the same each time. */
static double read_random(int fd, off_t size)
{
    double begun = now_ms();
    uint64_t x = 88172645463325252ull;

    for (int i = 0; i < RANDOM_READS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        if (pread(fd, chunk, PAGE,
                  (off_t)(x % ((uint64_t)size / PAGE)) * PAGE) != PAGE)
            die("pread");
    }
    return (now_ms() - begun) * 1e3 / RANDOM_READS;
}

static double best(double a, double b)
{
    return a < b ? a : b;
}

static void tmp_file(void)
{
    int fd = open("/tmp/bench", O_CREAT | O_TRUNC | O_RDWR, 0600);
    double begun = now_ms(), warm;

    if (fd < 0)
        die("/tmp/bench");
    for (unsigned n = 0; n < TMP_BYTES; n += CHUNK)
        if (write(fd, chunk, CHUNK) != CHUNK)
            die("write");
    printf("tmpfs-write %.2f\n", now_ms() - begun);
    warm = read_all(fd);
    for (int i = 1; i < WARM_ROUNDS; i++)
        warm = best(warm, read_all(fd));
    printf("tmpfs-read %.2f\n", warm);
    close(fd);
}

int main(int argc, char **argv)
{
    off_t size;
    int fd;
    double warm;

    if (argc != 3)
        return 2;
    fd = open_file(argv[1], &size);
    printf("sequential-cold %.2f\n", read_all(fd));
    warm = read_all(fd);
    for (int i = 1; i < WARM_ROUNDS; i++)
        warm = best(warm, read_all(fd));
    printf("sequential-warm %.2f\n", warm);
    close(fd);
    fd = open_file(argv[2], &size);
    printf("random-cold %.2f\n", read_random(fd, size));
    warm = read_random(fd, size);
    for (int i = 1; i < WARM_ROUNDS; i++)
        warm = best(warm, read_random(fd, size));
    printf("random-warm %.2f\n", warm);
    tmp_file();
    return 0;
}
