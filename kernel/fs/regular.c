/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_ops of regular files. Reading takes no lock: pages come from the cache
 * and the size is read once. Writing holds vnode.lock, so appends are atomic.
 */
#include "fs_priv.h"
#include "erofs_priv.h"

#define READ_PAGES 16           /* looked up together */
#define FALLOC_KEEP_SIZE  1
#define FALLOC_PUNCH_HOLE 2
#define FALLOC_ZERO_RANGE 16
#define SEAL_SHRINK 2u
#define SEAL_GROW   4u
#define SEAL_WRITE  8u
#define SEAL_FUTURE_WRITE 16u
#define DAY ((int64_t)(86400 * NSEC_PER_SEC))

static struct vnode *vnode_of(struct file *f)
{
    return f->vnode;
}

/* As Linux's relatime. */
static void accessed(struct file *f, struct vnode *v)
{
    if (v->atime > v->mtime && v->atime > v->ctime)
        return;
    if (f->flags & O_NOATIME || v->sb->flags & SUPER_READ_ONLY ||
        (v->lower && !(v->flags & VNODE_COPIED)))
        return;
    v->atime = (int64_t)clock_realtime();
}

/* How many of n pages, beginning with the first, are one piece of memory. */
static unsigned adjacent(struct page *const *p, unsigned n)
{
    uint8_t *base = p[0] ? page_to_virt(p[0]) : NULL;
    unsigned i = 1;
    while (base && i < n && p[i] && page_to_virt(p[i]) == base + i * PAGE_SIZE)
        i++;
    return i;
}

/* Copies from a page, which is given back. */
static ssize_t read_page(struct page *p, struct iov_iter *it, uint64_t pos,
                         size_t n)
{
    ssize_t got = copy_to_iter(it, (uint8_t *)page_to_virt(p) +
                                   pos % PAGE_SIZE,
                               MIN(PAGE_SIZE - pos % PAGE_SIZE, n));
    page_unref(p);
    return got;
}

/* The first bytes of a read of n: of a page that is not cached, or of as many
 * as are a hole. */
static ssize_t read_missing(struct page_cache *pc, struct iov_iter *it,
                            uint64_t pos, size_t n)
{
    if (pc->store)
        return zero_iter(it, n);
    struct page *p = page_cache_get(pc, pos / PAGE_SIZE);
    return IS_ERR(p) ? PTR_ERR(p) : read_page(p, it, pos, n);
}

/* The first bytes of a read of n, of pages that are looked up together. Ends
 * before one that is missing: when that is filled others come with it. */
static ssize_t read_run(struct page_cache *pc, struct iov_iter *it,
                        uint64_t pos, size_t n)
{
    uint64_t first = pos / PAGE_SIZE, end = pos + n;
    uint64_t all = (end + PAGE_SIZE - 1) / PAGE_SIZE - first;
    unsigned count = (unsigned)MIN(all, (uint64_t)READ_PAGES), run = 1;
    struct page *pages[READ_PAGES];
    uint64_t start = pos;
    ssize_t got = 0;
    page_cache_peek_range(pc, first, count, pages);
    for (unsigned i = 0; i < count && pages[i]; i += run) {
        run = adjacent(pages + i, count - i);
        size_t part = MIN((first + i + run) * PAGE_SIZE, end) - pos;
        got = copy_to_iter(it, (uint8_t *)page_to_virt(pages[i]) +
                               pos % PAGE_SIZE, part);
        pos += got > 0 ? (uint64_t)got : 0;
        if (got < (ssize_t)part)
            break;
    }
    for (unsigned i = 0; i < count; i++)
        if (pages[i])
            page_unref(pages[i]);
    if (pos > start)
        return (ssize_t)(pos - start);
    if (pages[0])
        return got;
    while (run < count && !pages[run])
        run++;
    return read_missing(pc, it, pos, MIN((first + run) * PAGE_SIZE, end) - pos);
}

/* The first bytes of a read of n. */
static ssize_t read_some(struct page_cache *pc, struct iov_iter *it,
                         uint64_t pos, size_t n)
{
    if (n > PAGE_SIZE - pos % PAGE_SIZE)
        return read_run(pc, it, pos, n);
    struct page *p = page_cache_peek(pc, pos / PAGE_SIZE);
    return p ? read_page(p, it, pos, n) : read_missing(pc, it, pos, n);
}

static ssize_t reg_read(struct file *f, struct iov_iter *it, off_t *ppos)
{
    struct vnode *v = vnode_of(f);
    struct page_cache *pc = __atomic_load_n(&v->pc, __ATOMIC_ACQUIRE);
    uint64_t pos = (uint64_t)*ppos, start = pos;
    ssize_t err = 0;
    while (it->left) {
        uint64_t size = __atomic_load_n(&v->size, __ATOMIC_ACQUIRE);
        if (pos >= size)
            break;
        size_t n = MIN((uint64_t)it->left, size - pos);
        ssize_t got = read_some(pc, it, pos, n);
        if (got <= 0) {
            err = got;
            break;
        }
        pos += (uint64_t)got;
    }
    if (pos == start)
        return err;
    *ppos = (off_t)pos;
    accessed(f, v);
    fs__notify(f->private, IN_ACCESS);
    return (ssize_t)(pos - start);
}

static bool room_for_page(struct super *sb)
{
    return !sb->pages_max || sb->pages_used < sb->pages_max;
}

static ssize_t write_some(struct vnode *v, struct iov_iter *it, uint64_t pos,
                          size_t n)
{
    struct page *p = page_cache_peek(v->pc, pos / PAGE_SIZE);
    if (!p) {
        if (!room_for_page(v->sb))
            return -ENOSPC;
        p = page_cache_get(v->pc, pos / PAGE_SIZE);
    }
    if (IS_ERR(p))
        return PTR_ERR(p);
    ssize_t got = copy_from_iter(it, (uint8_t *)page_to_virt(p) +
                                     pos % PAGE_SIZE, n);
    page_unref(p);
    if (got > 0 && pos + (uint64_t)got > v->size)
        __atomic_store_n(&v->size, pos + (uint64_t)got, __ATOMIC_RELEASE);
    fs__data_charge(v);
    return got;
}

static int write_begin(struct vnode *v, uint64_t pos, size_t n)
{
    if (v->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE) ||
        (v->seals & SEAL_GROW && pos + n > v->size))
        return -EPERM;
    if (pos >= FILE_SIZE_MAX || n > FILE_SIZE_MAX - pos)
        return -EFBIG;
    int err = fs__data_own_locked(v);
    if (err || pos <= v->size || v->size % PAGE_SIZE == 0)
        return err;
    /* A gap: a mapping may have left bytes behind the old end. */
    struct page *p = page_cache_peek(v->pc, v->size / PAGE_SIZE);
    if (p) {
        memset((uint8_t *)page_to_virt(p) + v->size % PAGE_SIZE, 0,
               PAGE_SIZE - v->size % PAGE_SIZE);
        page_unref(p);
    }
    return 0;
}

static ssize_t write_locked(struct file *f, struct iov_iter *it, off_t *ppos)
{
    struct vnode *v = vnode_of(f);
    uint64_t pos = f->flags & O_APPEND ? v->size : (uint64_t)*ppos;
    uint64_t start = pos, limit = fs__size_limit();
    size_t beyond = 0;          /* what the limit cuts off */
    if (unlikely(it->left > limit - MIN(pos, limit))) {
        if (pos >= limit)
            return fs__size_check(pos + 1);
        beyond = it->left - (limit - pos);
        it->left = limit - pos;
    }
    ssize_t err = write_begin(v, pos, it->left);
    while (it->left && !err) {
        size_t n = MIN(PAGE_SIZE - pos % PAGE_SIZE, (uint64_t)it->left);
        ssize_t got = write_some(v, it, pos, n);
        if (got < 0) {
            err = got;
            break;
        }
        pos += (uint64_t)got;
        if ((size_t)got < n)
            break;
    }
    it->left += beyond;
    if (pos == start)
        return err;
    *ppos = (off_t)pos;
    fs__vnode_touch(v);
    return (ssize_t)(pos - start);
}

static ssize_t reg_write(struct file *f, struct iov_iter *it, off_t *ppos)
{
    struct vnode *v = vnode_of(f);
    if (!it->left)
        return 0;
    mutex_lock(&v->lock);
    ssize_t n = write_locked(f, it, ppos);
    if (n > 0)
        v->mode &= ~(uint32_t)(S_ISUID | (v->mode & 010 ? S_ISGID : 0));
    mutex_unlock(&v->lock);
    if (n > 0)
        fs__notify(f->private, IN_MODIFY);
    return n;
}

/* The first place from `from` on that is data (or a hole). */
static off_t seek_data(struct vnode *v, uint64_t from, bool data)
{
    uint64_t size = v->size;
    if (from >= size)
        return -ENXIO;
    if (!v->pc->store)
        return data ? (off_t)from : (off_t)size;
    uint64_t i = from / PAGE_SIZE, next = i;
    bool more = page_cache_next(v->pc, &next);
    /* A hole begins where the next page is not the one expected. */
    while (!data && more && next == i) {
        next = ++i;
        more = page_cache_next(v->pc, &next);
    }
    i = data ? next : i;
    if ((data && !more) || i * PAGE_SIZE >= size)
        return data ? -ENXIO : (off_t)size;
    return (off_t)MAX(from, i * PAGE_SIZE);
}

static off_t reg_seek(struct file *f, off_t off, int whence)
{
    struct vnode *v = vnode_of(f);
    off_t size = (off_t)__atomic_load_n(&v->size, __ATOMIC_ACQUIRE);
    off_t pos;
    switch (whence) {
    case SEEK_SET:
        pos = off;
        break;
    case SEEK_CUR:
        if (__builtin_add_overflow(f->pos, off, &pos))
            return -EOVERFLOW;
        break;
    case SEEK_END:
        if (__builtin_add_overflow(size, off, &pos))
            return -EOVERFLOW;
        break;
    case SEEK_DATA: case SEEK_HOLE:
        if (off < 0)
            return -ENXIO;
        mutex_lock(&v->lock);
        pos = seek_data(v, (uint64_t)off, whence == SEEK_DATA);
        mutex_unlock(&v->lock);
        if (pos < 0)
            return pos;
        break;
    default:
        return -EINVAL;
    }
    if (pos < 0)
        return -EINVAL;
    f->pos = pos;
    return pos;
}

/* ---------------- mappings: the object is the vnode ---------------- */

static struct page_cache *map_cache(struct vma *vma)
{
    struct vnode *v = vma->object;
    return __atomic_load_n(&v->pc, __ATOMIC_ACQUIRE);
}

static void map_ref(void *object)
{
    fs__vnode_ref(object);
}

static void map_unref(void *object)
{
    fs__vnode_unref(object);
}

static uint64_t map_size(void *object)
{
    struct vnode *v = object;
    return __atomic_load_n(&v->size, __ATOMIC_ACQUIRE);
}

static int map_name(void *object, char *buf, size_t size)
{
    struct vnode *v = object;
    fs__ns_read_lock();
    struct dentry *d = fs__vnode_name(v);
    fs__ns_read_unlock();
    if (!d)
        return -ENOENT;
    ssize_t n = fs__dentry_path(d, NULL, buf, size);
    if (n > 0 && !(d->flags & DENTRY_LINKED))
        strlcpy(buf + n, " (deleted)", size - (size_t)n);
    fs__dentry_unref(d);
    return n < 0 ? (int)n : 0;
}

static void map_ident(void *object, uint64_t *dev, uint64_t *ino)
{
    struct vnode *v = object;
    *dev = v->sb->dev;
    *ino = v->ino;
}

static int map_mkwrite(void *object, uint64_t pgoff)
{
    struct vnode *v = object;
    struct page *p = page_cache_peek(v->pc, pgoff);
    if (p)
        page_unref(p);
    else if (!room_for_page(v->sb))
        return -ENOSPC;
    fs__data_charge(v);
    v->mtime = v->ctime = (int64_t)clock_realtime();
    return 0;
}

/* ---------------- the rest ---------------- */

int fs__file_stat(struct file *f, struct kstat *st)
{
    fs__vnode_stat(f->vnode, st);
    return 0;
}

static int reg_sync(struct file *f, bool data_only)
{
    (void)f;
    (void)data_only;
    return 0;                   /* memory is all the storage there is */
}

static int reg_truncate(struct file *f, uint64_t size)
{
    int err = fs__may_write(vnode_of(f)->sb);
    if (!err && size > vnode_of(f)->size)
        err = fs__size_check(size);
    if (!err)
        err = fs__data_truncate(vnode_of(f), size);
    if (!err)
        fs__notify(f->private, IN_MODIFY);
    return err;
}

static void zero_part(struct vnode *v, uint64_t from, uint64_t to)
{
    struct page *p = page_cache_peek(v->pc, from / PAGE_SIZE);
    if (!p)
        return;
    memset((uint8_t *)page_to_virt(p) + from % PAGE_SIZE, 0, to - from);
    page_unref(p);
}

static void punch_locked(struct vnode *v, uint64_t from, uint64_t to)
{
    uint64_t first = ALIGN_UP(from, PAGE_SIZE), last = ALIGN_DOWN(to, PAGE_SIZE);
    if (first > last) {
        zero_part(v, from, to);
        return;
    }
    if (from < first)
        zero_part(v, from, first);
    if (last < to)
        zero_part(v, last, to);
    if (first < last)
        page_cache_drop(v->pc, first / PAGE_SIZE, last / PAGE_SIZE - 1, false);
}

static int allocate_locked(struct vnode *v, int mode, uint64_t off,
                           uint64_t end)
{
    bool grow = !(mode & FALLOC_KEEP_SIZE) && end > v->size;
    struct super *sb = v->sb;
    if ((grow && v->seals & SEAL_GROW) ||
        (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE) &&
         v->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)))
        return -EPERM;
    int err = grow ? fs__size_check(end) : 0;
    if (!err)
        err = fs__data_own_locked(v);
    if (err)
        return err;
    uint64_t used = sb->pages_used, stop = MAX(v->size, off);
    if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
        punch_locked(v, off, MIN(end, stop));
    else if (sb->pages_max && used + (end - off) / PAGE_SIZE > sb->pages_max)
        return -ENOSPC;
    if (grow)
        __atomic_store_n(&v->size, end, __ATOMIC_RELEASE);
    fs__vnode_touch(v);
    fs__data_charge(v);
    return 0;
}

/* MADV_REMOVE; the mapping has a descriptor's right to write. */
static int map_punch(void *object, uint64_t pgoff, uint64_t n)
{
    struct vnode *v = object;
    uint64_t limit = FILE_SIZE_MAX / PAGE_SIZE;
    if (pgoff >= limit)
        return 0;
    mutex_lock(&v->lock);
    int err = allocate_locked(v, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE,
                              pgoff * PAGE_SIZE,
                              MIN(pgoff + n, limit) * PAGE_SIZE);
    mutex_unlock(&v->lock);
    return err;
}

static const struct vma_ops map_ops = {
    .cache = map_cache, .ref = map_ref, .unref = map_unref,
    .size = map_size, .name = map_name, .ident = map_ident,
    .mkwrite = map_mkwrite, .punch = map_punch,
};

static int reg_mmap(struct file *f, struct mm_map_args *args)
{
    struct vnode *v = vnode_of(f);
    bool writer = (f->flags & O_ACCMODE) != O_RDONLY;
    bool shared = args->flags & VMA_SHARED;
    if (shared && v->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE)) {
        if (args->flags & VMA_WRITE)
            return -EPERM;
        args->flags &= ~(unsigned)VMA_MAYWRITE;
    }
    /* A shared mapping of a file that this descriptor may write must show
     * what is written: it takes the copy at once. */
    if (writer && shared) {
        mutex_lock(&v->lock);
        int err = fs__data_own_locked(v);
        mutex_unlock(&v->lock);
        if (err)
            return err;
    }
    args->ops = &map_ops;
    args->object = v;
    return 0;
}

static int reg_allocate(struct file *f, int mode, off_t off, off_t len)
{
    struct vnode *v = vnode_of(f);
    if (off < 0 || len <= 0)
        return -EINVAL;
    if (mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE) ||
        mode == FALLOC_PUNCH_HOLE)
        return -EOPNOTSUPP;
    if ((uint64_t)off >= FILE_SIZE_MAX ||
        (uint64_t)len > FILE_SIZE_MAX - (uint64_t)off)
        return -EFBIG;
    int err = fs__may_write(v->sb);
    if (err)
        return err;
    mutex_lock(&v->lock);
    err = allocate_locked(v, mode, (uint64_t)off,
                          (uint64_t)off + (uint64_t)len);
    mutex_unlock(&v->lock);
    if (!err)
        fs__notify(f->private, IN_MODIFY);
    return err;
}

int fs__file_name(struct file *f, char *buf, size_t size)
{
    return fs_file_path(f, buf, size);
}

void fs__file_release(struct file *f)
{
    struct dentry *d = f->private;
    fs__notify(d, (f->flags & O_ACCMODE) == O_RDONLY ? IN_CLOSE_NOWRITE
                                                     : IN_CLOSE_WRITE);
    fs__flock_release(f);
    fs_locks_drop(f, f);        /* those that the open file itself owns */
    fs__dentry_unref(d);
}

const struct file_ops fs__reg_ops = {
    .type = "file",
    .read = reg_read, .write = reg_write, .seek = reg_seek,
    .mmap = reg_mmap, .stat = fs__file_stat, .sync = reg_sync,
    .truncate = reg_truncate, .allocate = reg_allocate,
    .name = fs__file_name, .release = fs__file_release,
    .closed = fs__file_closed,
};
