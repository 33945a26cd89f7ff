/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS: the superblock, the cache of metadata blocks, inodes.
 *
 * Inode, at meta + number * 32:
 *   OFFSET SIZE compact        OFFSET SIZE extended
 *        0    2 format: bit 0 extended, bits 1-3 layout
 *        2    2 xattr count: 0, or 12 + 4 * (count - 1) bytes follow
 *        4    2 mode                4    2 mode
 *        6    2 links               8    8 size
 *        8    4 size               16    4 blocks / rdev / chunk format
 *       16    4 blocks...          24    4 uid;  28: 4 gid
 *       24    2 uid;  26: 2 gid    32    8 mtime;  40: 4 nanoseconds
 *                                  44    4 links
 */
#include "erofs_priv.h"

#define SUPER_OFF   1024ull
#define SUPER_SIZE  128
#define MAGIC       0xE0F5E1E2u
#define COMPAT_CRC  1u
#define META_AHEAD  8           /* metadata blocks read at once */

int erofs_corrupt(struct erofs *fs, uint64_t nid, const char *what)
{
    uint32_t n = __atomic_fetch_add(&fs->complaints, 1, __ATOMIC_RELAXED);
    if (n < EROFS_COMPLAINTS_MAX)
        log_err("erofs: corrupt image: inode %llu: %s",
                (unsigned long long)nid, what);
    return -EUCLEAN;
}

static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t n)
{
    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return crc;
}

int erofs_blocks_read(struct erofs *fs, uint64_t off, void *buf, size_t n)
{
    if (off > fs->size || n > fs->size - off)
        return -EUCLEAN;
    return block_read(fs->dev, fs->off + off, buf, n);
}

/* Reads a few blocks at once: inodes and directories lie together. */
static int meta_fill(struct page_cache *pc, uint64_t index, void *dst)
{
    struct erofs *fs = pc->owner;
    uint64_t off = index * EROFS_BLOCK;
    if (off >= fs->size || fs->size - off < EROFS_BLOCK)
        return -EUCLEAN;
    size_t n = MIN((fs->size - off) / EROFS_BLOCK, (uint64_t)META_AHEAD);
    uint8_t *buf = n > 1 ? kmalloc(n * EROFS_BLOCK) : NULL;
    if (!buf)
        return erofs_blocks_read(fs, off, dst, EROFS_BLOCK);
    int err = erofs_blocks_read(fs, off, buf, n * EROFS_BLOCK);
    if (!err)
        memcpy(dst, buf, EROFS_BLOCK);
    for (size_t i = 1; i < n && !err; i++)
        if (page_cache_put_filled(pc, index + i, buf + i * EROFS_BLOCK))
            break;
    kfree(buf);
    return err;
}

static const struct page_cache_ops meta_ops = { .fill = meta_fill };
static const struct page_cache_ops data_ops = { .fill = erofs__fill };

static int cache_read(struct page_cache *pc, uint64_t off, void *buf,
                      size_t n)
{
    uint8_t *to = buf;
    while (n) {
        struct page *p = page_cache_get(pc, off / PAGE_SIZE);
        if (IS_ERR(p))
            return (int)PTR_ERR(p);
        size_t in = off % PAGE_SIZE, part = MIN(n, PAGE_SIZE - in);
        memcpy(to, (uint8_t *)page_to_virt(p) + in, part);
        page_unref(p);
        to += part;
        off += part;
        n -= part;
    }
    return 0;
}

int erofs_meta_read(struct erofs *fs, uint64_t off, void *buf, size_t n)
{
    if (off > fs->size || n > fs->size - off)
        return -EUCLEAN;
    return cache_read(&fs->meta_pc, off, buf, n);
}

int erofs_data_read(struct erofs_inode *ei, uint64_t off, void *buf, size_t n)
{
    if (off > ei->size || n > ei->size - off)
        return -EUCLEAN;
    return cache_read(&ei->pc, off, buf, n);
}

static int features_check(uint32_t incompat)
{
    static const struct { uint32_t bit; const char *name; } lacks[] = {
        { EROFS_DEVICE_TABLE, "several devices or a second algorithm" },
        { EROFS_FRAGMENTS, "fragments or deduplication" },
        { EROFS_XATTR_PREFIXES, "long xattr prefixes" },
    };
    for (unsigned i = 0; i < ARRAY_LEN(lacks); i++) {
        if (incompat & lacks[i].bit) {
            log_err("erofs: the image uses %s, which this reader lacks",
                    lacks[i].name);
            return -EINVAL;
        }
    }
    if (incompat & ~0x7fu) {
        log_err("erofs: the image uses unknown features %#x", incompat);
        return -EINVAL;
    }
    return 0;
}

static int super_parse(struct erofs *fs, uint8_t *block)
{
    uint8_t *sb = block + SUPER_OFF;
    if (le32(sb) != MAGIC)
        return -EINVAL;
    if (sb[12] != 12) {
        log_err("erofs: blocks of 2^%u bytes; this reader wants 4096", sb[12]);
        return -EINVAL;
    }
    if (le32(sb + 8) & COMPAT_CRC) {
        uint32_t want = le32(sb + 4);
        memset(sb + 4, 0, 4);
        if (crc32c(~0u, sb, EROFS_BLOCK - SUPER_OFF) != want)
            return erofs_corrupt(fs, 0, "superblock checksum");
    }
    fs->incompat = le32(sb + 80);
    int err = features_check(fs->incompat);
    if (err)
        return err;
    if (fs->incompat & EROFS_COMPR_CFGS && le16(sb + 84) & ~1u) {
        log_err("erofs: compressed by other algorithms than LZ4");
        return -EINVAL;
    }
    fs->blocks = le32(sb + 36);
    fs->meta = le32(sb + 40) * EROFS_BLOCK;
    fs->root_nid = le16(sb + 14);
    fs->inodes = le64(sb + 16);
    fs->build_time = (int64_t)(le64(sb + 24) * NSEC_PER_SEC + le32(sb + 32));
    if (!fs->blocks || fs->blocks * EROFS_BLOCK > fs->size)
        return erofs_corrupt(fs, 0, "image shorter than its superblock says");
    fs->size = fs->blocks * EROFS_BLOCK;
    if (fs->meta >= fs->size)
        return erofs_corrupt(fs, 0, "metadata beyond the end");
    return 0;
}

int erofs_open(struct block_device *dev, uint64_t off, uint64_t size,
               struct erofs **out)
{
    if (off > dev->size || size > dev->size - off || size < EROFS_BLOCK)
        return -EINVAL;
    struct erofs *fs = kzalloc(sizeof(*fs));
    uint8_t *block = kmalloc(EROFS_BLOCK);
    int err = -ENOMEM;
    if (!fs || !block)
        goto out_free;
    fs->dev = dev;
    fs->off = off;
    fs->size = ALIGN_DOWN(size, EROFS_BLOCK);
    mutex_init(&fs->lock);
    mutex_init(&fs->buf_lock);
    err = erofs_blocks_read(fs, 0, block, EROFS_BLOCK);
    if (!err)
        err = super_parse(fs, block);
    if (err)
        goto out_free;
    page_cache_init(&fs->meta_pc, &meta_ops, fs, false);
    kfree(block);
    *out = fs;
    return 0;

out_free:
    kfree(block);
    kfree(fs);
    return err;
}

void erofs_close(struct erofs *fs)
{
    page_cache_release(&fs->meta_pc);
    for (unsigned i = 0; i < EROFS_PIECES; i++)
        kfree(fs->pieces[i].data);
    kfree(fs->bufs[0].data);
    kfree(fs->bufs[1].data);
    kfree(fs);
}

static int64_t time_make(uint64_t sec, uint32_t nsec)
{
    if (sec > INT64_MAX / NSEC_PER_SEC - 1)
        sec = 0;
    return (int64_t)(sec * NSEC_PER_SEC + nsec % NSEC_PER_SEC);
}

static int inode_parse(struct erofs_inode *ei, const uint8_t *raw,
                       uint64_t at)
{
    unsigned format = le16(raw), xattrs = le16(raw + 2);
    bool extended = format & 1;
    ei->layout = format >> 1 & 7;
    ei->mode = le16(raw + 4);
    ei->raw_block = le32(raw + 16);
    ei->mtime = ei->fs->build_time;
    if (extended) {
        ei->size = le64(raw + 8);
        ei->uid = le32(raw + 24);
        ei->gid = le32(raw + 28);
        ei->mtime = time_make(le64(raw + 32), le32(raw + 40));
        ei->nlink = le32(raw + 44);
    } else {
        ei->nlink = le16(raw + 6);
        ei->size = le32(raw + 8);
        ei->uid = le16(raw + 24);
        ei->gid = le16(raw + 26);
    }
    ei->body = at + (extended ? 64 : 32) +
               (xattrs ? 12 + 4ull * (xattrs - 1) : 0);
    if (format >> 4 || ei->layout > EROFS_CHUNKED)
        return erofs_corrupt(ei->fs, ei->nid, "unknown inode format");
    if (ei->size > (uint64_t)INT64_MAX / 2)
        return erofs_corrupt(ei->fs, ei->nid, "absurd size");
    switch (ei->mode & S_IFMT) {
    case S_IFREG: case S_IFDIR: case S_IFLNK:
        return 0;
    case S_IFCHR: case S_IFBLK:
        ei->rdev = ei->raw_block;
        /* fall through */
    case S_IFIFO: case S_IFSOCK:
        ei->size = 0;
        ei->layout = EROFS_FLAT;
        return 0;
    }
    return erofs_corrupt(ei->fs, ei->nid, "unknown file type");
}

static int inode_check(struct erofs_inode *ei)
{
    struct erofs *fs = ei->fs;
    uint64_t blocks = (ei->size + EROFS_BLOCK - 1) / EROFS_BLOCK;
    switch (ei->layout) {
    case EROFS_INLINE:
        if (blocks) {
            uint64_t tail = ei->size - (blocks - 1) * EROFS_BLOCK;
            if (ei->body % EROFS_BLOCK + tail > EROFS_BLOCK ||
                ei->body + tail > fs->size)
                return erofs_corrupt(fs, ei->nid, "inline data too long");
            blocks--;
        }
        /* fall through */
    case EROFS_FLAT:
        if (blocks && (ei->raw_block > fs->blocks ||
                       blocks > fs->blocks - ei->raw_block))
            return erofs_corrupt(fs, ei->nid, "data beyond the end");
        return 0;
    case EROFS_CHUNKED:
        return 0;
    }
    return erofs__z_init(ei);
}

int erofs_inode_get(struct erofs *fs, uint64_t nid, struct erofs_inode **out)
{
    uint8_t raw[64] = { 0 };
    if (nid > (fs->size - fs->meta) / 32)
        return erofs_corrupt(fs, nid, "inode number out of range");
    uint64_t at = fs->meta + nid * 32;
    int err = erofs_meta_read(fs, at, raw, 32);
    if (!err && raw[0] & 1)
        err = erofs_meta_read(fs, at + 32, raw + 32, 32);
    if (err)
        return err == -EUCLEAN ? erofs_corrupt(fs, nid, "inode beyond end")
                               : err;
    struct erofs_inode *ei = kzalloc(sizeof(*ei));
    if (!ei)
        return -ENOMEM;
    ei->fs = fs;
    ei->refs = 1;
    ei->nid = nid;
    ei->next_index = ~0ull;
    err = inode_parse(ei, raw, at);
    if (!err)
        err = inode_check(ei);
    if (err) {
        kfree(ei);
        return err;
    }
    page_cache_init(&ei->pc, &data_ops, ei, false);
    *out = ei;
    return 0;
}

void erofs_inode_ref(struct erofs_inode *ei)
{
    __atomic_fetch_add(&ei->refs, 1, __ATOMIC_RELAXED);
}

void erofs_inode_put(struct erofs_inode *ei)
{
    if (__atomic_sub_fetch(&ei->refs, 1, __ATOMIC_ACQ_REL))
        return;
    page_cache_release(&ei->pc);
    kfree(ei);
}
