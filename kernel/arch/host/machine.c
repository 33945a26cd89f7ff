/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's memory, clock and panic, user copies, and honest refusals for
 * what a Linux process cannot be.
 */
#define _GNU_SOURCE
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

char *host_arena;
bool host_irqs_on = true, host_resched;
struct thread *host_current;
nsec_t host_now;
struct boot_info boot_info;
const struct arch_hooks *arch_hooks;

static int arena_fd;
static nsec_t timer = NSEC_FOREVER;
static struct arch_pt *current_pt;
static uint64_t random_state = 88172645463325252ull;

void host_fail(const char *what)
{
    fprintf(stderr, "host: %s\n", what);
    abort();
}

static void sink(const char *text, size_t n)
{
    fwrite(text, 1, n, stderr);
}

static void panic_body(const char *message)
{
    host_fail(message);
}

void host_init(uint64_t bytes)
{
    panic_body_set(panic_body);
    log_sink_set(sink);
    log_level_set(LOG_WARN);
    arena_fd = memfd_create("ram", 0);
    if (arena_fd < 0 || ftruncate(arena_fd, (off_t)bytes) < 0)
        host_fail("no arena");
    host_arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, arena_fd, 0);
    if (host_arena == MAP_FAILED)
        host_fail("no arena");
    if ((uintptr_t)host_arena < ARCH_PROGRAM_END)
        host_fail("the arena lies in the program's half");
    boot_info.map_count = 1;
    boot_info.map[0] = (struct memmap_range){ 0, bytes, MEMMAP_RAM };
}

paddr_t arch_image_start(void) { return 1 << 20; }
paddr_t arch_image_end(void) { return 1 << 20; }

/* ---- clock ---- */

nsec_t arch_clock(void) { return host_now; }

static void timer_run(void)
{
    bool on = host_irqs_on;

    while (timer <= host_now) {
        timer = NSEC_FOREVER;
        if (!arch_hooks || !arch_hooks->timer)
            return;
        host_irqs_on = false;
        arch_hooks->timer();
        host_irqs_on = on;
    }
}

void host_clock_set(nsec_t now)
{
    host_now = now;
    timer_run();
}

void host_clock_advance(nsec_t by)
{
    host_clock_set(host_now + by);
}

nsec_t host_timer_deadline(void) { return timer; }

void arch_timer_set(nsec_t deadline) { timer = deadline; }

/* Nothing else can happen on a lone CPU: time goes on to the next timer. */
void arch_cpu_idle(void)
{
    if (host_resched)
        return;
    if (timer == NSEC_FOREVER)
        host_fail("idle for ever: every thread waits and no timer is set");
    host_now = MAX(host_now, timer);
    timer_run();
    host_irqs_on = false;
}

void arch_vdso_clock_get(struct arch_vdso_clock *out)
{
    *out = (struct arch_vdso_clock){ .usable = false };
}

/* ---- CPUs ---- */

unsigned cpu_count(void) { return 1; }
unsigned arch_cpus_start(unsigned max, void (*entry)(unsigned cpu))
{
    (void)max;
    (void)entry;
    return 1;
}
void arch_ipi_resched(unsigned cpu)
{
    (void)cpu;
    host_resched = true;
}
void arch_ipi_call_others(void (*fn)(void *), void *arg)
{
    (void)fn;
    (void)arg;
}
void arch_cpus_stop(void) { }

/* ---- the kernel's own mappings: real ones ---- */

int arch_kmap(void *va, paddr_t pa, unsigned prot)
{
    void *p = mmap(va, PAGE_SIZE, PROT_READ |
                   (prot & PROT_WRITE_BIT ? PROT_WRITE : 0),
                   MAP_SHARED | MAP_FIXED, arena_fd, (off_t)pa);

    return p == va ? 0 : -ENOMEM;
}

/* Where va's page lies in the arena, from the process's own list. */
static paddr_t kmap_find(uintptr_t va)
{
    FILE *f = fopen("/proc/self/maps", "r");
    unsigned long start, end, offset;
    char line[512];
    paddr_t pa = 0;

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
            va >= start && va < end)
            pa = offset + (va - start);
    }
    if (f)
        fclose(f);
    return pa;
}

paddr_t arch_kunmap(void *va)
{
    paddr_t pa = kmap_find((uintptr_t)va);

    munmap(va, PAGE_SIZE);
    return pa;
}

void arch_kmap_flush(void) { }

volatile void *arch_mmio_map(paddr_t pa, uint64_t size)
{
    (void)pa;
    (void)size;
    return NULL;
}
void arch_kernel_protect(void) { }

/* ---- user copies ---- */

void host_pt_set(struct arch_pt *pt) { current_pt = pt; }

static bool is_user(const void *p)
{
    return (uintptr_t)p < ARCH_PROGRAM_END;
}

/* The kernel's view of up to *n bytes at p, cut at the page's end. */
static void *view(const void *p, size_t *n, unsigned flags)
{
    uintptr_t va = (uintptr_t)p;

    if (!is_user(p))
        return (void *)va;
    *n = MIN(*n, (size_t)(PAGE_SIZE - (va & (PAGE_SIZE - 1))));
    return current_pt ? host_touch(current_pt, va, flags) : NULL;
}

size_t arch_user_copy(void *dst, const void *src, size_t n)
{
    while (n > 0) {
        size_t part = n;
        void *d = view(dst, &part, FAULT_WRITE);
        void *s = d ? view(src, &part, 0) : NULL;

        if (!s)
            break;
        memcpy(d, s, part);
        dst = (char *)dst + part;
        src = (const char *)src + part;
        n -= part;
    }
    return n;
}

size_t arch_user_zero(void *dst, size_t n)
{
    while (n > 0) {
        size_t part = n;
        void *d = view(dst, &part, FAULT_WRITE);

        if (!d)
            break;
        memset(d, 0, part);
        dst = (char *)dst + part;
        n -= part;
    }
    return n;
}

ssize_t arch_user_strnlen(const char *s, size_t n)
{
    size_t done = 0;

    while (done < n) {
        size_t part = n - done, len;
        const char *p = view(s + done, &part, 0);

        if (!p)
            return -EFAULT;
        len = strnlen(p, part);
        done += len;
        if (len < part)
            break;
    }
    return (ssize_t)done;
}

int arch_user_load32(const uint32_t *p, uint32_t *out)
{
    return arch_user_copy(out, p, sizeof(*out)) ? -EFAULT : 0;
}

int arch_user_cmpxchg32(uint32_t *p, uint32_t old, uint32_t new_,
                        uint32_t *seen)
{
    size_t n = sizeof(*p);
    uint32_t *at = view(p, &n, FAULT_WRITE);

    if (!at || n < sizeof(*p))
        return -EFAULT;
    *seen = *at;
    if (*at == old)
        *at = new_;
    return 0;
}

/* ---- registers ---- */

void arch_regs_init(struct regs *r, uaddr_t pc, uaddr_t sp)
{
    memset(r, 0, sizeof(*r));
    r->pc = pc;
    r->sp = sp;
}
long arch_syscall_nr(const struct regs *r) { return (long)r->nr; }
void arch_syscall_args(const struct regs *r, uint64_t args[6])
{
    memcpy(args, r->args, sizeof(r->args));
}
void arch_syscall_result(struct regs *r, long v) { r->result = (uint64_t)v; }
long arch_syscall_result_get(const struct regs *r) { return (long)r->result; }
void arch_syscall_restart(struct regs *r) { r->restart = true; }
void arch_syscall_restart_as(struct regs *r, long nr)
{
    r->nr = (uint64_t)nr;
    r->restart = true;
}
uaddr_t arch_regs_pc(const struct regs *r) { return r->pc; }
uaddr_t arch_regs_sp(const struct regs *r) { return r->sp; }
uaddr_t arch_regs_fp(const struct regs *r) { return r->fp; }
void arch_regs_set_sp(struct regs *r, uaddr_t sp) { r->sp = sp; }
int arch_regs_format(const struct regs *r, char *buf, size_t size)
{
    return snprintf(buf, size, "pc=%llx sp=%llx", (unsigned long long)r->pc,
                    (unsigned long long)r->sp);
}
void arch_program_enter(const struct regs *regs)
{
    (void)regs;
    host_fail("no program can run here");
}
int arch_sigframe_push(struct regs *r, const struct arch_sigframe *f)
{
    (void)r;
    (void)f;
    return -EFAULT;
}
int arch_sigframe_pop(struct regs *r, uint64_t *mask, uaddr_t *ss_sp,
                      int *ss_flags, uint64_t *ss_size)
{
    (void)r;
    (void)mask;
    (void)ss_sp;
    (void)ss_flags;
    (void)ss_size;
    return -EFAULT;
}
size_t arch_sigframe_min(void) { return 2048; }
uint64_t arch_hwcap(void) { return 0; }
uint64_t arch_hwcap2(void) { return 0; }
const char *arch_platform(void) { return "x86_64"; }
uint16_t arch_elf_machine(void) { return 62; }
long arch_sys_prctl(uint64_t code, uint64_t arg)
{
    (void)code;
    (void)arg;
    return -ENOSYS;
}

/* ---- the platform ---- */

int arch_irq_alloc(irq_handler_fn *fn, void *arg, unsigned cpu)
{
    (void)fn;
    (void)arg;
    (void)cpu;
    return -ENOSPC;
}
void arch_irq_msi(int irq, uint64_t *address, uint32_t *data)
{
    (void)irq;
    *address = *data = 0;
}
int arch_irq_route_gsi(int irq, unsigned gsi, bool level, bool active_low)
{
    (void)irq;
    (void)gsi;
    (void)level;
    (void)active_low;
    return -ENODEV;
}
int arch_irq_route_isa(int irq, unsigned n)
{
    (void)irq;
    (void)n;
    return -ENODEV;
}
bool arch_has_ports(void) { return false; }
bool arch_pci_present(void) { return false; }
const void *arch_acpi_find(const char sig[4])
{
    (void)sig;
    return NULL;
}
int arch_power_button_set(irq_handler_fn *fn, void *arg)
{
    (void)fn;
    (void)arg;
    return -ENODEV;
}
void arch_power_off(int status, bool use_isa)
{
    (void)use_isa;
    exit(status);
}
/* The same sequence in every run. */
bool arch_random_u64(uint64_t *out)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    *out = random_state;
    return true;
}
void arch_early_putc(char c) { fputc(c, stderr); }
const char *arch_cpu_model(void) { return "host"; }
int arch_cpuinfo_format(unsigned cpu, char *buf, size_t size)
{
    (void)cpu;
    return snprintf(buf, size, "flags\t\t:\n");
}
const char *arch_hypervisor(void) { return "none"; }
unsigned arch_backtrace(uint64_t *pcs, unsigned n)
{
    int got = backtrace((void **)pcs, (int)n);

    return got > 0 ? (unsigned)got : 0;
}
