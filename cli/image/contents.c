/* SPDX-License-Identifier: BSD-2-Clause */
#include "contents.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "../util/progress.h"
#include "closure.h"
#include "interp.h"
#include "java.h"
#include "manifest.h"
#include "somain.h"

#include <errno.h>
#include <hull/manifest.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
                     "/sbin:/bin"
#define CA_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define SCRIPT_LINE_MAX 255
#define LOCALE "/usr/lib/locale/C.utf8"
#define ZONEINFO "/usr/share/zoneinfo"
#define CAPSTAN_ROOTFS "ROOTFS"

/* A program may come by either name of a folder that Debian merged. */
static int add_merged(struct tree *t)
{
    static const char *const names[] = {"bin", "sbin", "lib", "lib64"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char *top = xstrfmt("/%s", names[i]);
        char *under = xstrfmt("usr/%s", names[i]);
        char *usr = xstrfmt("/usr/%s", names[i]);
        bool ok = tree_find(t, top) || (tree_add_dir(t, usr, 0755) &&
                                        tree_add_link(t, top, under));

        free(top);
        free(under);
        free(usr);
        if (!ok) {
            return -1;
        }
    }
    return 0;
}

/* Unpacks a root that lies in an archive, such as `docker export` writes, into
 * a folder that is removed at exit; NULL after error(). Devices stay out: only
 * root may make them, and the guest has its own. */
static char *unpack_rootfs(const struct hullfile *hf, const char *archive)
{
    char *data = path_data_dir(), *dir, *layers;
    struct strvec argv;
    struct strbuf text;
    int rc;

    path_make_dirs(data);
    dir = path_temp_dir(data);
    layers = path_join(dir, "manifest.json");
    if (chmod(dir, 0755)) {     /* the guest's root, unless the archive says */
        die_errno("cannot set the mode of %s", dir);
    }
    strvec_init(&argv);
    strbuf_init(&text);
    strvec_split(&argv, "tar -x -p --no-same-owner --exclude=dev/* "
                 "--exclude=./dev/*", " ");
    strvec_pushf(&argv, "--file=%s", archive);
    strvec_pushf(&argv, "--directory=%s", dir);
    progress_begin("unpacking the rootfs");
    rc = proc_run(&argv, NULL, &text, &text);
    progress_clear();
    strbuf_rtrim(&text);
    if (rc) {
        hullfile_error(hf, hf->rootfs_line, "rootfs '%s' is neither a folder "
                       "nor an archive that tar can unpack: %.300s",
                       hf->rootfs, rc == 127 ? "tar is not installed"
                                             : text.buf);
    } else if (path_exists(layers)) {
        rc = hullfile_error(hf, hf->rootfs_line, "rootfs '%s' holds the layers "
                            "of a container image; what is wanted is its root:"
                            "\n  docker export $(docker create IMAGE) > %s",
                            hf->rootfs, hf->rootfs);
    }
    if (rc) {
        free(dir);
        dir = NULL;
    }
    strvec_release(&argv);
    strbuf_release(&text);
    free(layers);
    free(data);
    return dir;
}

/* The folder to take, freed by the caller, or NULL after error(). */
static char *find_rootfs(const struct hullfile *hf)
{
    char *host = path_join(hf->dir, hf->rootfs), *dir = NULL;

    if (path_is_dir(host)) {
        return host;
    }
    if (path_exists(host)) {
        dir = unpack_rootfs(hf, host);
    } else {
        hullfile_error(hf, hf->rootfs_line, "rootfs '%s' is not there; name a "
                       "folder or a tar archive, relative to the Hullfile",
                       hf->rootfs);
    }
    free(host);
    return dir;
}

static int add_rootfs(struct hullfile *hf, struct tree *t)
{
    char *host = path_join(hf->dir, CAPSTAN_ROOTFS);
    int rc = -1;

    if (!hf->rootfs && hf->capstan && path_is_dir(host)) {
        hf->rootfs = xstrdup(CAPSTAN_ROOTFS);
    }
    free(host);
    if (!hf->rootfs) {
        return 0;
    }
    host = find_rootfs(hf);
    if (host) {
        t->line = hf->rootfs_line;
        rc = tree_add_folder(t, &(struct tree_folder){
            .path = "/", .host = host, .line = hf->rootfs_line,
            .foreign = !hf->capstan,
        });
        t->line = 0;
    }
    free(host);
    return rc;
}

static int add_one(const struct hullfile *hf, struct tree *t,
                   const struct hullfile_file *f)
{
    char *host = path_join(hf->dir, f->host);
    struct tree_node *node = NULL;
    struct stat st;
    int rc = -1;

    if (stat(host, &st)) {
        hullfile_error(hf, f->line, "cannot find '%s' for %s: %s; make it "
                       "(the build command could), or mend the path", f->host,
                       f->guest, strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        rc = tree_add_folder(t, &(struct tree_folder){
            .path = f->guest, .host = host, .line = f->line,
        });
    } else if (!S_ISREG(st.st_mode)) {
        hullfile_error(hf, f->line, "'%s' is neither a file nor a folder",
                       f->host);
    } else if (access(host, R_OK)) {
        hullfile_error(hf, f->line, "cannot read '%s': %s", f->host,
                       strerror(errno));
    } else {
        char *real = realpath(host, NULL);

        node = tree_add_file(t, f->guest, real ? real : host, st.st_mode);
        free(real);
    }
    if (node) {
        node->line = f->line;
        rc = 0;
    }
    free(host);
    return rc;
}

static int add_files(const struct hullfile *hf, struct tree *t)
{
    int rc = 0;

    for (size_t i = 0; i < hf->nfiles; i++) {
        t->line = hf->files[i].line;
        rc |= add_one(hf, t, &hf->files[i]);
    }
    t->line = 0;
    return rc;
}

/* A program's path in the tree, freed by the caller, or NULL. */
static char *find_along_path(const struct hullfile *hf, const struct tree *t,
                             const char *name)
{
    const char *search = strvec_env(&hf->env, "PATH");
    struct strvec dirs;
    char *found = NULL;

    if (strchr(name, '/')) {
        char *base = path_join(hf->workdir ? hf->workdir : "/", name);

        found = path_normalize(base);
        free(base);
        if (!tree_find(t, found)) {
            free(found);
            found = NULL;
        }
        return found;
    }
    strvec_init(&dirs);
    strvec_split(&dirs, search ? search : DEFAULT_PATH, ":");
    for (size_t i = 0; i < dirs.nr && !found; i++) {
        char *path = path_join(dirs.v[i], name);

        if (tree_find(t, path)) {
            found = path;
        } else {
            free(path);
        }
    }
    strvec_release(&dirs);
    return found;
}

/* The words of a file's "#!" line; none where it has no such line. */
static void read_script_line(const struct tree_node *node,
                             struct strvec *words)
{
    char start[SCRIPT_LINE_MAX + 1];
    FILE *f = node->source ? fopen(node->source, "re") : NULL;
    size_t n;

    if (!f) {
        return;
    }
    n = fread(start, 1, SCRIPT_LINE_MAX, f);
    start[n] = '\0';
    fclose(f);
    if (!strncmp(start, "#!", 2)) {
        start[strcspn(start, "\n")] = '\0';
        strvec_split(words, start + 2, " \t\r");
    }
}

/* The interpreter's path in the image, freed by the caller, or NULL. */
static char *need_interpreter(const struct hullfile *hf, struct tree *t,
                              const char *program, const char *name)
{
    char *guest = find_along_path(hf, t, name);

    if (!guest) {
        guest = interp_take(hf, t, name);
    }
    if (!guest) {
        hullfile_error(hf, hf->cmd_line, "%s is a script for %s, which is "
                       "neither in the image nor on this host; add it to "
                       "files", program, name);
    }
    return guest;
}

/* Makes cmd "INTERP WORD... SCRIPT ARG...", with the words from `from` on;
 * takes interp over. */
static void run_by(struct hullfile *hf, char **program, char *interp,
                   const struct strvec *words, size_t from)
{
    struct strvec cmd;

    strvec_init(&cmd);
    strvec_push(&cmd, interp);
    for (size_t i = from; i < words->nr; i++) {
        strvec_push(&cmd, words->v[i]);
    }
    strvec_push(&cmd, *program);
    for (size_t i = 1; i < hf->cmd.nr; i++) {
        strvec_push(&cmd, hf->cmd.v[i]);
    }
    strvec_release(&hf->cmd);
    hf->cmd = cmd;
    free(*program);
    *program = interp;
}

/* A script whose interpreter is in the project's folder names it by its path
 * on this host: cmd runs it where it is in the image. */
static int run_by_own(struct hullfile *hf, struct tree *t,
                      const struct strvec *words, char **program)
{
    char *interp;

    if (interp_own(hf, t, words->v[0], &interp)) {
        return -1;
    }
    if (!interp) {
        return 0;
    }
    run_by(hf, program, interp, words, 1);
    return 1;
}

/* Which word env(1) would look up: NAME in "env NAME" and "env -S NAME ARG";
 * 0: the line asks for more than that, or is not env's. */
static size_t env_name(const struct strvec *words)
{
    size_t i = 1;

    if (!words->nr || !str_ends(words->v[0], "/env")) {
        return 0;
    }
    i += i < words->nr && !strcmp(words->v[i], "-S");
    return i < words->nr && words->v[i][0] != '-' &&
           !strchr(words->v[i], '=') ? i : 0;
}

/* A script brings its interpreter. env(1) could not start another program,
 * so the one that it would look for is found here. */
static int add_interpreter(struct hullfile *hf, struct tree *t,
                           char **program)
{
    struct tree_node *node = tree_find(t, *program);
    struct strvec words;
    size_t name;
    int rc = 0;

    if (node->foreign) {
        return 0;
    }
    strvec_init(&words);
    read_script_line(node, &words);
    name = env_name(&words);
    if (name) {
        char *guest = need_interpreter(hf, t, *program, words.v[name]);

        rc = guest ? 0 : -1;
        if (guest) {
            run_by(hf, program, guest, &words, name + 1);
        }
    } else if (words.nr) {
        rc = run_by_own(hf, t, &words, program);
        if (!rc) {
            char *guest = need_interpreter(hf, t, *program, words.v[0]);

            rc = guest ? 0 : -1;
            free(guest);
        }
    }
    strvec_release(&words);
    return rc < 0 ? -1 : 0;
}

/* Whether the kernel will know how to start it: ELF, or "#!". */
static bool is_startable(const struct tree_node *node)
{
    char start[4] = "";
    FILE *f = node->source ? fopen(node->source, "re") : NULL;
    size_t n = 0;

    if (f) {
        n = fread(start, 1, sizeof(start), f);
        fclose(f);
    }
    return !f || (n == 4 && !memcmp(start, "\177ELF", 4)) ||
           (n >= 2 && !memcmp(start, "#!", 2));
}

static char *find_program(const struct hullfile *hf, struct tree *t)
{
    const char *name = hf->cmd.v[0];
    char *program = find_along_path(hf, t, name);
    struct tree_node *node;

    if (!program && (!hf->rootfs || hf->capstan)) {
        program = interp_take(hf, t, name);
    }
    if (!program) {
        char *here = path_join(hf->dir, name);

        hullfile_error(hf, hf->cmd_line, "cmd's program '%s' is %s; add it to "
                       "files, such as\n  files:\n    %s%s%s: %s", name,
                       hf->rootfs ? "not in the image"
                                  : "neither in the image nor on this host",
                       hf->workdir ? hf->workdir : "",
                       hf->workdir && str_ends(hf->workdir, "/") ? "" : "/",
                       name + strspn(name, "/."),
                       path_exists(here) ? name : "PATH-HERE");
        free(here);
        return NULL;
    }
    node = tree_find(t, program);
    if (node->kind != TREE_FILE ||
        !(node->mode & 0111 || somain_is(node))) {
        hullfile_error(hf, hf->cmd_line, "cmd's program %s %s", program,
                       node->kind == TREE_FILE
                           ? "is not executable; chmod +x it"
                           : "is a folder; name a program in it");
        free(program);
        return NULL;
    }
    if (!is_startable(node)) {
        hullfile_error(hf, hf->cmd_line, "cmd's program %s is neither an ELF "
                       "program nor a script; compile it, or let its first "
                       "line be '#!' and an interpreter's path", program);
        free(program);
        return NULL;
    }
    return program;
}

static int add_text_unless(struct tree *t, const char *path, const char *text)
{
    return tree_find(t, path) || tree_add_text(t, path, text) ? 0 : -1;
}

static int add_etc(struct tree *t, bool glibc)
{
    int rc = 0;

    rc |= add_text_unless(t, "/etc/passwd",
                          "root:x:0:0:root:/root:/bin/sh\n"
                          "nobody:x:65534:65534:nobody:/nonexistent:"
                          "/usr/sbin/nologin\n");
    rc |= add_text_unless(t, "/etc/group", "root:x:0:\nnogroup:x:65534:\n");
    rc |= add_text_unless(t, "/etc/hosts",
                          "127.0.0.1\tlocalhost\n"
                          "::1\tlocalhost ip6-localhost ip6-loopback\n");
    if (glibc) {
        rc |= add_text_unless(t, "/etc/nsswitch.conf",
                              "passwd: files\ngroup: files\nshadow: files\n"
                              "hosts: files dns\nnetworks: files\n"
                              "protocols: files\nservices: files\n");
        rc |= add_text_unless(t, "/etc/host.conf", "multi on\n");
    }
    return rc;
}

static int add_ca(const struct hullfile *hf, struct tree *t)
{
    struct tree_node *node;

    if (!hf->ca_certificates || tree_find(t, CA_BUNDLE)) {
        return 0;
    }
    if (access(CA_BUNDLE, R_OK)) {
        return hullfile_error(hf, hf->ca_line, "this host has no %s; try: "
                              "apt-get install ca-certificates", CA_BUNDLE);
    }
    node = tree_add_file(t, CA_BUNDLE, CA_BUNDLE, 0644);
    return node && tree_add_link(t, "/etc/ssl/cert.pem",
                                 "certs/ca-certificates.crt") ? 0 : -1;
}

static int add_tz(const struct hullfile *hf, struct tree *t)
{
    char *zone, *host, *target;
    int rc = -1;

    if (!hf->tz) {
        return 0;
    }
    zone = path_normalize(hf->tz);
    target = xstrfmt("%s%s", ZONEINFO, zone);
    host = realpath(target, NULL);
    if (!host || path_is_dir(host)) {
        hullfile_error(hf, hf->tz_line, "this host knows no time zone '%s'; "
                       "mend its name, or try: apt-get install tzdata",
                       hf->tz);
    } else if (tree_add_file(t, target, host, 0644) &&
               tree_add_link(t, "/etc/localtime", target)) {
        char *text = xstrfmt("%s\n", zone + 1);

        rc = add_text_unless(t, "/etc/timezone", text);
        free(text);
    }
    free(zone);
    free(target);
    free(host);
    return rc;
}

/* What the runtimes want in the environment, unless the Hullfile says more. */
static void add_env(struct hullfile *hf, const struct tree *t)
{
    for (size_t i = 0; i < t->env.nr; i++) {
        const char *line = t->env.v[i];
        char *name = xstrndup(line, strcspn(line, "="));

        if (!strvec_env(&hf->env, name) && !strvec_env(&hf->env, "LC_ALL")) {
            strvec_push(&hf->env, line);
        }
        free(name);
    }
}

/* The locale that every Debian has, if the environment asks for it. */
static int add_locale(const struct hullfile *hf, struct tree *t)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    bool asked = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = strvec_env(&hf->env, names[i]);

        asked |= value && (!strcmp(value, "C.UTF-8") ||
                           !strcmp(value, "C.utf8"));
    }
    if (!asked || tree_find(t, LOCALE) || !path_is_dir(LOCALE)) {
        return 0;
    }
    return tree_add_folder(t, &(struct tree_folder){
        .path = LOCALE, .host = LOCALE, .line = hf->cmd_line,
    });
}

static int add_folders(const struct hullfile *hf, struct tree *t)
{
    static const struct {
        const char *path;
        mode_t mode;
    } folders[] = {
        {"/dev", 0755}, {"/proc", 0555}, {"/sys", 0555}, {"/tmp", 01777},
        {"/run", 0755}, {"/root", 0700}, {"/var/tmp", 01777},
        {"/dev/shm", 01777}, {"/var/cache", 0755}, {"/var/lib", 0755},
        {"/var/log", 0755}, {"/var/spool", 0755},
    };

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        if (!tree_find(t, folders[i].path) &&
            !tree_add_dir(t, folders[i].path, folders[i].mode)) {
            return -1;
        }
    }
    if (!tree_find(t, "/var/run") && !tree_add_link(t, "/var/run", "/run")) {
        return -1;
    }
    if (hf->workdir) {
        const struct tree_node *node = tree_find(t, hf->workdir);

        if (node && node->kind != TREE_DIR) {
            return hullfile_error(hf, hf->workdir_line, "workdir %s is no "
                                  "folder in the image; name the one to "
                                  "start in", hf->workdir);
        }
        if (!node && !tree_add_dir(t, hf->workdir, 0755)) {
            return -1;
        }
    }
    return 0;
}

int contents_tree(struct hullfile *hf, struct tree *t, char **program)
{
    bool glibc = false;

    *program = NULL;
    t->file = hf->path;
    if (add_rootfs(hf, t) || add_merged(t)) {
        return -1;
    }
    if (add_files(hf, t) || interp_add_app(hf, t) || java_add(hf, t)) {
        return -1;
    }
    *program = find_program(hf, t);
    if (!*program || add_interpreter(hf, t, program) ||
        (somain_is(tree_find(t, *program)) && somain_add(hf, t, program))) {
        return -1;
    }
    tree_find(t, *program)->found = false;      /* cmd names it */
    if (closure_add(t, hf, &glibc)) {
        return -1;
    }
    add_env(hf, t);
    return add_folders(hf, t) | add_etc(t, glibc) | add_ca(hf, t) |
           add_tz(hf, t) | (glibc ? add_locale(hf, t) : 0);
}

void contents_manifest(const struct hullfile *hf, const char *program,
                       struct strbuf *manifest)
{
    manifest_begin(manifest);
    manifest_add(manifest, HULL_REC_ARG, program);
    for (size_t i = 1; i < hf->cmd.nr; i++) {
        manifest_add(manifest, HULL_REC_ARG, hf->cmd.v[i]);
    }
    if (!strvec_env(&hf->env, "PATH")) {
        manifest_add(manifest, HULL_REC_ENV, "PATH=" DEFAULT_PATH);
    }
    if (!strvec_env(&hf->env, "HOME")) {
        manifest_add(manifest, HULL_REC_ENV, "HOME=/root");
    }
    for (size_t i = 0; i < hf->env.nr; i++) {
        manifest_add(manifest, HULL_REC_ENV, hf->env.v[i]);
    }
    if (hf->workdir) {
        manifest_add(manifest, HULL_REC_WORKDIR, hf->workdir);
    }
    if (hf->hostname) {
        manifest_add(manifest, HULL_REC_HOSTNAME, hf->hostname);
    }
    manifest_end(manifest);
}
