/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The object behind shared anonymous memory: a store of the page cache that
 * lives as long as a mapping of it.
 */
#include "mm_priv.h"

struct shm {
    uint32_t refs;              /* [a] */
    uint64_t size;              /* [I] bytes */
    struct page_cache pc;
};

void *shm__create(uint64_t size)
{
    struct shm *s = kzalloc(sizeof(*s));

    if (!s)
        return NULL;
    s->refs = 1;
    s->size = ALIGN_UP(size, PAGE_SIZE);
    page_cache_init(&s->pc, NULL, s, true);
    return s;
}

static struct page_cache *shm_cache(struct vma *v)
{
    return &((struct shm *)v->object)->pc;
}

static void shm_ref(void *object)
{
    struct shm *s = object;

    __atomic_fetch_add(&s->refs, 1, __ATOMIC_RELAXED);
}

static void shm_unref(void *object)
{
    struct shm *s = object;

    if (__atomic_fetch_sub(&s->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    page_cache_release(&s->pc);
    kfree(s);
}

static uint64_t shm_size(void *object)
{
    return ((struct shm *)object)->size;
}

static int shm_name(void *object, char *buf, size_t size)
{
    (void)object;
    return scnprintf(buf, size, "/dev/zero (deleted)");
}

static int shm_punch(void *object, uint64_t pgoff, uint64_t n)
{
    page_cache_drop(&((struct shm *)object)->pc, pgoff, pgoff + n - 1,
                    false);
    return 0;
}

const struct vma_ops shm__ops = {
    .cache = shm_cache,
    .ref = shm_ref,
    .unref = shm_unref,
    .size = shm_size,
    .name = shm_name,
    .punch = shm_punch,
};
