/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar of what users write in both the Hullfile and options: image
 * names, host names, ports, memory sizes. Functions return 0 or -1, and say
 * nothing: the caller knows where the text came from. */
#ifndef CLI_IMAGE_NAMES_H
#define CLI_IMAGE_NAMES_H

#include "../util/str.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define NAME_MAX_IMAGE 63       /* image.h's name, with a NUL */
#define NAME_MAX_HOST  63
#define NAME_CPUS_MAX  255
#define NAME_MEMORY_MIN (4ull << 20)

struct name_port {
    struct in_addr address; /* of this host; 0: all of them */
    uint16_t host;
    uint16_t guest;
    bool udp;
};

bool name_is_image(const char *name);
bool name_is_host(const char *name);
/* "80" (both), "8080:80", "53:53/udp", "127.0.0.1:8080:80". */
int name_parse_port(const char *text, struct name_port *port);
/* Which of the first n ports wants what port wants of the host, or NULL. */
const char *name_port_taken(const struct strvec *ports, size_t n,
                            const struct name_port *port);
/* A plain number is MiB. */
int name_parse_memory(const char *text, uint64_t *bytes);

#endif
