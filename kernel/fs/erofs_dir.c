/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS directories. Each block stands alone and is sorted by name:
 *   OFFSET SIZE MEANING             (12 bytes an entry, then the names)
 *        0    8 inode number
 *        8    2 offset of the name in the block; the first one's, divided by
 *               12, is the number of entries
 *       10    1 type: 1 file 2 dir 3 chr 4 blk 5 fifo 6 socket 7 symlink
 * A name ends where the next begins; the last one at a NUL or the block's end.
 */
#include "erofs_priv.h"

#define ENTRY 12u

struct dir_block {
    struct page *page;
    const uint8_t *data;
    unsigned size, count;
};

static int block_open(struct erofs_inode *dir, uint64_t n,
                      struct dir_block *b)
{
    struct page *p = page_cache_get(&dir->pc, n);
    if (IS_ERR(p))
        return (int)PTR_ERR(p);
    b->page = p;
    b->data = page_to_virt(p);
    b->size = (unsigned)MIN(dir->size - n * EROFS_BLOCK, EROFS_BLOCK);
    unsigned first = b->size >= ENTRY ? le16(b->data + 8) : 0;
    b->count = first / ENTRY;
    if (first < ENTRY || first % ENTRY || first >= b->size) {
        page_unref(p);
        return erofs_corrupt(dir->fs, dir->nid, "directory block");
    }
    return 0;
}

/* Name i of the block; its length, or -EUCLEAN. */
static int name_at(struct erofs_inode *dir, const struct dir_block *b,
                   unsigned i, const char **name)
{
    unsigned start = le16(b->data + i * ENTRY + 8), end = b->size;
    if (i + 1 < b->count)
        end = le16(b->data + (i + 1) * ENTRY + 8);
    if (start < b->count * ENTRY || start >= end || end > b->size)
        return erofs_corrupt(dir->fs, dir->nid, "directory entry");
    *name = (const char *)b->data + start;
    size_t len = strnlen(*name, end - start);
    if (!len || len > NAME_MAX || memchr(*name, '/', len))
        return erofs_corrupt(dir->fs, dir->nid, "name in a directory");
    return (int)len;
}

static int name_compare(const char *a, size_t alen, const char *b, size_t blen)
{
    int c = memcmp(a, b, MIN(alen, blen));
    return c ? c : (int)alen - (int)blen;
}

/* Where `name` stands to name i: *order < 0 before, 0 equal, > 0 behind. */
static int order_at(struct erofs_inode *dir, const struct dir_block *b,
                    unsigned i, const char *name, size_t len, int *order)
{
    const char *there = NULL;
    int n = name_at(dir, b, i, &there);
    if (n < 0)
        return n;
    *order = name_compare(name, len, there, (size_t)n);
    return 0;
}

/* The last block whose first name is not behind `name`, opened. */
static int block_find(struct erofs_inode *dir, const char *name, size_t len,
                      struct dir_block *b)
{
    uint64_t lo = 0, hi = (dir->size + EROFS_BLOCK - 1) / EROFS_BLOCK;
    while (hi - lo > 1) {
        uint64_t mid = lo + (hi - lo) / 2;
        int order = 0, err = block_open(dir, mid, b);
        if (err)
            return err;
        err = order_at(dir, b, 0, name, len, &order);
        page_unref(b->page);
        if (err)
            return err;
        if (order < 0)
            hi = mid;
        else
            lo = mid;
    }
    return block_open(dir, lo, b);
}

int erofs_lookup(struct erofs_inode *dir, const char *name, size_t len,
                 uint64_t *nid)
{
    struct dir_block b;
    if (!dir->size)
        return -ENOENT;
    int err = block_find(dir, name, len, &b);
    if (err)
        return err;
    unsigned lo = 0, hi = b.count;
    err = -ENOENT;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        int order = 0, bad = order_at(dir, &b, mid, name, len, &order);
        if (bad) {
            err = bad;
            break;
        }
        if (order == 0) {
            *nid = le64(b.data + mid * ENTRY);
            err = 0;
            break;
        }
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    page_unref(b.page);
    return err;
}

static unsigned dtype_of(unsigned type)
{
    static const uint8_t map[] = { 0, 8, 4, 2, 6, 1, 12, 10 };
    return type < ARRAY_LEN(map) ? map[type] : 0;
}

int erofs_dir_each(struct erofs_inode *dir,
                   int (*fn)(void *arg, const char *name, size_t len,
                             uint64_t nid, unsigned dtype), void *arg)
{
    uint64_t blocks = (dir->size + EROFS_BLOCK - 1) / EROFS_BLOCK;
    int err = 0;
    for (uint64_t n = 0; n < blocks && !err; n++) {
        struct dir_block b;
        err = block_open(dir, n, &b);
        if (err)
            break;
        for (unsigned i = 0; i < b.count && !err; i++) {
            const char *name = NULL;
            int len = name_at(dir, &b, i, &name);
            const uint8_t *e = b.data + i * ENTRY;
            if (len < 0)
                err = len;
            else
                err = fn(arg, name, (size_t)len, le64(e), dtype_of(e[10]));
        }
        page_unref(b.page);
    }
    return err;
}
