/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the Hullfile with libyaml's document interface: the root is a map
 * whose keys are looked up in keys[]; each has one function that takes its
 * value. Values are at most two deep, so nothing here recurses.
 */
#include "../util/path.h"
#include "hullfile_priv.h"
#include "names.h"

#include <errno.h>

int hullfile_error(const struct hullfile *hf, int line, const char *fmt, ...)
{
    va_list ap;
    char text[1024];

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (line) {
        return error("%s:%d: %s", hf->path, line, text);
    }
    return error("%s: %s", hf->path, text);
}

int hullfile__line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

const char *hullfile__text(struct reader *r, const char *key,
                           yaml_node_t *value)
{
    const char *text = (const char *)value->data.scalar.value;

    if (value->type != YAML_SCALAR_NODE) {
        BAD(r, value, "'%s' wants one value, not a list or map", key);
        return NULL;
    }
    if (strlen(text) != value->data.scalar.length) {
        BAD(r, value, "'%s' holds a NUL byte; take it out", key);
        return NULL;
    }
    return text;
}

static char *take_text(struct reader *r, const char *key, yaml_node_t *value)
{
    const char *text = hullfile__text(r, key, value);

    if (text && !*text) {
        BAD(r, value, "'%s' is empty; give it a value or take it out", key);
        return NULL;
    }
    return text ? xstrdup(text) : NULL;
}

static void take_name(struct reader *r, const char *key, yaml_node_t *value)
{
    char *name = take_text(r, key, value);

    if (name && !name_is_image(name)) {
        BAD(r, value, "'%s' cannot name an image; use letters, digits, '.', "
            "'_' and '-', at most %d of them", name, NAME_MAX_IMAGE);
    }
    r->hf->name = name;
}

void hullfile__take_build(struct reader *r, const char *key,
                          yaml_node_t *value)
{
    r->hf->build = take_text(r, key, value);
    r->hf->build_line = hullfile__line_of(value);
}

void hullfile__take_rootfs(struct reader *r, const char *key,
                           yaml_node_t *value)
{
    r->hf->rootfs = take_text(r, key, value);
    r->hf->rootfs_line = hullfile__line_of(value);
}

static void take_hostname(struct reader *r, const char *key,
                          yaml_node_t *value)
{
    char *name = take_text(r, key, value);

    if (name && !name_is_host(name)) {
        BAD(r, value, "'%s' is no host name; use letters, digits, '.' and "
            "'-', at most %d of them", name, NAME_MAX_HOST);
    }
    r->hf->hostname = name;
}

static void take_workdir(struct reader *r, const char *key,
                         yaml_node_t *value)
{
    char *text = take_text(r, key, value);

    if (text && text[0] != '/') {
        BAD(r, value, "workdir '%s' must be an absolute path in the guest, "
            "such as /%s", text, text);
    } else if (text) {
        r->hf->workdir = path_normalize(text);
        r->hf->workdir_line = hullfile__line_of(value);
    }
    free(text);
}

void hullfile__take_cmd(struct reader *r, const char *key,
                        yaml_node_t *value)
{
    struct hullfile *hf = r->hf;

    hf->cmd_line = hullfile__line_of(value);
    if (value->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *i = value->data.sequence.items.start;
             i < value->data.sequence.items.top; i++) {
            yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
            const char *text = hullfile__text(r, "cmd", item);

            if (text) {
                strvec_push(&hf->cmd, text);
            }
        }
    } else {
        const char *text = hullfile__text(r, key, value);

        if (text && str_split_words(text, &hf->cmd)) {
            BAD(r, value, "cmd has an open quote; close it, or write cmd as "
                "a list");
            return;
        }
    }
    if (!hf->cmd.nr || !hf->cmd.v[0][0]) {
        BAD(r, value, "cmd is empty; name the program to run");
    }
}

static void add_file(struct reader *r, yaml_node_t *key, yaml_node_t *value)
{
    struct hullfile *hf = r->hf;
    const char *guest = hullfile__text(r, "files", key);
    const char *host = guest ? hullfile__text(r, guest, value) : NULL;
    struct hullfile_file *f;

    if (!guest || !host) {
        return;
    }
    if (guest[0] != '/') {
        BAD(r, key, "'%s' must be an absolute path in the guest, such as "
            "/%s", guest, guest);
        return;
    }
    if (!*host) {
        BAD(r, key, "'%s' has no host path; write '%s: HOST-PATH'", guest,
            guest);
        return;
    }
    hf->files = xrealloc(hf->files, (hf->nfiles + 1) * sizeof(*hf->files));
    f = &hf->files[hf->nfiles];
    f->guest = path_normalize(guest);
    f->host = r->dialect->host_path ? r->dialect->host_path(host, guest)
                                    : xstrdup(host);
    f->line = hullfile__line_of(key);
    for (size_t i = 0; i < hf->nfiles; i++) {
        if (!strcmp(hf->files[i].guest, f->guest)) {
            BAD(r, key, "%s is already given at line %d; keep one of them",
                f->guest, hf->files[i].line);
        }
    }
    hf->nfiles++;
}

/* A key whose lines are all comments. */
static bool is_nothing(const yaml_node_t *value)
{
    return value->type == YAML_SCALAR_NODE && !value->data.scalar.length;
}

void hullfile__take_files(struct reader *r, const char *key,
                          yaml_node_t *value)
{
    if (is_nothing(value)) {
        return;
    }
    if (value->type != YAML_MAPPING_NODE) {
        BAD(r, value, "'%s' wants lines of the form 'GUEST-PATH: HOST-PATH'",
            key);
        return;
    }
    for (yaml_node_pair_t *p = value->data.mapping.pairs.start;
         p < value->data.mapping.pairs.top; p++) {
        add_file(r, yaml_document_get_node(&r->doc, p->key),
                 yaml_document_get_node(&r->doc, p->value));
    }
}

static void add_env(struct reader *r, yaml_node_t *where, const char *name,
                    const char *value)
{
    if (!*name || strchr(name, '=')) {
        BAD(r, where, "'%s' is no name for an environment variable; write "
            "'NAME: value' or '- NAME=value'", name);
        return;
    }
    if (strvec_env(&r->hf->env, name)) {
        BAD(r, where, "%s is given twice; keep one of them", name);
        return;
    }
    strvec_pushf(&r->hf->env, "%s=%s", name, value);
}

static void take_env_list(struct reader *r, yaml_node_t *list)
{
    for (yaml_node_item_t *i = list->data.sequence.items.start;
         i < list->data.sequence.items.top; i++) {
        yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
        const char *text = hullfile__text(r, "env", item);
        const char *equals = text ? strchr(text, '=') : NULL;
        char *name;

        if (!text) {
            continue;
        }
        if (!equals) {
            BAD(r, item, "'%s' is no NAME=value", text);
            continue;
        }
        name = xstrndup(text, (size_t)(equals - text));
        add_env(r, item, name, equals + 1);
        free(name);
    }
}

static void take_env(struct reader *r, const char *key, yaml_node_t *value)
{
    if (is_nothing(value)) {
        return;
    }
    if (value->type == YAML_SEQUENCE_NODE) {
        take_env_list(r, value);
        return;
    }
    if (value->type != YAML_MAPPING_NODE) {
        BAD(r, value, "'%s' wants lines 'NAME: value' or a list of "
            "NAME=value", key);
        return;
    }
    for (yaml_node_pair_t *p = value->data.mapping.pairs.start;
         p < value->data.mapping.pairs.top; p++) {
        yaml_node_t *node = yaml_document_get_node(&r->doc, p->key);
        const char *name = hullfile__text(r, "env", node);
        const char *text = name ? hullfile__text(r, name,
            yaml_document_get_node(&r->doc, p->value)) : NULL;

        if (text) {
            add_env(r, node, name, text);
        }
    }
}

static void take_memory(struct reader *r, const char *key, yaml_node_t *value)
{
    const char *text = hullfile__text(r, key, value);

    if (text && name_parse_memory(text, &r->hf->memory)) {
        BAD(r, value, "memory '%s' is not understood; write 64M, 1G or a "
            "number of MiB", text);
    }
}

static void take_cpus(struct reader *r, const char *key, yaml_node_t *value)
{
    const char *text = hullfile__text(r, key, value);

    if (text && str_parse_int(text, 1, NAME_CPUS_MAX, &r->hf->cpus)) {
        BAD(r, value, "cpus '%s' must be a number from 1 to %d", text,
            NAME_CPUS_MAX);
    }
}

static void add_port(struct reader *r, yaml_node_t *item)
{
    const char *text = hullfile__text(r, "ports", item);
    const char *other;
    struct name_port port;

    if (!text) {
        return;
    }
    if (name_parse_port(text, &port)) {
        BAD(r, item, "port '%s' is not understood; write \"HOST:GUEST\", "
            "\"ADDRESS:HOST:GUEST\" or \"HOST:GUEST/udp\", each port from 1 "
            "to 65535", text);
        return;
    }
    other = name_port_taken(&r->hf->ports, r->hf->ports.nr, &port);
    if (other) {
        BAD(r, item, "'%s' and '%s' both want port %u of the host; change "
            "one", other, text, port.host);
        return;
    }
    strvec_push(&r->hf->ports, text);
}

static void take_ports(struct reader *r, const char *key, yaml_node_t *value)
{
    (void)key;
    if (is_nothing(value)) {
        return;
    }
    if (value->type != YAML_SEQUENCE_NODE) {
        add_port(r, value);
        return;
    }
    for (yaml_node_item_t *i = value->data.sequence.items.start;
         i < value->data.sequence.items.top; i++) {
        add_port(r, yaml_document_get_node(&r->doc, *i));
    }
}

static void take_ca(struct reader *r, const char *key, yaml_node_t *value)
{
    const char *text = hullfile__text(r, key, value);

    if (!text) {
        return;
    }
    if (strcmp(text, "true") && strcmp(text, "false")) {
        BAD(r, value, "'%s' must be true or false, not '%s'", key, text);
    }
    r->hf->ca_certificates = !strcmp(text, "true");
    r->hf->ca_line = hullfile__line_of(value);
}

static void take_tz(struct reader *r, const char *key, yaml_node_t *value)
{
    r->hf->tz = take_text(r, key, value);
    r->hf->tz_line = hullfile__line_of(value);
}

static void take_java(struct reader *r, const char *key, yaml_node_t *value)
{
    r->hf->java_modules = take_text(r, key, value);
}

static const struct hullfile_key keys[] = {
    {"name", take_name},
    {"build", hullfile__take_build},
    {"files", hullfile__take_files},
    {"rootfs", hullfile__take_rootfs},
    {"cmd", hullfile__take_cmd},
    {"env", take_env},
    {"workdir", take_workdir},
    {"memory", take_memory},
    {"cpus", take_cpus},
    {"ports", take_ports},
    {"hostname", take_hostname},
    {"ca-certificates", take_ca},
    {"tz", take_tz},
    {"java-modules", take_java},
    {NULL, NULL},
};
_Static_assert(sizeof(keys) / sizeof(*keys) <= HULLFILE_KEYS_MAX, "seen[]");

static const struct hullfile_dialect dialect = {
    .name = HULLFILE_NAME,
    .keys = keys,
    .no_cmd = "there is no cmd; add 'cmd: PROGRAM ARG...' to say what the "
              "image runs",
};

static void unknown_key(struct reader *r, yaml_node_t *node, const char *name)
{
    const struct hullfile_key *keys_of = r->dialect->keys;
    const char *best = NULL;
    size_t best_distance = strlen(name) / 2 + 1;
    struct strbuf known;

    strbuf_init(&known);
    for (size_t i = 0; keys_of[i].name; i++) {
        size_t d = str_distance(name, keys_of[i].name);

        strbuf_addf(&known, "%s%s", i ? ", " : "", keys_of[i].name);
        if (d < best_distance) {
            best_distance = d;
            best = keys_of[i].name;
        }
    }
    if (best) {
        BAD(r, node, "unknown key '%s'; did you mean '%s'?", name, best);
    } else {
        BAD(r, node, "unknown key '%s'; the keys are %s", name, known.buf);
    }
    strbuf_release(&known);
}

static void take_pair(struct reader *r, yaml_node_t *key, yaml_node_t *value,
                      int seen[HULLFILE_KEYS_MAX])
{
    const struct hullfile_key *keys_of = r->dialect->keys;
    const char *name = hullfile__text(r, "a key", key);

    if (!name) {
        return;
    }
    for (size_t i = 0; keys_of[i].name; i++) {
        if (strcmp(keys_of[i].name, name)) {
            continue;
        }
        if (seen[i]) {
            BAD(r, key, "'%s' is already given at line %d; keep one of them",
                name, seen[i]);
            return;
        }
        seen[i] = hullfile__line_of(key);
        keys_of[i].take(r, name, value);
        return;
    }
    unknown_key(r, key, name);
}

static void take_document(struct reader *r)
{
    yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    int seen[HULLFILE_KEYS_MAX] = {0};

    if (!root || root->type != YAML_MAPPING_NODE) {
        hullfile_error(r->hf, root ? hullfile__line_of(root) : 1, "a %s is "
                       "a list of 'key: value' lines; see "
                       "docs/HULLFILE.md", r->dialect->name);
        r->errors++;
        return;
    }
    for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
         p < root->data.mapping.pairs.top; p++) {
        take_pair(r, yaml_document_get_node(&r->doc, p->key),
                  yaml_document_get_node(&r->doc, p->value), seen);
    }
    if (!r->errors && !r->hf->cmd.nr) {
        hullfile_error(r->hf, 0, "%s", r->dialect->no_cmd);
        r->errors++;
    }
    if (!r->errors && r->dialect->finish) {
        r->dialect->finish(r);
    }
}

static void not_yaml(const struct hullfile *hf, const yaml_parser_t *p)
{
    int line = (int)p->problem_mark.line + 1;

    if (p->context) {
        hullfile_error(hf, line, "this is not YAML: %s %s, which begins at "
                       "line %d", p->problem, p->context,
                       (int)p->context_mark.line + 1);
    } else {
        hullfile_error(hf, line, "this is not YAML: %s",
                       p->problem ? p->problem : "bad encoding");
    }
}

/* A second document would go unread. */
static bool at_end(const struct hullfile *hf, yaml_parser_t *parser)
{
    yaml_document_t more;
    yaml_node_t *root;

    if (!yaml_parser_load(parser, &more)) {
        not_yaml(hf, parser);
        return false;
    }
    root = yaml_document_get_root_node(&more);
    if (root) {
        hullfile_error(hf, hullfile__line_of(root), "a second document begins "
                       "here; take out the line '---' or '...' before it");
    }
    yaml_document_delete(&more);
    return !root;
}

static int parse(struct hullfile *hf, const struct hullfile_dialect *d,
                 struct strbuf *text)
{
    struct reader r = {.hf = hf, .dialect = d};
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        die("out of memory");
    }
    if (d->mend) {
        d->mend(text);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->buf,
                                 text->len);
    if (!yaml_parser_load(&parser, &r.doc)) {
        not_yaml(hf, &parser);
        yaml_parser_delete(&parser);
        return -1;
    }
    take_document(&r);
    free(r.base);
    yaml_document_delete(&r.doc);
    if (!r.errors && !at_end(hf, &parser)) {
        r.errors++;
    }
    yaml_parser_delete(&parser);
    return r.errors ? -1 : 0;
}

/* The Hullfile, or the Capstanfile where there is only that. */
static const struct hullfile_dialect *find(struct hullfile *hf)
{
    const struct hullfile_dialect *const all[] = {&dialect, &capstan_dialect};
    bool here = !strcmp(hf->dir, ".");

    for (size_t i = 0; i < 2; i++) {
        hf->path = here ? xstrdup(all[i]->name)
                        : path_join(hf->dir, all[i]->name);
        if (path_exists(hf->path)) {
            return all[i];
        }
        free(hf->path);
    }
    hf->path = here ? xstrdup(HULLFILE_NAME)
                    : path_join(hf->dir, HULLFILE_NAME);
    return &dialect;
}

int hullfile_read(struct hullfile *hf, const char *dir)
{
    const struct hullfile_dialect *d;
    struct strbuf text;
    int rc;

    memset(hf, 0, sizeof(*hf));
    strvec_init(&hf->cmd);
    strvec_init(&hf->env);
    strvec_init(&hf->ports);
    hf->dir = xstrdup(dir);
    d = find(hf);
    strbuf_init(&text);
    if (path_read_file(hf->path, &text, HULLFILE_SIZE_MAX)) {
        rc = errno == ENOENT
                 ? error("there is no %s; 'hull init' writes one, or name the "
                         "folder that has it", hf->path)
                 : error("cannot read %s: %s", hf->path, strerror(errno));
    } else {
        rc = parse(hf, d, &text);
    }
    strbuf_release(&text);
    return rc;
}

void hullfile_release(struct hullfile *hf)
{
    for (size_t i = 0; i < hf->nfiles; i++) {
        free(hf->files[i].guest);
        free(hf->files[i].host);
    }
    free(hf->files);
    free(hf->path);
    free(hf->dir);
    free(hf->name);
    free(hf->build);
    free(hf->rootfs);
    free(hf->workdir);
    free(hf->hostname);
    free(hf->tz);
    free(hf->java_modules);
    strvec_release(&hf->cmd);
    strvec_release(&hf->env);
    strvec_release(&hf->ports);
}
