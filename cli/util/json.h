/* SPDX-License-Identifier: BSD-2-Clause */
/* What every --json listing shares, on top of jansson. */
#ifndef CLI_UTIL_JSON_H
#define CLI_UTIL_JSON_H

#include "str.h"

#include <jansson.h>

/* A new array of the texts. */
json_t *json_from_strvec(const struct strvec *sv);
/* Prints to stdout, indented, with a newline. */
void json_print(const json_t *value);

#endif
