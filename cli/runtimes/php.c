/* SPDX-License-Identifier: BSD-2-Clause */
/* PHP, its extensions and the settings that load them. */
#include "runtimes.h"

#include <stddef.h>

static const char *const programs[] = {"php", "php[0-9]*", NULL};
static const char *const ask[] = {
    "-n", "-r",
    "echo PHP_BINARY, \"\\n\", PHP_EXTENSION_DIR, \"\\n\","
    "     PHP_CONFIG_FILE_PATH, \"\\n\", PHP_CONFIG_FILE_SCAN_DIR, \"\\n\";",
    NULL,
};
/* Debian's reads the system's time zones and warns where there is no UTC. */
static const char *const paths[] = {
    "/etc/php/*/mods-available", "/usr/share/zoneinfo", NULL,
};
static const char *const leave_out[] = {"posix", "right", NULL};

const struct runtime runtime_php = {
    .name = "PHP", .programs = programs, .ask = ask, .paths = paths,
    .leave_out = leave_out,
};
