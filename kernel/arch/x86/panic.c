/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the kernel: one block on the console with the message, where it
 * happened, registers when a trap was the cause, and the backtrace with names
 * from the embedded symbol table; then the machine ends with status 255.
 * Takes no lock and allocates nothing.
 */
#include "x86_priv.h"

#include <hull/exit.h>

#define FRAMES_MAX 32
#define IN_KERNEL(a) ((a) >= ARCH_DIRECT_BASE)

extern uint8_t image_start[], text_end[];

static uint32_t panicking;      /* 1 + the CPU that panics */
static const struct regs *panic_regs;
static log_sink_fn *fallback;   /* where there is no serial port */

void arch_panic_sink_set(log_sink_fn *sink)
{
    fallback = sink;
}

static void put(const char *text)
{
    if (!x86_early_console_present() && fallback) {
        fallback(text, strlen(text));
        return;
    }
    for (; *text; text++) {
        if (*text == '\n')
            arch_early_putc('\r');
        arch_early_putc(*text);
    }
}

__attribute__((format(printf, 1, 2)))
static void say(const char *fmt, ...)
{
    static char line[640];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    put(line);
}

/* Follows the frame chain while it climbs within one stack. */
static unsigned frames_walk(uint64_t rbp, uint64_t *pcs, unsigned n)
{
    unsigned found = 0;
    uint64_t last = 0;

    while (found < n && IN_KERNEL(rbp) && IS_ALIGNED(rbp, 8) && rbp > last &&
           (last == 0 || rbp - last < KSTACK_SIZE)) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (frame[1] < (uint64_t)image_start || frame[1] > (uint64_t)text_end)
            break;
        pcs[found++] = frame[1];
        last = rbp;
        rbp = frame[0];
    }
    return found;
}

unsigned arch_backtrace(uint64_t *pcs, unsigned n)
{
    return frames_walk((uint64_t)__builtin_frame_address(0), pcs, n);
}

static void say_pc(uint64_t pc)
{
    char name[96];

    x86_symbol_format(pc, name, sizeof(name));
    say("  %#018lx %s\n", pc, name);
}

static void say_where(void)
{
    struct thread *t = arch_current();
    const char *name = t ? (const char *)t + sizeof(struct arch_thread)
                         : "none";       /* struct thread: name comes next */

    say("CPU %u, thread %s, %s on %s\n", cpu_id(), name,
        x86_features.model, x86_features.hypervisor_name);
}

/* The boot word "exit=isa"; the parser of boot may not have run yet. */
static bool exit_by_isa(void)
{
    const char *s = boot_info.cmdline;

    for (; *s; s++)
        if ((s == boot_info.cmdline || s[-1] == ' ') &&
            str_starts(s, "exit=isa") && (s[8] == ' ' || !s[8]))
            return true;
    return false;
}

static void panic_body(const char *message)
{
    static uint64_t pcs[FRAMES_MAX];
    uint32_t free = 0;
    unsigned n;

    irq_disable();
    if (!__atomic_compare_exchange_n(&panicking, &free, cpu_id() + 1, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        if (free != cpu_id() + 1)
            x86_halt_forever();         /* another CPU is at it */
        put("\n*** panic in panic: ");
        put(message);
        arch_power_off(HULL_EXIT_PANIC, exit_by_isa());
    }
    arch_cpus_stop();
    say("\n*** Hull kernel panic: %s\n", message);
    say_where();
    if (panic_regs) {
        static char text[640];

        arch_regs_format(panic_regs, text, sizeof(text));
        say("%s", text);
        say_pc(panic_regs->rip);
        n = frames_walk(panic_regs->rbp, pcs, FRAMES_MAX);
    } else {
        n = arch_backtrace(pcs, FRAMES_MAX);
    }
    for (unsigned i = 0; i < n; i++)
        say_pc(pcs[i]);
    say(HULL_EXIT_LINE, HULL_EXIT_PANIC);
    arch_power_off(HULL_EXIT_PANIC, exit_by_isa());
}

void x86_panic_regs(const struct regs *regs, const char *fmt, ...)
{
    static char message[256];
    va_list ap;

    panic_regs = regs;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    panic("%s", message);
}

void x86_panic_init(void)
{
    panic_body_set(panic_body);
}
