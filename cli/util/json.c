/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

json_t *json_from_strvec(const struct strvec *sv)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sv->nr; i++) {
        json_t *text = json_string(sv->v[i]);

        /* not UTF-8: JSON cannot say it */
        json_array_append_new(list, text ? text : json_null());
    }
    return list;
}

void json_print(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2));

    if (!text) {
        die("this cannot be said in JSON: a name in it is not UTF-8");
    }
    puts(text);
    free(text);
}
