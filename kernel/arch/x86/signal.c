/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames, exactly as Linux lays out x86-64's rt_sigframe. From the
 * handler's stack pointer up:
 *
 *   OFFSET  SIZE  MEANING
 *   0       8     the restorer, where the handler returns to
 *   8       304   struct ucontext
 *   312     128   siginfo
 *   ...           padding to a multiple of 64
 *   fpstate       FXSAVE or XSAVE area (sw bytes at 464), then MAGIC2
 *
 * What comes back is the program's to change, so it is sanitised.
 */
#include "x86_priv.h"

#define RED_ZONE 128
#define UC_FP_XSTATE         1
#define UC_SIGCONTEXT_SS     2
#define UC_STRICT_RESTORE_SS 4
#define LINUX_CS 0x33
#define LINUX_SS 0x2b

struct ucontext {
    uint64_t flags, link;
    uint64_t ss_sp;
    int32_t ss_flags, ss_pad;
    uint64_t ss_size;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate;
    uint64_t reserved[8];
    uint64_t mask;
};
_Static_assert(sizeof(struct ucontext) == 304, "ucontext layout");

struct sigframe {
    uint64_t restorer;
    struct ucontext uc;
    uint8_t info[128];
};
_Static_assert(sizeof(struct sigframe) == 440, "rt_sigframe layout");

#define LEGACY_SIZE 512u
#define HEADER_SIZE 64u
#define SW_OFFSET   464
#define MXCSR_OFFSET 24
#define MAGIC1      0x46505853u
#define MAGIC2      0x46505845u
#define XFEATURE_FPSSE 3u

struct sw_bytes {
    uint32_t magic1;
    uint32_t extended_size;     /* with MAGIC2 */
    uint64_t xfeatures;
    uint32_t xstate_size;
    uint32_t padding[7];
};
_Static_assert(sizeof(struct sw_bytes) == 48, "software bytes layout");

static bool range_ok(uaddr_t at, size_t n)
{
    return at < ARCH_PROGRAM_END && n <= ARCH_PROGRAM_END - at;
}

static bool put(uaddr_t to, const void *from, size_t n)
{
    return range_ok(to, n) && arch_user_copy((void *)to, from, n) == 0;
}

static bool get(void *to, uaddr_t from, size_t n)
{
    return range_ok(from, n) && arch_user_copy(to, (void *)from, n) == 0;
}

static size_t fpstate_size(void)
{
    return x86_features.xsave_size + (x86_features.xsave ? 4 : 0);
}

size_t arch_sigframe_min(void)
{
    return ALIGN_UP(sizeof(struct sigframe) + 24 + 63 + fpstate_size(),
                    (size_t)16);
}

/* --- to the program --- */

static bool fpstate_put(uaddr_t to)
{
    struct arch_thread *t = (struct arch_thread *)arch_current();
    uint8_t start[LEGACY_SIZE + HEADER_SIZE];
    uint32_t size = x86_features.xsave_size, magic2 = MAGIC2;
    struct sw_bytes sw = { .magic1 = MAGIC1, .extended_size = size + 4,
                           .xfeatures = x86_features.xcr0,
                           .xstate_size = size };

    x86_fpu_get(t->fpu);
    if (!x86_features.xsave)
        return put(to, t->fpu, LEGACY_SIZE);
    memcpy(start, t->fpu, sizeof(start));
    memcpy(start + SW_OFFSET, &sw, sizeof(sw));
    start[LEGACY_SIZE] |= XFEATURE_FPSSE;   /* a handler may have set them */
    return put(to, start, sizeof(start)) &&
           put(to + sizeof(start), (uint8_t *)t->fpu + sizeof(start),
               size - sizeof(start)) &&
           put(to + size, &magic2, sizeof(magic2));
}

static void context_fill(struct ucontext *uc, const struct regs *r,
                         const struct arch_sigframe *f)
{
    uc->flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
                (x86_features.xsave ? UC_FP_XSTATE : 0);
    uc->ss_sp = f->ss_sp;
    uc->ss_flags = f->ss_flags;
    uc->ss_size = f->ss_size;
    uc->r8 = r->r8, uc->r9 = r->r9, uc->r10 = r->r10, uc->r11 = r->r11;
    uc->r12 = r->r12, uc->r13 = r->r13, uc->r14 = r->r14, uc->r15 = r->r15;
    uc->rdi = r->rdi, uc->rsi = r->rsi, uc->rbp = r->rbp, uc->rbx = r->rbx;
    uc->rdx = r->rdx, uc->rax = r->rax, uc->rcx = r->rcx, uc->rsp = r->rsp;
    uc->rip = r->rip, uc->rflags = r->rflags;
    uc->cs = LINUX_CS;
    uc->ss = LINUX_SS;
    uc->err = f->error;
    uc->trapno = f->trapno;
    uc->oldmask = f->mask;
    uc->cr2 = f->fault_addr;
    uc->mask = f->mask;
}

int arch_sigframe_push(struct regs *r, const struct arch_sigframe *f)
{
    uaddr_t sp = f->stack_enter ? f->stack_base + f->stack_size
                                : r->rsp - RED_ZONE;
    struct sigframe frame;
    uaddr_t fp, at;

    if (!f->restorer || !range_ok(sp - 1, 1))
        return -EFAULT;
    fp = ALIGN_DOWN(sp - fpstate_size(), 64);
    at = ALIGN_DOWN(fp - sizeof(frame), 16) - 8;
    if (f->stack_size && (at <= f->stack_base ||
                          at - f->stack_base > f->stack_size))
        return -EFAULT;
    memset(&frame, 0, sizeof(frame));
    context_fill(&frame.uc, r, f);
    frame.restorer = f->restorer;
    frame.uc.fpstate = fp;
    memcpy(frame.info, f->siginfo, sizeof(frame.info));
    if (!put(at, &frame, sizeof(frame)) || !fpstate_put(fp))
        return -EFAULT;
    r->rdi = (uint64_t)f->signo;
    r->rsi = at + offsetof(struct sigframe, info);
    r->rdx = at + offsetof(struct sigframe, uc);
    r->rax = 0;
    r->rsp = at;
    r->rip = MIN(f->handler, ARCH_PROGRAM_END);
    r->rflags &= ~(uint64_t)(FLAG_DF | FLAG_TF | FLAG_RF);
    r->orig_rax = ~0ull;
    r->changed = 1;
    return 0;
}

/* --- and back --- */

/* True: the area at `from` has an extended part that can be trusted to be
 * one, as its two magic numbers and sizes say. */
static bool extended(uaddr_t from, const struct sw_bytes *sw)
{
    uint32_t magic2;

    return x86_features.xsave && sw->magic1 == MAGIC1 &&
           sw->xstate_size >= LEGACY_SIZE + HEADER_SIZE &&
           sw->xstate_size <= x86_features.xsave_size &&
           sw->extended_size >= sw->xstate_size &&
           get(&magic2, from + sw->xstate_size, sizeof(magic2)) &&
           magic2 == MAGIC2;
}

static bool fpstate_get(uaddr_t from)
{
    uint8_t area[X86_FPU_AREA_MAX] __aligned(64);
    struct sw_bytes sw;
    uint64_t features = XFEATURE_FPSSE;
    uint32_t mxcsr;

    if (!get(area, from, LEGACY_SIZE))
        return false;
    memcpy(&sw, area + SW_OFFSET, sizeof(sw));
    memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
    mxcsr &= x86_features.mxcsr_mask;
    memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
    memset(area + LEGACY_SIZE, 0, x86_features.xsave_size - LEGACY_SIZE);
    if (extended(from, &sw)) {
        if (!get(area + LEGACY_SIZE, from + LEGACY_SIZE,
                 sw.xstate_size - LEGACY_SIZE))
            return false;
        memcpy(&features, area + LEGACY_SIZE, sizeof(features));
        features &= x86_features.xcr0 & sw.xfeatures;
    }
    if (x86_features.xsave) {
        memset(area + LEGACY_SIZE, 0, HEADER_SIZE);
        memcpy(area + LEGACY_SIZE, &features, sizeof(features));
    }
    return x86_fpu_set(area);
}

#define FLAGS_OF_PROGRAM 0x50dd5ull     /* AC RF OF DF TF SF ZF AF PF CF */

static void context_use(struct regs *r, const struct ucontext *uc)
{
    r->r8 = uc->r8, r->r9 = uc->r9, r->r10 = uc->r10, r->r11 = uc->r11;
    r->r12 = uc->r12, r->r13 = uc->r13, r->r14 = uc->r14, r->r15 = uc->r15;
    r->rdi = uc->rdi, r->rsi = uc->rsi, r->rbp = uc->rbp, r->rbx = uc->rbx;
    r->rdx = uc->rdx, r->rax = uc->rax, r->rcx = uc->rcx, r->rsp = uc->rsp;
    /* Nothing is ever mapped at the end: a jump to the kernel's half faults
     * there, as the program's. */
    r->rip = MIN(uc->rip, ARCH_PROGRAM_END);
    r->rflags = (uc->rflags & FLAGS_OF_PROGRAM) | FLAG_IF | 2;
    r->orig_rax = ~0ull;
    r->changed = 1;
}

int arch_sigframe_pop(struct regs *r, uint64_t *mask, uaddr_t *ss_sp,
                      int *ss_flags, uint64_t *ss_size)
{
    uaddr_t at = r->rsp - 8;    /* the handler's return took the restorer */
    struct ucontext uc;

    if (!get(&uc, at + offsetof(struct sigframe, uc), sizeof(uc)))
        return -EFAULT;
    if (uc.fpstate ? !fpstate_get(uc.fpstate) : !x86_fpu_reset())
        return -EFAULT;
    context_use(r, &uc);
    *mask = uc.mask;
    *ss_sp = uc.ss_sp;
    *ss_flags = uc.ss_flags;
    *ss_size = uc.ss_size;
    return 0;
}
