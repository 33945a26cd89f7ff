/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS compression index: from a place in a file to the physical cluster
 * that holds it.
 *
 * The file is cut in logical clusters of 2^bits bytes, each with an entry:
 * HEAD (or PLAIN, not compressed) where an extent starts, at an offset inside
 * the cluster; NONHEAD with the distance back to the head. An extent ends
 * where the next starts.
 *
 * Map header, 8 bytes, at the 8-aligned end of inode and xattrs:
 *   OFFSET SIZE MEANING
 *        2    2 bytes of the inline last cluster (ztailpacking)
 *        4    2 advise: 1 compact 2-byte entries, 2 big clusters,
 *               4 big clusters of head 2, 8 inline, 16 interlaced, 32 fragment
 *        6    1 algorithms: head 1 in bits 0-3, head 2 in bits 4-7
 *        7    1 bits 0-2: bits - 12
 * Full entry, 8 bytes: 0: 2 type; 2: 2 offset; 4: 4 block, or 2+2 distances.
 * Compact: packs of 2 entries in 8 bytes or 16 in 32; the last 4 bytes of a
 * pack are the block before its first head's.
 */
#include "erofs_priv.h"

enum { Z_PLAIN, Z_HEAD, Z_NONHEAD, Z_HEAD2 };
enum { ADV_COMPACT_2B = 1, ADV_BIG = 2, ADV_BIG2 = 4, ADV_INLINE = 8,
       ADV_INTERLACED = 16, ADV_FRAGMENT = 32 };
#define CBLKCNT 0x800u          /* in a distance: blocks of a big cluster */

/* One entry, decoded. */
struct zentry {
    unsigned type, offset;      /* offset: of the head in its cluster */
    uint32_t back;              /* NONHEAD: distance to the head */
    uint32_t cblocks;           /* NONHEAD behind a big head: its blocks */
    uint64_t block;             /* HEAD, PLAIN */
    uint64_t behind;            /* image offset behind this entry's pack */
};

static int z_corrupt(struct erofs_inode *ei, const char *what)
{
    return erofs_corrupt(ei->fs, ei->nid, what);
}

static uint64_t header_off(const struct erofs_inode *ei)
{
    return ALIGN_UP(ei->body, 8ull);
}

static int full_load(struct erofs_inode *ei, uint64_t lcn, struct zentry *e)
{
    uint8_t raw[8];
    uint64_t at = header_off(ei) + 16 + lcn * 8;
    int err = erofs_meta_read(ei->fs, at, raw, 8);
    if (err)
        return err == -EUCLEAN ? z_corrupt(ei, "index beyond the end") : err;
    e->type = le16(raw) & 3;
    e->behind = at + 8;
    e->back = e->cblocks = 0;
    if (e->type == Z_NONHEAD) {
        e->offset = 1u << ei->z_bits;
        e->back = le16(raw + 4);
        if (e->back & CBLKCNT) {
            if (!(ei->z_advise & (ADV_BIG | ADV_BIG2)))
                return z_corrupt(ei, "big cluster in a file without");
            e->cblocks = e->back & ~CBLKCNT;
            e->back = 1;
        }
        return 0;
    }
    e->offset = le16(raw + 2);
    e->block = le32(raw + 4);
    if (e->offset >= 1u << ei->z_bits)
        return z_corrupt(ei, "offset in a cluster");
    return 0;
}

/* Bit field i of a pack. */
static unsigned pack_bits(const uint8_t *pack, unsigned width, unsigned bits,
                          unsigned i, unsigned *type)
{
    unsigned at = width * i;
    uint32_t v = le32(pack + at / 8) >> (at & 7);
    *type = v >> bits & 3;
    return v & ((1u << bits) - 1);
}

/* How many blocks the heads of the pack before entry i take, as the pack's
 * base counts. -EUCLEAN. */
static int pack_blocks(struct erofs_inode *ei, const uint8_t *pack,
                       unsigned width, int i)
{
    bool big = ei->z_advise & ADV_BIG;
    int n = big ? 0 : 1;
    while (i > 0) {
        unsigned type, lo = pack_bits(pack, width, ei->z_bits,
                                      (unsigned)--i, &type);
        if (!big) {
            if (type == Z_NONHEAD)
                i -= (int)lo;
            if (i >= 0)
                n++;
        } else if (type != Z_NONHEAD) {
            n++;
        } else if (lo & CBLKCNT) {
            i--;
            n += (int)(lo & ~CBLKCNT);
        } else {
            if (lo <= 1)
                return z_corrupt(ei, "distance in a big cluster");
            i -= (int)lo - 2;
        }
    }
    return n;
}

static int pack_nonhead(struct erofs_inode *ei, const uint8_t *pack,
                        unsigned width, unsigned i, unsigned count,
                        unsigned lo, struct zentry *e)
{
    e->offset = 1u << ei->z_bits;
    if (lo & CBLKCNT) {
        if (!(ei->z_advise & ADV_BIG))
            return z_corrupt(ei, "big cluster in a file without");
        e->cblocks = lo & ~CBLKCNT;
        e->back = 1;
        return 0;
    }
    if (i + 1 != count) {
        e->back = lo;
        return 0;
    }
    /* A pack's last entry holds the distance forward: ask its neighbour. */
    unsigned type;
    lo = pack_bits(pack, width, ei->z_bits, i - 1, &type);
    if (type != Z_NONHEAD)
        lo = 0;
    else if (lo & CBLKCNT)
        lo = 1;
    e->back = lo + 1;
    return 0;
}

/* Where the compact entry of lcn is: its pack's offset and size, and its
 * number inside. */
static unsigned compact_locate(const struct erofs_inode *ei, uint64_t lcn,
                               uint64_t *pack)
{
    uint64_t base = header_off(ei) + 8;
    uint64_t total = (ei->size + (1ull << ei->z_bits) - 1) >> ei->z_bits;
    uint64_t first = (32 - base % 32) / 4 & 7, twos = 0;
    if (ei->z_advise & ADV_COMPACT_2B && first < total)
        twos = ALIGN_DOWN(total - first, 16ull);
    unsigned shift = 2;
    uint64_t at = base;
    if (lcn >= first) {
        at += first * 4;
        lcn -= first;
        if (lcn < twos) {
            shift = 1;
        } else {
            at += twos * 2;
            lcn -= twos;
        }
    }
    at += lcn << shift;
    unsigned size = shift == 2 ? 8 : 32;
    *pack = ALIGN_DOWN(at, (uint64_t)size);
    return size | (unsigned)(at - *pack) >> shift << 8;
}

static int compact_load(struct erofs_inode *ei, uint64_t lcn,
                        struct zentry *e)
{
    uint8_t pack[32 + 4] = { 0 };
    uint64_t at;
    unsigned where = compact_locate(ei, lcn, &at);
    unsigned size = where & 255, i = where >> 8;
    unsigned count = size == 8 ? 2 : 16, width = size == 8 ? 16 : 14;
    if (size == 32 && ei->z_bits != 12)
        return z_corrupt(ei, "compact index of large clusters");
    int err = erofs_meta_read(ei->fs, at, pack, size);
    if (err)
        return err == -EUCLEAN ? z_corrupt(ei, "index beyond the end") : err;
    unsigned lo = pack_bits(pack, width, ei->z_bits, i, &e->type);
    e->behind = at + size;
    e->back = e->cblocks = 0;
    if (e->type == Z_NONHEAD)
        return pack_nonhead(ei, pack, width, i, count, lo, e);
    e->offset = lo;
    int n = pack_blocks(ei, pack, width, (int)i);
    if (n < 0)
        return n;
    e->block = (uint32_t)(le32(pack + size - 4) + (uint32_t)n);
    return 0;
}

static int entry_load(struct erofs_inode *ei, uint64_t lcn, struct zentry *e)
{
    return ei->layout == EROFS_Z_FULL ? full_load(ei, lcn, e)
                                      : compact_load(ei, lcn, e);
}

/* From entry lcn back to the head of its extent. */
static int head_find(struct erofs_inode *ei, uint64_t *lcn, struct zentry *e)
{
    uint64_t from = *lcn;
    while (e->type == Z_NONHEAD) {
        if (!e->back || e->back > *lcn)
            return z_corrupt(ei, "distance to a head");
        *lcn -= e->back;
        if ((from - *lcn) << ei->z_bits > EROFS_EXTENT_MAX)
            return z_corrupt(ei, "extent longer than 16 MiB");
        int err = entry_load(ei, *lcn, e);
        if (err)
            return err;
    }
    return 0;
}

/* Bytes of the physical cluster whose head is at lcn. */
static int plen_find(struct erofs_inode *ei, uint64_t lcn, unsigned type,
                     uint64_t *plen)
{
    bool big = type == Z_HEAD ? ei->z_advise & ADV_BIG
             : type == Z_HEAD2 ? ei->z_advise & ADV_BIG2 : false;
    *plen = 1ull << ei->z_bits;
    if (!big || (lcn + 1) << ei->z_bits >= ei->size)
        return 0;
    struct zentry e;
    int err = entry_load(ei, lcn + 1, &e);
    if (err)
        return err;
    if (e.type != Z_NONHEAD)
        return 0;
    if (e.back != 1 || !e.cblocks)
        return z_corrupt(ei, "size of a big cluster");
    *plen = e.cblocks * EROFS_BLOCK;
    if (*plen > EROFS_PCLUSTER_MAX)
        return z_corrupt(ei, "cluster larger than 1 MiB");
    return 0;
}

/* Where the extent with its head at lcn ends. */
static int end_find(struct erofs_inode *ei, uint64_t lcn, uint64_t *end)
{
    struct zentry e;
    uint64_t from = lcn << ei->z_bits;
    do {
        lcn++;
        if (lcn << ei->z_bits >= ei->size) {
            *end = ei->size;
            return 0;
        }
        if ((lcn << ei->z_bits) - from > EROFS_EXTENT_MAX)
            return z_corrupt(ei, "extent longer than 16 MiB");
        int err = entry_load(ei, lcn, &e);
        if (err)
            return err;
    } while (e.type == Z_NONHEAD);
    *end = MIN((lcn << ei->z_bits) + e.offset, ei->size);
    return 0;
}

int erofs__z_map(struct erofs_inode *ei, uint64_t la,
                 struct erofs_extent *out)
{
    struct zentry e;
    uint64_t lcn = la >> ei->z_bits, end = 0;
    int err = entry_load(ei, lcn, &e);
    if (err)
        return err;
    if (e.type != Z_NONHEAD && (la & ((1u << ei->z_bits) - 1)) < e.offset) {
        e.type = Z_NONHEAD;     /* belongs to the extent before */
        e.back = 1;
    }
    err = head_find(ei, &lcn, &e);
    if (!err)
        err = end_find(ei, lcn, &end);
    if (err)
        return err;
    out->la = (lcn << ei->z_bits) + e.offset;
    if (out->la > la || end <= la)
        return z_corrupt(ei, "extents out of order");
    out->llen = end - out->la;
    out->plain = e.type == Z_PLAIN;
    out->interlaced = out->plain && ei->z_advise & ADV_INTERLACED;
    out->in_meta = ei->z_advise & ADV_INLINE && lcn == ei->z_tail_head;
    if (out->in_meta) {
        out->interlaced = false;
        out->pa = ei->z_idata_off;
        out->plen = ei->z_idata_size;
        return 0;
    }
    out->pa = e.block * EROFS_BLOCK;
    err = plen_find(ei, lcn, e.type, &out->plen);
    if (err)
        return err;
    if (out->pa >= ei->fs->size || out->plen > ei->fs->size - out->pa)
        return z_corrupt(ei, "cluster beyond the end");
    return 0;
}

static int inline_init(struct erofs_inode *ei)
{
    struct zentry e;
    uint64_t lcn = (ei->size - 1) >> ei->z_bits;
    int err = entry_load(ei, lcn, &e);
    if (err)
        return err;
    ei->z_idata_off = e.behind;
    if (e.type != Z_NONHEAD &&
        ((ei->size - 1) & ((1u << ei->z_bits) - 1)) < e.offset) {
        e.type = Z_NONHEAD;
        e.back = 1;
    }
    err = head_find(ei, &lcn, &e);
    if (err)
        return err;
    ei->z_tail_head = lcn;
    uint64_t n = ei->z_idata_size;
    if (!n || ei->z_idata_off % EROFS_BLOCK + n > EROFS_BLOCK ||
        ei->z_idata_off + n > ei->fs->size)
        return z_corrupt(ei, "inline cluster");
    return 0;
}

int erofs__z_init(struct erofs_inode *ei)
{
    uint8_t raw[8];
    int err = erofs_meta_read(ei->fs, header_off(ei), raw, 8);
    if (err)
        return err;
    ei->z_idata_size = le16(raw + 2);
    ei->z_advise = le16(raw + 4);
    ei->z_algorithm[0] = raw[6] & 15;
    ei->z_algorithm[1] = raw[6] >> 4;
    ei->z_bits = 12 + (raw[7] & 7);
    if (raw[7] & 0x80 || ei->z_advise & ADV_FRAGMENT || ei->z_advise >> 6) {
        z_corrupt(ei, "packed in a way this reader lacks");
        return -EOPNOTSUPP;
    }
    if (ei->z_algorithm[0] || ei->z_algorithm[1])
        return z_corrupt(ei, "unknown compression algorithm");
    if (ei->z_bits > 14 && ei->layout == EROFS_Z_COMPACT)
        return z_corrupt(ei, "compact index of large clusters");
    if (ei->z_advise & ADV_INLINE && ei->size)
        return inline_init(ei);
    return 0;
}
