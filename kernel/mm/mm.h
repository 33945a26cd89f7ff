/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm's door: page frames, the kernel heap, the page cache, address spaces and
 * copies from and to the program.
 *
 * Order of use: mm_init (once, from the boot memory map), then everything.
 * What files a mapping shows, and who may map what, is the caller's business.
 *
 * Locks: an address space has a sleeping lock, which every mm_* call and every
 * fault takes, hence every copy from or to the program. Sleeping locks of
 * other rooms come before it: hold them across a copy if you must, but never
 * take one in what mm calls under its lock (vma_ops, page_cache_ops) if it is
 * also held across a copy. A fill must not touch the program's memory.
 */
#ifndef HULL_MM_H
#define HULL_MM_H

#include "../arch/arch.h"
#include "../lib/list.h"
#include "../lib/tree.h"

/* ---------------- page frames ---------------- */

#define PAGE_ORDER_MAX 10       /* largest block: 4 MiB */

enum page_flags {
    PAGE_ZERO    = 1,   /* contents zeroed */
    PAGE_NOWAIT  = 2,   /* do not drop caches to get it (interrupt context) */
    PAGE_OPTIONAL = 4,  /* fail early: leave the last 1/32 to others */
};

struct page;            /* one a frame; insides are mm's */

/* A block of 2^order frames with one reference, or NULL. Drops caches when
 * needed, unless PAGE_NOWAIT (then callable with interrupts off). */
struct page *page_alloc(unsigned order, unsigned flags);
void page_ref(struct page *p);
void page_unref(struct page *p);        /* frees the block at 0 */
unsigned page_refs(const struct page *p);
paddr_t page_to_phys(const struct page *p);
void *page_to_virt(const struct page *p);
struct page *phys_to_page(paddr_t pa);  /* NULL: not RAM that we manage */

struct mm_stats {       /* in frames */
    uint64_t total, free, cached, anon, heap, tables;
};
void mm_stats_get(struct mm_stats *out);

/* ---------------- the kernel heap ---------------- */

/* size > 0; aligned to 16, to a cache line from 64 bytes on, to a page from a
 * page on. NULL when memory is out. Callable with interrupts off. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);
void *kcalloc(size_t n, size_t size);           /* checks n * size */
void *krealloc(void *p, size_t size);           /* NULL: p is untouched */
void kfree(void *p);                            /* NULL is fine */
char *kstrdup(const char *s);
size_t kmalloc_size(const void *p);             /* usable bytes */
/* Of the n-th size class: what it holds in frames, and of that in objects in
 * use (or free on a CPU's own stack). False: there is no such class. */
struct heap_class_stats {
    uint32_t size, per_slab, slabs;
    uint64_t objects;
};
bool heap_class_get(unsigned n, struct heap_class_stats *out);
/* Kernel stacks: KSTACK_SIZE bytes under an unmapped guard page, from a small
 * cache. Returns the lowest address, or NULL. */
void *kstack_alloc(void);
void kstack_free(void *stack);

/* ---------------- the page cache ---------------- */

/*
 * The pages of one file (or of tmpfs, whose only store this is), by index.
 * States of a page here: absent -> (page_cache_get) filling -> uptodate
 * -> dirty -> (writeback by its owner) -> uptodate -> (reclaim) absent.
 */
struct page_cache;

struct page_cache_ops {
    /* Required unless `store`: reads page `index` into the zeroed frame at
     * `dst`; may also be given more pages by page_cache_put_filled for its
     * neighbours. May block; no lock of the cache is held. 0 or -EIO... */
    int (*fill)(struct page_cache *pc, uint64_t index, void *dst);
};

struct page_cache {
    const struct page_cache_ops *ops;
    void *owner;                /* [I] the vnode, for ops */
    bool store;                 /* [I] tmpfs: absent pages are zero, and
                                 * nothing may ever be reclaimed */
    uint64_t nr_pages;          /* [lock] present */
    struct spinlock lock;
    unsigned height;            /* [lock] levels of the index */
    void *root;                 /* [lock] the index; height 0: page 0 */
    uint64_t cursor;            /* [lock] where reclaim goes on */
    struct list mappings;       /* [lock] vma.share_link */
    struct list lru_link;       /* mm's list of caches to reclaim from */
};

void page_cache_init(struct page_cache *pc, const struct page_cache_ops *ops,
                     void *owner, bool store);
/* Drops every page; none may be mapped. */
void page_cache_release(struct page_cache *pc);
/* The page at index, filled, with a reference; errors by ERR_PTR. May block.
 * Two callers at once fill once. */
struct page *page_cache_get(struct page_cache *pc, uint64_t index);
/* As get, but only if it is there and filled; NULL otherwise. No blocking. */
struct page *page_cache_peek(struct page_cache *pc, uint64_t index);
/* The same for n pages from index on; NULL where peek would give NULL. */
void page_cache_peek_range(struct page_cache *pc, uint64_t index, unsigned n,
                           struct page **out);
/* Moves *index on to the first page there is from it on; false: none. */
bool page_cache_next(struct page_cache *pc, uint64_t *index);
/* For a fill that decompresses several pages at once: copies 4096 bytes in as
 * page `index` unless one is there. -ENOMEM is harmless. */
int page_cache_put_filled(struct page_cache *pc, uint64_t index,
                          const void *data);
/* Drops pages [first, last] and unmaps them from every address space; private
 * copies of them too if asked (an end cut off; a hole leaves them). Callers
 * hold the file's lock. */
void page_cache_drop(struct page_cache *pc, uint64_t first, uint64_t last,
                     bool copies);
/* Frees up to n clean pages of caches that are not stores; returns how many. */
uint64_t page_cache_reclaim(uint64_t n);

/* ---------------- address spaces ---------------- */

enum vma_flags {
    VMA_READ = 1, VMA_WRITE = 2, VMA_EXEC = 4,     /* as PROT_*_BIT */
    VMA_SHARED    = 8,
    VMA_ANON      = 16,     /* no object behind it */
    VMA_NORESERVE = 32,
    VMA_STACK     = 64,     /* grows down on fault, to RLIMIT_STACK */
    VMA_HUGE      = 128,    /* MADV_HUGEPAGE */
    VMA_NOHUGE    = 256,
    VMA_MAYWRITE  = 512,    /* mprotect may add write (shared, file is rw) */
    VMA_SPECIAL   = 1024,   /* vDSO and the like: no mremap/munmap splitting
                             * rules differ, but not counted */
    VMA_LOCKED    = 2048,   /* populate on map */
    VMA_DONTFORK  = 4096,
};

struct vma;

/* What lies behind a mapping. Handed down by io/fs/abi. */
struct vma_ops {
    /* Required. The cache whose page pgoff + n shows at start + n pages, or
     * NULL: then `fault` gives each page. */
    struct page_cache *(*cache)(struct vma *v);
    /* Optional: a page with a reference for this page offset; ERR_PTR. */
    struct page *(*fault)(struct vma *v, uint64_t pgoff);
    /* Optional: takes/drops one reference on the object (split, unmap). */
    void (*ref)(void *object);
    void (*unref)(void *object);
    /* Bytes of the object: pages wholly beyond it raise SIGBUS. Required with
     * cache. */
    uint64_t (*size)(void *object);
    /* Path for /proc/self/maps into buf. Optional. dev/ino for the same. */
    int (*name)(void *object, char *buf, size_t size);
    void (*ident)(void *object, uint64_t *dev, uint64_t *ino);
    /* A page of a shared writable mapping is about to become writable. */
    int (*mkwrite)(void *object, uint64_t pgoff);
    /* MADV_REMOVE of n pages; may block, no lock of mm is held. Optional, and
     * only beside ref and unref. 0 or -Exxx. */
    int (*punch)(void *object, uint64_t pgoff, uint64_t n);
};

struct vma {                        /* read-only outside mm */
    uaddr_t start, end;
    unsigned flags;
    const struct vma_ops *ops;      /* NULL: anonymous */
    void *object;
    uint64_t pgoff;                 /* of start, in pages */
    const char *label;              /* "[stack]", "[heap]"; static or NULL */
    struct tree_node node;
    uint64_t gap;                   /* augmented: free room before it */
    uint64_t max_gap;
    struct mm *mm;
    struct page_cache *pc;          /* [I] what ops->cache said */
    struct list share_link;         /* [pc->lock] in pc->mappings */
};

struct mm;                          /* an address space; refcounted */

struct mm *mm_create(void);                     /* NULL: out of memory */
void mm_ref(struct mm *mm);
void mm_unref(struct mm *mm);
struct arch_pt *mm_pt(struct mm *mm);
/* The address space that faults and user copies use: that of the current
 * thread. Set by sched on switch through this per-CPU-safe hook. */
void mm_current_hook_set(struct mm *(*current_mm)(void));
/* Where mmap without an address starts searching (top down), and limits. */
void mm_layout_set(struct mm *mm, uaddr_t mmap_base, uint64_t stack_limit);
/* May new memory come in huge pages? At first it may. */
void mm_huge_set(struct mm *mm, bool on);
bool mm_huge_get(const struct mm *mm);

struct mm_map_args {
    uaddr_t addr;               /* hint, or exact with fixed */
    uint64_t length;            /* rounded up by mm; 0 is -EINVAL */
    unsigned flags;             /* enum vma_flags */
    bool fixed;                 /* replace what is there, atomically */
    bool fixed_noreplace;       /* -EEXIST when anything is there */
    bool below_2g;              /* MAP_32BIT */
    bool populate;
    const struct vma_ops *ops;
    void *object;               /* a reference is taken by ops->ref */
    uint64_t pgoff;
    const char *label;
};
/* Maps; returns the address or -ENOMEM, -EINVAL, -EEXIST as a negative. A
 * hint that is free is honoured exactly. Takes mm's lock; may block. */
long mm_map(struct mm *mm, const struct mm_map_args *args);
int mm_unmap(struct mm *mm, uaddr_t addr, uint64_t length);
/* prot: PROT_*_BIT. -ENOMEM when part of the range is not mapped, as Linux;
 * -EACCES for write on a read-only shared file. */
int mm_protect(struct mm *mm, uaddr_t addr, uint64_t length, unsigned prot);
/* flags: Linux's MREMAP_*. Returns the new address or a negative error. */
long mm_remap(struct mm *mm, uaddr_t old, uint64_t old_len, uint64_t new_len,
              unsigned flags, uaddr_t new_addr);
/* Linux's MADV_* numbers. 0 for advice that needs no action. */
int mm_advise(struct mm *mm, uaddr_t addr, uint64_t length, int advice);
/* Writes shared pages of the range back by ops (no-op for memory files);
 * -ENOMEM for holes. */
int mm_sync(struct mm *mm, uaddr_t addr, uint64_t length, int flags);
/* mincore: one byte a page into the program's vec. */
int mm_incore(struct mm *mm, uaddr_t addr, uint64_t length, uaddr_t vec);
/* brk: sets the end of the heap that starts at mm_brk_init's address; returns
 * the end that is in force. */
void mm_brk_init(struct mm *mm, uaddr_t start);
uaddr_t mm_brk(struct mm *mm, uaddr_t end);
/* Walks the mappings in order under mm's lock; stop by returning false. */
void mm_vmas_each(struct mm *mm, bool (*fn)(void *arg, const struct vma *v),
                  void *arg);
/* The mapping over addr copied to *out (object referenced); false: none. */
bool mm_vma_find(struct mm *mm, uaddr_t addr, struct vma *out);
struct mm_usage { uint64_t mapped, resident, shared, peak, peak_resident,
                  data, stack, exec; };        /* bytes */
void mm_usage_get(struct mm *mm, struct mm_usage *out);
/* Resolves a fault as arch_hooks.fault. */
bool mm_fault(uaddr_t addr, unsigned flags, struct trap_info *info);
/* Called when a page cannot be had for the program; does not return to it
 * (kills it). Set by abi. */
void mm_oom_hook_set(void (*oom)(const char *what));
/* What a futex word is known by: (cache, offset) in a shared mapping, else
 * (address space, address). -EFAULT where nothing is mapped. */
int mm_futex_key(struct mm *mm, uaddr_t addr, uint64_t key[2]);

/* ---------------- copies from and to the program (K5) ---------------- */

/* 0 or -EFAULT. May block. Never with a spin lock held, never in a kernel
 * thread without an address space: nothing asks, and a stale translation might
 * still be there. */
int copy_from_user(void *dst, uaddr_t src, size_t n);
int copy_to_user(uaddr_t dst, const void *src, size_t n);
int clear_user(uaddr_t dst, size_t n);
/* How many of n bytes could be copied (for partial reads). */
size_t copy_from_user_partial(void *dst, uaddr_t src, size_t n);
size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t n);
size_t clear_user_partial(uaddr_t dst, size_t n);
/* A NUL-terminated string into dst[size]. Its length, -EFAULT, or
 * -ENAMETOOLONG. */
ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size);
static inline bool user_range_ok(uaddr_t addr, size_t n)
{
    return addr <= ARCH_PROGRAM_END && n <= ARCH_PROGRAM_END - addr;
}
#define get_user(dst, src) copy_from_user((dst), (src), sizeof(*(dst)))
#define put_user(dst, val) ({ __typeof__(val) put_v_ = (val); \
                              copy_to_user((dst), &put_v_, sizeof(put_v_)); })

/* ---------------- start-up ---------------- */

/* Takes the RAM of boot_info, less the image, the boot module, the first
 * 64 KiB (arch's, to start CPUs), 0x9f000..1 MiB and what is not plain RAM. */
void mm_init(const struct boot_info *info);
/* For arch_hooks.pt_alloc and pt_free. */
paddr_t mm_pt_alloc(void);
void mm_pt_free(paddr_t pa);
/* mm needs sleeping locks of sched, which is above it: sched hands them down
 * before the second thread exists. */
struct mm_sleep_ops {
    void (*wait)(void *addr, bool (*cond)(void *addr));   /* until cond */
    void (*wake)(void *addr);                             /* all at addr */
};
void mm_sleep_ops_set(const struct mm_sleep_ops *ops);

#endif
