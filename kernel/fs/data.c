/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of regular files: pages of memory, or those of EROFS until the
 * first write copies them up.
 */
#include "fs_priv.h"
#include "erofs_priv.h"

uint64_t fs__memory_pages;

static const struct page_cache_ops store_ops = { 0 };

int fs__data_init(struct vnode *v)
{
    struct page_cache *pc = kmalloc(sizeof(*pc));
    if (!pc)
        return -ENOMEM;
    page_cache_init(pc, &store_ops, v, true);
    v->pc = pc;
    return 0;
}

void fs__data_charge(struct vnode *v)
{
    if (!v->pc || !v->pc->store)
        return;
    uint64_t now = __atomic_load_n(&v->pc->nr_pages, __ATOMIC_RELAXED);
    uint64_t was = __atomic_exchange_n(&v->charged, now, __ATOMIC_RELAXED);
    if (now == was)
        return;
    __atomic_fetch_add(&v->sb->pages_used, now - was, __ATOMIC_RELAXED);
    __atomic_fetch_add(&fs__memory_pages, now - was, __ATOMIC_RELAXED);
}

void fs__data_release(struct vnode *v)
{
    if (!v->pc || !v->pc->store)
        return;
    page_cache_release(v->pc);
    __atomic_fetch_sub(&v->sb->pages_used, v->charged, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&fs__memory_pages, v->charged, __ATOMIC_RELAXED);
    kfree(v->pc);
}

static int page_copy_up(struct page_cache *from, struct page_cache *to,
                        uint64_t index)
{
    struct page *a = page_cache_get(from, index);
    if (IS_ERR(a))
        return (int)PTR_ERR(a);
    struct page *b = page_cache_get(to, index);
    if (!IS_ERR(b)) {
        memcpy(page_to_virt(b), page_to_virt(a), PAGE_SIZE);
        page_unref(b);
    }
    page_unref(a);
    return IS_ERR(b) ? (int)PTR_ERR(b) : 0;
}

/* Every page of below goes into a store of our own. What is mapped from below
 * keeps showing the old contents, as on Linux. */
int fs__data_own_locked(struct vnode *v)
{
    ASSERT(mutex_held(&v->lock));
    if (v->pc->store)
        return 0;
    struct super *sb = v->sb;
    uint64_t pages = (v->size + PAGE_SIZE - 1) / PAGE_SIZE;
    if (sb->pages_used + pages > sb->pages_max)
        return -ENOSPC;
    struct page_cache *pc = kmalloc(sizeof(*pc));
    if (!pc)
        return -ENOMEM;
    page_cache_init(pc, &store_ops, v, true);
    int err = 0;
    for (uint64_t i = 0; i < pages && !err; i++) {
        err = page_copy_up(v->pc, pc, i);
    }
    if (err) {
        page_cache_release(pc);
        kfree(pc);
        return err;
    }
    __atomic_store_n(&v->pc, pc, __ATOMIC_RELEASE);
    __atomic_fetch_or(&v->flags, VNODE_COPIED, __ATOMIC_RELAXED);
    fs__data_charge(v);
    return 0;
}

/* Zeros [from, end of its page) if that page is there. */
static void zero_rest(struct vnode *v, uint64_t from)
{
    if (from % PAGE_SIZE == 0)
        return;
    struct page *p = page_cache_peek(v->pc, from / PAGE_SIZE);
    if (!p)
        return;
    memset((uint8_t *)page_to_virt(p) + from % PAGE_SIZE, 0,
           PAGE_SIZE - from % PAGE_SIZE);
    page_unref(p);
}

static const struct fs_size_ops *size_ops;     /* [I] after start-up */

void fs_size_ops_set(const struct fs_size_ops *ops)
{
    size_ops = ops;
}

uint64_t fs__size_limit(void)
{
    return size_ops ? size_ops->limit() : UINT64_MAX;
}

int fs__size_check(uint64_t end)
{
    if (likely(end <= fs__size_limit()))
        return 0;
    size_ops->exceeded();
    return -EFBIG;
}

static int truncate_locked(struct vnode *v, uint64_t size)
{
    uint64_t was = v->size;
    if (size < was && v->seals & 2)
        return -EPERM;          /* F_SEAL_SHRINK */
    if (size > was && v->seals & 4)
        return -EPERM;          /* F_SEAL_GROW */
    if (!v->pc->store && size == 0) {
        int err = fs__data_init(v);
        if (err)
            return err;
        __atomic_fetch_or(&v->flags, VNODE_COPIED, __ATOMIC_RELAXED);
    }
    int err = fs__data_own_locked(v);
    if (err)
        return err;
    __atomic_store_n(&v->size, size, __ATOMIC_RELEASE);
    zero_rest(v, MIN(size, was));
    if (size < was)
        page_cache_drop(v->pc, (size + PAGE_SIZE - 1) / PAGE_SIZE,
                        UINT64_MAX >> PAGE_SHIFT, true);
    fs__vnode_touch(v);
    fs__data_charge(v);
    return 0;
}

int fs__data_truncate(struct vnode *v, uint64_t size)
{
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    mutex_lock(&v->lock);
    int err = truncate_locked(v, size);
    mutex_unlock(&v->lock);
    return err;
}
