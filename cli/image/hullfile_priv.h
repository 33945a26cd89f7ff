/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of a Hullfile and of a Capstanfile share: a map of keys,
 * each with a function that takes its value. */
#ifndef CLI_IMAGE_HULLFILE_PRIV_H
#define CLI_IMAGE_HULLFILE_PRIV_H

#include "hullfile.h"

#include <yaml.h>

struct hullfile_dialect;

struct reader {
    struct hullfile *hf;
    const struct hullfile_dialect *dialect;
    yaml_document_t doc;
    int errors;
    char *base;             /* Capstanfile: its base, and where */
    int base_line;
};

struct hullfile_key {
    const char *name;
    void (*take)(struct reader *r, const char *key, yaml_node_t *value);
};

#define HULLFILE_KEYS_MAX 24

struct hullfile_dialect {
    const char *name;                   /* of the file */
    const struct hullfile_key *keys;    /* name NULL ends */
    const char *no_cmd;                 /* the error where there is none */
    /* Makes libyaml take the text; may be NULL. */
    void (*mend)(struct strbuf *text);
    /* What a host path in `files` stands for, to be freed; may be NULL. */
    char *(*host_path)(const char *host, const char *guest);
    /* After all keys, where there was no error; may be NULL. */
    void (*finish)(struct reader *r);
};

extern const struct hullfile_dialect capstan_dialect;

int hullfile__line_of(const yaml_node_t *node);
/* The text of a scalar, or NULL after an error. */
const char *hullfile__text(struct reader *r, const char *key,
                           yaml_node_t *value);
void hullfile__take_files(struct reader *r, const char *key,
                          yaml_node_t *value);
void hullfile__take_build(struct reader *r, const char *key,
                          yaml_node_t *value);
void hullfile__take_rootfs(struct reader *r, const char *key,
                           yaml_node_t *value);
void hullfile__take_cmd(struct reader *r, const char *key,
                        yaml_node_t *value);

#define BAD(r, node, ...) \
    ((r)->errors++, (void)hullfile_error((r)->hf, hullfile__line_of(node), \
                                         __VA_ARGS__))

#endif
