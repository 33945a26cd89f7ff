/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar of what users write in both the Hullfile and options: image
 * names, host names, ports, memory sizes. Functions return 0 or -1, and say
 * nothing: the caller knows where the text came from. */
#ifndef CLI_IMAGE_NAMES_H
#define CLI_IMAGE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define NAME_MAX_IMAGE 63       /* image.h's name, with a NUL */
#define NAME_MAX_HOST  63
#define NAME_CPUS_MAX  255
#define NAME_MEMORY_MIN (4ull << 20)

struct name_port {
    uint16_t host;
    uint16_t guest;
    bool udp;
};

bool name_is_image(const char *name);
bool name_is_host(const char *name);
/* "80" (both), "8080:80", "53:53/udp". */
int name_parse_port(const char *text, struct name_port *port);
/* A plain number is MiB. */
int name_parse_memory(const char *text, uint64_t *bytes);

#endif
