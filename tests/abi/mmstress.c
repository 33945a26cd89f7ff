/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that change one address space at once: each maps, splits, moves and
 * drops areas of its own and checks every byte it should find, while all of
 * them touch one shared area for the first time and a helper keeps taking
 * pages away behind a counted array.
 */
#include "t.h"

#define PG 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define THREADS 6
#define ROUNDS 40
#define COMMON (8ul << 20)

static unsigned char *volatile common;
static pthread_barrier_t barrier;
static int failures, fd;

#define WRONG(what) do { \
    if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 5) \
        printf("%s:%d: %s\n", __FILE__, __LINE__, what); } while (0)

static unsigned rnd(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

/* Writes or checks one mark a page. */
static void marks(unsigned char *p, size_t pages, int value, bool check)
{
    for (size_t i = 0; i < pages; i++) {
        if (!check)
            p[i * PG + 8] = (unsigned char)(value + i);
        else if (p[i * PG + 8] != (unsigned char)(value + i))
            WRONG("a page lost its mark");
    }
}

static void anonymous(unsigned *seed)
{
    size_t n = 2 + rnd(seed) % 700, half = n / 2;
    unsigned char *p = mmap(NULL, n * PG, RW, ANON, -1, 0), *q;
    int value = (int)rnd(seed);

    if (p == MAP_FAILED) {
        WRONG("mmap");
        return;
    }
    marks(p, n, value, false);
    mprotect(p + half * PG, PG, PROT_READ);
    marks(p, n, value, true);
    madvise(p + half * PG, PG, MADV_DONTNEED);
    if (p[half * PG + 8])
        WRONG("DONTNEED left a byte");
    munmap(p + half * PG, (n - half) * PG);
    q = mremap(p, half * PG, (half + 3) * PG, MREMAP_MAYMOVE);
    if (q == MAP_FAILED) {
        WRONG("mremap");
        return;
    }
    marks(q, half, value, true);
    if (q[(half + 2) * PG])
        WRONG("mremap grew by dirty pages");
    /* A fresh mapping over it, in one step. */
    p = mmap(q, half * PG, RW, ANON | MAP_FIXED, -1, 0);
    if (p != q || (p[8] | p[(half - 1) * PG + 8]))
        WRONG("MAP_FIXED showed old pages");
    munmap(q, (half + 3) * PG);
}

static void file_pages(unsigned *seed)
{
    unsigned char *s = mmap(NULL, 64 * PG, RW, MAP_SHARED, fd, 0);
    unsigned char *p = mmap(NULL, 64 * PG, RW, MAP_PRIVATE, fd, 0);
    size_t at = rnd(seed) % 64 * PG;

    if (s == MAP_FAILED || p == MAP_FAILED) {
        WRONG("mmap of a file");
        return;
    }
    if (p[at] != at / PG + 1)
        WRONG("a file's page is wrong");
    p[at] = 200;
    if (s[at] != at / PG + 1)
        WRONG("a private write showed");
    madvise(p, 64 * PG, MADV_DONTNEED);
    if (p[at] != at / PG + 1)
        WRONG("DONTNEED kept a private copy");
    __atomic_fetch_add((int *)(s + at + 64), 1, __ATOMIC_RELAXED);
    munmap(s, 64 * PG);
    munmap(p, 64 * PG);
}

static void *worker(void *arg)
{
    unsigned seed = 1 + (unsigned)(uintptr_t)arg;

    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        /* First touches of one new area by all. */
        for (size_t i = 0; i < COMMON; i += PG)
            __atomic_fetch_add(common + i, 1, __ATOMIC_RELAXED);
        anonymous(&seed);
        file_pages(&seed);
        pthread_barrier_wait(&barrier);
        if (arg)
            continue;
        for (size_t i = 0; i < COMMON; i += PG)
            if (common[i] != THREADS)
                WRONG("a first touch was lost");
        munmap(common, COMMON);
        common = mmap(NULL, COMMON, RW, ANON, -1, 0);
        if (round % 2)
            madvise(common, COMMON, MADV_NOHUGEPAGE);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    long sum = 0;

    t_start();
    fd = open("/tmp/mmstress", O_CREAT | O_RDWR, 0600);
    ftruncate(fd, 64 * PG);
    for (size_t i = 0; i < 64; i++)
        pwrite(fd, &(char){ (char)(i + 1) }, 1, (off_t)(i * PG));
    common = mmap(NULL, COMMON, RW, ANON, -1, 0);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        t[i] = t_thread(worker, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (size_t i = 0; i < 64; i++) {
        int n = 0;

        pread(fd, &n, sizeof(n), (off_t)(i * PG + 64));
        sum += n;
    }
    FACT("shared counters %ld", sum);
    FACT("failures %d", failures);
    return 0;
}
