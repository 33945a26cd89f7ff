/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One object (struct object) for each ELF file of ours in the tree. They form
 * a growing list: resolving one may add others to its end, and the list is
 * walked once, so nothing recurses. An object knows who loaded it first, as
 * DT_RPATH is inherited.
 *
 * A search folder is a pair: where it is in the guest and where its like is
 * on the host. They differ only for $ORIGIN.
 */
#include "closure.h"
#include "../util/path.h"
#include "elfinfo.h"

#include <glob.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define OBJECTS_MAX 20000
#define CONF_MAX (1u << 20)
#define CONF_FILES_MAX 1000

struct object {
    char *guest;
    char *host;
    struct elfinfo info;
    struct object *loader;      /* who needed it first; NULL for a program */
    int line;
    bool musl;
};

struct closure {
    struct tree *tree;
    const struct hullfile *hf;
    struct object **objects;
    size_t nr;
    struct strvec glibc_dirs;   /* built into ld.so, in its order */
    struct strvec conf_dirs;    /* from /etc/ld.so.conf */
    struct strvec musl_dirs;
    int errors;
};

static const char *const glibc_builtin[] = {
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64",
    "/usr/lib64", "/lib", "/usr/lib",
};

/* musl serves these itself, whatever comes behind the dot. */
static const char *const musl_own[] = {
    "libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.",
    "libxnet.",
};

static void read_conf_line(char *line, struct strvec *dirs,
                           struct strvec *files)
{
    glob_t g;

    line[strcspn(line, "#\n")] = '\0';
    line += strspn(line, " \t");
    for (size_t n = strlen(line); n && strchr(" \t", line[n - 1]); n--) {
        line[n - 1] = '\0';
    }
    if (line[0] == '/') {
        strvec_push(dirs, line);
        return;
    }
    if (!str_starts(line, "include") || !strchr(" \t", line[7])) {
        return;
    }
    line += 7 + strspn(line + 7, " \t");
    if (glob(line, 0, NULL, &g)) {
        return;
    }
    for (size_t i = 0; i < g.gl_pathc; i++) {
        if (!strvec_has(files, g.gl_pathv[i]) &&
            files->nr < CONF_FILES_MAX) {
            strvec_push(files, g.gl_pathv[i]);
        }
    }
    globfree(&g);
}

static void read_ld_so_conf(struct strvec *dirs)
{
    struct strvec files, lines;
    struct strbuf text;

    strvec_init(&files);
    strvec_init(&lines);
    strbuf_init(&text);
    strvec_push(&files, "/etc/ld.so.conf");
    for (size_t i = 0; i < files.nr; i++) {
        strbuf_clear(&text);
        strvec_clear(&lines);
        if (path_read_file(files.v[i], &text, CONF_MAX)) {
            continue;
        }
        strvec_split(&lines, text.buf, "\n");
        for (size_t j = 0; j < lines.nr; j++) {
            read_conf_line(lines.v[j], dirs, &files);
        }
    }
    strbuf_release(&text);
    strvec_release(&lines);
    strvec_release(&files);
}

static void read_musl_path(struct strvec *dirs)
{
    struct strbuf text;

    strbuf_init(&text);
    if (!path_read_file("/etc/ld-musl-x86_64.path", &text, CONF_MAX)) {
        strvec_split(dirs, text.buf, ":\n");
    }
    strbuf_release(&text);
    strvec_push(dirs, "/lib");
    strvec_push(dirs, "/usr/local/lib");
    strvec_push(dirs, "/usr/lib");
}

static struct object *find_object(struct closure *c, const char *guest)
{
    struct tree_node *node = tree_find(c->tree, guest);

    for (size_t i = 0; node && i < c->nr; i++) {
        if (!strcmp(c->objects[i]->guest, node->path)) {
            return c->objects[i];
        }
    }
    return NULL;
}

static void complain(struct closure *c, int line, const char *host,
                     const char *reason)
{
    c->errors++;
    hullfile_error(c->hf, line, "%s cannot be used: %s; replace it by a whole "
                   "x86-64 file", host, reason);
}

/* Notes a file of the tree if it is ELF; the list grows by it. */
static void add_object(struct closure *c, const struct tree_node *node,
                       struct object *loader)
{
    struct object *o;
    struct elfinfo info;
    char *reason;

    switch (elfinfo_read(&info, node->source, &reason)) {
    case ELFINFO_NOT_ELF:
        return;
    case ELFINFO_OTHER:
        /* a package may hold one for each machine, and there is data that
         * is ELF but no code; whoever wants the file itself, names it */
        if (!node->found || loader) {
            complain(c, node->line, node->source, reason);
        }
        free(reason);
        return;
    case ELFINFO_BAD:
        complain(c, node->line, node->source, reason);
        free(reason);
        return;
    case ELFINFO_OK:
        break;
    }
    if (c->nr == OBJECTS_MAX) {
        die("more than %d ELF files in one image; put them in by rootfs",
            OBJECTS_MAX);
    }
    o = xcalloc(1, sizeof(*o));
    o->guest = xstrdup(node->path);
    o->host = xstrdup(node->source);
    o->info = info;
    o->loader = loader;
    o->line = node->line;
    o->musl = info.interp ? strstr(info.interp, "/ld-musl") != NULL
                          : loader ? loader->musl
                                   : strvec_has(&info.needed, "libc.so") ||
                                     strvec_has(&info.needed,
                                                "libc.musl-x86_64.so.1");
    c->objects = xrealloc(c->objects, (c->nr + 1) * sizeof(*c->objects));
    c->objects[c->nr++] = o;
}

/* Whether a host file can serve as a library for this machine. */
static bool fits(const char *host)
{
    struct elfinfo info;
    char *reason;

    switch (elfinfo_read(&info, host, &reason)) {
    case ELFINFO_OK:
        elfinfo_release(&info);
        return true;
    case ELFINFO_OTHER:
    case ELFINFO_BAD:
        free(reason);
        return false;
    case ELFINFO_NOT_ELF:
        break;
    }
    return false;
}

/* Takes a library that lies at guest path in the tree, or at host path on
 * this machine, into the tree. False where neither is there. */
static bool take_library(struct closure *c, struct object *o,
                         const char *guest, const char *host)
{
    struct tree_node *node = tree_find(c->tree, guest);
    struct stat st;
    char *real;

    if (node && node->kind == TREE_FILE) {
        if (!node->foreign && node->source && !find_object(c, guest)) {
            add_object(c, node, o);
        }
        return true;
    }
    if (!host || !path_exists(host) || !fits(host)) {
        return false;
    }
    real = realpath(host, NULL);
    node = real && !stat(real, &st)
               ? tree_add_file(c->tree, guest, real, st.st_mode) : NULL;
    free(real);
    if (!node) {
        c->errors++;
        return false;
    }
    node->line = o->line;
    add_object(c, node, o);
    return true;
}

/* "$ORIGIN/../lib" with the folder of a file put in; freed by the caller. */
static char *expand_origin(const char *entry, const char *file)
{
    char *dir = path_dirname(file), *out, *normal;
    struct strbuf sb;

    strbuf_init(&sb);
    while (*entry) {
        if (str_starts(entry, "$ORIGIN")) {
            strbuf_addstr(&sb, dir);
            entry += 7;
        } else if (str_starts(entry, "${ORIGIN}")) {
            strbuf_addstr(&sb, dir);
            entry += 9;
        } else if (str_starts(entry, "$LIB")) {
            strbuf_addstr(&sb, "lib/x86_64-linux-gnu");
            entry += 4;
        } else {
            strbuf_addch(&sb, *entry++);
        }
    }
    free(dir);
    out = strbuf_detach(&sb);
    normal = path_normalize(out);
    free(out);
    return normal;
}

/* Looks through a ':' list such as a runpath; `owner` is whose it is. */
static bool search_path(struct closure *c, struct object *o,
                        const struct object *owner, const char *list,
                        const char *name)
{
    struct strvec dirs;
    bool found = false;

    if (!list) {
        return false;
    }
    strvec_init(&dirs);
    strvec_split(&dirs, list, ":");
    for (size_t i = 0; i < dirs.nr && !found; i++) {
        char *gdir = expand_origin(dirs.v[i], owner->guest);
        char *hdir = expand_origin(dirs.v[i], owner->host);
        char *guest = path_join(gdir, name);
        char *host = path_join(hdir, name);

        found = take_library(c, o, guest, host);
        free(gdir);
        free(hdir);
        free(guest);
        free(host);
    }
    strvec_release(&dirs);
    return found;
}

static bool search_dirs(struct closure *c, struct object *o,
                        const struct strvec *dirs, const char *name)
{
    for (size_t i = 0; i < dirs->nr; i++) {
        char *path = path_join(dirs->v[i], name);
        bool found = take_library(c, o, path, path);

        free(path);
        if (found) {
            return true;
        }
    }
    return false;
}

/* What ld.so finds through its cache, which the guest does not have: the file
 * goes where it lies here, with a link from a folder ld.so searches. */
static bool search_conf(struct closure *c, struct object *o, const char *name)
{
    for (size_t i = 0; i < c->conf_dirs.nr; i++) {
        char *path = path_join(c->conf_dirs.v[i], name);
        bool found = take_library(c, o, path, path);

        if (found && !strvec_has(&c->glibc_dirs, c->conf_dirs.v[i])) {
            char *at = path_join(glibc_builtin[0], name);

            found = tree_add_link(c->tree, at, path) != NULL;
            free(at);
        }
        free(path);
        if (found) {
            return true;
        }
    }
    return false;
}

static bool find_musl(struct closure *c, struct object *o, const char *name)
{
    for (size_t i = 0; i < sizeof(musl_own) / sizeof(*musl_own); i++) {
        if (str_starts(name, musl_own[i])) {
            return true;
        }
    }
    if (search_path(c, o, o, strvec_env(&c->hf->env, "LD_LIBRARY_PATH"),
                    name)) {
        return true;
    }
    for (const struct object *p = o; p; p = p->loader) {
        if (search_path(c, o, p, p->info.rpath, name) ||
            search_path(c, o, p, p->info.runpath, name)) {
            return true;
        }
    }
    return search_dirs(c, o, &c->musl_dirs, name);
}

static bool find_glibc(struct closure *c, struct object *o, const char *name)
{
    if (!o->info.runpath) {
        for (const struct object *p = o; p; p = p->loader) {
            if (search_path(c, o, p, p->info.rpath, name)) {
                return true;
            }
        }
    }
    return search_path(c, o, o, strvec_env(&c->hf->env, "LD_LIBRARY_PATH"),
                       name) ||
           search_path(c, o, o, o->info.runpath, name) ||
           search_conf(c, o, name) ||
           search_dirs(c, o, &c->glibc_dirs, name);
}

/* Whoever opens a lone library may well have opened what it needs before, as
 * the JVM does: it is enough that the image has it. */
static bool somewhere(const struct closure *c, const char *name)
{
    for (size_t i = 0; i < c->tree->nr; i++) {
        if (!strcmp(path_basename(c->tree->nodes[i]->path), name)) {
            return true;
        }
    }
    return false;
}

static void missing(struct closure *c, const struct object *o,
                    const char *name)
{
    const struct object *top = o;

    while (top->loader) {
        top = top->loader;
    }
    if (!top->info.executable) {
        if (!somewhere(c, name)) {
            warning("%s:%d: %s needs the library %s, which is not to be "
                    "found", c->hf->path, o->line, o->guest, name);
        }
        return;
    }
    c->errors++;
    hullfile_error(c->hf, o->line, "%s needs the library %s, which is neither "
                   "in the image nor on this host; install it, or add it to "
                   "files", o->host, name);
}

static void resolve_needed(struct closure *c, struct object *o)
{
    for (size_t i = 0; i < o->info.needed.nr; i++) {
        const char *name = o->info.needed.v[i];
        bool found;

        if (str_starts(name, "ld-linux-") && !o->musl) {
            continue;   /* the interpreter, which is there already */
        }
        if (strchr(name, '/')) {
            found = take_library(c, o, name, name);
        } else {
            found = o->musl ? find_musl(c, o, name) : find_glibc(c, o, name);
        }
        if (!found) {
            missing(c, o, name);
        }
    }
    if (o->info.interp &&
        !take_library(c, o, o->info.interp, o->info.interp)) {
        missing(c, o, o->info.interp);
    }
}

/* glibc loads these by name while it runs. */
static void add_runtime(struct closure *c, struct object *first)
{
    static const char *const modules[] = {"libnss_files.so.2",
                                          "libnss_dns.so.2",
                                          "libresolv.so.2"};
    struct tree_node *libc = NULL;

    for (size_t i = 0; i < c->glibc_dirs.nr && !libc; i++) {
        char *path = path_join(c->glibc_dirs.v[i], "libc.so.6");

        libc = tree_find(c->tree, path);
        free(path);
    }
    for (size_t i = 0; i < c->tree->libraries.nr; i++) {
        find_glibc(c, first, c->tree->libraries.v[i]);
    }
    /* since 2.34 the C library has them inside */
    if (libc && libc->source && !libc->foreign &&
        !elfinfo_has_text(libc->source, "GLIBC_2.34")) {
        for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
            find_glibc(c, first, modules[i]);
        }
    }
}

static void closure_init(struct closure *c, struct tree *t,
                         const struct hullfile *hf)
{
    memset(c, 0, sizeof(*c));
    c->tree = t;
    c->hf = hf;
    strvec_init(&c->glibc_dirs);
    strvec_init(&c->conf_dirs);
    strvec_init(&c->musl_dirs);
    for (size_t i = 0; i < sizeof(glibc_builtin) / sizeof(char *); i++) {
        strvec_push(&c->glibc_dirs, glibc_builtin[i]);
    }
    read_ld_so_conf(&c->conf_dirs);
    read_musl_path(&c->musl_dirs);
}

static void closure_release(struct closure *c)
{
    for (size_t i = 0; i < c->nr; i++) {
        free(c->objects[i]->guest);
        free(c->objects[i]->host);
        elfinfo_release(&c->objects[i]->info);
        free(c->objects[i]);
    }
    free(c->objects);
    strvec_release(&c->glibc_dirs);
    strvec_release(&c->conf_dirs);
    strvec_release(&c->musl_dirs);
}

int closure_add(struct tree *t, const struct hullfile *hf, bool *glibc)
{
    struct object *first = NULL;
    struct closure c;
    size_t given = t->nr, done = 0;
    int errors;

    closure_init(&c, t, hf);
    for (size_t i = 0; i < given; i++) {
        if (t->nodes[i]->kind == TREE_FILE && t->nodes[i]->source &&
            !t->nodes[i]->foreign) {
            add_object(&c, t->nodes[i], NULL);
        }
    }
    for (int pass = 0; pass < 2; pass++) {
        for (; done < c.nr; done++) {
            struct object *o = c.objects[done];

            resolve_needed(&c, o);
            for (size_t i = 0; i < o->info.opens.nr && !o->musl; i++) {
                const char *name = o->info.opens.v[i];

                if (!strvec_has(&t->libraries, name)) {
                    strvec_push(&t->libraries, name);
                }
            }
            if (!first && !o->musl && o->info.glibc && o->info.interp) {
                first = o;
            }
        }
        if (!pass && first) {
            add_runtime(&c, first);
        }
    }
    *glibc = first != NULL;
    errors = c.errors;
    closure_release(&c);
    return errors ? -1 : 0;
}
