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
#include <sys/stat.h>
#include <unistd.h>

#define ASKED_MAX 1000

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
    if (node && rt && rt->prepare && !t->prepare.nr) {
        strvec_push(&t->prepare, host);
        for (const char *const *a = rt->prepare; *a; a++) {
            strvec_push(&t->prepare, *a);
        }
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

/* Whether an argument of cmd is next to the Hullfile and not in the image. */
static bool names_app(const struct hullfile *hf, const struct tree *t,
                      const char *arg)
{
    const char *workdir = hf->workdir ? hf->workdir : CONTENTS_APP_DIR;
    char *host, *guest;
    bool named;

    if (!*arg || *arg == '-' || *arg == '/') {
        return false;
    }
    host = path_join(hf->dir, arg);
    guest = path_join(workdir, arg);
    named = path_exists(host) && !tree_find(t, guest);
    free(host);
    free(guest);
    return named;
}

int interp_add_app(struct hullfile *hf, struct tree *t)
{
    static const char *const leave_out[] = {
        HULLFILE_NAME, "Capstanfile", ".git", "__pycache__", NULL,
    };

    if (!runtime_find(hf->cmd.v[0])) {
        return 0;
    }
    for (size_t i = 1; i < hf->cmd.nr; i++) {
        if (!names_app(hf, t, hf->cmd.v[i])) {
            continue;
        }
        if (!hf->workdir) {
            hf->workdir = xstrdup(CONTENTS_APP_DIR);
        }
        return tree_add_folder(t, &(struct tree_folder){
            .path = hf->workdir, .host = hf->dir, .line = hf->cmd_line,
            .keep = true, .leave_out = leave_out,
        });
    }
    return 0;
}
