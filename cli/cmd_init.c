/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/hullfile.h"
#include "image/names.h"
#include "runtimes/projects.h"
#include "util/opts.h"
#include "util/path.h"

#include <glob.h>
#include <jansson.h>

#define POM_MAX (1u << 20)
#define MARKER_MAX (1u << 20)
#define FALLBACK_NAME "app"

/* The folder's name, or a plain one where that names no image. */
static char *name_of(const char *dir)
{
    char *real = realpath(dir, NULL);
    char *name = xstrdup(real ? path_basename(real) : "");

    free(real);
    if (!name_is_image(name)) {
        free(name);
        name = xstrdup(FALLBACK_NAME);
    }
    return name;
}

/* The text of the first <tag> from `from` on, freed by the caller, or NULL
 * where there is none, or it refers to a property. */
static char *element(const char *from, const char *tag)
{
    char *open = xstrfmt("<%s>", tag);
    const char *at = strstr(from, open);
    char *text = NULL;

    if (at) {
        at += strlen(open);
        text = xstrndup(at, strcspn(at, "<\n"));
        if (!*text || strchr(text, '$') || strchr(text, '/')) {
            free(text);
            text = NULL;
        }
    }
    free(open);
    return text;
}

/* What Maven calls the jar: finalName, or artifactId-version of its own. */
static char *jar_of(const char *dir, const char *name)
{
    char *path = path_join(dir, "pom.xml"), *jar, *final, *id, *version;
    const char *own;
    struct strbuf pom;

    strbuf_init(&pom);
    path_read_file(path, &pom, POM_MAX);
    own = strstr(pom.buf, "</parent>");
    own = own ? own : pom.buf;
    final = element(own, "finalName");
    id = element(own, "artifactId");
    version = element(own, "version");
    jar = final ? xstrfmt("%s.jar", final)
                : xstrfmt("%s-%s.jar", id ? id : name,
                          version ? version : "VERSION");
    strbuf_release(&pom);
    free(path);
    free(final);
    free(id);
    free(version);
    return jar;
}

/* What Cargo calls the program: the first name in Cargo.toml. */
static char *crate_of(const char *dir, const char *name)
{
    char *path = path_join(dir, "Cargo.toml"), *crate = NULL;
    struct strbuf text;
    const char *at;

    strbuf_init(&text);
    path_read_file(path, &text, MARKER_MAX);
    at = strstr(text.buf, "\nname");
    at = at ? strchr(at, '"') : NULL;
    crate = xstrndup(at ? at + 1 : name,
                     at ? strcspn(at + 1, "\"\n") : strlen(name));
    strbuf_release(&text);
    free(path);
    return crate;
}

/* The file that package.json's "main" names, or its "start" runs by plain
 * node, if it is there; else NULL. */
static char *main_of_npm(const char *dir)
{
    char *path = path_join(dir, "package.json"), *main = NULL, *host;
    json_t *root = json_load_file(path, 0, NULL);
    const char *start = json_string_value(
        json_object_get(json_object_get(root, "scripts"), "start"));
    const char *named = json_string_value(json_object_get(root, "main"));

    if (start && str_starts(start, "node ")) {
        named = start + strlen("node ");
    }
    host = path_join(dir, named ? named : "");
    if (named && *named != '/' && path_exists(host) && !path_is_dir(host) &&
        !strpbrk(named, " :#'\"\n")) {
        main = xstrdup(named);
    }
    free(host);
    json_decref(root);
    free(path);
    return main;
}

static char *main_of(const char *dir, const struct project *p)
{
    const char *const *m = p->mains;
    char *own = m && !strcmp(p->marker, "package.json") ? main_of_npm(dir)
                                                         : NULL;

    if (own) {
        return own;
    }
    for (; m && *m; m++) {
        char *path = path_join(dir, *m);
        bool there = path_exists(path);

        free(path);
        if (there) {
            return xstrdup(*m);
        }
    }
    return xstrdup(p->mains ? p->mains[0] : "");
}

/* The project's virtual environment's Python, or NULL. */
static const char *venv_of(const char *dir)
{
    static const char *const names[] = {
        ".venv/bin/python", "venv/bin/python", "env/bin/python", NULL,
    };
    const char *found = NULL;

    for (size_t i = 0; names[i] && !found; i++) {
        char *path = path_join(dir, names[i]);

        found = path_exists(path) ? names[i] : NULL;
        free(path);
    }
    return found;
}

/* The lines that bring what a Python project asks for. */
static const char *pip_of(const char *dir)
{
    char *path = path_join(dir, "requirements.txt");
    bool asks = path_exists(path) && !venv_of(dir);

    free(path);
    return asks ? "build: python3 -m pip install -q --target vendor -r "
                  "requirements.txt\nenv:\n  PYTHONPATH: vendor\n"
                : "";
}

static void write_text(struct strbuf *out, const char *dir, const char *text,
                       const char *name, const char *jar, const char *script)
{
    char *module = xstrndup(script, strcspn(script, "."));
    char *crate = crate_of(dir, name);
    const char *venv = venv_of(dir);
    const struct { const char *mark, *value; } marks[] = {
        {"@NAME@", name}, {"@JAR@", jar}, {"@MAIN@", script},
        {"@MODULE@", module}, {"@PYTHON@", venv ? venv : "python3"},
        {"@PIP@", pip_of(dir)}, {"@CRATE@", crate},
    };

    while (*text) {
        size_t i = 0, n = sizeof(marks) / sizeof(*marks);

        while (i < n && !str_starts(text, marks[i].mark)) {
            i++;
        }
        if (i < n) {
            strbuf_addstr(out, marks[i].value);
            text += strlen(marks[i].mark);
        } else {
            strbuf_addch(out, *text++);
        }
    }
    free(module);
    free(crate);
}

/* Whether a file is there, by a pattern, and has the word, if one is given,
 * in letters of either case. */
static bool is_marked(const char *pattern, const char *word)
{
    struct strbuf text;
    bool is;
    glob_t g;

    if (glob(pattern, 0, NULL, &g)) {
        return false;
    }
    strbuf_init(&text);
    is = !word || (!path_read_file(g.gl_pathv[0], &text, MARKER_MAX) &&
                   strcasestr(text.buf, word));
    strbuf_release(&text);
    globfree(&g);
    return is;
}

static const struct project *find_project(const char *dir)
{
    for (const struct project *p = projects; p->marker; p++) {
        char *pattern = path_join(dir, p->marker);
        bool is = is_marked(pattern, p->library);

        free(pattern);
        if (is) {
            return p;
        }
    }
    return NULL;
}

/* A YAML scalar in double quotes. */
static void add_quoted(struct strbuf *out, const char *s)
{
    strbuf_addch(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            strbuf_addch(out, '\\');
        }
        if (*s == '\n') {
            strbuf_addstr(out, "\\n");
        } else {
            strbuf_addch(out, *s);
        }
    }
    strbuf_addch(out, '"');
}

static void add_line(struct strbuf *out, const char *key, const char *value)
{
    if (value) {
        strbuf_addf(out, "%s: ", key);
        add_quoted(out, value);
        strbuf_addch(out, '\n');
    }
}

static void from_capstan(const struct hullfile *hf, const char *name,
                         struct strbuf *out)
{
    char *rootfs = path_join(hf->dir, "ROOTFS");

    strbuf_addf(out, "name: %s\n", name);
    add_line(out, "build", hf->build);
    add_line(out, "rootfs", hf->rootfs ? hf->rootfs
                            : path_is_dir(rootfs) ? "ROOTFS" : NULL);
    strbuf_addstr(out, hf->nfiles ? "files:\n" : "");
    for (size_t i = 0; i < hf->nfiles; i++) {
        strbuf_addstr(out, "  ");
        add_quoted(out, hf->files[i].guest);
        strbuf_addstr(out, ": ");
        add_quoted(out, hf->files[i].host);
        strbuf_addch(out, '\n');
    }
    strbuf_addstr(out, "cmd:\n");
    for (size_t i = 0; i < hf->cmd.nr; i++) {
        strbuf_addstr(out, "  - ");
        add_quoted(out, hf->cmd.v[i]);
        strbuf_addch(out, '\n');
    }
    strbuf_addstr(out, hf->env.nr ? "env:\n" : "");
    for (size_t i = 0; i < hf->env.nr; i++) {
        strbuf_addstr(out, "  - ");
        add_quoted(out, hf->env.v[i]);
        strbuf_addch(out, '\n');
    }
    add_line(out, "workdir", hf->workdir);
    add_line(out, "hostname", hf->hostname);
    strbuf_addf(out, "memory: %lluM\n",
                (unsigned long long)(hf->memory >> 20));
    free(rootfs);
}

static const char *fill(const char *dir, const char *name, struct strbuf *out)
{
    char *capstan = path_join(dir, "Capstanfile"), *jar, *script;
    const struct project *p = find_project(dir);
    bool convert = path_exists(capstan);
    struct hullfile hf;

    free(capstan);
    if (convert) {
        if (hullfile_read(&hf, dir)) {
            give_up();
        }
        from_capstan(&hf, name, out);
        hullfile_release(&hf);
        return "its Capstanfile";
    }
    if (!p) {
        die("nothing in %s says what it is (no pom.xml, build.gradle, "
            "package.json, go.mod, Cargo.toml, Makefile, Python, PHP or "
            "Ruby); docs/HULLFILE.md shows what to write", dir);
    }
    jar = jar_of(dir, name);
    script = main_of(dir, p);
    write_text(out, dir, p->text, name, jar, script);
    free(jar);
    free(script);
    return p->what;
}

int cmd_init(int argc, char **argv)
{
    const struct opt opts[] = {{.name = NULL}};
    const struct opt_command me = {
        "hull init", "[DIR]",
        "Writes a Hullfile for the project in DIR (default: here), or makes\n"
        "one of its Capstanfile.", opts,
    };
    const char *dir = ".", *what;
    struct strvec operands;
    struct strbuf text;
    char *path, *name;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr > 1) {
        usage("init takes one folder");
    }
    dir = operands.nr ? operands.v[0] : dir;
    path = path_join(dir, HULLFILE_NAME);
    if (path_exists(path)) {
        die("%s is already there; remove it first, or edit it", path);
    }
    name = name_of(dir);
    strbuf_init(&text);
    what = fill(dir, name, &text);
    path_remove_at_exit(path);      /* a half one would be in the way */
    path_write_file(path, text.buf, text.len, 0644);
    path_keep(path);
    note("wrote %s for %s; look it over, then 'hull build'", path, what);
    strbuf_release(&text);
    strvec_release(&operands);
    free(path);
    free(name);
    return 0;
}
