/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Circular doubly linked lists with the links inside the objects, bitmaps,
 * and byte rings. The caller locks.
 */
#ifndef HULL_LIST_H
#define HULL_LIST_H

#include "lib.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(l) { &(l), &(l) }

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }
static inline void list__insert(struct list *n, struct list *p, struct list *q)
{
    n->prev = p;
    n->next = q;
    p->next = n;
    q->prev = n;
}
static inline void list_add_head(struct list *l, struct list *n)
{
    list__insert(n, l, l->next);
}
static inline void list_add_tail(struct list *l, struct list *n)
{
    list__insert(n, l->prev, l);
}
/* Unlinks n and leaves it empty, so that a second list_del is harmless. */
static inline void list_del(struct list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}
/* Moves all of src to the tail of dst; src ends empty. */
static inline void list_splice_tail(struct list *dst, struct list *src)
{
    if (list_empty(src))
        return;
    src->next->prev = dst->prev;
    dst->prev->next = src->next;
    src->prev->next = dst;
    dst->prev = src->prev;
    list_init(src);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(l, type, member) list_entry((l)->next, type, member)
#define list_last(l, type, member) list_entry((l)->prev, type, member)
#define list_for_each(it, l, member) \
    for (it = list_entry((l)->next, __typeof__(*it), member); \
         &it->member != (l); \
         it = list_entry(it->member.next, __typeof__(*it), member))
/* `it` may be unlinked in the body. */
#define list_for_each_safe(it, tmp, l, member) \
    for (it = list_entry((l)->next, __typeof__(*it), member), \
         tmp = list_entry(it->member.next, __typeof__(*it), member); \
         &it->member != (l); \
         it = tmp, tmp = list_entry(tmp->member.next, __typeof__(*it), member))

/* --- bitmaps: arrays of uint64_t --- */
#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
static inline bool bitmap_test(const uint64_t *b, size_t i)
{
    return b[i / 64] >> (i % 64) & 1;
}
static inline void bitmap_set(uint64_t *b, size_t i)
{
    b[i / 64] |= 1ull << (i % 64);
}
static inline void bitmap_clear(uint64_t *b, size_t i)
{
    b[i / 64] &= ~(1ull << (i % 64));
}
/* First clear bit at or after `from`, or `bits` when all are set. */
size_t bitmap_find_clear(const uint64_t *b, size_t bits, size_t from);
/* First set bit at or after `from`, or `bits`. */
size_t bitmap_find_set(const uint64_t *b, size_t bits, size_t from);

/* --- a byte ring over a caller's buffer; size is a power of two --- */
struct ring {
    uint8_t *buf;
    uint32_t size;
    uint32_t head;   /* bytes ever read, modulo 2^32 */
    uint32_t tail;   /* bytes ever written */
};
static inline void ring_init(struct ring *r, void *buf, uint32_t size)
{
    r->buf = buf;
    r->size = size;
    r->head = r->tail = 0;
}
static inline uint32_t ring_used(const struct ring *r)
{
    return r->tail - r->head;
}
static inline uint32_t ring_free(const struct ring *r)
{
    return r->size - ring_used(r);
}
/* Each returns how many bytes it moved, 0..n. */
uint32_t ring_write(struct ring *r, const void *data, uint32_t n);
uint32_t ring_read(struct ring *r, void *data, uint32_t n);

#endif
