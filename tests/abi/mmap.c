/* SPDX-License-Identifier: BSD-2-Clause */
/* The mmap family, brk, the address space's bookkeeping. */
#include "t.h"

#define PG 4096ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static bool bad(void *p) { return p == MAP_FAILED; }
#define M(expr) ({ errno = 0; void *p_ = (expr); \
                   FACT("%s: %s", #expr, bad(p_) ? strerrorname_np(errno) \
                        : "ok"); p_; })

static int fd;

static void errors(void)
{
    M(mmap(NULL, 0, RW, ANON, -1, 0));
    M(mmap(NULL, PG, RW, 0, -1, 0));
    M(mmap(NULL, PG, RW, MAP_PRIVATE, -1, 0));
    M(mmap(NULL, PG, RW, MAP_PRIVATE, fd, 100));
    M(mmap((void *)(PG + 1), PG, RW, ANON | MAP_FIXED, -1, 0));
    M(mmap(NULL, 1ul << 60, RW, ANON | MAP_NORESERVE, -1, 0));
    M(mmap((void *)0x800000000000, PG, RW, ANON | MAP_FIXED, -1, 0));
    int ro = open("/tmp/mm", O_RDONLY);
    M(mmap(NULL, PG, RW, MAP_SHARED, ro, 0));
    void *p = M(mmap(NULL, PG, PROT_READ, MAP_SHARED, ro, 0));
    R(mprotect(p, PG, RW));
    R(mprotect((char *)p + 1, PG, PROT_READ));
    p = M(mmap(NULL, PG, RW, MAP_PRIVATE, ro, 0));
    *(char *)p = 'X';
    FACT("private copy %c", *(char *)p);
    int wo = open("/tmp/mm", O_WRONLY);
    M(mmap(NULL, PG, PROT_READ, MAP_SHARED, wo, 0));
    R(munmap((void *)1, PG));
    R(munmap(p, 0));
    R(munmap(p, PG));
    R(munmap(p, PG));
    R(mprotect(p, PG, PROT_READ));
    R(madvise(p, PG, MADV_DONTNEED));
}

static void hints(void)
{
    char *want = (void *)0x687400000;
    char *p = M(mmap(want, 1 << 20, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));

    YES(p == want);
    char *q = M(mmap(want, PG, RW, ANON, -1, 0));
    YES(q != want);
    M(mmap(want, PG, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    q = M(mmap(want + 4 * PG, 2 * PG, RW, ANON | MAP_FIXED, -1, 0));
    YES(q == want + 4 * PG);
    memset(q, 1, 2 * PG);
    q = M(mmap(want + 5 * PG, PG, PROT_NONE, ANON | MAP_FIXED, -1, 0));
    R(mprotect(q, PG, RW));
    FACT("fresh %d, neighbour %d", *q, q[-1]);
    R(munmap(want, 1 << 20));
    p = M(mmap(NULL, PG, RW, ANON | MAP_32BIT, -1, 0));
    YES((uintptr_t)p < 1ul << 31);
    want = (void *)0x50000000;
    p = M(mmap(want, 16 * PG, RW, ANON | MAP_32BIT, -1, 0));
    YES(p == want);
    q = M(mmap(want, PG, RW, ANON | MAP_32BIT, -1, 0));
    YES(q != want && (uintptr_t)q < 1ul << 31);
    p = M(mmap((void *)0x7ffff000, 2 * PG, RW, ANON | MAP_32BIT, -1, 0));
    YES((uintptr_t)p + 2 * PG <= 1ul << 31);
    p = M(mmap((void *)0x687400000, PG, RW, ANON | MAP_32BIT, -1, 0));
    YES((uintptr_t)p < 1ul << 31);
    M(mmap((void *)0x40000000000, 1ul << 30, PROT_NONE,
           ANON | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0));
}

static void files(void)
{
    char *a = mmap(NULL, 2 * PG, RW, MAP_SHARED, fd, 0);
    char *b = mmap(NULL, 2 * PG, PROT_READ, MAP_SHARED, fd, 0);
    char *c = mmap(NULL, 2 * PG, RW, MAP_PRIVATE, fd, 0);
    char buf[8] = "";

    strcpy(a, "shared");
    FACT("%s %s", b, c);
    pread(fd, buf, 6, 0);
    FACT("%s", buf);
    strcpy(c, "mine");
    FACT("%s %s", a, c);
    pwrite(fd, "file!!", 6, 0);
    FACT("%s %s %s", a, b, c);
    R(msync(a, 2 * PG, MS_SYNC));
    R(msync(a, 2 * PG, MS_ASYNC | MS_SYNC));
    R(msync((void *)(PG * 3), PG, MS_SYNC));
    R(ftruncate(fd, PG));
    R(ftruncate(fd, 2 * PG));
    FACT("after truncation %d", b[PG]);
    b = mmap(NULL, PG, PROT_READ, MAP_SHARED, fd, PG);
    R(close(fd));
    FACT("after close %s", a);
    munmap(b, PG);
}

static void advice(void)
{
    char *p = mmap(NULL, 8 << 20, RW, ANON, -1, 0);
    unsigned char vec[4];

    memset(p, 7, 8 << 20);
    R(madvise(p + PG, PG, MADV_DONTNEED));
    FACT("%d %d %d", p[0], p[PG], p[2 * PG]);
    R(madvise(p, 8 << 20, MADV_DONTNEED));
    FACT("%d %d", p[0], p[(8 << 20) - 1]);
    R(madvise(p, PG, MADV_FREE));
    R(madvise(p, PG, MADV_WILLNEED));
    R(madvise(p, PG, MADV_DONTFORK));
    R(madvise(p, PG, MADV_HUGEPAGE));
    R(madvise(p, PG, MADV_NOHUGEPAGE));
    R(madvise(p, PG, MADV_DONTDUMP));
    R(madvise(p, PG, MADV_POPULATE_WRITE));
    R(madvise(p, PG, 9999));
    R(madvise(p + 1, PG, MADV_DONTNEED));
    R(madvise(NULL, 0, MADV_DONTNEED));
    p[0] = 1;
    R(mincore(p, PG, vec));
    FACT("in core %d", vec[0] & 1);
    R(mlock(p, PG));
    R(munlock(p, PG));
    R(munmap(p, 8 << 20));
}

/* MADV_REMOVE frees what is behind a shared mapping. */
static void remove_pages(void)
{
    int mem = memfd_create("holes", 0);
    struct stat st;
    char *p, *q;

    R(ftruncate(mem, 4 * PG));
    p = M(mmap(NULL, 4 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0));
    q = M(mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, mem, 0));
    memset(p, 1, 4 * PG);
    R(madvise(p + PG, 2 * PG, MADV_REMOVE));
    fstat(mem, &st);
    FACT("removed %d %d %d %d, blocks %ld", p[0], p[PG], p[2 * PG], p[3 * PG],
         (long)st.st_blocks);
    R(madvise(q, PG, MADV_REMOVE));
    R(munmap(q, PG));
    R(munmap(p, 4 * PG));
    R(madvise(p, PG, MADV_REMOVE));
    p = M(mmap(NULL, 4 * PG, PROT_READ, MAP_SHARED, mem, 0));
    q = M(mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0));
    R(madvise(q, PG, MADV_REMOVE));
    R(munmap(q, PG));
    R(munmap(p, 4 * PG));
    close(mem);
}

/* A hole in a file is not one in the private copies of its pages; an end cut
 * off is. */
static void private_copies(void)
{
    int fd = open("/tmp/copies", O_CREAT | O_RDWR | O_TRUNC, 0600);
    char *p, *s, text[4096];

    memset(text, 'f', sizeof(text));
    for (int i = 0; i < 200; i++)
        write(fd, text, sizeof(text));
    p = mmap(NULL, 200 * PG, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    s = mmap(NULL, 200 * PG, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < 200; i += 2)
        p[i * PG] = 'p';
    for (int i = 1; i < 200; i += 2)
        s[i * PG] = (char)(p[i * PG] + 1);
    R(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PG, 150 * PG));
    FACT("private %c %d %c %d %c, shared %c %d %d %c", p[0], p[PG], p[2 * PG],
         p[3 * PG], p[152 * PG], s[0], s[PG], s[2 * PG], s[152 * PG]);
    R(madvise(s + 160 * PG, 4 * PG, MADV_REMOVE));
    FACT("private %c %d, shared %d", p[160 * PG], p[161 * PG], s[160 * PG]);
    long kept = 0;
    for (int i = 0; i < 200; i++)
        kept += p[i * PG] == 'p';
    FACT("kept %ld", kept);
    R(ftruncate(fd, 2 * PG));
    R(ftruncate(fd, 200 * PG));
    FACT("private %c %d, shared %d", p[0], p[2 * PG], s[2 * PG]);
    munmap(p, 200 * PG);
    munmap(s, 200 * PG);
    close(fd);
}

static void remap(void)
{
    char *p = mmap(NULL, 4 * PG, RW, ANON, -1, 0), *q;

    for (int i = 0; i < 4; i++)
        p[i * PG] = 'a' + i;
    munmap(p + 3 * PG, PG);
    q = M(mremap(p, 3 * PG, PG, 0));
    YES(q == p);
    q = M(mremap(p, PG, 64 * PG, MREMAP_MAYMOVE));
    FACT("%c %d", q[0], q[63 * PG]);
    p = mmap(NULL, 2 * PG, RW, ANON, -1, 0);
    p[0] = 'z';
    char *r = M(mremap(p, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, q + 8 * PG));
    YES(r == q + 8 * PG);
    FACT("%c", r[0]);
    M(mremap(p, PG, 2 * PG, 0));
    M(mremap((void *)PG, PG, 2 * PG, MREMAP_MAYMOVE));
    M(mremap(q, PG, 2 * PG, 99));
}

static void *toucher(void *arg)
{
    char *p = arg;

    for (int i = 0; i < 2000; i++)
        p[i * PG] += 1;
    return NULL;
}

static void heaps(void)
{
    char *b = sbrk(0);

    YES(sbrk(100000) == b);
    memset(b, 1, 100000);
    YES(sbrk(-100000) == b + 100000);
    YES(sbrk(0) == b);
    YES(brk((void *)-1) == -1 && sbrk(0) == b);
    char *p = mmap(NULL, 1ul << 40, RW, ANON | MAP_NORESERVE, -1, 0);
    YES(p != MAP_FAILED);
    for (long i = 0; i < 8; i++)
        p[i << 36] = (char)i;
    long sum = 0;
    for (long i = 0; i < 8; i++)
        sum += p[i << 36] + p[(i << 36) + (1 << 20)];
    FACT("sum %ld", sum);
    R(munmap(p, 1ul << 40));
    p = mmap(NULL, 2000 * PG, RW, ANON, -1, 0);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        t[i] = t_thread(toucher, p);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    p = mmap(NULL, 4 * PG, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FACT("shared anonymous %d", p[3 * PG]);
    /* 1,000 splits and merges. */
    p = mmap(NULL, 2000 * PG, RW, ANON, -1, 0);
    int n = 0;
    for (int i = 0; i < 2000; i += 2)
        n += mprotect(p + i * PG, PG, PROT_NONE) == 0;
    for (int i = 0; i < 2000; i += 2)
        n += mprotect(p + i * PG, PG, RW) == 0;
    memset(p, 3, 2000 * PG);
    FACT("splits %d", n);
}

static long tables_kib(void)
{
    char line[128];
    long n = -1;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && n < 0 && fgets(line, sizeof(line), f))
        sscanf(line, "VmPTE: %ld", &n);
    if (f)
        fclose(f);
    return n;
}

/* Ranges far apart, mapped in three pieces that go in any order: what
 * described them goes with the last piece, whichever that is. */
static void tables(void)
{
    static const int order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    char *base = (char *)0x100000000000;
    long before = tables_kib(), kept;

    for (long i = 0; i < 192; i++)
        *(char *)mmap(base + i / 3 * (5ul << 30) + i % 3 * 5 * PG, 5 * PG,
                      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
                      MAP_FIXED_NOREPLACE, -1, 0) = 1;
    YES(tables_kib() - before >= 64 * 4);
    for (long i = 0; i < 192; i++)
        munmap(base + i / 3 * (5ul << 30) + order[i / 3 % 4][i % 3] * 5 * PG,
               5 * PG);
    kept = tables_kib() - before;
    FACT("tables kept: %s", kept <= 16 ? "few" : "many");
}

int main(void)
{
    t_start();
    fd = open("/tmp/mm", O_CREAT | O_RDWR, 0600);
    ftruncate(fd, 2 * PG);
    errors();
    hints();
    advice();
    private_copies();
    remap();
    remove_pages();
    heaps();
    files();
    tables();
    return 0;
}
