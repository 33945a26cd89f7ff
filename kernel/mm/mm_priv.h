/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of mm share.
 *
 * Invariants
 *   M1  A frame is free, or has refs > 0; a page-table entry that maps a
 *       frame holds one reference of it.
 *   M2  A frame whose entry was removed is given back only after
 *       arch_tlb_flush (struct gather).
 *   M3  The VMAs of an mm do not overlap, are page-aligned, and change only
 *       under its lock held for writing.
 *   M4  A page of a cache is mapped only while page->pc names that cache,
 *       tested under pt_lock. page_cache_drop clears pc first and walks the
 *       mappings afterwards, so no mapping of a dropped page survives.
 *   M5  A writable entry of a private mapping maps a frame of its own.
 *   M6  Who reached an mm by a cache's mappings pins it under the cache's
 *       lock and may use it until mm__unpin, without blocking: a reference
 *       would be too late when the last one has just gone. mm_unref hides
 *       the VMAs from their caches, then waits for the pins.
 *
 * Lock order: sleeping locks of other rooms -> mm->lock (sleeps) -> wait for
 * a page being filled; spinning: lru lock -> page_cache.lock -> mm->pt_lock
 * -> heap class -> per-CPU frame cache -> zone.
 */
#ifndef HULL_MM_PRIV_H
#define HULL_MM_PRIV_H

#include "mm.h"

#ifdef __SANITIZE_ADDRESS__
void __asan_poison_memory_region(void const volatile *p, size_t n);
void __asan_unpoison_memory_region(void const volatile *p, size_t n);
#define MEM_POISON(p, n) __asan_poison_memory_region((p), (n))
#define MEM_UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define MEM_POISON(p, n) ((void)(p), (void)(n))
#define MEM_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* ---------------- frames ---------------- */

#define PAGE_USER 8u    /* page_alloc: leave the kernel's reserve alone */

enum page_kind {
    PAGE_TAIL,          /* reserved, or inside a block: never a free head */
    PAGE_FREE,          /* head of a free block */
    PAGE_KERNEL,
    PAGE_SLAB,
    PAGE_LARGE,         /* first frame of a large kmalloc */
    PAGE_TABLE,
    PAGE_ANON,
    PAGE_CACHE,
    PAGE_KINDS
};

enum page_state {       /* struct page.state, of PAGE_CACHE */
    PGS_FILLING = 1,
    PGS_ERROR = 2,      /* filling failed; `error` says why */
    PGS_DIRTY = 4,
    PGS_ACCESSED = 8,
};

/* One a frame, initialised when its block is first split. The members that
 * describe a block are valid in its first frame only. */
struct page {
    uint32_t refs;              /* [a] */
    uint8_t kind;               /* enum page_kind */
    uint8_t order;              /* of the block */
    uint8_t state;              /* [a] enum page_state */
    uint8_t size_class;         /* PAGE_SLAB */
    union {
        struct list link;       /* PAGE_FREE [zone]; PAGE_SLAB [class] */
        struct page *next;      /* in a per-CPU cache */
        uint64_t frames;        /* PAGE_LARGE */
        struct {
            struct page_cache *pc;  /* PAGE_CACHE; NULL: dropped (M4) */
            uint64_t index;
        };
    };
    union {
        uint32_t mapped;        /* [a] PAGE_CACHE: entries that map it */
        struct {                /* PAGE_SLAB [class] */
            uint16_t free_count;
            uint16_t free_head; /* offset / 16 of the first free object */
        };
    };
    int32_t error;              /* PGS_ERROR */
};
_Static_assert(sizeof(struct page) == 32, "one a frame: keep it small");

struct page *page__of_phys(paddr_t pa);         /* RAM that we manage */
struct page *page__of_virt(const void *p);
void page__kind_set(struct page *p, enum page_kind kind);
/* Counts n frames to (or from) large kmallocs. */
void page__heap_count(int64_t n);
/* n contiguous frames, PAGE_KERNEL, each with order 0 and one reference
 * meaningless but in the first; free with page__free_exact. */
struct page *page__alloc_exact(uint64_t n, unsigned flags);
void page__free_exact(struct page *p, uint64_t n);
/* Turns a block into 2^order frames of the same kind with one reference. */
void page__split(struct page *p);
uint64_t page__free_frames(void);
uint64_t page__total_frames(void);
/* Nearly as few are free as PAGE_OPTIONAL leaves to others. */
bool page__low(void);
bool page__ref_unless_zero(struct page *p);

/* ---------------- heap, stacks ---------------- */

/* Gives empty slabs back. Returns frames freed. */
uint64_t heap__shrink(void);
/* Gives cached stacks back; may flush TLBs. */
uint64_t kstack__shrink(void);

/* ---------------- sleeping ---------------- */

extern const struct mm_sleep_ops *mm__sleep;
void mm__wait(void *addr, bool (*cond)(void *addr));
void mm__wake(void *addr);

/* Many readers or one writer; waiting writers go first. */
struct mm_lock {
    uint32_t state;             /* [a] readers, or MM_LOCK_WRITER */
    uint32_t writers;           /* [a] waiting */
    uint32_t waiters;           /* [a] of both kinds */
};
#define MM_LOCK_WRITER 0x80000000u
void mm__read_lock(struct mm_lock *l);
void mm__read_unlock(struct mm_lock *l);
void mm__write_lock(struct mm_lock *l);
void mm__write_unlock(struct mm_lock *l);

/* ---------------- address spaces ---------------- */

#define MM_MIN_ADDR     0x10000ull      /* lowest address given out */
#define STACK_GUARD     (256 * PAGE_SIZE)
#define FAULT_AROUND    16              /* pages, aligned */

/* [I] immutable  [l] mm->lock  [p] pt_lock  [a] atomic */
struct mm {
    uint32_t refs;              /* [a] */
    uint32_t pins;              /* [a] M6 */
    struct mm_lock lock;
    struct tree vmas;           /* [l] */
    uint64_t nr_vmas;           /* [l] */
    struct vma *hint;           /* [a] last found; reset by writers */
    uaddr_t mmap_base;          /* [l] */
    uint64_t stack_limit;       /* [l] */
    bool small_only;            /* [a] no huge pages */
    uaddr_t brk_start, brk_end; /* [l] */
    uint64_t mapped, peak;      /* [l] bytes */
    uint64_t data, stack, exec; /* [l] bytes */
    struct spinlock pt_lock;
    uint64_t rss_anon, rss_file, rss_peak;      /* [p] frames */
    struct arch_pt pt;          /* [p] */
};

/* Frames on their way back, held until the flush (M2). */
#define GATHER_MAX 120
#define PT_UNMAP_EXTRA 5        /* the entry itself and arch_pt_unmap's 4 */
struct gather {
    struct mm *mm;
    uaddr_t start, end;         /* what to flush; start >= end: nothing */
    unsigned n;
    uint64_t frames[GATHER_MAX];    /* paddr | 1 for a table */
};
void gather__init(struct gather *g, struct mm *mm);
/* arch_pt_unmap's fn; arg is the gather. Stops when it is full. */
bool gather__add(void *arg, uaddr_t va, const struct pt_entry *e);
/* Its second half: holds a frame or an emptied table, without counting. */
bool gather__hold(struct gather *g, uaddr_t va, const struct pt_entry *e);
void gather__flush(struct gather *g);

/* Removes all entries in the range. Splits huge pages at its bounds. -ENOMEM
 * (only from a split, before any effect). Lock held for writing, or for
 * reading with the range's VMAs private to the caller's purpose. */
int mm__zap(struct mm *mm, uaddr_t start, uaddr_t end);
/* Gives the tables over `last`, the last page of what was zapped, back that
 * cover nothing outside [low,high), where no mapping is. Lock for writing. */
void mm__trim(struct mm *mm, uaddr_t last, uaddr_t low, uaddr_t high);
/* Splits a huge page that straddles addr. -ENOMEM. */
int mm__split_huge(struct mm *mm, uaddr_t addr);

/* map.c. [addr, addr + length) lies in the program's half. */
bool mm__range_ok(uaddr_t addr, uint64_t length);
/* As Linux's default: what all of memory could never hold. */
bool mm__overcommitted(unsigned vma_flags, uint64_t length);
/* Where mmap without an address goes, or -ENOMEM. */
long mm__place(struct mm *mm, uint64_t length);

/* vma.c: the tree. Callers hold the lock (find: reading, else writing). */
struct vma *vma__find(struct mm *mm, uaddr_t addr); /* first with end > addr */
struct vma *vma__first(struct mm *mm);
tree_update_fn vma__gap_update;
struct vma *vma__next(struct vma *v);
struct vma *vma__prev(struct vma *v);
void vma__insert(struct mm *mm, struct vma *v);
void vma__remove(struct mm *mm, struct vma *v);
void vma__hide(struct vma *v);  /* takes it out of its cache's mappings */
static inline void mm__pin(struct mm *mm)       /* M6 */
{
    __atomic_fetch_add(&mm->pins, 1, __ATOMIC_RELAXED);
}
static inline void mm__unpin(struct mm *mm)
{
    __atomic_fetch_sub(&mm->pins, 1, __ATOMIC_RELEASE);
}
/* Moves the bounds of a linked VMA, pgoff following its start. */
void vma__resize(struct mm *mm, struct vma *v, uaddr_t start, uaddr_t end);
/* Highest free range of `length` in [low, high), or -ENOMEM. */
long vma__gap_find(struct mm *mm, uint64_t length, uaddr_t low, uaddr_t high);
struct vma *vma__alloc(void);
/* Gives back an unlinked VMA and its reference on the object. */
void vma__free(struct vma *v);
/* Makes addr a boundary between VMAs. -ENOMEM. */
int vma__split(struct mm *mm, struct vma *v, uaddr_t addr);
/* Joins v with its neighbours where they continue each other; returns the
 * VMA that covers v's range now. */
struct vma *vma__merge(struct mm *mm, struct vma *v);
/* Unlinks and frees every VMA in [start,end), splitting at its bounds, and
 * removes the entries. -ENOMEM before any effect. */
int vma__clear_range(struct mm *mm, uaddr_t start, uaddr_t end);
bool vma__range_free(struct mm *mm, uaddr_t start, uaddr_t end);
void vma__usage(struct mm *mm, const struct vma *v, bool add);

/* fault.c */
extern struct mm *(*mm__current)(void);     /* [I] gives NULL: none */
void mm__oom(const char *what);
/* Makes every page of the range present as an access would; stops at the first
 * failure. `write` as the access. 0, -ENOMEM, -EFAULT. Takes the lock. */
int mm__populate(struct mm *mm, uaddr_t start, uaddr_t end, bool write);
/* Rights of entries for pages of v that are not known to be its own. */
unsigned vma__prot_shared(const struct vma *v);
unsigned vma__prot(const struct vma *v);
static inline uint64_t vma__pgoff(const struct vma *v, uaddr_t addr)
{
    return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}

/* shm.c: the object behind MAP_SHARED|MAP_ANONYMOUS. */
extern const struct vma_ops shm__ops;
void *shm__create(uint64_t size);

/* cache.c */
/* page_cache_reclaim, looking at no more than `rounds` windows of caches;
 * without may_unmap in any context (locks are only tried). */
uint64_t page_cache__reclaim(uint64_t n, uint64_t rounds, bool may_unmap);
/* How many pages the caches hold that are no stores. */
uint64_t page_cache__pages(void);

#endif
