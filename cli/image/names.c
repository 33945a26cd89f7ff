/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"
#include "../util/str.h"

#include <arpa/inet.h>
#include <ctype.h>

static bool all_of(const char *s, const char *more, size_t max)
{
    size_t len = strlen(s);

    if (!len || len > max || !isalnum((unsigned char)*s)) {
        return false;
    }
    for (; *s; s++) {
        if (!isalnum((unsigned char)*s) && !strchr(more, *s)) {
            return false;
        }
    }
    return true;
}

bool name_is_image(const char *name)
{
    return all_of(name, "._-", NAME_MAX_IMAGE);
}

bool name_is_host(const char *name)
{
    return all_of(name, ".-", NAME_MAX_HOST);
}

int name_parse_port(const char *text, struct name_port *port)
{
    char *copy = xstrdup(text);
    char *slash = strchr(copy, '/');
    char *colon = strrchr(copy, ':');
    char *first = strchr(copy, ':');
    char *text_of_host = copy;
    long host = 0, guest = 0;
    int rc = 0;

    memset(port, 0, sizeof(*port));
    if (slash) {
        *slash = '\0';
        port->udp = !strcmp(slash + 1, "udp");
        rc = port->udp || !strcmp(slash + 1, "tcp") ? 0 : -1;
    }
    if (colon) {
        *colon = '\0';
    }
    if (first != colon) {
        *first = '\0';
        text_of_host = first + 1;
        rc = inet_pton(AF_INET, copy, &port->address) == 1 ? rc : -1;
    }
    if (str_parse_int(text_of_host, 1, UINT16_MAX, &host) ||
        str_parse_int(colon ? colon + 1 : copy, 1, UINT16_MAX, &guest)) {
        rc = -1;
    }
    port->host = (uint16_t)host;
    port->guest = (uint16_t)guest;
    free(copy);
    return rc;
}

const char *name_port_taken(const struct strvec *ports, size_t n,
                            const struct name_port *port)
{
    struct name_port other;

    for (size_t i = 0; i < n; i++) {
        if (!name_parse_port(ports->v[i], &other) &&
            other.host == port->host && other.udp == port->udp &&
            (!other.address.s_addr || !port->address.s_addr ||
             other.address.s_addr == port->address.s_addr)) {
            return ports->v[i];
        }
    }
    return NULL;
}

int name_parse_memory(const char *text, uint64_t *bytes)
{
    if (str_parse_size(text, 1 << 20, bytes) || *bytes < NAME_MEMORY_MIN) {
        return -1;
    }
    return 0;
}
