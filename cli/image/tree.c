/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "../util/progress.h"

#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40
#define WALK_FDS 16
#define MODE_MASK 07777

static size_t hash_of(const char *s)
{
    size_t h = 0xcbf29ce484222325u;

    while (*s) {
        h = (h ^ (unsigned char)*s++) * 0x100000001b3u;
    }
    return h;
}

/* The slot that holds the path, or the free one where it belongs. */
static size_t *slot_of(const struct tree *t, const char *path)
{
    size_t i = hash_of(path) & (t->nslots - 1);

    while (t->slots[i] && strcmp(t->nodes[t->slots[i] - 1]->path, path)) {
        i = (i + 1) & (t->nslots - 1);
    }
    return &t->slots[i];
}

static void rehash(struct tree *t, size_t nslots)
{
    free(t->slots);
    t->slots = xcalloc(nslots, sizeof(*t->slots));
    t->nslots = nslots;
    for (size_t i = 0; i < t->nr; i++) {
        *slot_of(t, t->nodes[i]->path) = i + 1;
    }
}

static struct tree_node *lookup(const struct tree *t, const char *path)
{
    size_t slot = *slot_of(t, path);

    return slot ? t->nodes[slot - 1] : NULL;
}

static struct tree_node *insert(struct tree *t, char *path)
{
    struct tree_node *node = xcalloc(1, sizeof(*node));

    if ((t->nr + 1) * 2 > t->nslots) {
        rehash(t, t->nslots * 2);
    }
    if (t->nr == t->alloc) {
        t->alloc = t->alloc * 2;
        t->nodes = xrealloc(t->nodes, t->alloc * sizeof(*t->nodes));
    }
    node->path = path;
    *slot_of(t, path) = t->nr + 1;
    t->nodes[t->nr++] = node;
    return node;
}

void tree_init(struct tree *t)
{
    memset(t, 0, sizeof(*t));
    t->alloc = 64;
    t->nodes = xcalloc(t->alloc, sizeof(*t->nodes));
    rehash(t, 256);
    strvec_init(&t->prepare);
    strvec_init(&t->env);
    strvec_init(&t->libraries);
    insert(t, xstrdup("/"))->mode = 0755;
}

void tree_release(struct tree *t)
{
    for (size_t i = 0; i < t->nr; i++) {
        free(t->nodes[i]->path);
        free(t->nodes[i]->source);
        free(t->nodes[i]->text);
        free(t->nodes[i]);
    }
    free(t->nodes);
    free(t->slots);
    strvec_release(&t->prepare);
    strvec_release(&t->env);
    strvec_release(&t->libraries);
}

/*
 * The path with every link on the way replaced by where it points, and the
 * last one too when `last`. NULL: too many links. Parts that are not in the
 * tree are taken as they are.
 */
static char *resolve(const struct tree *t, const char *path, bool last)
{
    char *left = path_normalize(path);
    int links = 0;

restart:
    for (char *p = left + 1;; p++) {
        struct tree_node *node;
        char keep = *p, *base, *target, *rest;

        if (keep && keep != '/') {
            continue;
        }
        *p = '\0';
        node = !keep && !last ? NULL : lookup(t, left);
        *p = keep;
        if (node && node->kind == TREE_LINK) {
            base = path_dirname(node->path);
            target = path_join(base, node->source);
            rest = xstrfmt("%s%s", target, p);
            free(base);
            free(target);
            free(left);
            left = path_normalize(rest);
            free(rest);
            if (++links > LINKS_MAX) {
                free(left);
                return NULL;
            }
            goto restart;
        }
        if (!keep) {
            return left;
        }
    }
}

struct tree_node *tree_find(const struct tree *t, const char *path)
{
    char *real = resolve(t, path, true);
    struct tree_node *node = real ? lookup(t, real) : NULL;

    free(real);
    return node;
}

/* There can be no path in the image; ends with why. */
static void refuse(const struct tree *t, const char *path, const char *why,
                   const char *what)
{
    char *place = t->line ? xstrfmt("%s:%d: ", t->file, t->line)
                          : xstrdup("");

    error("%s%s cannot be in the image: %s%s", place, path, what, why);
    free(place);
}

/* Makes the folders above path; false after an error. */
static bool make_parents(struct tree *t, const char *path)
{
    for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        char *dir = xstrndup(path, (size_t)(p - path));
        struct tree_node *node = lookup(t, dir);

        if (!node) {
            insert(t, dir)->mode = 0755;
            continue;
        }
        free(dir);
        if (node->kind != TREE_DIR) {
            refuse(t, path, " is not a folder there", node->path);
            return false;
        }
    }
    return true;
}

static struct tree_node *add(struct tree *t, const char *path,
                             enum tree_kind kind)
{
    char *real = resolve(t, path, kind == TREE_DIR);
    struct tree_node *node;

    if (!real) {
        refuse(t, path, "too many symbolic links on the way", "");
        return NULL;
    }
    node = lookup(t, real);
    if (node) {
        free(real);
        if (node->kind == TREE_DIR && kind != TREE_DIR) {
            refuse(t, path, "it is already a folder there", "");
            return NULL;
        }
        free(node->source);
        free(node->text);
        node->source = NULL;
        node->text = NULL;
        node->line = 0;
        node->foreign = false;
        node->found = false;
    } else {
        if (!make_parents(t, real)) {
            free(real);
            return NULL;
        }
        node = insert(t, real);
    }
    node->kind = kind;
    return node;
}

struct tree_node *tree_add_dir(struct tree *t, const char *path, mode_t mode)
{
    struct tree_node *node = add(t, path, TREE_DIR);

    if (node) {
        node->mode = mode & MODE_MASK;
    }
    return node;
}

struct tree_node *tree_add_link(struct tree *t, const char *path,
                                const char *target)
{
    struct tree_node *node = add(t, path, TREE_LINK);

    if (node) {
        node->source = xstrdup(target);
        node->mode = 0777;
    }
    return node;
}

struct tree_node *tree_add_file(struct tree *t, const char *path,
                                const char *host, mode_t mode)
{
    struct tree_node *node = add(t, path, TREE_FILE);

    if (node) {
        node->source = xstrdup(host);
        node->mode = mode & MODE_MASK;
    }
    return node;
}

struct tree_node *tree_add_text(struct tree *t, const char *path,
                                const char *text)
{
    struct tree_node *node = add(t, path, TREE_FILE);

    if (node) {
        node->text = xstrdup(text);
        node->mode = 0644;
    }
    return node;
}

/* nftw() passes no context, so a walk leaves it here. */
static struct {
    struct tree *tree;
    const struct tree_folder *folder;
    const char *guest;
    size_t skip;            /* length of the host folder's path */
} walk;

static bool is_left_out(const char *name)
{
    const char *const *p = walk.folder->leave_out;

    while (p && *p) {
        if (!fnmatch(*p++, name, 0)) {
            return true;
        }
    }
    return false;
}

static struct tree_node *add_link_of(const char *guest, const char *host)
{
    char target[PATH_MAX];
    ssize_t n = readlink(host, target, sizeof(target) - 1);

    if (n < 0) {
        error("cannot read the link %s: %s", host, strerror(errno));
        return NULL;
    }
    target[n] = '\0';
    return tree_add_link(walk.tree, guest, target);
}

static int walk_one(const char *host, const struct stat *st, int type,
                    struct FTW *ftw)
{
    struct tree_node *node = NULL;
    char *guest;

    path_check_signals();
    progress_tick(0, 0);
    if (ftw->level && is_left_out(host + ftw->base)) {
        return type == FTW_D ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
    }
    guest = xstrfmt("%s/%s", walk.guest, host + walk.skip);
    if (walk.folder->keep && tree_find(walk.tree, guest)) {
        free(guest);
        return FTW_CONTINUE;
    }
    if (type == FTW_DNR || type == FTW_NS) {
        error("cannot read %s: permission denied", host);
    } else if (S_ISDIR(st->st_mode)) {
        node = tree_add_dir(walk.tree, guest, st->st_mode);
    } else if (S_ISLNK(st->st_mode)) {
        node = add_link_of(guest, host);
    } else if (S_ISREG(st->st_mode)) {
        node = tree_add_file(walk.tree, guest, host, st->st_mode);
    } else {
        warning("%s is neither a file, a folder nor a link: left out", host);
        free(guest);
        return FTW_CONTINUE;
    }
    free(guest);
    if (!node) {
        return FTW_STOP;
    }
    node->line = walk.folder->line;
    node->foreign = walk.folder->foreign;
    node->found = true;
    return FTW_CONTINUE;
}

int tree_add_folder(struct tree *t, const struct tree_folder *folder)
{
    /* nftw with FTW_PHYS would not enter a link: the dot makes it a folder */
    char *top = xstrfmt("%s/.", folder->host);
    int rc;

    walk.tree = t;
    walk.folder = folder;
    walk.guest = strcmp(folder->path, "/") ? folder->path : "";
    walk.skip = strlen(top);
    progress_begin("reading folders");
    rc = nftw(top, walk_one, WALK_FDS, FTW_PHYS | FTW_ACTIONRETVAL);
    progress_clear();
    free(top);
    return rc ? -1 : 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct tree_node *const *)a)->path,
                  (*(struct tree_node *const *)b)->path);
}

void tree_sort(struct tree *t)
{
    qsort(t->nodes, t->nr, sizeof(*t->nodes), by_path);
    rehash(t, t->nslots);
}

uint64_t tree_node_size(const struct tree_node *node)
{
    struct stat st;

    if (node->kind != TREE_FILE) {
        return 0;
    }
    if (!node->source) {
        return strlen(node->text);
    }
    return stat(node->source, &st) ? 0 : (uint64_t)st.st_size;
}

/* The files written so far, by what they were written from. */
struct staged {
    dev_t dev;
    ino_t ino;
    mode_t mode;
    char *path;
};

/* The slot that holds a file's first copy, or the free one for it. */
static struct staged *staged_slot(struct staged *table, size_t nslots,
                                  const struct stat *st, mode_t mode)
{
    size_t i = (size_t)st->st_ino & (nslots - 1);

    while (table[i].path &&
           (table[i].dev != st->st_dev || table[i].ino != st->st_ino ||
            table[i].mode != mode)) {
        i = (i + 1) & (nslots - 1);
    }
    return &table[i];
}

static void staged_free(struct staged *table, size_t nslots)
{
    for (size_t i = 0; i < nslots; i++) {
        free(table[i].path);
    }
    free(table);
}

/*
 * What is one file on this host is one in the image, wherever the image is
 * made. A hard link to the host's costs nothing, but only serves where the
 * mode is right and the system lets us; otherwise the bytes are copied.
 */
static void write_file(const struct tree_node *node, const char *to,
                       struct staged *table, size_t nslots)
{
    struct staged *first;
    struct stat st, own;

    if (!node->source) {
        path_write_file(to, node->text, strlen(node->text), node->mode);
        return;
    }
    if (lstat(node->source, &own) || stat(node->source, &st)) {
        die_errno("cannot read %s", node->source);
    }
    first = staged_slot(table, nslots, &st, node->mode);
    if (first->path && !link(first->path, to)) {
        return;
    }
    if (!S_ISREG(own.st_mode) || (own.st_mode & MODE_MASK) != node->mode ||
        link(node->source, to)) {
        path_copy_file(node->source, to, node->mode);
    }
    if (!first->path) {
        *first = (struct staged){st.st_dev, st.st_ino, node->mode,
                                 xstrdup(to)};
    }
}

static void write_node(const struct tree_node *node, const char *to,
                       struct staged *table, size_t nslots)
{
    switch (node->kind) {
    case TREE_DIR:
        if (mkdir(to, 0700)) {
            die_errno("cannot make the folder %s", to);
        }
        break;
    case TREE_LINK:
        if (symlink(node->source, to)) {
            die_errno("cannot make the link %s", to);
        }
        break;
    case TREE_FILE:
        write_file(node, to, table, nslots);
        break;
    }
}

static void prepare(struct tree *t, const char *dir, const char *stamp)
{
    struct strbuf text;
    int rc;

    if (!t->prepare.nr) {
        return;
    }
    strbuf_init(&text);
    strvec_push(&t->prepare, dir);
    strvec_push(&t->prepare, stamp);
    progress_begin("compiling modules");
    rc = proc_run(&t->prepare, "/", &text, &text);
    progress_clear();
    strbuf_rtrim(&text);
    if (rc) {
        die("%s failed with status %d while it compiled the image's modules: "
            "%s", t->prepare.v[0], rc, text.buf);
    }
    strbuf_release(&text);
}

void tree_write(struct tree *t, const char *dir, const char *stamp)
{
    struct staged *table = xcalloc(t->nslots, sizeof(*table));

    progress_begin("gathering files");
    for (size_t i = 1; i < t->nr; i++) {
        char *to = xstrfmt("%s%s", dir, t->nodes[i]->path);

        path_check_signals();
        write_node(t->nodes[i], to, table, t->nslots);
        free(to);
        progress_tick(i, t->nr);
    }
    progress_clear();
    staged_free(table, t->nslots);
    prepare(t, dir, stamp);
    for (size_t i = 0; i < t->nr; i++) {
        char *to = xstrfmt("%s%s", dir, t->nodes[i]->path);

        if (t->nodes[i]->kind == TREE_DIR && chmod(to, t->nodes[i]->mode)) {
            die_errno("cannot set the mode of %s", to);
        }
        free(to);
    }
}
