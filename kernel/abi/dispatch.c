/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a system call's number to its handler. The tables come from the one
 * list; a number without a handler is ENOSYS, logged by name the first time
 * and counted.
 */
#include "abi_priv.h"

typedef void syscall_fn(void);
typedef long syscall_args_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                             uint64_t);

static long missing(void);

/* A hole in the numbers is missing() as well: it is what every line starts
 * with, so that a call need not ask. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static syscall_fn *const handlers[SYSCALL_MAX] = {
    [0 ... SYSCALL_MAX - 1] = (syscall_fn *)missing,
#define CALL(nr, name, room, n, ...) [nr] = (syscall_fn *)sys_##name,
#define MISS(nr, name, room, n, ...) [nr] = (syscall_fn *)missing,
#include "syscalls_x86_64.def"
#undef CALL
#undef MISS
};
#pragma GCC diagnostic pop

const struct call_desc abi_call_descs[SYSCALL_MAX] = {
#define CALL(nr, name, room, n, ...) \
    [nr] = { #name, n, { ENUMS_##n(__VA_ARGS__) }, false },
#define MISS(nr, name, room, n, ...) \
    [nr] = { #name, n, { ENUMS_##n(__VA_ARGS__) }, true },
#include "syscalls_x86_64.def"
#undef CALL
#undef MISS
};

bool abi__tracing;
static uint64_t missing_counts[SYSCALL_MAX];
static uint64_t calls_unknown;

bool abi__missing_note(long nr)
{
    uint64_t *count = &calls_unknown;

    if (nr >= 0 && nr < SYSCALL_MAX)
        count = &missing_counts[nr];
    return __atomic_fetch_add(count, 1, __ATOMIC_RELAXED) == 0;
}

/* [partial_lock] options and flags that are not there; the first ones. */
static struct { const char *what; uint64_t value; } partials[PARTIALS_MAX];
static unsigned partial_count;
static struct spinlock partial_lock = SPINLOCK_INIT;

static bool partial_add(const char *what, uint64_t value)
{
    uint64_t flags = spin_lock_irqsave(&partial_lock);
    unsigned i = 0;

    while (i < partial_count && (partials[i].value != value ||
                                 strcmp(partials[i].what, what)))
        i++;
    if (i == partial_count && i < PARTIALS_MAX) {
        partials[i].what = what;
        partials[i].value = value;
        partial_count++;
        i = PARTIALS_MAX;       /* new */
    }
    spin_unlock_irqrestore(&partial_lock, flags);
    return i == PARTIALS_MAX;
}

long abi__partial(const char *what, uint64_t value, long err)
{
    uint64_t a[6];

    arch_syscall_args(task_current()->regs, a);
    if (partial_add(what, value))
        log_warn("abi: %s(%lu) is not implemented; its arguments were 0x%lx, "
                 "0x%lx, 0x%lx, 0x%lx", what, value, a[0], a[1], a[2], a[3]);
    return err;
}

static long missing(void)
{
    struct task *t = task_current();
    long nr = arch_syscall_nr(t->regs);
    const char *name = nr >= 0 ? abi_syscall_name((unsigned)nr) : NULL;
    uint64_t a[6];

    arch_syscall_args(t->regs, a);
    if (abi__missing_note(nr))
        log_warn("abi: system call %s (%ld) is not implemented; its arguments "
                 "were 0x%lx, 0x%lx, 0x%lx, 0x%lx", name ? name : "?", nr,
                 a[0], a[1], a[2], a[3]);
    return -ENOSYS;
}

/* The restart itself is decided in exit_work, which knows of handlers. */
static void ask_restart(struct task *t, long result)
{
    if (t->sigreturn) {         /* what the program had there before */
        t->sigreturn = false;
        return;
    }
    t->restart = result;
    __atomic_fetch_or(&t->thread.arch.work, THREAD_WORK_INTERRUPT,
                      __ATOMIC_RELAXED);
}

__attribute__((noinline))
static long traced_call(struct task *t, syscall_args_fn *fn, long nr)
{
    uint64_t a[6];
    long result;

    arch_syscall_args(t->regs, a);
    strace__call(t, nr, a, false, 0);
    result = fn(a[0], a[1], a[2], a[3], a[4], a[5]);
    strace__call(t, nr, a, true, result);
    return result;
}

void abi_syscall(struct regs *regs)
{
    struct task *t = task_current();
    uint64_t nr = (uint64_t)arch_syscall_nr(regs);
    syscall_fn *fn = (syscall_fn *)missing;
    uint64_t a[6];
    long result;

    t->regs = regs;
    if (likely(nr < SYSCALL_MAX))
        fn = handlers[nr];
    if (unlikely(abi__tracing)) {
        result = traced_call(t, (syscall_args_fn *)fn, (long)nr);
    } else {
        arch_syscall_args(regs, a);
        result = ((syscall_args_fn *)fn)(a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    arch_syscall_result(regs, result);
    if (unlikely(result <= -ERESTARTSYS && result >= -ERESTARTNOHAND))
        ask_restart(t, result);
}

void abi_strace_set(bool on)
{
    if (on && log_level_get() < LOG_INFO)
        log_level_set(LOG_INFO);
    abi__tracing = on;
}

uint64_t abi_missing_count(unsigned nr)
{
    return nr < SYSCALL_MAX ? missing_counts[nr] : 0;
}

const char *abi_syscall_name(unsigned nr)
{
    return nr < SYSCALL_MAX ? abi_call_descs[nr].name : NULL;
}

/* Appends a name, or what stands for the rest; there is always room for it. */
static void names_add(char *buf, size_t size, bool *cut, const char *name,
                      const char *value)
{
    static const char more[] = ", ...";
    size_t len = strlen(buf), need = strlen(name) + strlen(value) + 2;

    if (*cut)
        return;
    *cut = len + need > size - sizeof(more);
    if (*cut)
        scnprintf(buf + len, size - len, "%s", len ? more : more + 2);
    else
        scnprintf(buf + len, size - len, "%s%s%s", len ? ", " : "", name,
                  value);
}

unsigned abi_missing_names(char *buf, size_t size)
{
    unsigned count = 0;
    bool cut = false;
    char value[24];

    ASSERT(size > 8);
    buf[0] = '\0';
    for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
        const char *name = abi_syscall_name(nr);

        if (!missing_counts[nr])
            continue;
        names_add(buf, size, &cut, name ? name : "?", "");
        count++;
    }
    for (unsigned i = 0; i < partial_count; i++, count++) {
        scnprintf(value, sizeof(value), "(%lu)",
                  (unsigned long)partials[i].value);
        names_add(buf, size, &cut, partials[i].what, value);
    }
    return count;
}
