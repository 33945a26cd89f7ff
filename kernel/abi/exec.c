/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the program: the first task loads the file (scripts by way of
 * their interpreter), builds the initial stack and enters the program.
 *
 * The initial stack, from its top down (System V ABI, plus Linux's vector):
 *   8 zero bytes; execfn; environment and argument strings; platform;
 *   16 random bytes; padding to 16; auxv; envp, NULL; argv, NULL; argc
 */
#include "abi_priv.h"

#define SCRIPT_DEPTH_MAX 4
#define STACK_TOP (ARCH_PROGRAM_END - 0x1000ull)
#define STACK_RANDOM_BITS 22        /* pages */
#define MMAP_RANDOM_BITS 28
#define STACK_FIRST (132ull << 10)  /* mapped at once; grows on faults */

enum { AT_NULL, AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS,
       AT_ENTRY, AT_UID = 11, AT_EUID, AT_GID, AT_EGID, AT_PLATFORM, AT_HWCAP,
       AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26,
       AT_EXECFN = 31, AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51 };

/* The strings of the new program, owned. */
struct args {
    char **argv, **envp;
    unsigned argc, envc;
    size_t bytes;               /* of all strings with NULs */
};

static unsigned count(const char *const *list)
{
    unsigned n = 0;

    while (list && list[n])
        n++;
    return n;
}

static void args_release(struct args *a)
{
    for (unsigned i = 0; a->argv && i < a->argc; i++)
        kfree(a->argv[i]);
    for (unsigned i = 0; a->envp && i < a->envc; i++)
        kfree(a->envp[i]);
    kfree(a->argv);
    kfree(a->envp);
}

static char **list_copy(const char *const *from, unsigned n, size_t *bytes)
{
    char **list = kcalloc(n + 1, sizeof(*list));

    for (unsigned i = 0; list && i < n; i++) {
        list[i] = kstrdup(from[i]);
        if (!list[i]) {
            while (i--)
                kfree(list[i]);
            kfree(list);
            return NULL;
        }
        *bytes += strlen(from[i]) + 1;
    }
    return list;
}

static int args_copy(struct args *a, const struct program_spec *spec)
{
    memset(a, 0, sizeof(*a));
    a->argc = count(spec->argv);
    a->envc = count(spec->envp);
    if (!a->argc)
        return -EINVAL;
    a->argv = list_copy(spec->argv, a->argc, &a->bytes);
    if (a->argv)
        a->envp = list_copy(spec->envp, a->envc, &a->bytes);
    if (!a->argv || !a->envp) {
        if (!a->argv)
            a->argc = 0;
        args_release(a);
        return -ENOMEM;
    }
    if (a->bytes + (a->argc + a->envc) * 8ull > ARG_BYTES_MAX) {
        log_err("abi: arguments and environment are longer than %u bytes\n",
                ARG_BYTES_MAX);
        args_release(a);
        return -E2BIG;
    }
    return 0;
}

/* For a script: argv becomes interpreter, its one argument, path, the rest. */
static int args_script(struct args *a, const char *path, char head[256],
                       char **next)
{
    char *interp = head + 2, *arg, *end;
    char **argv;
    unsigned extra, n = 0;

    end = strchr(interp, '\n');
    if (!end)
        return -ENOEXEC;
    while (end > interp && (end[-1] == ' ' || end[-1] == '\t' ||
                            end[-1] == '\r'))
        end--;
    *end = 0;
    while (*interp == ' ' || *interp == '\t')
        interp++;
    if (!*interp)
        return -ENOEXEC;
    for (arg = interp; *arg && *arg != ' ' && *arg != '\t'; arg++)
        ;
    while (*arg == ' ' || *arg == '\t')
        *arg++ = 0;
    extra = *arg ? 3 : 2;
    argv = kcalloc(a->argc + extra, sizeof(*argv));
    if (!argv)
        return -ENOMEM;
    argv[n++] = kstrdup(interp);
    if (*arg)
        argv[n++] = kstrdup(arg);
    argv[n++] = kstrdup(path);
    kfree(a->argv[0]);
    for (unsigned i = 1; i < a->argc; i++)
        argv[n++] = a->argv[i];
    kfree(a->argv);
    a->argv = argv;
    a->argc = n;
    for (a->bytes = 0, n = 0; n < extra; n++) {
        if (!argv[n])
            return -ENOMEM;
    }
    for (n = 0; n < a->argc; n++)
        a->bytes += strlen(argv[n]) + 1;
    for (n = 0; n < a->envc; n++)
        a->bytes += strlen(a->envp[n]) + 1;
    *next = kstrdup(interp);
    return *next ? 0 : -ENOMEM;
}

static int load_image(struct process *p, struct args *a, const char *path,
                      struct image *img)
{
    char *head = kzalloc(256), *cur = kstrdup(path), *next = NULL;
    int err = head && cur ? 0 : -ENOMEM;

    for (int depth = 0; !err; depth++) {
        err = elf__load(p, cur, img, head);
        if (err != -ENOEXEC || !str_starts(head, "#!"))
            break;
        if (depth == SCRIPT_DEPTH_MAX) {
            log_err("abi: %s: scripts that interpret scripts, too deep\n",
                    cur);
            err = -ELOOP;
            break;
        }
        err = args_script(a, cur, head, &next);
        if (err == -ENOEXEC)
            log_err("abi: %s: a script without an interpreter\n", cur);
        if (!err) {
            kfree(cur);
            cur = next;
        }
    }
    kfree(cur);
    kfree(head);
    return err;
}

static uint64_t random_pages(struct process *p, unsigned bits)
{
    uint64_t r = 0;

    if (!p->fixed_layout)
        abi__boot->random_bytes(&r, sizeof(r));
    return (r & ((1ull << bits) - 1)) << PAGE_SHIFT;
}

/* Where the stack ends and mmap starts (K10). Returns the stack's top. */
static uaddr_t layout(struct process *p)
{
    uint64_t limit = p->limits[RLIMIT_STACK].cur;
    uaddr_t top = STACK_TOP - random_pages(p, STACK_RANDOM_BITS);
    uint64_t room = MIN(MAX(limit, 128ull << 20), ARCH_PROGRAM_END / 6 * 5);

    p->mmap_base = ALIGN_DOWN(top - room - (1ull << 20), PAGE_SIZE) -
                   random_pages(p, MMAP_RANDOM_BITS);
    mm_layout_set(p->mm, p->mmap_base, limit);
    return top;
}

static int map_stack(struct process *p, uaddr_t top, size_t need, bool exec)
{
    uint64_t size = ALIGN_UP(need, PAGE_SIZE) + STACK_FIRST;
    struct mm_map_args a = {
        .addr = top - size,
        .length = size,
        .flags = VMA_ANON | VMA_READ | VMA_WRITE | VMA_STACK |
                 (exec ? VMA_EXEC : 0),
        .fixed = true,
        .label = "[stack]",
    };
    long r = mm_map(p->mm, &a);

    return r < 0 ? (int)r : 0;
}

/* The initial stack while it is built in kernel memory: buf holds the bytes
 * [sp, top) of the program. */
struct stack {
    char *buf;
    size_t size, at;            /* at: next free byte of the strings */
    uaddr_t base;               /* the address of buf[0] */
};

static uaddr_t push_bytes(struct stack *s, const void *data, size_t n)
{
    uaddr_t addr = s->base + s->at;

    ASSERT(s->at + n <= s->size);
    memcpy(s->buf + s->at, data, n);
    s->at += n;
    return addr;
}

static void auxv_fill(struct process *p, const struct image *img,
                      uaddr_t random, uaddr_t platform, uaddr_t execfn)
{
    const struct creds *c = &p->creds;
    const uint64_t v[] = {
        AT_SYSINFO_EHDR, p->vdso,
        AT_MINSIGSTKSZ, arch_sigframe_min(),
        AT_HWCAP, arch_hwcap(), AT_PAGESZ, PAGE_SIZE, AT_CLKTCK, USER_HZ,
        AT_PHDR, img->phdr, AT_PHENT, 56, AT_PHNUM, img->phnum,
        AT_BASE, img->base, AT_FLAGS, 0, AT_ENTRY, img->program_entry,
        AT_UID, c->uid, AT_EUID, c->euid, AT_GID, c->gid, AT_EGID, c->egid,
        AT_SECURE, 0, AT_RANDOM, random, AT_HWCAP2, arch_hwcap2(),
        AT_EXECFN, execfn, AT_PLATFORM, platform, AT_NULL, 0,
    };
    unsigned skip = p->vdso ? 0 : 2;

    _Static_assert(sizeof(v) <= sizeof(p->auxv), "room for the vector");
    p->auxv_words = ARRAY_LEN(v) - skip;
    memcpy(p->auxv, v + skip, sizeof(v) - skip * sizeof(v[0]));
}

/* The strings go above the tables; both are laid out from the lowest address
 * up, so the tables' size must be known first. */
static int stack_build(struct process *p, struct args *a,
                       const struct image *img, uaddr_t top, uaddr_t *sp)
{
    const char *platform = arch_platform();
    size_t words = 1 + a->argc + 1 + a->envc + 1 + ARRAY_LEN(p->auxv);
    size_t strings = a->bytes + strlen(platform) + 1 + 16 +
                     strlen(img->path) + 1 + 8;
    struct stack s = { .size = ALIGN_UP(words * 8, 16) + strings };
    uaddr_t u_random, u_platform, u_execfn;
    uint8_t random[16];
    uint64_t *w;
    int err;

    s.base = ALIGN_DOWN(top - s.size, 16);
    s.at = ALIGN_UP(words * 8, 16);
    s.buf = kzalloc(s.size);
    if (!s.buf)
        return -ENOMEM;
    abi__boot->random_bytes(random, sizeof(random));
    u_random = push_bytes(&s, random, sizeof(random));
    u_platform = push_bytes(&s, platform, strlen(platform) + 1);
    w = (uint64_t *)s.buf;
    *w++ = a->argc;
    for (unsigned i = 0; i < a->argc; i++)
        *w++ = push_bytes(&s, a->argv[i], strlen(a->argv[i]) + 1);
    *w++ = 0;
    for (unsigned i = 0; i < a->envc; i++)
        *w++ = push_bytes(&s, a->envp[i], strlen(a->envp[i]) + 1);
    *w++ = 0;
    u_execfn = push_bytes(&s, img->path, strlen(img->path) + 1);
    auxv_fill(p, img, u_random, u_platform, u_execfn);
    memcpy(w, p->auxv, p->auxv_words * 8);
    err = map_stack(p, top, s.size, img->exec_stack);
    if (!err)
        err = copy_to_user(s.base, s.buf, s.size);
    kfree(s.buf);
    *sp = s.base;
    p->stack_start = s.base;
    return err;
}

/* "a\0b\0" for /proc/self/cmdline and environ. */
static char *join(char **list, unsigned n, size_t *size)
{
    size_t total = 0, at = 0;
    char *out;

    for (unsigned i = 0; i < n; i++)
        total += strlen(list[i]) + 1;
    out = kmalloc(total + 1);
    for (unsigned i = 0; out && i < n; i++) {
        size_t len = strlen(list[i]) + 1;

        memcpy(out + at, list[i], len);
        at += len;
    }
    *size = out ? total : 0;
    return out;
}

static void comm_set(struct task *t, const char *path)
{
    const char *base = strrchr(path, '/');

    strlcpy(t->thread.name, base ? base + 1 : path, sizeof(t->thread.name));
}

/* argv[0] as a path: as it is with a slash, else along PATH. */
static int find_program(struct process *p, struct args *a, char **out)
{
    const char *name = a->argv[0], *path = "/bin:/usr/bin";
    char *try = kmalloc(PATH_MAX);

    if (!try)
        return -ENOMEM;
    *out = try;
    if (strchr(name, '/'))
        return strlcpy(try, name, PATH_MAX) < PATH_MAX ? 0 : -ENAMETOOLONG;
    for (unsigned i = 0; i < a->envc; i++) {
        if (str_starts(a->envp[i], "PATH="))
            path = a->envp[i] + 5;
    }
    while (*path) {
        const char *end = strchr(path, ':');
        size_t n = end ? (size_t)(end - path) : strlen(path);

        if (n && n < PATH_MAX) {
            snprintf(try, PATH_MAX, "%.*s/%s", (int)n, path, name);
            if (fs_access(&p->fs, NULL, try, 1, FS_FOLLOW) == 0)
                return 0;
        }
        path += end ? n + 1 : n;
    }
    log_err("abi: %s: not found along PATH\n", name);
    return -ENOENT;
}

int exec__load(struct task *t, const struct program_spec *spec)
{
    struct process *p = t->proc;
    struct image img = { 0 };
    struct args a;
    char *path = NULL;
    uaddr_t top, sp;
    int err = args_copy(&a, spec);

    if (err)
        return err;
    p->fixed_layout = spec->fixed_layout;
    err = fs_chdir(&p->fs, spec->workdir ? spec->workdir : "/");
    if (err) {
        log_err("abi: working directory %s: error %d\n", spec->workdir, -err);
        goto out_args;
    }
    err = find_program(p, &a, &path);
    if (err)
        goto out_args;
    top = layout(p);
    err = load_image(p, &a, path, &img);
    if (err)
        goto out_args;
    mm_brk_init(p->mm, img.brk);
    err = vdso__map(p);
    if (!err)
        err = stack_build(p, &a, &img, top, &sp);
    if (err)
        goto out_args;
    p->exe = img.path;
    img.path = NULL;
    comm_set(t, p->exe);
    p->cmdline = join(a.argv, a.argc, &p->cmdline_size);
    p->environ = join(a.envp, a.envc, &p->environ_size);
    arch_regs_init(&t->start, img.entry, sp);
out_args:
    kfree(img.path);
    kfree(path);
    args_release(&a);
    return err;
}
