/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS file data into the page cache. Everything that one read of the disk
 * brings is handed to the cache at once: the neighbours of a flat page, all
 * pages of an extent that was decompressed. A reader that goes on where the
 * last fill stopped gets larger reads.
 */
#include "erofs_priv.h"

#define AHEAD_RANDOM (32u << 10)    /* bytes read from the disk at once */
#define AHEAD_STREAM (128u << 10)
#define EXTENTS_MAX  64             /* extents of one read */

/* Notes where this read stopped; true when it began where the last did. */
static bool is_stream(struct erofs_inode *ei, uint64_t index)
{
    return __atomic_load_n(&ei->next_index, __ATOMIC_RELAXED) == index;
}

static void stream_next(struct erofs_inode *ei, uint64_t index)
{
    __atomic_store_n(&ei->next_index, index, __ATOMIC_RELAXED);
}

/* Hands over the pages of [la, la+n) of which `data` holds everything; the
 * page `skip` is the caller's own. */
static void pages_put(struct erofs_inode *ei, uint64_t la, const uint8_t *data,
                      uint64_t n, uint64_t skip)
{
    uint64_t index = (la + PAGE_SIZE - 1) / PAGE_SIZE, end = la + n;
    for (; (index + 1) * PAGE_SIZE <= end; index++) {
        if (index == skip)
            continue;
        if (page_cache_put_filled(&ei->pc, index,
                                  data + (index * PAGE_SIZE - la)))
            return;
    }
    if (end != ei->size || index * PAGE_SIZE >= end || index == skip ||
        index * PAGE_SIZE < la)
        return;
    /* The file's last page, short: zeros behind. */
    uint8_t *last = kzalloc(PAGE_SIZE);
    if (!last)
        return;
    memcpy(last, data + (index * PAGE_SIZE - la), end - index * PAGE_SIZE);
    page_cache_put_filled(&ei->pc, index, last);
    kfree(last);
}

/* ---------------- flat files ---------------- */

static int tail_fill(struct erofs_inode *ei, uint64_t index, void *dst)
{
    return erofs_meta_read(ei->fs, ei->body, dst,
                           ei->size - index * EROFS_BLOCK);
}

/* How many blocks it pays to read from index on. */
static uint64_t blocks_ahead(struct erofs_inode *ei, uint64_t index)
{
    uint64_t blocks = (ei->size + EROFS_BLOCK - 1) / EROFS_BLOCK;
    uint64_t want = is_stream(ei, index) ? AHEAD_STREAM : AHEAD_RANDOM;
    return MIN(blocks - index, want / EROFS_BLOCK);
}

/* Reads n blocks at off: the first is the wanted page, the others go to the
 * cache. */
static int run_fill(struct erofs_inode *ei, uint64_t index, void *dst,
                    uint64_t off, uint64_t n)
{
    uint8_t *buf = n > 1 ? kmalloc(n * EROFS_BLOCK) : NULL;
    uint64_t la = index * EROFS_BLOCK;
    int err;
    if (!buf) {
        n = 1;
        err = erofs_blocks_read(ei->fs, off, dst, EROFS_BLOCK);
    } else {
        err = erofs_blocks_read(ei->fs, off, buf, n * EROFS_BLOCK);
        if (!err) {
            memcpy(dst, buf, EROFS_BLOCK);
            pages_put(ei, la, buf, MIN(n * EROFS_BLOCK, ei->size - la),
                      index);
        }
        kfree(buf);
    }
    if (!err && la + EROFS_BLOCK > ei->size)
        memset((uint8_t *)dst + ei->size % EROFS_BLOCK, 0,
               EROFS_BLOCK - ei->size % EROFS_BLOCK);
    stream_next(ei, index + n);
    return err;
}

static int flat_fill(struct erofs_inode *ei, uint64_t index, void *dst)
{
    uint64_t blocks = (ei->size + EROFS_BLOCK - 1) / EROFS_BLOCK;
    if (ei->layout == EROFS_INLINE) {
        if (index == blocks - 1)
            return tail_fill(ei, index, dst);
        blocks--;
    }
    return run_fill(ei, index, dst, (ei->raw_block + index) * EROFS_BLOCK,
                    MIN(blocks - index, blocks_ahead(ei, index)));
}

/* Chunks: an array of 4-byte block numbers, or of 8-byte entries whose last
 * four bytes are the number, behind the inode; ~0 is a hole. */
static int chunk_block(struct erofs_inode *ei, uint64_t chunk,
                       uint64_t *block)
{
    bool indexes = ei->raw_block & 0x20;
    uint64_t unit = indexes ? 8 : 4;
    uint8_t raw[8];
    int err = erofs_meta_read(ei->fs, ALIGN_UP(ei->body, unit) + chunk * unit,
                              raw, unit);
    if (!err && indexes && le16(raw + 2))
        err = erofs_corrupt(ei->fs, ei->nid, "chunk on another device");
    if (!err)
        *block = le32(raw + (indexes ? 4 : 0));
    return err;
}

static int chunk_fill(struct erofs_inode *ei, uint64_t index, void *dst)
{
    unsigned format = ei->raw_block & 0xffff;
    unsigned bits = format & 0x1f;
    uint64_t end = ei->fs->size / EROFS_BLOCK, block, next, n, want;
    uint64_t chunk = index >> bits;
    if (format >> 6 || bits > 20)
        return erofs_corrupt(ei->fs, ei->nid, "chunk format");
    int err = chunk_block(ei, chunk, &block);
    if (err || block == ~0u)
        return err;
    block += index & ((1ull << bits) - 1);
    if (block >= end)
        return erofs_corrupt(ei->fs, ei->nid, "chunk beyond the end");
    /* Chunks that follow each other on the disk are read together. */
    n = ((chunk + 1) << bits) - index;
    want = MIN(blocks_ahead(ei, index), end - block);
    while (n < want && !chunk_block(ei, ++chunk, &next) && next == block + n)
        n += 1ull << bits;
    return run_fill(ei, index, dst, block * EROFS_BLOCK, MIN(n, want));
}

/* ---------------- compressed files ---------------- */

/*
 * One read: consecutive extents that lie together on the disk. Reading and
 * decompressing take large pieces of memory in one, which there may be none
 * of after a while, however much of it is free. So the file system keeps the
 * first pair of buffers; a second reader at the same time has its own, or
 * waits for the first when there is no memory for that.
 */
struct zread {
    struct erofs_inode *ei;
    uint64_t index;             /* the page that was asked for */
    uint64_t end;               /* how far it was not known before */
    uint8_t *dst;
    struct erofs_buf *in, *out; /* of own or of the file system */
    struct erofs_buf own[2];
    bool hard;                  /* no other buffers are left to try */
    unsigned count;
    struct erofs_extent ext[EXTENTS_MAX];
};

#define KEEP_FROM (16u << 20)   /* bytes of RAM: buffers of usual sizes */
#define PIECES_SHARE 256        /* frames of RAM for each piece kept */

/* n bytes and more; `hard`: at the cost of cached pages. */
static int buf_room(struct erofs_buf *b, uint64_t n, bool hard)
{
    uint8_t *data;
    if (n <= b->size)
        return 0;
    data = kmalloc(n);
    for (int tries = 0; !data && hard && tries < 4; tries++) {
        if (!page_cache_reclaim(n / PAGE_SIZE * 2 + 1))
            break;
        data = kmalloc(n);
    }
    if (!data)
        return -ENOMEM;
    kfree(b->data);
    b->data = data;
    b->size = n;
    return 0;
}

/* While there is memory in large pieces. Under buf_lock. */
static void bufs_keep(struct erofs *fs)
{
    struct mm_stats s;
    if (fs->bufs[0].size)
        return;
    mm_stats_get(&s);
    if (s.total < KEEP_FROM / PAGE_SIZE)
        return;
    buf_room(&fs->bufs[0], AHEAD_STREAM, false);
    buf_room(&fs->bufs[1], EROFS_DECODE_BYTES, false);
}

/* The part of the wanted page that [la, la+n) holds. */
static void page_copy(struct zread *z, uint64_t la, const uint8_t *data,
                      uint64_t n)
{
    uint64_t start = z->index * PAGE_SIZE, end = start + PAGE_SIZE;
    uint64_t from = MAX(start, la), to = MIN(end, la + n);
    if (from < to)
        memcpy(z->dst + (from - start), data + (from - la), to - from);
}

/* Decompresses the first n bytes of e from `in` to `out`. */
static int extent_decode(struct erofs_inode *ei, const struct erofs_extent *e,
                         const uint8_t *in, uint8_t *out, uint64_t n)
{
    if (e->plain) {
        if (n > e->plen)
            return erofs_corrupt(ei->fs, ei->nid, "plain extent too long");
        /* Interlaced: each byte at its own offset within the block. */
        uint64_t at = e->interlaced ? e->la % EROFS_BLOCK : 0;
        uint64_t part = MIN(n, e->plen - at);
        memcpy(out, in + at, part);
        memcpy(out + part, in, n - part);
        return 0;
    }
    uint64_t skip = 0, plen = e->plen;
    if (ei->fs->incompat & EROFS_ZERO_PADDING) {
        while (skip < plen && skip < EROFS_BLOCK && !in[skip])
            skip++;
        if (skip == plen || skip == EROFS_BLOCK)
            return erofs_corrupt(ei->fs, ei->nid, "empty cluster");
    }
    int got;
    if (n == e->llen &&
        ei->fs->incompat & EROFS_ZERO_PADDING)
        got = LZ4_decompress_safe((const char *)in + skip, (char *)out,
                                  (int)(plen - skip), (int)n);
    else
        got = LZ4_decompress_safe_partial((const char *)in + skip,
                                          (char *)out, (int)(plen - skip),
                                          (int)n, (int)n);
    if (got < 0 || (uint64_t)got != n)
        return erofs_corrupt(ei->fs, ei->nid, "LZ4 data");
    return 0;
}

/* Few where memory is little. Under erofs.lock. */
static unsigned pieces_max(struct erofs *fs)
{
    struct mm_stats s;
    if (!fs->pieces_max) {
        mm_stats_get(&s);
        fs->pieces_max = (unsigned)MIN(MAX(s.total / PIECES_SHARE, 8ull),
                                       (uint64_t)EROFS_PIECES);
    }
    return fs->pieces_max;
}

static struct erofs_piece *piece_find(struct erofs *fs, uint64_t nid,
                                      uint64_t index)
{
    for (unsigned i = 0; i < EROFS_PIECES; i++) {
        struct erofs_piece *p = &fs->pieces[i];
        if (p->index == index && p->nid == nid && p->from < p->to)
            return p;
    }
    return NULL;
}

/* A piece in place of the oldest, empty at `from`; NULL: no memory. */
static struct erofs_piece *piece_new(struct erofs_inode *ei, uint64_t index,
                                     unsigned from)
{
    struct erofs *fs = ei->fs;
    struct erofs_piece *p = &fs->pieces[fs->next_piece++ % pieces_max(fs)];
    if (!p->data)
        p->data = kmalloc(PAGE_SIZE);
    p->nid = ei->nid;
    p->index = index;
    p->from = p->to = from;
    return p->data ? p : NULL;
}

/* Keeps bytes [from, to) of a page; with them it may be whole. */
static void piece_keep(struct erofs_inode *ei, uint64_t index, unsigned from,
                       unsigned to, const uint8_t *data)
{
    struct erofs *fs = ei->fs;
    uint64_t length = MIN(PAGE_SIZE, ei->size - index * PAGE_SIZE);
    struct page *cached = page_cache_peek(&ei->pc, index);
    if (cached) {
        page_unref(cached);
        return;
    }
    mutex_lock(&fs->lock);
    struct erofs_piece *p = piece_find(fs, ei->nid, index);
    if (!p)
        p = piece_new(ei, index, from);
    if (p && from <= p->to && to >= p->from) {
        memcpy(p->data + from, data, to - from);
        p->from = MIN(p->from, from);
        p->to = MAX(p->to, to);
        if (p->from == 0 && p->to == length) {
            memset(p->data + length, 0, PAGE_SIZE - length);
            page_cache_put_filled(&ei->pc, index, p->data);
            p->to = 0;
        }
    }
    mutex_unlock(&fs->lock);
}

/* Keeps what a whole extent has of the pages in which it begins and ends; not
 * of the page `skip`. */
static void pieces_keep(struct erofs_inode *ei, uint64_t la,
                        const uint8_t *data, uint64_t n, uint64_t skip)
{
    uint64_t first = la / PAGE_SIZE, end = la + n, last = end / PAGE_SIZE;
    unsigned from = la % PAGE_SIZE;
    if (from && first != skip)
        piece_keep(ei, first, from,
                   (unsigned)MIN(PAGE_SIZE, end - first * PAGE_SIZE), data);
    if (end % PAGE_SIZE && (last != first || !from) && last != skip &&
        end != ei->size)
        piece_keep(ei, last, 0, end % PAGE_SIZE,
                   data + (last * PAGE_SIZE - la));
}

/* Puts a piece of the wanted page in its place; [*at, *end) of the file is
 * what is still missing of the page. */
static void piece_take(struct zread *z, uint64_t *at, uint64_t *end)
{
    struct erofs *fs = z->ei->fs;
    uint64_t start = z->index * PAGE_SIZE;
    mutex_lock(&fs->lock);
    struct erofs_piece *p = piece_find(fs, z->ei->nid, z->index);
    if (p) {
        memcpy(z->dst + p->from, p->data + p->from, p->to - p->from);
        if (p->from == 0)
            *at = start + p->to;
        else if (start + p->to == *end)
            *end = start + p->from;
        p->from = p->to = 0;
    }
    mutex_unlock(&fs->lock);
}

/* Collects extents from la on while they follow each other on the disk. */
static int extents_collect(struct zread *z, uint64_t la, uint64_t want)
{
    struct erofs_inode *ei = z->ei;
    uint64_t total = 0;
    z->count = 0;
    while (la < ei->size && z->count < EXTENTS_MAX) {
        struct erofs_extent *e = &z->ext[z->count];
        int err = erofs__z_map(ei, la, e);
        if (err)
            return z->count ? 0 : err;
        if (z->count) {
            struct erofs_extent *last = e - 1;
            if (e->in_meta || last->in_meta ||
                e->pa != last->pa + last->plen || total + e->plen > want)
                break;
        }
        z->count++;
        total += e->plen;
        la = e->la + e->llen;
    }
    return 0;
}

static int extents_read(struct zread *z)
{
    struct erofs *fs = z->ei->fs;
    struct erofs_extent *first = &z->ext[0], *last = &z->ext[z->count - 1];
    uint64_t n = last->pa + last->plen - first->pa;
    if (buf_room(z->in, n, false)) {
        z->count = 1;
        n = first->plen;
        if (buf_room(z->in, n, z->hard))
            return -ENOMEM;
    }
    if (first->in_meta)
        return erofs_meta_read(fs, first->pa, z->in->data, n);
    return erofs_blocks_read(fs, first->pa, z->in->data, n);
}

/* Decodes what was read. The wanted page must succeed; what comes along may
 * fail and is then asked for again by whoever needs it. */
static int extents_use(struct zread *z, uint64_t *reached)
{
    struct erofs_inode *ei = z->ei;
    uint64_t page_end = z->end;
    uint8_t *out;
    for (unsigned i = 0; i < z->count; i++) {
        const struct erofs_extent *e = &z->ext[i];
        uint64_t n = e->llen;
        if (n > EROFS_DECODE_BYTES) /* a long run: no more than needed */
            n = MIN(n, MAX((uint64_t)EROFS_DECODE_BYTES,
                           page_end > e->la ? page_end - e->la : 0));
        int err = buf_room(z->out, n, z->hard && e->la < page_end);
        out = z->out->data;
        if (!err)
            err = extent_decode(ei, e,
                                z->in->data + (e->pa - z->ext[0].pa), out, n);
        if (err)
            return *reached >= page_end ? 0 : err;
        page_copy(z, e->la, out, n);
        pages_put(ei, e->la, out, n, z->index);
        if (n == e->llen)
            pieces_keep(ei, e->la, out, n, z->index);
        *reached = e->la + n;
        if (n != e->llen)
            break;
    }
    return 0;
}

/* Fills the page with these buffers, for reading and for decompressing. */
static int z_fill_with(struct zread *z, struct erofs_buf *bufs)
{
    struct erofs_inode *ei = z->ei;
    uint64_t want = is_stream(ei, z->index) ? AHEAD_STREAM : AHEAD_RANDOM;
    uint64_t start = z->index * PAGE_SIZE;
    uint64_t at = start;
    int err = 0;
    z->end = MIN(start + PAGE_SIZE, ei->size);
    piece_take(z, &at, &z->end);
    z->in = &bufs[0];
    z->out = &bufs[1];
    z->hard = bufs == ei->fs->bufs;
    if (z->hard)
        bufs_keep(ei->fs);
    while (at < z->end && !err) {
        err = extents_collect(z, at, want);
        if (!err)
            err = extents_read(z);
        if (!err)
            err = extents_use(z, &at);
    }
    if (err != -ENOMEM)
        stream_next(ei, at / PAGE_SIZE);
    return err;
}

int erofs__z_fill(struct erofs_inode *ei, uint64_t index, void *dst)
{
    struct erofs *fs = ei->fs;
    struct zread *z = kzalloc(sizeof(*z));
    if (!z)
        return -ENOMEM;
    z->ei = ei;
    z->index = index;
    z->dst = dst;
    bool kept = mutex_trylock(&fs->buf_lock);
    int err = z_fill_with(z, kept ? fs->bufs : z->own);
    kfree(z->own[0].data);
    kfree(z->own[1].data);
    if (err == -ENOMEM && !kept) {
        mutex_lock(&fs->buf_lock);
        kept = true;
        err = z_fill_with(z, fs->bufs);
    }
    if (kept)
        mutex_unlock(&fs->buf_lock);
    kfree(z);
    return err;
}

int erofs__fill(struct page_cache *pc, uint64_t index, void *dst)
{
    struct erofs_inode *ei = pc->owner;
    if (index * EROFS_BLOCK >= ei->size)
        return 0;
    switch (ei->layout) {
    case EROFS_FLAT: case EROFS_INLINE:
        return flat_fill(ei, index, dst);
    case EROFS_CHUNKED:
        return chunk_fill(ei, index, dst);
    }
    return erofs__z_fill(ei, index, dst);
}
