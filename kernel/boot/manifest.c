/* SPDX-License-Identifier: BSD-2-Clause */
/* The manifest's records, checked before they are believed. */
#include "config.h"

#include <hull/manifest.h>

static int refuse(const char *why)
{
    log_err("manifest: %s", why);
    return -EINVAL;
}

static int header_check(const void *data, size_t size,
                        struct hull_manifest_header *h)
{
    if (size < sizeof(*h))
        return refuse("it is too short");
    memcpy(h, data, sizeof(*h));
    if (h->magic != HULL_MANIFEST_MAGIC)
        return refuse("its magic number is wrong");
    if (h->version != HULL_MANIFEST_VERSION)
        return refuse("it has a version this kernel does not know");
    if (h->size > size || h->size < sizeof(*h) || h->size > HULL_MANIFEST_MAX)
        return refuse("its size is wrong");
    return 0;
}

static int text_set(char **field, const char *text, size_t n)
{
    char *s = kmalloc(n + 1);

    if (!s)
        return -ENOMEM;
    memcpy(s, text, n);
    s[n] = '\0';
    kfree(*field);
    *field = s;
    return 0;
}

static int option_read(struct boot_config *c, const char *text, size_t n)
{
    char *word = NULL;
    int err = text_set(&word, text, n);

    if (err)
        return err;
    if (!config_word(c, word, &err))
        log_info("manifest: option %s is not known, skipped", word);
    kfree(word);
    return err;
}

static int record_read(struct boot_config *c, uint32_t type, const char *text,
                       size_t n)
{
    if (memchr(text, '\0', n))
        return refuse("a record has a NUL inside");
    switch (type) {
    case HULL_REC_ARG:
        return string_list_add(&c->argv, text, n);
    case HULL_REC_ENV:
        return string_list_set_env(&c->env, text, n);
    case HULL_REC_WORKDIR:
        return text_set(&c->workdir, text, n);
    case HULL_REC_HOSTNAME:
        return text_set(&c->hostname, text, n);
    case HULL_REC_NET:
        return text_set(&c->net, text, n);
    case HULL_REC_OPTION:
        return option_read(c, text, n);
    case HULL_REC_VOLUME:
        return string_list_add(&c->volumes, text, n);
    }
    if (type & HULL_REC_MUST) {
        log_err("manifest: record type %#x is not known, and needed", type);
        return -EINVAL;
    }
    return 0;
}

int config_read_manifest(struct boot_config *c, const void *data, size_t size)
{
    struct hull_manifest_header h;
    struct hull_record rec;
    size_t at = sizeof(h);
    int err = header_check(data, size, &h);

    for (uint32_t i = 0; !err && i < h.records; i++) {
        if (h.size - at < sizeof(rec))
            return refuse("a record is cut off");
        memcpy(&rec, (const char *)data + at, sizeof(rec));
        at += sizeof(rec);
        if (rec.size > h.size - at ||
            ALIGN_UP((size_t)rec.size, 8) > h.size - at)
            return refuse("a record is cut off");
        err = record_read(c, rec.type, (const char *)data + at, rec.size);
        at += ALIGN_UP((size_t)rec.size, 8);
    }
    return err;
}
