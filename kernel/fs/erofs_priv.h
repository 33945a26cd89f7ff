/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS, read only, as Linux documents it and mkfs.erofs writes it. Nothing
 * on the disk is trusted: each value is checked before use, and what does not
 * hold gives -EUCLEAN with a line in the log.
 *
 * Superblock, at byte 1024:
 *   OFFSET SIZE MEANING
 *        0    4 magic 0xE0F5E1E2
 *        4    4 CRC-32C of the rest of the first block, if compat bit 0
 *        8    4 compatible features
 *       12    1 log2 of the block size
 *       13    1 extra 16-byte slots after these 128 bytes
 *       14    2 root inode number
 *       16    8 inodes
 *       24    8 time of the build, seconds;  32: 4 nanoseconds
 *       36    4 blocks
 *       40    4 block where inode number 0 would be
 *       80    4 incompatible features
 *       84    2 compression algorithms (bitmap), or LZ4's distance
 * Inode: compact (32 bytes) or extended (64), see erofs.c. Directory blocks:
 * see erofs_dir.c. Compression index: see erofs_zmap.c.
 */
#ifndef HULL_EROFS_PRIV_H
#define HULL_EROFS_PRIV_H

#include "fs_priv.h"

#define EROFS_BLOCK 4096ull

enum erofs_layout {
    EROFS_FLAT = 0, EROFS_Z_FULL = 1, EROFS_INLINE = 2, EROFS_Z_COMPACT = 3,
    EROFS_CHUNKED = 4,
};

enum erofs_incompat {
    EROFS_ZERO_PADDING = 1, EROFS_COMPR_CFGS = 2, EROFS_CHUNKED_FILE = 4,
    EROFS_DEVICE_TABLE = 8, EROFS_ZTAILPACKING = 16, EROFS_FRAGMENTS = 32,
    EROFS_XATTR_PREFIXES = 64,
};

#define EROFS_PIECES 64

/* What is known of a page in which one extent ends and the next begins, when
 * one of them was decompressed: the bytes [from, to). from == to: unused. */
struct erofs_piece {
    uint64_t nid, index;
    unsigned from, to;
    uint8_t *data;              /* a page, or NULL */
};

struct erofs_buf {
    uint8_t *data;
    uint64_t size;
};

/* [I] but where said */
struct erofs {
    struct block_device *dev;
    uint64_t off, size;         /* on dev */
    uint64_t blocks;
    uint64_t meta;              /* byte offset of inode number 0 */
    uint64_t root_nid, inodes;
    int64_t build_time;         /* ns */
    uint32_t incompat;
    struct page_cache meta_pc;  /* blocks of metadata by number */
    struct mutex lock;          /* guards pieces */
    struct erofs_piece pieces[EROFS_PIECES];
    unsigned next_piece, pieces_max;
    struct mutex buf_lock;      /* guards bufs */
    struct erofs_buf bufs[2];   /* to read into and to decompress into */
    uint32_t complaints;        /* [a] lines logged */
};

struct erofs_inode {
    struct erofs *fs;           /* [I], and all but where said */
    uint32_t refs;              /* [a] */
    uint64_t nid, size;
    uint32_t mode, nlink, uid, gid, rdev;
    int64_t mtime;
    unsigned layout;
    uint64_t body;              /* byte offset behind inode and xattrs */
    uint32_t raw_block;         /* flat data, or chunk format */
    uint16_t z_advise, z_idata_size;
    uint8_t z_algorithm[2], z_bits;
    uint64_t z_idata_off, z_tail_head;  /* inline pcluster, its head */
    uint64_t next_index;        /* [a] sequential readers come here next */
    struct page_cache pc;
};

/* A piece of a compressed file. */
struct erofs_extent {
    uint64_t la, llen;          /* where it is in the file, how long */
    uint64_t pa, plen;          /* where on the image */
    bool plain, interlaced, in_meta;
};

/* 0; -EINVAL (no EROFS, or features that this reader lacks, named in the
 * log), -EIO, -EUCLEAN, -ENOMEM. */
int erofs_open(struct block_device *dev, uint64_t off, uint64_t size,
               struct erofs **out);
void erofs_close(struct erofs *fs);
int erofs_inode_get(struct erofs *fs, uint64_t nid, struct erofs_inode **out);
void erofs_inode_ref(struct erofs_inode *ei);
void erofs_inode_put(struct erofs_inode *ei);
/* n bytes at off of the image, through the cache of metadata. */
int erofs_meta_read(struct erofs *fs, uint64_t off, void *buf, size_t n);
/* Straight from the disk; block aligned. */
int erofs_blocks_read(struct erofs *fs, uint64_t off, void *buf, size_t n);
/* n bytes of a file's data, through its page cache. */
int erofs_data_read(struct erofs_inode *ei, uint64_t off, void *buf, size_t n);
int erofs_lookup(struct erofs_inode *dir, const char *name, size_t len,
                 uint64_t *nid);
int erofs_dir_each(struct erofs_inode *dir,
                   int (*fn)(void *arg, const char *name, size_t len,
                             uint64_t nid, unsigned dtype), void *arg);
/* -EUCLEAN, with a log line as long as there are few. */
int erofs_corrupt(struct erofs *fs, uint64_t nid, const char *what);

int erofs__fill(struct page_cache *pc, uint64_t index, void *dst);
int erofs__z_init(struct erofs_inode *ei);
int erofs__z_map(struct erofs_inode *ei, uint64_t la,
                 struct erofs_extent *out);
int erofs__z_fill(struct erofs_inode *ei, uint64_t index, void *dst);
/* LZ4's decoder (its own declarations are not freestanding). */
int LZ4_decompress_safe(const char *src, char *dst, int n, int room);
int LZ4_decompress_safe_partial(const char *src, char *dst, int n, int want,
                                int room);

static inline uint16_t le16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}
static inline uint32_t le32(const void *p)
{
    return le16(p) | (uint32_t)le16((const uint8_t *)p + 2) << 16;
}
static inline uint64_t le64(const void *p)
{
    return le32(p) | (uint64_t)le32((const uint8_t *)p + 4) << 32;
}

#endif
