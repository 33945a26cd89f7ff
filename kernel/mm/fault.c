/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults: what the CPU's traps, user copies and populate resolve. Under
 * mm->lock for reading, so several threads fault at once; the page tables
 * change under pt_lock only, and each path looks again there before it maps.
 *
 * Inside, a fault ends with 0 (retry the access), -EFAULT (nothing mapped),
 * -EACCES (no right), -ENXIO (beyond the file or unreadable: SIGBUS), -ENOMEM,
 * -EAGAIN (something changed meanwhile: retry) or -E2BIG (a stack must grow).
 */
#include "mm_priv.h"

#define SIGBUS_NO 7
#define SIGKILL_NO 9
#define SIGSEGV_NO 11
#define SEGV_MAPERR_CODE 1
#define SEGV_ACCERR_CODE 2
#define BUS_ADRERR_CODE 2

static void (*oom_hook)(const char *what);

static struct mm *no_mm(void)
{
    return NULL;
}

struct mm *(*mm__current)(void) = no_mm;

void mm_current_hook_set(struct mm *(*hook)(void))
{
    mm__current = hook;
}

void mm_oom_hook_set(void (*oom)(const char *what))
{
    oom_hook = oom;
}

void mm__oom(const char *what)
{
    if (oom_hook)
        oom_hook(what);
}

/* After arch_pt_map or a split ran out of table frames. */
static int table_retry(int err)
{
    if (err != -ENOMEM)
        return err;
    return page_cache_reclaim(16) > 0 ? -EAGAIN : -ENOMEM;
}

static void rss_add(struct mm *mm, uint64_t anon, uint64_t file)
{
    mm->rss_anon += anon;
    mm->rss_file += file;
    mm->rss_peak = MAX(mm->rss_peak, mm->rss_anon + mm->rss_file);
}

/*
 * What the tables say already: true when the access will succeed, perhaps
 * after giving a frame of v's own the rights it may have. Under pt_lock.
 */
static bool present_locked(struct mm *mm, const struct vma *v, uaddr_t addr,
                           bool write, struct pt_entry *e)
{
    struct page *p;
    uaddr_t base;

    e->table = false;
    if (!arch_pt_query(&mm->pt, addr, e)) {
        e->pa = 0;
        return false;
    }
    if (write ? e->prot & PROT_WRITE_BIT : e->prot)
        return true;
    p = page__of_phys(e->pa);
    if (p->kind != PAGE_ANON || page_refs(p) > 1)
        return false;
    base = e->huge ? ALIGN_DOWN(addr, HUGE_SIZE) : ALIGN_DOWN(addr, PAGE_SIZE);
    arch_pt_protect(&mm->pt, base, base + (e->huge ? HUGE_SIZE : PAGE_SIZE),
                    vma__prot(v));
    return true;
}

/* ---- anonymous memory ---- */

static bool huge_wanted(const struct vma *v, uaddr_t base)
{
    uint64_t keep = page__total_frames() / (v->flags & VMA_HUGE ? 8 : 2);

    return !(v->flags & VMA_NOHUGE) && base >= v->start &&
           v->end >= HUGE_SIZE && base <= v->end - HUGE_SIZE &&
           page__free_frames() > keep + (HUGE_SIZE >> PAGE_SHIFT);
}

/* Maps a new frame or huge page unless something is there by now. */
static int anon_map(struct mm *mm, const struct vma *v, uaddr_t addr,
                    bool write, struct page *p)
{
    unsigned prot = vma__prot(v) | (p->order > 0 ? PT_HUGE : 0);
    uint64_t size = PAGE_SIZE << p->order;
    struct pt_entry e;
    int err = 0;

    page__kind_set(p, PAGE_ANON);
    spin_lock(&mm->pt_lock);
    if (present_locked(mm, v, addr, write, &e)) {
        err = -EEXIST;
    } else {
        err = arch_pt_map(&mm->pt, ALIGN_DOWN(addr, size), page_to_phys(p),
                          prot);
        if (err == 0)
            rss_add(mm, 1ull << p->order, 0);
    }
    spin_unlock(&mm->pt_lock);
    if (err < 0)
        page_unref(p);
    return err;
}

static int anon_fault(struct mm *mm, struct vma *v, uaddr_t addr, bool write)
{
    uaddr_t base = ALIGN_DOWN(addr, HUGE_SIZE);
    struct page *p = NULL;
    struct pt_entry e;
    bool huge, there = false;
    int err;

    huge = mm_huge_get(mm) && huge_wanted(v, base);
    if (huge) {
        spin_lock(&mm->pt_lock);
        there = present_locked(mm, v, addr, write, &e);
        spin_unlock(&mm->pt_lock);
        if (there)
            return 0;
        if (!e.table && e.pa == 0)
            p = page_alloc(HUGE_SHIFT - PAGE_SHIFT, PAGE_ZERO | PAGE_OPTIONAL);
    }
    if (p) {
        err = anon_map(mm, v, addr, write, p);
        return err == -EEXIST ? 0 : table_retry(err);
    }
    p = page_alloc(0, PAGE_ZERO | PAGE_USER);
    if (!p)
        return -ENOMEM;
    err = anon_map(mm, v, addr, write, p);
    return err == -EEXIST ? 0 : table_retry(err);
}

/* ---- mapped objects ---- */

/* Maps p, whose reference it takes over when it returns 1; 0: something is
 * there already; else an error. Under pt_lock. */
static int file_map_locked(struct mm *mm, struct vma *v, uaddr_t addr,
                           struct page *p, unsigned prot)
{
    struct pt_entry e;
    int err;

    if (v->pc && __atomic_load_n(&p->pc, __ATOMIC_ACQUIRE) != v->pc)
        return -EAGAIN;         /* M4: dropped meanwhile */
    if (arch_pt_query(&mm->pt, addr, &e) &&
        (e.pa != page_to_phys(p) || (prot & ~e.prot) == 0))
        return 0;
    err = arch_pt_map(&mm->pt, addr, page_to_phys(p), prot);
    if (err < 0)
        return err;
    return 1;
}

static void mapped_count(struct mm *mm, struct vma *v, struct page *p)
{
    if (v->pc)
        __atomic_fetch_add(&p->mapped, 1, __ATOMIC_RELAXED);
    rss_add(mm, 0, 1);
}

/* Maps what is cached around addr, to save faults. */
static void fault_around(struct mm *mm, struct vma *v, uaddr_t addr)
{
    uaddr_t size = FAULT_AROUND * PAGE_SIZE;
    uaddr_t start = MAX(ALIGN_DOWN(addr, size), v->start);
    uaddr_t end = MIN(ALIGN_DOWN(addr, size) + size, v->end);
    unsigned n = (unsigned)((end - start) >> PAGE_SHIFT);
    struct page *pages[FAULT_AROUND];

    page_cache_peek_range(v->pc, vma__pgoff(v, start), n, pages);
    spin_lock(&mm->pt_lock);
    for (unsigned i = 0; i < n; i++) {
        uaddr_t at = start + i * PAGE_SIZE;
        struct pt_entry e;

        if (!pages[i] || arch_pt_query(&mm->pt, at, &e) ||
            file_map_locked(mm, v, at, pages[i], vma__prot_shared(v)) != 1)
            continue;
        mapped_count(mm, v, pages[i]);
        pages[i] = NULL;
    }
    spin_unlock(&mm->pt_lock);
    for (unsigned i = 0; i < n; i++) {
        if (pages[i])
            page_unref(pages[i]);
    }
}

/* Shows p itself at addr. Consumes its reference. */
static int file_map(struct mm *mm, struct vma *v, uaddr_t addr,
                    struct page *p, unsigned prot)
{
    struct pt_entry e;
    bool fresh;
    int got;

    spin_lock(&mm->pt_lock);
    fresh = !arch_pt_query(&mm->pt, addr, &e);
    got = file_map_locked(mm, v, addr, p, prot);
    if (got == 1 && fresh)
        mapped_count(mm, v, p);
    spin_unlock(&mm->pt_lock);
    if (got != 1 || !fresh)
        page_unref(p);
    return got < 0 ? table_retry(got) : 0;
}

/* May p's copy go to addr? *e: what is there, nothing or p. Under pt_lock. */
static int cow_check(struct mm *mm, const struct vma *v, uaddr_t addr,
                     const struct page *p, struct pt_entry *e)
{
    if (v->pc && __atomic_load_n(&p->pc, __ATOMIC_ACQUIRE) != v->pc)
        return -EAGAIN;         /* M4: dropped meanwhile */
    if (present_locked(mm, v, addr, true, e))
        return -EEXIST;
    return e->pa != 0 && e->pa != page_to_phys(p) ? -EAGAIN : 0;
}

/*
 * Gives a private mapping its own copy of p (M5). Consumes the reference. An
 * entry of p goes, and is forgotten by every CPU, before the copy is mapped:
 * else one thread could still read the old page after another has written to
 * the new one.
 */
static int cow_map(struct mm *mm, struct vma *v, uaddr_t addr, struct page *p)
{
    struct page *own = page_alloc(0, PAGE_USER);
    struct pt_entry e;
    struct gather g;
    int err = own ? 0 : -ENOMEM;

    if (own) {
        memcpy(page_to_virt(own), page_to_virt(p), PAGE_SIZE);
        page__kind_set(own, PAGE_ANON);
    }
    gather__init(&g, mm);
    for (bool done = !own; !done;) {
        spin_lock(&mm->pt_lock);
        err = cow_check(mm, v, addr, p, &e);
        done = err < 0 || e.pa == 0;
        if (!done)
            arch_pt_unmap(&mm->pt, addr, addr + PAGE_SIZE, gather__add, &g);
        else if (err == 0)
            err = arch_pt_map(&mm->pt, addr, page_to_phys(own), vma__prot(v));
        if (done && err == 0)
            rss_add(mm, 1, 0);
        spin_unlock(&mm->pt_lock);
        gather__flush(&g);
    }
    page_unref(p);
    if (err < 0 && own)
        page_unref(own);
    if (err == -EEXIST)
        return 0;
    return own ? table_retry(err) : err;
}

static bool beyond_end(const struct vma *v, uint64_t pgoff)
{
    return v->ops->size &&
           pgoff >= (v->ops->size(v->object) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static struct page *object_page(struct vma *v, uint64_t pgoff)
{
    struct page *p;

    if (beyond_end(v, pgoff))
        return ERR_PTR(-ENXIO);
    if (v->pc)
        p = page_cache_get(v->pc, pgoff);
    else if (v->ops->fault)
        p = v->ops->fault(v, pgoff);
    else
        p = ERR_PTR(-ENXIO);
    if (IS_ERR(p) && PTR_ERR(p) != -ENOMEM)
        return ERR_PTR(-ENXIO);
    /* A store makes pages for the asking: not for one that was cut off since,
     * or what is written there would come back when the file grows. A cut
     * sets the size first, then drops pages (M4). */
    if (!IS_ERR(p) && v->pc && v->pc->store && beyond_end(v, pgoff)) {
        page_unref(p);
        return ERR_PTR(-ENXIO);
    }
    return p;
}

static int file_fault(struct mm *mm, struct vma *v, uaddr_t addr, bool write)
{
    uint64_t pgoff = vma__pgoff(v, addr);
    unsigned prot = vma__prot_shared(v);
    struct pt_entry e;
    struct page *p;
    bool there;
    int err;

    spin_lock(&mm->pt_lock);
    there = present_locked(mm, v, addr, write, &e);
    spin_unlock(&mm->pt_lock);
    if (there)
        return 0;
    p = object_page(v, pgoff);
    if (IS_ERR(p))
        return (int)PTR_ERR(p);
    if (write && !(v->flags & VMA_SHARED))
        return cow_map(mm, v, addr, p);
    if (write && v->ops->mkwrite) {
        err = v->ops->mkwrite(v->object, pgoff);
        if (err < 0) {
            page_unref(p);
            return err == -ENOMEM ? -ENOMEM : -ENXIO;
        }
        __atomic_fetch_or(&p->state, PGS_DIRTY, __ATOMIC_RELAXED);
        prot = vma__prot(v);
    }
    err = file_map(mm, v, addr, p, prot);
    if (err == 0 && v->pc && !write)
        fault_around(mm, v, addr);
    return err;
}

/* ---- the whole fault ---- */

static bool right_missing(const struct vma *v, unsigned flags)
{
    if (flags & FAULT_WRITE)
        return !(v->flags & VMA_WRITE);
    if (flags & FAULT_EXEC)
        return !(v->flags & VMA_EXEC);
    return vma__prot(v) == 0;
}

/* Extends the stack above addr down to it. */
static int stack_grow(struct mm *mm, uaddr_t addr)
{
    uaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE);
    struct vma *v, *prev;
    int err = -EFAULT;

    mm__write_lock(&mm->lock);
    v = vma__find(mm, addr);
    if (v && v->start <= addr) {
        err = 0;                /* another thread was first */
    } else if (v && (v->flags & VMA_STACK) &&
               v->end - start <= mm->stack_limit) {
        prev = vma__prev(v);
        if (start >= MM_MIN_ADDR + STACK_GUARD &&
            (!prev || start - STACK_GUARD >= prev->end)) {
            vma__resize(mm, v, start, v->end);
            err = 0;
        }
    }
    mm__write_unlock(&mm->lock);
    return err;
}

static int fault_once(struct mm *mm, uaddr_t addr, unsigned flags)
{
    struct vma *v;
    int err;

    addr = ALIGN_DOWN(addr, PAGE_SIZE);
    mm__read_lock(&mm->lock);
    v = vma__find(mm, addr);
    if (!v)
        err = -EFAULT;
    else if (v->start > addr)
        err = v->flags & VMA_STACK ? -E2BIG : -EFAULT;
    else if (right_missing(v, flags))
        err = -EACCES;
    else if (v->ops)
        err = file_fault(mm, v, addr, flags & FAULT_WRITE);
    else
        err = anon_fault(mm, v, addr, flags & FAULT_WRITE);
    mm__read_unlock(&mm->lock);
    if (err == -E2BIG) {
        err = stack_grow(mm, addr);
        if (err == 0)
            err = -EAGAIN;
    }
    return err;
}

static void info_set(struct trap_info *info, int signo, int code, uaddr_t addr)
{
    info->signo = signo;
    info->code = code;
    info->addr = addr;
}

bool mm_fault(uaddr_t addr, unsigned flags, struct trap_info *info)
{
    struct mm *mm = mm__current();
    int err = -EFAULT;

    if (mm && addr < ARCH_PROGRAM_END)
        err = fault_once(mm, addr, flags);
    if (err == 0 || err == -EAGAIN)
        return true;            /* the access is tried again */
    if (err == -ENOMEM) {
        mm__oom("no memory left for a page of the program");
        info_set(info, SIGKILL_NO, 0, addr);
    } else if (err == -EACCES) {
        info_set(info, SIGSEGV_NO, SEGV_ACCERR_CODE, addr);
    } else if (err == -ENXIO) {
        info_set(info, SIGBUS_NO, BUS_ADRERR_CODE, addr);
    } else {
        info_set(info, SIGSEGV_NO, SEGV_MAPERR_CODE, addr);
    }
    return false;
}

/* True if an access would succeed; *next is where to look next. */
static bool resident(struct mm *mm, uaddr_t addr, bool write, uaddr_t *next)
{
    struct pt_entry e;
    bool there;

    spin_lock(&mm->pt_lock);
    there = arch_pt_query(&mm->pt, addr, &e);
    spin_unlock(&mm->pt_lock);
    *next = addr + PAGE_SIZE;
    if (!there || !(write ? e.prot & PROT_WRITE_BIT : e.prot))
        return false;
    if (e.huge)
        *next = ALIGN_DOWN(addr, HUGE_SIZE) + HUGE_SIZE;
    return true;
}

int mm__populate(struct mm *mm, uaddr_t start, uaddr_t end, bool write)
{
    unsigned tries = 0;
    uaddr_t next;

    while (start < end) {
        int err;

        if (resident(mm, start, write, &next)) {
            start = next;
            tries = 0;
            continue;
        }
        err = fault_once(mm, start, write ? FAULT_WRITE : 0);
        if (err < 0 && (err != -EAGAIN || ++tries == 64))
            return err;
        if (err == 0)
            start += PAGE_SIZE;
    }
    return 0;
}
