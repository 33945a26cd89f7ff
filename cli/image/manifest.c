/* SPDX-License-Identifier: BSD-2-Clause */
#include "manifest.h"

#include <hull/manifest.h>

#define ROUND8(n) (((n) + 7) & ~(size_t)7)

void manifest_begin(struct strbuf *sb)
{
    struct hull_manifest_header h = {
        .magic = HULL_MANIFEST_MAGIC,
        .version = HULL_MANIFEST_VERSION,
    };

    strbuf_add(sb, &h, sizeof(h));
}

void manifest_add(struct strbuf *sb, uint32_t type, const char *text)
{
    static const char zeros[8];
    size_t len = strlen(text);
    struct hull_record rec = {.type = type, .size = (uint32_t)len};
    struct hull_manifest_header h;

    if (len > HULL_MANIFEST_MAX - sb->len) {
        die("the manifest would exceed %u bytes; shorten cmd or env",
            HULL_MANIFEST_MAX);
    }
    strbuf_add(sb, &rec, sizeof(rec));
    strbuf_add(sb, text, len);
    strbuf_add(sb, zeros, ROUND8(len) - len);
    memcpy(&h, sb->buf, sizeof(h));
    h.records++;
    memcpy(sb->buf, &h, sizeof(h));
}

void manifest_end(struct strbuf *sb)
{
    struct hull_manifest_header h;

    if (sb->len > HULL_MANIFEST_MAX) {
        die("the manifest exceeds %u bytes; shorten cmd or env",
            HULL_MANIFEST_MAX);
    }
    memcpy(&h, sb->buf, sizeof(h));
    h.size = (uint32_t)sb->len;
    memcpy(sb->buf, &h, sizeof(h));
}

int manifest_check(const void *data, size_t size, const char **reason)
{
    struct hull_manifest_header h;
    struct hull_record rec;
    size_t pos = sizeof(h);

    if (size < sizeof(h)) {
        *reason = "it is too short";
        return -1;
    }
    memcpy(&h, data, sizeof(h));
    if (h.magic != HULL_MANIFEST_MAGIC) {
        *reason = "its magic number is wrong";
        return -1;
    }
    if (h.version != HULL_MANIFEST_VERSION) {
        *reason = "it has a version this tool does not know";
        return -1;
    }
    if (h.size != size) {
        *reason = "its size is wrong";
        return -1;
    }
    for (uint32_t i = 0; i < h.records; i++) {
        if (size - pos < sizeof(rec)) {
            *reason = "a record is cut off";
            return -1;
        }
        memcpy(&rec, (const char *)data + pos, sizeof(rec));
        pos += sizeof(rec);
        if (rec.size > size - pos || ROUND8(rec.size) > size - pos) {
            *reason = "a record is cut off";
            return -1;
        }
        pos += ROUND8(rec.size);
    }
    if (pos != size) {
        *reason = "there is something behind its last record";
        return -1;
    }
    return 0;
}

bool manifest_next(const void *data, size_t *pos, uint32_t *type,
                   const char **payload, size_t *size)
{
    struct hull_manifest_header h;
    struct hull_record rec;

    memcpy(&h, data, sizeof(h));
    if (!*pos) {
        *pos = sizeof(h);
    }
    if (*pos >= h.size) {
        return false;
    }
    memcpy(&rec, (const char *)data + *pos, sizeof(rec));
    *type = rec.type;
    *size = rec.size;
    *payload = (const char *)data + *pos + sizeof(rec);
    *pos += sizeof(rec) + ROUND8(rec.size);
    return true;
}

const char *manifest_type_name(uint32_t type)
{
    switch (type) {
    case HULL_REC_ARG:
        return "arg";
    case HULL_REC_ENV:
        return "env";
    case HULL_REC_WORKDIR:
        return "workdir";
    case HULL_REC_HOSTNAME:
        return "hostname";
    case HULL_REC_NET:
        return "net";
    case HULL_REC_OPTION:
        return "option";
    case HULL_REC_VOLUME:
        return "volume";
    default:
        return NULL;
    }
}
