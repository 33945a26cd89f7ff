/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Capstanfile of OSv, read into a Hullfile's terms. What OSv calls things
 * is in ../runtimes/capstan.c. A base image is looked up there: the runtime
 * that it brings is this host's, found by the rules for cmd.
 */
#include "../runtimes/capstan.h"
#include "../util/path.h"
#include "hullfile_priv.h"

#include <fnmatch.h>

#define CAPSTAN_MEMORY (512ull << 20)       /* what capstan gives */

static void take_base(struct reader *r, const char *key, yaml_node_t *value)
{
    const char *text = hullfile__text(r, key, value);

    if (text) {
        r->base = xstrdup(text);
        r->base_line = hullfile__line_of(value);
    }
}

/* "&" in a host path stands for the base name of the guest path. */
static char *fill_in(const char *host, const char *guest)
{
    struct strbuf sb;

    strbuf_init(&sb);
    for (; *host; host++) {
        if (*host == '&') {
            strbuf_addstr(&sb, path_basename(guest));
        } else {
            strbuf_addch(&sb, *host);
        }
    }
    return strbuf_detach(&sb);
}

/* A lone "&" begins an anchor in YAML and is a path here: quoted, so that
 * libyaml takes it as text. */
static void mend(struct strbuf *text)
{
    struct strbuf out;
    char *line, *end;

    strbuf_init(&out);
    for (line = text->buf; *line; line = end + (*end != 0)) {
        char *at = strstr(line, ": &");
        size_t len;

        end = line + strcspn(line, "\n");
        if (at && at < end && *line != '#') {
            len = strcspn(at + 2, " \t\r\n");
            strbuf_add(&out, line, (size_t)(at + 2 - line));
            strbuf_addf(&out, "\"%.*s\"", (int)len, at + 2);
            strbuf_add(&out, at + 2 + len, (size_t)(end - at - 2) - len);
        } else {
            strbuf_add(&out, line, (size_t)(end - line));
        }
        strbuf_addch(&out, '\n');
    }
    strbuf_release(text);
    *text = out;
}

#define BAD_CMD(r, ...) \
    ((r)->errors++, (void)hullfile_error((r)->hf, (r)->hf->cmd_line, \
                                         __VA_ARGS__))

static void do_option(struct reader *r, const struct capstan_option *o,
                      const char *value)
{
    struct hullfile *hf = r->hf;

    switch (o->action) {
    case CAPSTAN_ENV:
        if (!strchr(value, '=') || *value == '=') {
            BAD_CMD(r, "--env=%s is no --env=NAME=VALUE", value);
        } else {
            strvec_push(&hf->env, value);
        }
        break;
    case CAPSTAN_CWD:
        free(hf->workdir);
        hf->workdir = path_normalize(value);
        break;
    case CAPSTAN_HOSTNAME:
        free(hf->hostname);
        hf->hostname = xstrdup(value);
        break;
    case CAPSTAN_NOTHING:
        break;
    case CAPSTAN_CANNOT:
        BAD_CMD(r, "Hull has nothing like %s; %s", o->name, o->instead);
        break;
    }
}

/* One option at hf->cmd.v[i]; how many words it takes. */
static size_t take_option(struct reader *r, size_t i)
{
    char **v = r->hf->cmd.v;
    size_t len = strcspn(v[i], "=");

    for (const struct capstan_option *o = capstan_options; o->name; o++) {
        bool wants = o->action == CAPSTAN_ENV || o->action == CAPSTAN_CWD ||
                     o->action == CAPSTAN_HOSTNAME;

        if (strlen(o->name) != len || strncmp(o->name, v[i], len)) {
            continue;
        }
        if (!wants || v[i][len]) {
            do_option(r, o, v[i][len] ? v[i] + len + 1 : "");
            return 1;
        }
        if (!v[i + 1]) {
            BAD_CMD(r, "%s has no value; write %s=VALUE", v[i], v[i]);
            return 1;
        }
        do_option(r, o, v[i + 1]);
        return 2;
    }
    BAD_CMD(r, "cmdline has %s before the program, which is no option of "
            "OSv's loader that Hull knows; take it out", v[i]);
    return 1;
}

/* Drops the first n words. */
static void drop(struct strvec *sv, size_t n)
{
    struct strvec rest;

    strvec_init(&rest);
    for (size_t i = n; i < sv->nr; i++) {
        strvec_push(&rest, sv->v[i]);
    }
    strvec_release(sv);
    *sv = rest;
}

static bool in_files(const struct hullfile *hf, const char *guest)
{
    for (size_t i = 0; i < hf->nfiles; i++) {
        if (!strcmp(hf->files[i].guest, guest)) {
            return true;
        }
    }
    return false;
}

static void map_program(struct hullfile *hf)
{
    char *name = hf->cmd.v[0];

    for (const struct capstan_program *p = capstan_programs; p->pattern; p++) {
        if (!fnmatch(p->pattern, name, 0) && !in_files(hf, name)) {
            free(name);
            hf->cmd.v[0] = xstrdup(p->program);
            return;
        }
    }
}

static void check_base(struct reader *r)
{
    const char *name = path_basename(r->base);

    for (const struct capstan_base *b = capstan_bases; b->pattern; b++) {
        if (!fnmatch(b->pattern, name, 0)) {
            return;
        }
    }
    r->errors++;
    hullfile_error(r->hf, r->base_line, "base '%s' is no image that Hull has "
                   "something for; put what it holds into files or rootfs "
                   "and take the base out", r->base);
}

static void finish(struct reader *r)
{
    struct hullfile *hf = r->hf;
    size_t skip = 0;

    while (skip < hf->cmd.nr && str_starts(hf->cmd.v[skip], "--")) {
        skip += take_option(r, skip);
    }
    drop(&hf->cmd, skip);
    if (!hf->cmd.nr) {
        BAD_CMD(r, "cmdline names no program");
        return;
    }
    for (size_t i = 0; i < hf->cmd.nr; i++) {
        const char *word = hf->cmd.v[i];

        if (str_ends(word, ";") || !strcmp(word, "&") ||
            !strcmp(word, "&!")) {
            BAD_CMD(r, "cmdline runs several programs, and a Hull image runs "
                    "one; make an image of each");
            return;
        }
    }
    map_program(hf);
    if (r->base) {
        check_base(r);
    }
    hf->capstan = true;
    hf->memory = CAPSTAN_MEMORY;
}

static const struct hullfile_key keys[] = {
    {"base", take_base},
    {"cmdline", hullfile__take_cmd},
    {"build", hullfile__take_build},
    {"files", hullfile__take_files},
    {"rootfs", hullfile__take_rootfs},
    {NULL, NULL},
};

const struct hullfile_dialect capstan_dialect = {
    .name = "Capstanfile",
    .keys = keys,
    .no_cmd = "there is no cmdline; add 'cmdline: /PROGRAM ARG...' to say "
              "what the image runs",
    .mend = mend,
    .host_path = fill_in,
    .finish = finish,
};
