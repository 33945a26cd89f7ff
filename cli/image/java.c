/* SPDX-License-Identifier: BSD-2-Clause */
#include "java.h"
#include "../runtimes/java.h"
#include "../util/digest.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "../util/progress.h"
#include "contents.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#define RELEASE_MAX (1u << 16)
#define KEY_LEN 24
#define TRUST_STORE "lib/security/cacerts"
#define RULES "1"       /* counts up when what is made changes */

struct java {
    struct hullfile *hf;
    struct tree *t;
    char *home;             /* the JDK of this host */
    char *cache;
    struct strbuf release;  /* the JDK's own description */
    struct strvec jars;     /* on this host */
    struct strvec dirs;     /* classes not in jars, staged */
};

static bool is_java(const char *program)
{
    const char *name = path_basename(program);

    return !strcmp(name, "java") || !strcmp(name, "java.so");
}

/* Where a relative path of cmd lies in the image. */
static char *guest_path(const struct java *j, const char *path)
{
    const char *dir = j->hf->workdir ? j->hf->workdir : "/";
    char *joined = path_join(dir, path);
    char *guest = path_normalize(joined);

    free(joined);
    return guest;
}

static bool find_jdk(struct java *j)
{
    const char *env = getenv("JAVA_HOME");
    char *jlink = env && *env ? xstrfmt("%s/bin/jlink", env)
                              : proc_find("jlink");
    char *real = jlink ? realpath(jlink, NULL) : NULL;
    char *bin, *release;
    bool ok = false;

    if (real) {
        bin = path_dirname(real);
        j->home = path_dirname(bin);
        release = path_join(j->home, "release");
        ok = !path_read_file(release, &j->release, RELEASE_MAX);
        free(bin);
        free(release);
    }
    free(jlink);
    free(real);
    if (!ok) {
        hullfile_error(j->hf, j->hf->cmd_line, "java is not in the image, and "
                       "this host has no JDK to make one from; try: apt-get "
                       "install openjdk-17-jdk-headless, set JAVA_HOME, or add "
                       "a runtime to files");
    }
    return ok;
}

/* The JDK's feature number, such as "17". */
static char *feature(const struct java *j)
{
    const char *at = strstr(j->release.buf, "JAVA_VERSION=\"");

    at = at ? at + strlen("JAVA_VERSION=\"") : "17";
    return xstrndup(at, strspn(at, "0123456789"));
}

/* ---- what the program is made of ---- */

/* Links what the image holds below a folder into a fresh one of this host. */
static void take_dir(struct java *j, const char *guest)
{
    char *stage = path_temp_dir(j->cache);
    size_t len = strlen(guest);
    bool classes = false;

    for (size_t i = 0; i < j->t->nr; i++) {
        const struct tree_node *n = j->t->nodes[i];
        char *to, *parent;

        if (strncmp(n->path, guest, len) || n->path[len] != '/' ||
            n->kind != TREE_FILE || !n->source) {
            continue;
        }
        if (str_ends(n->path, ".jar")) {
            strvec_push(&j->jars, n->source);
        } else if (str_ends(n->path, ".class")) {
            to = xstrfmt("%s%s", stage, n->path + len);
            parent = path_dirname(to);
            path_make_dirs(parent);
            if (symlink(n->source, to)) {
                die_errno("cannot make the link %s", to);
            }
            free(parent);
            free(to);
            classes = true;
        }
    }
    if (classes) {
        strvec_push(&j->dirs, stage);
    }
    free(stage);
}

/* A jar or folder next to the Hullfile comes into the image. */
static int bring_entry(struct java *j, const char *entry)
{
    char *guest = guest_path(j, entry), *host = path_join(j->hf->dir, entry);
    struct stat st;
    int rc = 0;

    if (entry[0] != '/' && !tree_find(j->t, guest) && !stat(host, &st)) {
        char *real = realpath(host, NULL);

        if (S_ISDIR(st.st_mode)) {
            rc = tree_add_folder(j->t, &(struct tree_folder){
                .path = guest, .host = host, .line = j->hf->cmd_line,
            });
        } else {
            rc = real && tree_add_file(j->t, guest, real, 0644) ? 0 : -1;
        }
        free(real);
    }
    free(guest);
    free(host);
    return rc;
}

static int take_entry(struct java *j, const char *entry, bool jar)
{
    char *plain = str_ends(entry, "/*")
                      ? xstrndup(entry, strlen(entry) - 2) : xstrdup(entry);
    char *guest = guest_path(j, plain), *dir;
    struct tree_node *node;
    int rc = bring_entry(j, plain);

    node = tree_find(j->t, guest);
    if (!rc && !node && jar) {
        rc = hullfile_error(j->hf, j->hf->cmd_line, "cmd's jar %s is not in "
                            "the image; add it to files, such as\n  files:\n"
                            "    %s: PATH-HERE", entry, guest);
    } else if (!rc && node && node->kind == TREE_FILE && node->source) {
        strvec_push(&j->jars, node->source);
        dir = path_dirname(node->path);
        if (jar) {
            take_dir(j, strcmp(dir, "/") ? dir : "");
        }
        free(dir);
    } else if (!rc && node && node->kind == TREE_DIR) {
        take_dir(j, node->path);
    }
    free(plain);
    free(guest);
    return rc;
}

static int take_class_path(struct java *j, const char *list)
{
    struct strvec entries;
    int rc = 0;

    strvec_init(&entries);
    strvec_split(&entries, list, ":");
    for (size_t i = 0; i < entries.nr && !rc; i++) {
        rc = take_entry(j, entries.v[i], false);
    }
    strvec_release(&entries);
    return rc;
}

/* Options of java(1) up to the jar or main class. */
static int take_args(struct java *j)
{
    static const char *const paths[] = {
        "-cp", "-classpath", "--class-path", "-p", "--module-path", NULL,
    };
    struct strvec *cmd = &j->hf->cmd;
    int rc = 0;

    for (size_t i = 1; i < cmd->nr && cmd->v[i][0] == '-' && !rc; i++) {
        const char *arg = cmd->v[i], *next = cmd->v[i + 1];

        if (next && !strcmp(arg, "-jar")) {
            return take_entry(j, next, true);
        }
        for (size_t k = 0; next && paths[k]; k++) {
            if (!strcmp(arg, paths[k])) {
                rc = take_class_path(j, cmd->v[++i]);
                break;
            }
        }
        for (size_t k = 0; next && java_option_pairs[k]; k++) {
            i += !strcmp(arg, java_option_pairs[k]);
        }
    }
    return rc;
}

/* ---- names of results ---- */

/* A path in the cache, from text and the bytes of files. */
static char *cached(const struct java *j, const char *what, const char *text,
                    const struct strvec *files)
{
    uint8_t digest[DIGEST_SIZE];
    char key[KEY_LEN + 1], *path;
    struct digest d;

    digest_begin(&d);
    digest_add(&d, j->release.buf, j->release.len);
    digest_add(&d, text, strlen(text));
    for (size_t i = 0; files && i < files->nr; i++) {
        digest_add_file(&d, files->v[i]);
    }
    digest_end(&d, digest);
    for (size_t i = 0; i < KEY_LEN / 2; i++) {
        snprintf(key + 2 * i, 3, "%02x", digest[i]);
    }
    path = xstrfmt("%s/%s-%s", j->cache, what, key);
    return path;
}

/* ---- the tools of the JDK ---- */

static void add_tool(const struct java *j, struct strvec *argv,
                     const char *name)
{
    strvec_init(argv);
    strvec_pushf(argv, "%s/bin/%s", j->home, name);
}

/* Adds what lies in a jar that holds others; false: it is a plain one. */
static bool open_fat(const struct java *j, const char *jar,
                     struct strvec *argv, struct strvec *libs)
{
    char *dir = path_temp_dir(j->cache);
    struct strvec unpack;
    struct strbuf out;
    bool fat = false;

    add_tool(j, &unpack, "jar");
    strvec_push(&unpack, "xf");
    strvec_push(&unpack, jar);
    strbuf_init(&out);
    if (!proc_run(&unpack, dir, &out, &out)) {
        for (const char *const *p = java_nested; *p; p++) {
            char *pattern = path_join(dir, *p);
            glob_t g;

            if (!glob(pattern, 0, NULL, &g)) {
                for (size_t i = 0; i < g.gl_pathc; i++) {
                    strvec_push(libs, g.gl_pathv[i]);
                }
                fat = true;
                globfree(&g);
            }
            free(pattern);
        }
    }
    for (const char *const *p = java_classes; *p; p++) {
        char *classes = path_join(dir, *p);

        if (path_is_dir(classes)) {
            strvec_push(argv, classes);
            fat = true;
        }
        free(classes);
    }
    strvec_release(&unpack);
    strbuf_release(&out);
    free(dir);
    return fat;
}

/* The modules that jdeps prints, in *modules; -1 where it cannot tell. */
static int ask_jdeps(const struct java *j, struct strbuf *modules)
{
    char *version = feature(j);
    struct strvec argv, roots, libs;
    struct strbuf path, err;
    int rc;

    strvec_init(&roots);
    strvec_init(&libs);
    strvec_extend(&roots, &j->dirs);
    for (size_t i = 0; i < j->jars.nr; i++) {
        if (!open_fat(j, j->jars.v[i], &roots, &libs)) {
            strvec_push(&roots, j->jars.v[i]);
        }
    }
    strvec_extend(&roots, &libs);
    strbuf_init(&path);
    strbuf_init(&err);
    for (size_t i = 0; i < roots.nr; i++) {
        strbuf_addf(&path, "%s%s", i ? ":" : "", roots.v[i]);
    }
    add_tool(j, &argv, "jdeps");
    strvec_split(&argv, "--print-module-deps --ignore-missing-deps -q "
                 "--recursive --multi-release", " ");
    strvec_push(&argv, version);
    strvec_push(&argv, "--class-path");
    strvec_push(&argv, path.buf);
    strvec_extend(&argv, &roots);
    rc = proc_run(&argv, NULL, modules, &err);
    strbuf_rtrim(modules);
    if (rc || !modules->len || strpbrk(modules->buf, " \n")) {
        warning("jdeps cannot tell the modules of cmd's jars%s%.300s; all of "
                "Java SE comes in (java-modules in the Hullfile names fewer)",
                modules->len ? ": " : "", modules->buf);
        rc = -1;
    }
    strvec_release(&argv);
    strvec_release(&roots);
    strvec_release(&libs);
    strbuf_release(&path);
    strbuf_release(&err);
    free(version);
    return rc;
}

/* What the jars name, from the cache or jdeps. */
static void find_modules(const struct java *j, struct strbuf *modules)
{
    struct strvec files;
    char *kept;

    if (!j->jars.nr && !j->dirs.nr) {
        strbuf_addstr(modules, java_fallback);
        return;
    }
    strvec_init(&files);
    strvec_extend(&files, &j->jars);
    kept = cached(j, "modules", RULES, &files);
    strvec_release(&files);
    if (j->dirs.nr || path_read_file(kept, modules, RELEASE_MAX)) {
        progress_begin("finding the Java modules that are needed");
        strbuf_clear(modules);
        if (ask_jdeps(j, modules)) {
            strbuf_clear(modules);
            strbuf_addstr(modules, java_fallback);
        } else if (!j->dirs.nr) {
            path_write_file(kept, modules->buf, modules->len, 0644);
        }
        progress_clear();
    }
    free(kept);
}

static bool holds(const struct java *j, const struct strvec *modules,
                  const char *when)
{
    for (size_t i = 1; i < j->hf->cmd.nr; i++) {
        if (str_starts(j->hf->cmd.v[i], when)) {
            return true;
        }
    }
    return strvec_has(modules, when);
}

/* The whole list, from the Hullfile, the jars and the rules. */
static char *list_modules(const struct java *j)
{
    const char *said = j->hf->java_modules ? j->hf->java_modules : "auto";
    struct strvec words, modules;
    struct strbuf text;

    strvec_init(&words);
    strvec_init(&modules);
    strbuf_init(&text);
    strvec_split(&words, said, ", ");
    for (size_t i = 0; i < words.nr; i++) {
        if (!strcmp(words.v[i], "auto")) {
            find_modules(j, &text);
        } else {
            strbuf_addf(&text, ",%s", strcmp(words.v[i], "all")
                                          ? words.v[i] : "ALL-MODULE-PATH");
        }
        strbuf_addch(&text, ',');
    }
    strvec_split(&modules, text.buf, ",");
    for (const struct java_extra *e = java_extras; e->module; e++) {
        if ((!e->when || (strvec_has(&words, "auto") &&
                          holds(j, &modules, e->when))) &&
            !strvec_has(&modules, e->module)) {
            strvec_push(&modules, e->module);
        }
    }
    strbuf_clear(&text);
    for (size_t i = 0; i < modules.nr; i++) {
        strbuf_addf(&text, "%s%s", i ? "," : "", modules.v[i]);
    }
    strvec_release(&words);
    strvec_release(&modules);
    return strbuf_detach(&text);
}

static void copy_trust(const struct strvec *store, const char *runtime)
{
    char *to = path_join(runtime, TRUST_STORE);

    if (store->nr) {
        path_copy_file(store->v[0], to, 0644);
    }
    free(to);
}

/* The archive of the JDK's own classes that the JVM maps at its start. */
static void dump_archive(const char *runtime)
{
    struct strvec argv;
    struct strbuf out;

    strvec_init(&argv);
    strbuf_init(&out);
    strvec_pushf(&argv, "%s/bin/java", runtime);
    strvec_split(&argv, "-Xshare:dump -Xmx128m -XX:+UseG1GC", " ");
    if (proc_run(&argv, NULL, &out, &out)) {
        warning("the JVM makes no class archive and will start more slowly: "
                "%.300s", out.buf);
    }
    strvec_release(&argv);
    strbuf_release(&out);
}

static int run_jlink(const struct java *j, const char *modules,
                     const struct strvec *store, const char *runtime)
{
    char *tmp = path_temp_dir(j->cache), *out = path_join(tmp, "java");
    struct strvec argv;
    struct strbuf text;
    int rc;

    add_tool(j, &argv, "jlink");
    strbuf_init(&text);
    strvec_push(&argv, "--add-modules");
    strvec_push(&argv, modules);
    for (const char *const *o = java_jlink_options; *o; o++) {
        strvec_push(&argv, *o);
    }
    strvec_push(&argv, "--output");
    strvec_push(&argv, out);
    progress_begin("making a Java runtime");
    rc = proc_run(&argv, NULL, &text, &text);
    if (rc) {
        strbuf_rtrim(&text);
        hullfile_error(j->hf, j->hf->cmd_line, "jlink failed with status %d; "
                       "mend java-modules, or the JDK:\n%s", rc, text.buf);
    } else {
        copy_trust(store, out);
        dump_archive(out);
        if (rename(out, runtime) && !path_is_dir(runtime)) {
            die_errno("cannot make %s", runtime);
        }
    }
    progress_clear();
    strvec_release(&argv);
    strbuf_release(&text);
    free(tmp);
    free(out);
    return rc ? -1 : 0;
}

/* The certificates that this host's Java trusts, if it has any: jlink would
 * take those that its JDK was built with. */
static void find_trust(const struct java *j, struct strvec *store)
{
    char *path = path_join(j->home, TRUST_STORE);

    strvec_init(store);
    if (path_exists(path)) {
        strvec_push(store, path);
    }
    free(path);
}

/* ---- into the image ---- */

static int add_runtime(const struct java *j, const char *runtime)
{
    const char *name = j->hf->cmd.v[0];
    char *program = strchr(name, '/') ? guest_path(j, name) : NULL;
    int rc = tree_add_folder(j->t, &(struct tree_folder){
        .path = JAVA_HOME, .host = runtime, .line = j->hf->cmd_line,
        .leave_out = java_leave_out,
    });

    if (!rc && (!tree_add_link(j->t, "/usr/bin/java", JAVA_HOME "/bin/java") ||
                (program && !tree_find(j->t, program) &&
                 !tree_add_link(j->t, program, JAVA_HOME "/bin/java")))) {
        rc = -1;
    }
    for (const char *const *l = java_libraries; *l; l++) {
        strvec_push(&j->t->libraries, *l);
    }
    free(program);
    return rc;
}

static int make_runtime(struct java *j)
{
    char *data = path_data_dir(), *modules, *text, *runtime;
    struct strvec store;
    int rc;

    j->cache = path_join(data, "java");
    path_make_dirs(j->cache);
    free(data);
    if (take_args(j)) {
        return -1;
    }
    modules = list_modules(j);
    text = xstrfmt("%s %s", RULES, modules);
    find_trust(j, &store);
    runtime = cached(j, "runtime", text, &store);
    rc = path_is_dir(runtime) ? 0 : run_jlink(j, modules, &store, runtime);
    strvec_release(&store);
    rc = rc ? rc : add_runtime(j, runtime);
    free(modules);
    free(text);
    free(runtime);
    return rc;
}

int java_add(struct hullfile *hf, struct tree *t)
{
    struct java j = {.hf = hf, .t = t};
    const char *said = hf->java_modules;
    int rc = -1;

    if (!is_java(hf->cmd.v[0])) {
        return 0;
    }
    hf->memory = hf->memory ? hf->memory : JAVA_MEMORY;
    if ((said && !strcmp(said, "none")) || tree_find(t, "/usr/bin/java") ||
        (hf->cmd.v[0][0] == '/' && tree_find(t, hf->cmd.v[0]))) {
        return 0;
    }
    strbuf_init(&j.release);
    strvec_init(&j.jars);
    strvec_init(&j.dirs);
    if (find_jdk(&j)) {
        rc = make_runtime(&j);
    }
    free(j.home);
    free(j.cache);
    strbuf_release(&j.release);
    strvec_release(&j.jars);
    strvec_release(&j.dirs);
    return rc;
}
