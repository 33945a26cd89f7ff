/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading ELF files into an address space: the program and the interpreter it
 * names. Runs in the new program's own first task, so that user copies reach
 * the new address space. Every failure logs one line that says why.
 */
#include "abi_priv.h"
#include "elf_priv.h"

#define PIE_BASE 0x555555554000ull
#define PIE_RANDOM_BITS 28      /* pages */

struct elf_file {
    struct file *file;
    const char *path;
    struct elf64_header header;
    struct elf64_segment *ph;
    struct elf_layout layout;
    uint64_t bias;
};

static int refuse(const char *path, const char *why)
{
    log_err("abi: %s: %s\n", path, why);
    return -ENOEXEC;
}

static ssize_t read_at(struct file *f, void *buf, size_t n, off_t pos)
{
    size_t done = 0;

    while (done < n) {
        struct iovec iov;
        struct iov_iter it;
        ssize_t r;

        iov_iter_kernel(&it, &iov, (char *)buf + done, n - done);
        r = file_pread(f, &it, pos + (off_t)done);
        if (r < 0)
            return r;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    return (ssize_t)done;
}

static struct file *open_program(struct process *p, const char *path,
                                 struct kstat *st)
{
    struct file *f;
    int err = fs_access(&p->fs, NULL, path, 1, FS_FOLLOW);

    if (err) {
        log_err("abi: %s: %s\n", path, err == -ENOENT ? "no such file" :
                "not executable");
        return ERR_PTR(err);
    }
    f = fs_open(&p->fs, NULL, path, O_RDONLY, 0);
    if (IS_ERR(f)) {
        log_err("abi: %s: cannot be opened: error %ld\n", path, -PTR_ERR(f));
        return f;
    }
    err = file_stat(f, st);
    if (!err && (st->mode & S_IFMT) != S_IFREG)
        err = -EACCES;
    if (err) {
        log_err("abi: %s: not a regular file\n", path);
        file_unref(f);
        return ERR_PTR(err);
    }
    return f;
}

/* Reads and checks the headers. ef is zeroed by the caller and always to be
 * closed. -ENOEXEC with head filled for scripts. */
static int elf_open(struct process *p, const char *path, struct elf_file *ef,
                    char head[256])
{
    struct kstat st;
    const char *bad;
    size_t size;
    ssize_t n;

    ef->path = path;
    ef->file = open_program(p, path, &st);
    if (IS_ERR(ef->file)) {
        long err = PTR_ERR(ef->file);
        ef->file = NULL;
        return (int)err;
    }
    memset(head, 0, 256);
    n = read_at(ef->file, head, 255, 0);
    if (n < 0)
        return (int)n;
    if (head[0] == '#' && head[1] == '!')
        return -ENOEXEC;
    if (n < (ssize_t)sizeof(ef->header))
        return refuse(path, "too short for a program");
    memcpy(&ef->header, head, sizeof(ef->header));
    bad = elf__check_header(&ef->header, st.size, arch_elf_machine());
    if (bad)
        return refuse(path, bad);
    size = ef->header.phnum * sizeof(struct elf64_segment);
    ef->ph = kmalloc(size);
    if (!ef->ph)
        return -ENOMEM;
    n = read_at(ef->file, ef->ph, size, (off_t)ef->header.phoff);
    if (n != (ssize_t)size)
        return n < 0 ? (int)n : refuse(path, "truncated program headers");
    bad = elf__check_phdrs(&ef->header, ef->ph, st.size, ARCH_PROGRAM_END,
                           &ef->layout);
    return bad ? refuse(path, bad) : 0;
}

static void elf_close(struct elf_file *ef)
{
    kfree(ef->ph);
    if (ef->file)
        file_unref(ef->file);
}

/* Reserves the whole span, so that nothing else gets between the segments,
 * and sets the bias. hint 0: anywhere (an interpreter). */
static int elf_reserve(struct process *p, struct elf_file *ef, uaddr_t hint)
{
    struct elf_layout *l = &ef->layout;
    uint64_t span = l->end - l->start;
    bool fixed = ef->header.type == ET_EXEC;
    uint64_t extra = fixed || l->align <= PAGE_SIZE ? 0 : l->align;
    struct mm_map_args a = {
        .addr = fixed ? l->start : hint,
        .length = span + extra,
        .flags = VMA_ANON | VMA_NORESERVE,
        .fixed_noreplace = fixed,
    };
    long at;
    uaddr_t base;

    if (fixed && l->start < ARCH_PROGRAM_START)
        return refuse(ef->path, "linked to an address too low");
    at = mm_map(p->mm, &a);
    if (at < 0)
        return at == -EEXIST ? refuse(ef->path, "addresses in use") : (int)at;
    base = (uaddr_t)at;
    if (extra) {
        /* As far from a multiple of the alignment as in the file. */
        base = ALIGN_DOWN(base, l->align) + l->start % l->align;
        if (base < (uaddr_t)at)
            base += l->align;
        if (base > (uaddr_t)at)
            mm_unmap(p->mm, (uaddr_t)at, base - (uaddr_t)at);
        if ((uaddr_t)at + extra > base)
            mm_unmap(p->mm, base + span, (uaddr_t)at + extra - base);
    }
    ef->bias = base - l->start;
    return 0;
}

static unsigned segment_flags(const struct elf64_segment *ph)
{
    return (ph->flags & PF_R ? VMA_READ : 0) |
           (ph->flags & PF_W ? VMA_WRITE : 0) |
           (ph->flags & PF_X ? VMA_EXEC : 0);
}

/* The part that comes from the file, and the zeroes behind it in its page. */
static int map_file_part(struct process *p, struct elf_file *ef,
                         const struct elf64_segment *ph, uaddr_t start)
{
    unsigned flags = segment_flags(ph);
    bool zero = ph->memsz > ph->filesz;
    uaddr_t file_end = ef->bias + ph->vaddr + ph->filesz;
    uaddr_t page_end = ALIGN_UP(file_end, PAGE_SIZE);
    struct mm_map_args a = {
        .addr = start,
        .length = page_end - start,
        .flags = flags | (zero ? VMA_WRITE : 0),
        .fixed = true,
        .pgoff = ALIGN_DOWN(ph->offset, PAGE_SIZE) >> PAGE_SHIFT,
    };
    long r;
    int err;

    if (!ef->file->ops->mmap)
        return refuse(ef->path, "on a file system without mapped files");
    err = ef->file->ops->mmap(ef->file, &a);
    if (err)
        return err;
    r = mm_map(p->mm, &a);
    if (r < 0)
        return (int)r;
    if (zero && page_end != file_end) {
        err = clear_user(file_end, page_end - file_end);
        if (err)
            return err;
    }
    if (zero && !(flags & VMA_WRITE))
        return mm_protect(p->mm, start, page_end - start, flags &
                          (PROT_READ_BIT | PROT_WRITE_BIT | PROT_EXEC_BIT));
    return 0;
}

static int map_segment(struct process *p, struct elf_file *ef,
                       const struct elf64_segment *ph)
{
    uaddr_t start = ALIGN_DOWN(ef->bias + ph->vaddr, PAGE_SIZE);
    uaddr_t end = ALIGN_UP(ef->bias + ph->vaddr + ph->memsz, PAGE_SIZE);
    long r;
    int err;

    if (ph->filesz) {
        err = map_file_part(p, ef, ph, start);
        if (err)
            return err;
        start = ALIGN_UP(ef->bias + ph->vaddr + ph->filesz, PAGE_SIZE);
    }
    if (end > start) {
        struct mm_map_args a = {
            .addr = start,
            .length = end - start,
            .flags = VMA_ANON | segment_flags(ph),
            .fixed = true,
        };
        r = mm_map(p->mm, &a);
        if (r < 0)
            return (int)r;
    }
    return 0;
}

static int elf_map(struct process *p, struct elf_file *ef, uaddr_t hint)
{
    uaddr_t behind = 0;
    int err = elf_reserve(p, ef, hint);

    for (int i = 0; i < ef->header.phnum && !err; i++) {
        const struct elf64_segment *ph = &ef->ph[i];
        uaddr_t start;

        if (ph->type != ELF64_PT_LOAD || !ph->memsz)
            continue;
        start = ALIGN_DOWN(ef->bias + ph->vaddr, PAGE_SIZE);
        if (behind && start < behind)
            return refuse(ef->path, "segments that share a page");
        if (behind && start > behind)
            mm_unmap(p->mm, behind, start - behind);
        err = map_segment(p, ef, ph);
        behind = ALIGN_UP(ef->bias + ph->vaddr + ph->memsz, PAGE_SIZE);
    }
    return err;
}

static int load_interpreter(struct process *p, struct elf_file *prog,
                            struct image *out)
{
    const struct elf64_segment *ph = &prog->ph[prog->layout.interp];
    struct elf_file ef = { 0 };
    char *path = kzalloc(PATH_MAX + 1), *head = kmalloc(256);
    ssize_t n;
    int err = -ENOMEM;

    if (!path || !head)
        goto out_free;
    n = read_at(prog->file, path, ph->filesz, (off_t)ph->offset);
    if (n != (ssize_t)ph->filesz || path[n - 1]) {
        err = refuse(prog->path, "an interpreter name that does not end");
        goto out_free;
    }
    err = elf_open(p, path, &ef, head);
    if (err == -ENOEXEC && head[0] == '#')
        refuse(path, "a script cannot be an ELF interpreter");
    if (!err)
        err = elf_map(p, &ef, 0);
    if (!err) {
        out->entry = ef.bias + ef.header.entry;
        out->base = ef.bias + ef.layout.start;
    }
    elf_close(&ef);
out_free:
    kfree(head);
    kfree(path);
    return err;
}

static uaddr_t pie_hint(struct process *p)
{
    uint64_t random = 0;

    if (!p->fixed_layout)
        abi__boot->random_bytes(&random, sizeof(random));
    random &= (1ull << PIE_RANDOM_BITS) - 1;
    return PIE_BASE + (random << PAGE_SHIFT);
}

static uaddr_t brk_start(struct process *p, uaddr_t end)
{
    uint64_t random = 0;

    if (!p->fixed_layout)
        abi__boot->random_bytes(&random, sizeof(random));
    return ALIGN_UP(end, PAGE_SIZE) + ((random & 0x1fff) << PAGE_SHIFT);
}

int elf__load(struct process *p, const char *path, struct image *out,
              char head[256])
{
    struct elf_file ef = { 0 };
    int err = elf_open(p, path, &ef, head);

    if (err)
        goto out_close;
    err = elf_map(p, &ef, ef.header.type == ET_DYN ? pie_hint(p) : 0);
    if (err)
        goto out_close;
    out->program_entry = ef.bias + ef.header.entry;
    out->entry = out->program_entry;
    out->phdr = ef.layout.phdr ? ef.bias + ef.layout.phdr : 0;
    out->phnum = ef.header.phnum;
    out->exec_stack = ef.layout.exec_stack;
    out->brk = brk_start(p, ef.bias + ef.layout.end_exact);
    if (ef.layout.interp >= 0)
        err = load_interpreter(p, &ef, out);
    if (err)
        goto out_close;
    out->path = kzalloc(PATH_MAX);
    err = out->path ? 0 : -ENOMEM;
    if (!err && fs_file_path(ef.file, out->path, PATH_MAX) < 0)
        strlcpy(out->path, path, PATH_MAX);
out_close:
    elf_close(&ef);
    return err;
}
