/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the directories of an EROFS file system (Linux Documentation/
 * filesystems/erofs.rst). What is read of it:
 *
 *   SUPERBLOCK, at 1024        INODE, at meta block + nid * 32
 *   OFFSET SIZE MEANING        OFFSET SIZE MEANING
 *   0      4    magic          0      2    bit 0: 64 bytes long, else 32;
 *   12     1    log2 block                 bits 1..3: data layout
 *   14     2    root's nid     2      2    xattr count
 *   40     4    meta block     4      2    mode
 *                              8      4|8  size
 *   ENTRY of a folder's block  16     4    first block, or for compressed
 *   0      8    nid                        data how many blocks
 *   8      2    where its name begins in the block
 *
 * Folders wait on a list, so nothing recurses; each nid is visited once.
 */
#include "rootlist.h"
#include "../util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0xe0f5e1e2u
#define SUPER_OFFSET 1024u
#define SUPER_SIZE 128u
#define ENTRY_SIZE 12u
#define SLOT_SIZE 32u
#define NAME_LIMIT 255u
#define FILES_MAX 4000000u
#define ADVISE_INLINE 8u

enum layout { PLAIN = 0, COMPRESSED_FULL = 1, INLINE = 2, COMPRESSED = 3 };

struct folder {
    char *path;
    uint64_t nid;
};

struct walk {
    const uint8_t *data;
    uint64_t size;
    uint32_t block;             /* bytes */
    uint64_t meta;              /* byte offset of nid 0 */
    struct folder *folders;
    size_t nfolders;
    struct rootlist *list;
};

struct inode {
    uint64_t end;               /* byte offset behind it: an inline tail */
    uint64_t size;
    uint32_t start;
    enum layout layout;
    uint16_t mode;
};

static uint64_t get(const struct walk *w, uint64_t at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)w->data[at + (uint64_t)i] << (8 * i);
    }
    return value;
}

static bool inside(const struct walk *w, uint64_t at, uint64_t len)
{
    return at <= w->size && len <= w->size - at;
}

static int read_inode(const struct walk *w, uint64_t nid, struct inode *in)
{
    uint64_t at = w->meta + nid * SLOT_SIZE, xattrs;
    uint16_t format;

    if (nid > w->size / SLOT_SIZE || !inside(w, at, 2 * SLOT_SIZE)) {
        return -1;
    }
    format = (uint16_t)get(w, at, 2);
    xattrs = get(w, at + 2, 2);
    in->layout = (enum layout)(format >> 1 & 7);
    in->mode = (uint16_t)get(w, at + 4, 2);
    in->size = get(w, at + 8, format & 1 ? 8 : 4);
    in->start = (uint32_t)get(w, at + 16, 4);
    in->end = at + (format & 1 ? 64 : 32) +
              (xattrs ? 12 + 4 * (xattrs - 1) : 0);
    return 0;
}

static uint64_t stored_size(const struct walk *w, const struct inode *in)
{
    if (in->layout == COMPRESSED || in->layout == COMPRESSED_FULL) {
        /* the map's header may say that a compressed tail lies inline */
        uint64_t map = (in->end + 7) & ~(uint64_t)7, tail = 0;

        if (inside(w, map, 8) && get(w, map + 4, 2) & ADVISE_INLINE) {
            tail = get(w, map + 2, 2);
        }
        return (uint64_t)in->start * w->block + tail;
    }
    if (in->layout == INLINE) {
        return in->size;
    }
    return (in->size + w->block - 1) / w->block * w->block;
}

static void add_folder(struct walk *w, char *path, uint64_t nid)
{
    w->folders = xrealloc(w->folders,
                          (w->nfolders + 1) * sizeof(*w->folders));
    w->folders[w->nfolders++] = (struct folder){path, nid};
}

static void add_file(struct rootlist *list, char *path, uint64_t size,
                     uint64_t stored)
{
    if (!(list->nr & (list->nr + 1))) {
        list->files = xrealloc(list->files, (list->nr * 2 + 2) *
                                                sizeof(*list->files));
    }
    list->files[list->nr++] = (struct rootlist_file){path, size, stored};
}

static int take_entry(struct walk *w, const char *folder, const char *name,
                      size_t len, uint64_t nid)
{
    struct inode in;
    char *path;

    if ((len == 1 && name[0] == '.') ||
        (len == 2 && name[0] == '.' && name[1] == '.')) {
        return 0;
    }
    if (!len || len > NAME_LIMIT || read_inode(w, nid, &in) ||
        w->list->nr + w->nfolders > FILES_MAX) {
        return -1;
    }
    path = xstrfmt("%s/%.*s", folder, (int)len, name);
    if (!S_ISDIR(in.mode)) {
        add_file(w->list, path, in.size, stored_size(w, &in));
        return 0;
    }
    for (size_t i = 0; i < w->nfolders; i++) {
        if (w->folders[i].nid == nid) {
            free(path);
            return -1;          /* a folder has one parent only */
        }
    }
    add_folder(w, path, nid);
    return 0;
}

/* One block of a folder: entries, then their names. */
static int take_block(struct walk *w, const char *folder, uint64_t at,
                      uint64_t len)
{
    uint64_t first, count;

    if (len < ENTRY_SIZE || !inside(w, at, len)) {
        return -1;
    }
    first = get(w, at + 8, 2);
    count = first / ENTRY_SIZE;
    if (!count || first > len) {
        return -1;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = at + i * ENTRY_SIZE;
        uint64_t from = get(w, entry + 8, 2);
        uint64_t to = i + 1 < count ? get(w, entry + ENTRY_SIZE + 8, 2) : len;
        const char *name = (const char *)w->data + at + from;

        if (from < first || to < from || to > len ||
            take_entry(w, folder, name, strnlen(name, to - from),
                       get(w, entry, 8))) {
            return -1;
        }
    }
    return 0;
}

static int take_folder(struct walk *w, const char *path, uint64_t nid)
{
    struct inode in;

    if (read_inode(w, nid, &in) || !S_ISDIR(in.mode) ||
        (in.layout != PLAIN && in.layout != INLINE) || in.size > w->size) {
        return -1;
    }
    for (uint64_t done = 0; done < in.size; done += w->block) {
        uint64_t left = in.size - done;
        uint64_t at = (uint64_t)in.start * w->block + done;

        if (in.layout == INLINE && left < w->block) {
            at = in.end;
        }
        if (take_block(w, path, at, left < w->block ? left : w->block)) {
            return -1;
        }
    }
    return 0;
}

static int walk_all(struct walk *w)
{
    uint32_t bits;
    int rc = 0;

    if (!inside(w, SUPER_OFFSET, SUPER_SIZE) ||
        get(w, SUPER_OFFSET, 4) != MAGIC) {
        return -1;
    }
    bits = (uint32_t)get(w, SUPER_OFFSET + 12, 1);
    if (bits < 9 || bits > 16) {
        return -1;
    }
    w->block = 1u << bits;
    w->meta = get(w, SUPER_OFFSET + 40, 4) * w->block;
    if (w->meta > w->size) {
        return -1;
    }
    add_folder(w, xstrdup(""), get(w, SUPER_OFFSET + 14, 2));
    for (size_t i = 0; i < w->nfolders && !rc; i++) {
        rc = take_folder(w, w->folders[i].path, w->folders[i].nid);
    }
    for (size_t i = 0; i < w->nfolders; i++) {
        free(w->folders[i].path);
    }
    free(w->folders);
    return rc;
}

static int by_stored(const void *a, const void *b)
{
    const struct rootlist_file *x = a, *y = b;

    if (x->stored != y->stored) {
        return x->stored < y->stored ? 1 : -1;
    }
    return strcmp(x->path, y->path);
}

int rootlist_read(struct rootlist *list, const char *raw, uint64_t offset,
                  uint64_t size)
{
    struct walk w = {.size = size, .list = list};
    int fd = open(raw, O_RDONLY | O_CLOEXEC), rc;
    void *map = MAP_FAILED;
    struct stat st;

    memset(list, 0, sizeof(*list));
    if (fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size >= offset + size) {
        map = mmap(NULL, (size_t)(offset + size), PROT_READ, MAP_PRIVATE, fd,
                   0);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (map == MAP_FAILED) {
        return error("cannot read %s", raw);
    }
    w.data = (const uint8_t *)map + offset;
    rc = walk_all(&w);
    munmap(map, (size_t)(offset + size));
    if (rc) {
        return error("%s: the root file system is damaged; build the image "
                     "again", raw);
    }
    if (list->nr) {
        qsort(list->files, list->nr, sizeof(*list->files), by_stored);
    }
    return 0;
}

void rootlist_release(struct rootlist *list)
{
    for (size_t i = 0; i < list->nr; i++) {
        free(list->files[i].path);
    }
    free(list->files);
}
