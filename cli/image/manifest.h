/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manifest (include/hull/manifest.h), written and read. Writing:
 * manifest_begin, manifest_add in order, manifest_end. Reading an untrusted
 * one: manifest_check, then manifest_next until it returns false.
 */
#ifndef CLI_IMAGE_MANIFEST_H
#define CLI_IMAGE_MANIFEST_H

#include "../util/str.h"

void manifest_begin(struct strbuf *sb);
void manifest_add(struct strbuf *sb, uint32_t type, const char *text);
void manifest_end(struct strbuf *sb);

/* 0, or -1 with *reason pointing at a constant. */
int manifest_check(const void *data, size_t size, const char **reason);
/* *pos starts as 0. The payload is not NUL-terminated. */
bool manifest_next(const void *data, size_t *pos, uint32_t *type,
                   const char **payload, size_t *size);
/* The name of a record type as the tool prints it, or NULL. */
const char *manifest_type_name(uint32_t type);

#endif
