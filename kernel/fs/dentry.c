/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of names: one hash over (directory, name), and per directory a tree
 * by cookie for stable positions of getdents.
 *
 * A linked dentry has one reference of the tree's. Absent names are kept as
 * dentries without a vnode where a source lies below (as whiteout, or so that
 * the source need not be asked again, up to DIR_NEGATIVES_MAX a directory).
 */
#include "fs_priv.h"

#define HASH_START 1024

/* Readers count up; a writer takes the high bit, then waits for them. */
#define NS_WRITER 0x80000000u
static uint32_t ns_word;

static struct dentry **table;       /* [ns] */
static size_t table_size;           /* [ns] a power of two */
static size_t table_used;           /* [ns] */

void fs__ns_read_lock(void)
{
    for (;;) {
        uint32_t was = __atomic_fetch_add(&ns_word, 1, __ATOMIC_ACQUIRE);
        if (likely(!(was & NS_WRITER)))
            return;
        __atomic_fetch_sub(&ns_word, 1, __ATOMIC_RELAXED);
        while (__atomic_load_n(&ns_word, __ATOMIC_RELAXED) & NS_WRITER)
            cpu_relax();
    }
}

void fs__ns_read_unlock(void)
{
    __atomic_fetch_sub(&ns_word, 1, __ATOMIC_RELEASE);
}

void fs__ns_write_lock(void)
{
    while (__atomic_fetch_or(&ns_word, NS_WRITER, __ATOMIC_ACQUIRE) &
           NS_WRITER)
        cpu_relax();
    while (__atomic_load_n(&ns_word, __ATOMIC_ACQUIRE) != NS_WRITER)
        cpu_relax();
}

void fs__ns_write_unlock(void)
{
    __atomic_fetch_and(&ns_word, ~NS_WRITER, __ATOMIC_RELEASE);
}

uint32_t fs__name_hash(const char *name, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h;
}

static size_t bucket(const struct dentry *dir, uint32_t hash)
{
    uint64_t k = hash ^ ((uint64_t)(uintptr_t)dir >> 5) * 0x9e3779b97f4a7c15ull;
    return (k ^ k >> 29) & (table_size - 1);
}

struct dentry *fs__dentry_find(struct dentry *dir, uint32_t hash,
                               const char *name, size_t len)
{
    struct dentry *d = table[bucket(dir, hash)];
    for (; d; d = d->hash_next)
        if (d->hash == hash && d->parent == dir && d->len == len &&
            !memcmp(d->name, name, len))
            return d;
    return NULL;
}

/* Growing is best effort: a full table only gets slower. */
static void table_grow(void)
{
    size_t was = table_size;
    struct dentry **old = table;
    struct dentry **bigger = kcalloc(was * 2, sizeof(*table));
    if (!bigger)
        return;
    table = bigger;
    table_size = was * 2;
    for (size_t i = 0; i < was; i++) {
        struct dentry *d = old[i];
        while (d) {
            struct dentry *next = d->hash_next;
            size_t b = bucket(d->parent, d->hash);
            d->hash_next = table[b];
            table[b] = d;
            d = next;
        }
    }
    kfree(old);
}

struct dentry *fs__dentry_ref(struct dentry *d)
{
    __atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
    return d;
}

/* An alias holds no reference: it may be on its way out. */
struct dentry *fs__vnode_name(struct vnode *v)
{
    struct dentry *d = v->alias;
    uint32_t n = d ? __atomic_load_n(&d->refs, __ATOMIC_RELAXED) : 0;
    while (n)
        if (__atomic_compare_exchange_n(&d->refs, &n, n + 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return d;
    return NULL;
}

static struct dentry *dentry_free(struct dentry *d)
{
    struct dentry *parent = d->parent == d ? NULL : d->parent;
    struct vnode *v = d->vnode;
    ASSERT(!(d->flags & DENTRY_LINKED));
    if (v) {
        fs__ns_write_lock();
        if (v->alias == d)
            v->alias = NULL;
        fs__ns_write_unlock();
        fs__vnode_unref(v);
    }
    if (d->name != d->inline_name)
        kfree(d->name);
    kfree(d);
    return parent;
}

/* Goes up as long as parents lose their last reference. */
void fs__dentry_unref(struct dentry *d)
{
    while (d && __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0)
        d = dentry_free(d);
}

struct dentry *fs__dentry_create(struct dentry *parent, const char *name,
                                 size_t len)
{
    ASSERT(len <= NAME_MAX);
    struct dentry *d = kzalloc(sizeof(*d));
    if (!d)
        return NULL;
    d->name = d->inline_name;
    if (len >= DENTRY_INLINE)
        d->name = kmalloc(len + 1);
    if (!d->name) {
        kfree(d);
        return NULL;
    }
    memcpy(d->name, name, len);
    d->name[len] = 0;
    d->len = (uint8_t)len;
    d->hash = fs__name_hash(name, len);
    d->refs = 1;
    d->parent = parent ? fs__dentry_ref(parent) : d;
    return d;
}

static void children_insert(struct vnode *dir, struct dentry *d)
{
    struct tree_node *last = tree_last(&dir->children);
    d->cookie = dir->next_cookie++;
    tree_insert(&dir->children, &d->node, last,
                last ? &last->right : &dir->children.root);
}

void fs__dentry_link(struct dentry *d)
{
    ASSERT(!(d->flags & DENTRY_LINKED));
    if (table_used >= table_size)
        table_grow();
    size_t b = bucket(d->parent, d->hash);
    d->hash_next = table[b];
    table[b] = d;
    table_used++;
    children_insert(d->parent->vnode, d);
    d->flags |= DENTRY_LINKED;
    fs__dentry_ref(d);
    if (!d->vnode && !(d->flags & DENTRY_STUB))
        d->parent->vnode->negatives++;
}

void fs__dentry_unlink(struct dentry *d)
{
    ASSERT(d->flags & DENTRY_LINKED);
    struct dentry **p = &table[bucket(d->parent, d->hash)];
    while (*p != d)
        p = &(*p)->hash_next;
    *p = d->hash_next;
    table_used--;
    tree_remove(&d->parent->vnode->children, &d->node);
    d->flags &= (uint8_t)~DENTRY_LINKED;
    if (!d->vnode && !(d->flags & DENTRY_STUB))
        d->parent->vnode->negatives--;
}

void fs__dentry_set_vnode(struct dentry *d, struct vnode *v)
{
    ASSERT(!d->vnode && v);
    if ((d->flags & (DENTRY_LINKED | DENTRY_STUB)) == DENTRY_LINKED)
        d->parent->vnode->negatives--;
    d->flags &= (uint8_t)~DENTRY_STUB;
    d->vnode = v;
    v->alias = d;
}

/* A present name has been asked from the source: keep it, unless another
 * walk was faster. Takes v. */
static struct dentry *loaded_add(struct dentry *dir, const char *name,
                                 size_t len, struct vnode *v)
{
    struct dentry *mine = fs__dentry_create(dir, name, len);
    if (!mine) {
        fs__vnode_unref(v);
        return ERR_PTR(-ENOMEM);
    }
    if (dir->vnode->flags & VNODE_DYNAMIC) {
        mine->vnode = v;
        return mine;
    }
    fs__ns_write_lock();
    struct dentry *d = fs__dentry_find(dir, mine->hash, name, len);
    if (!d) {
        d = mine;
        mine = NULL;
        d->vnode = v;
        v->alias = d;
        v = NULL;
        fs__dentry_link(d);
    } else {
        fs__dentry_ref(d);
        if (d->flags & DENTRY_STUB) {
            fs__dentry_set_vnode(d, v);
            v = NULL;
        }
    }
    fs__ns_write_unlock();
    if (v)
        fs__vnode_unref(v);
    fs__dentry_unref(mine);
    if (!d->vnode) {
        fs__dentry_unref(d);
        return NULL;
    }
    return d;
}

/* The source says that there is no such name. */
static void absent_add(struct dentry *dir, const char *name, size_t len)
{
    if (dir->vnode->flags & (VNODE_DYNAMIC | VNODE_COMPLETE) ||
        dir->vnode->negatives >= DIR_NEGATIVES_MAX)
        return;
    struct dentry *d = fs__dentry_create(dir, name, len);
    if (!d)
        return;
    fs__ns_write_lock();
    if (dir->flags & DENTRY_LINKED || dir->parent == dir)
        if (!fs__dentry_find(dir, d->hash, name, len))
            fs__dentry_link(d);
    fs__ns_write_unlock();
    fs__dentry_unref(d);
}

struct dentry *fs__dentry_get(struct dentry *dir, const char *name,
                              size_t len)
{
    struct vnode *dv = dir->vnode;
    uint32_t hash = fs__name_hash(name, len);
    fs__ns_read_lock();
    struct dentry *d = fs__dentry_find(dir, hash, name, len);
    bool stub = d && d->flags & DENTRY_STUB;
    if (d && !stub)
        d = d->vnode ? fs__dentry_ref(d) : NULL;
    else if (!stub && (dv->flags & VNODE_COMPLETE || !dv->ops->lookup))
        d = NULL;
    else
        d = ERR_PTR(-EAGAIN);
    fs__ns_read_unlock();
    if (!IS_ERR(d))
        return d;
    ASSERT(dv->ops->lookup);
    struct vnode *v = dv->ops->lookup(dv, name, len);
    if (!IS_ERR(v))
        return loaded_add(dir, name, len, v);
    if (PTR_ERR(v) != -ENOENT)
        return ERR_PTR(PTR_ERR(v));
    absent_add(dir, name, len);
    return NULL;
}

int fs__dentry_stub(struct dentry *dir, const char *name, size_t len,
                    uint64_t ino, unsigned dtype)
{
    struct dentry *d = fs__dentry_create(dir, name, len);
    if (!d)
        return -ENOMEM;
    d->flags |= DENTRY_STUB;
    d->ino = ino;
    d->dtype = (uint8_t)dtype;
    fs__ns_write_lock();
    if (!fs__dentry_find(dir, d->hash, name, len))
        fs__dentry_link(d);
    fs__ns_write_unlock();
    fs__dentry_unref(d);
    return 0;
}

int fs__dentry_populate(struct dentry *dir)
{
    struct vnode *v = dir->vnode;
    if (v->flags & VNODE_COMPLETE || !v->ops->populate)
        return 0;
    int err = v->ops->populate(v, dir);
    if (!err)
        __atomic_fetch_or(&v->flags, VNODE_COMPLETE, __ATOMIC_RELEASE);
    return err;
}

struct dentry *fs__dentry_after(struct vnode *dir, uint64_t cookie)
{
    struct tree_node *n = dir->children.root, *best = NULL;
    while (n) {
        struct dentry *d = tree_entry(n, struct dentry, node);
        if (d->cookie >= cookie) {
            best = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    for (; best; best = tree_next(best)) {
        struct dentry *d = tree_entry(best, struct dentry, node);
        if (d->vnode || d->flags & DENTRY_STUB)
            return d;
    }
    return NULL;
}

bool fs__dentry_empty(struct dentry *dir)
{
    fs__ns_read_lock();
    bool empty = !fs__dentry_after(dir->vnode, 0);
    fs__ns_read_unlock();
    return empty;
}

/* One step up, across mounts; NULL at the top. ns held. */
static struct dentry *dentry_above(struct dentry *d)
{
    while (d->parent == d) {
        struct mount *m = d->vnode->sb->mount;
        if (!m || !m->at)
            return NULL;
        d = m->at;
    }
    return d->parent;
}

/* The name to show for d: a mount's root goes by the name it covers. */
static struct dentry *dentry_shown(struct dentry *d)
{
    while (d->parent == d) {
        struct mount *m = d->vnode->sb->mount;
        if (!m || !m->at)
            break;
        d = m->at;
    }
    return d;
}

ssize_t fs__dentry_path(struct dentry *d, struct dentry *root, char *buf,
                        size_t size)
{
    char *p = buf + size;
    ssize_t n = -ERANGE;
    if (size < 2)
        return -ERANGE;
    fs__ns_read_lock();
    for (; d && d != root; d = dentry_above(d)) {
        struct dentry *s = dentry_shown(d);
        if (s->parent == s)
            break;
        if ((size_t)(p - buf) < s->len + 2u)
            goto out;
        p -= s->len;
        memcpy(p, s->name, s->len);
        *--p = '/';
    }
    if (p == buf + size)
        *--p = '/';
    n = buf + size - p;
    if ((size_t)n >= size) {
        n = -ERANGE;
        goto out;
    }
    memmove(buf, p, (size_t)n);
    buf[n] = 0;
out:
    fs__ns_read_unlock();
    return n;
}

void fs__dentry_init(void)
{
    table_size = HASH_START;
    table = kcalloc(table_size, sizeof(*table));
    ASSERT(table);
}
