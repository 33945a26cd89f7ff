/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interpreter is asked where its library is, by running it here: only it
 * knows which of several it would use. What it names goes to the same paths
 * in the image.
 */
#include "interp.h"
#include "../runtimes/runtimes.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "contents.h"

#include <glob.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASKED_MAX 1000
#define LINKS_MAX 40

/* The lines that the interpreter at path prints about itself. */
static int ask(const struct hullfile *hf, const struct runtime *rt,
               const char *path, struct strvec *lines)
{
    struct strbuf out, err;
    struct strvec argv;
    char *p, *end;
    int rc;

    strvec_init(&argv);
    strbuf_init(&out);
    strbuf_init(&err);
    strvec_push(&argv, path);
    for (const char *const *a = rt->ask; *a; a++) {
        strvec_push(&argv, *a);
    }
    rc = proc_run(&argv, "/", &out, &err);
    for (p = out.buf; *p && lines->nr < ASKED_MAX; p = end + (*end != 0)) {
        end = p + strcspn(p, "\n");
        strvec_pushf(lines, "%.*s", (int)(end - p), p);
    }
    if (rc || !lines->nr) {
        strbuf_rtrim(&err);
        rc = hullfile_error(hf, hf->cmd_line, "%s does not say where its "
                            "library is (status %d)%s%s; mend it, or bring "
                            "another by rootfs", path, rc,
                            err.len ? ": " : "", err.buf);
    }
    strvec_release(&argv);
    strbuf_release(&out);
    strbuf_release(&err);
    return rc;
}

/* Brings a file or folder of this host to its own path. */
static int bring(const struct hullfile *hf, struct tree *t,
                 const struct runtime *rt, const char *path)
{
    struct tree_node *node;
    struct stat st;
    char *guest;
    int rc = 0;

    if (path[0] != '/' || stat(path, &st)) {
        return 0;
    }
    guest = path_normalize(path);
    if (S_ISDIR(st.st_mode)) {
        rc = tree_add_folder(t, &(struct tree_folder){
            .path = guest, .host = path, .line = hf->cmd_line, .keep = true,
            .leave_out = rt->leave_out,
        });
    } else if (S_ISREG(st.st_mode) && !tree_find(t, guest)) {
        char *real = realpath(path, NULL);

        node = real ? tree_add_file(t, guest, real, st.st_mode) : NULL;
        rc = node ? 0 : -1;
        free(real);
    }
    free(guest);
    return rc;
}

static int bring_globs(const struct hullfile *hf, struct tree *t,
                       const struct runtime *rt)
{
    int rc = 0;
    glob_t g;

    for (const char *const *p = rt->paths; p && *p; p++) {
        if (glob(*p, 0, NULL, &g)) {
            continue;
        }
        for (size_t i = 0; i < g.gl_pathc; i++) {
            rc |= bring(hf, t, rt, g.gl_pathv[i]);
        }
        globfree(&g);
    }
    return rc;
}

/* What a runtime needs. *path becomes what the interpreter says of itself,
 * which is not what was found where that is a wrapper. */
static int bring_runtime(const struct hullfile *hf, struct tree *t,
                         const struct runtime *rt, char **path)
{
    struct strvec lines;
    int rc = 0;

    strvec_init(&lines);
    if (rt->ask) {
        rc = ask(hf, rt, *path, &lines);
    }
    if (!rc && lines.nr && lines.v[0][0] == '/' && !access(lines.v[0], X_OK)) {
        free(*path);
        *path = xstrdup(lines.v[0]);
    }
    for (size_t i = 1; !rc && i < lines.nr; i++) {
        rc = bring(hf, t, rt, lines.v[i]);
    }
    strvec_release(&lines);
    if (rt->env) {
        strvec_push(&t->env, rt->env);
    }
    return rc ? rc : bring_globs(hf, t, rt);
}

/* A link where scripts look for it, if the program is elsewhere. */
static bool link_name(struct tree *t, const char *name, const char *found,
                      const char *guest)
{
    char *at = str_starts(found, "/usr/") || str_starts(found, "/bin/")
                   ? path_normalize(found)
                   : xstrfmt("/usr/bin/%s", path_basename(name));
    bool ok = tree_find(t, at) || tree_add_link(t, at, guest);

    free(at);
    return ok;
}

static void add_prepare(struct tree *t, const struct runtime *rt,
                        const char *host)
{
    if (rt->prepare && !t->prepare.nr) {
        strvec_push(&t->prepare, host);
        for (const char *const *a = rt->prepare; *a; a++) {
            strvec_push(&t->prepare, *a);
        }
    }
}

char *interp_take(const struct hullfile *hf, struct tree *t, const char *name)
{
    const struct runtime *rt = runtime_find(name);
    char *found = name[0] == '/' || !strchr(name, '/') ? proc_find(name)
                                                       : NULL;
    char *host = found ? xstrdup(found) : NULL;
    char *guest = NULL, *real = NULL;
    struct tree_node *node = NULL;
    struct stat st;

    if (host && (!rt || !bring_runtime(hf, t, rt, &host))) {
        real = realpath(host, NULL);
        guest = path_normalize(host);
    }
    if (real && !stat(real, &st) && S_ISREG(st.st_mode)) {
        node = tree_add_file(t, guest, real, st.st_mode);
    }
    if (node && rt && !link_name(t, name, found, guest)) {
        node = NULL;
    }
    if (node && rt) {
        add_prepare(t, rt, host);
    }
    free(found);
    free(host);
    free(real);
    if (!node) {
        free(guest);
        return NULL;
    }
    node->line = hf->cmd_line;
    return guest;
}

/* What lies below the Hullfile's folder, by a path of this host: its path
 * from there, or NULL. */
static const char *below(const struct hullfile *hf, const char *path)
{
    char *top = realpath(hf->dir, NULL);
    size_t n = top ? strlen(top) : 0;
    bool is = n && !strncmp(path, top, n) && path[n] == '/';

    free(top);
    return is ? path + n + 1 : NULL;
}

/* Where a link below the Hullfile's folder, or the links it leads to, leave
 * that folder; freed by the caller, or NULL. */
static char *leads_to(const struct hullfile *hf, const char *path)
{
    char *at = xstrdup(path), target[PATH_MAX], *dir, *next;

    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t n = readlink(at, target, sizeof(target) - 1);

        if (n < 0) {
            break;
        }
        target[n] = '\0';
        dir = path_dirname(at);
        next = path_join(dir, target);
        free(dir);
        free(at);
        at = path_normalize(next);
        free(next);
        if (!below(hf, at)) {
            return at;
        }
    }
    free(at);
    return NULL;
}

static bool is_there(const struct hullfile *hf, const struct tree *t,
                     const char *rel, const char *suffix)
{
    const char *workdir = hf->workdir ? hf->workdir : CONTENTS_APP_DIR;
    char *host = xstrfmt("%s/%s%s", hf->dir, rel, suffix);
    char *guest = xstrfmt("%s/%s%s", workdir, rel, suffix);
    bool there = path_exists(host) && !tree_find(t, guest);

    free(host);
    free(guest);
    return there;
}

/* Whether an argument of cmd is next to the Hullfile and not in the image. */
static bool names_app(const struct hullfile *hf, const struct tree *t,
                      const struct runtime *rt, const char *arg)
{
    char *file;
    bool named;

    if (!*arg || *arg == '-' || *arg == '/') {
        return false;
    }
    if (is_there(hf, t, arg, "")) {
        return true;
    }
    if (!rt || !rt->module) {
        return false;
    }
    file = xstrndup(arg, strcspn(arg, ":"));
    for (char *p = file; *p; p++) {
        *p = *p == '.' ? '/' : *p;
    }
    named = *file && (is_there(hf, t, file, "") ||
                      is_there(hf, t, file, rt->module));
    free(file);
    return named;
}

/* Whether cmd's program is a script or an interpreter that lies next to the
 * Hullfile, by a relative path with a slash, and not in the image. */
static bool is_own(const struct hullfile *hf, const struct tree *t)
{
    const char *name = hf->cmd.v[0];
    char *path = path_join(hf->dir, name), start[2];
    FILE *f = NULL;
    bool own = false;

    if (*name != '/' && strchr(name, '/') && names_app(hf, t, NULL, name)) {
        f = fopen(path, "re");
        own = runtime_find(name) ||
              (f && fread(start, 1, 2, f) == 2 && !memcmp(start, "#!", 2));
    }
    if (f) {
        fclose(f);
    }
    free(path);
    return own;
}

/* An interpreter below the Hullfile's folder, which is in the image: brings
 * its library and, where it is a link as in Python's virtual environments,
 * what that leads to. */
static int take_own(const struct hullfile *hf, struct tree *t,
                    const char *path)
{
    const struct runtime *rt = runtime_find(path);
    char *host = xstrdup(path), *to = leads_to(hf, path);
    char *real = to ? realpath(to, NULL) : NULL;
    struct stat st;
    int rc = rt ? bring_runtime(hf, t, rt, &host) : 0;

    if (!rc && real && !stat(real, &st) && !tree_find(t, to)) {
        rc = tree_add_file(t, to, real, st.st_mode) ? 0 : -1;
    }
    if (!rc && rt) {
        add_prepare(t, rt, path);
    }
    free(host);
    free(to);
    free(real);
    return rc;
}

int interp_add_app(struct hullfile *hf, struct tree *t)
{
    static const char *const leave_out[] = {
        HULLFILE_NAME, "Capstanfile", ".git", "__pycache__", NULL,
    };
    const struct runtime *rt = runtime_find(hf->cmd.v[0]);
    bool own = is_own(hf, t), named = own;
    char *host, *path;
    int rc;

    for (size_t i = 1; rt && i < hf->cmd.nr && !named; i++) {
        named = names_app(hf, t, rt, hf->cmd.v[i]);
    }
    if (!named) {
        return 0;
    }
    if (!hf->workdir) {
        hf->workdir = xstrdup(CONTENTS_APP_DIR);
    }
    rc = tree_add_folder(t, &(struct tree_folder){
        .path = hf->workdir, .host = hf->dir, .line = hf->cmd_line,
        .keep = true, .leave_out = leave_out,
    });
    if (rc || !own || !rt) {
        return rc;
    }
    host = realpath(hf->dir, NULL);
    path = path_join(host ? host : hf->dir, hf->cmd.v[0]);
    rc = take_own(hf, t, path);
    free(host);
    free(path);
    return rc;
}

int interp_own(const struct hullfile *hf, struct tree *t, const char *path,
               char **guest)
{
    const char *rel = below(hf, path);
    char *dir;
    int rc = 0;

    *guest = NULL;
    if (!rel || !hf->workdir) {
        return 0;
    }
    *guest = path_join(hf->workdir, rel);
    dir = path_dirname(*guest);
    if (tree_find(t, dir)) {
        rc = take_own(hf, t, path);
    }
    free(dir);
    if (rc || !tree_find(t, *guest)) {
        free(*guest);
        *guest = NULL;
    }
    return rc;
}
