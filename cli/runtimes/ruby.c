/* SPDX-License-Identifier: BSD-2-Clause */
/* Ruby, its standard library and the gems installed for the whole host. */
#include "runtimes.h"

#include <stddef.h>

static const char *const programs[] = {"ruby", "ruby[0-9]*", NULL};
static const char *const ask[] = {
    "-e",
    "puts RbConfig.ruby, $:, "
    "Gem.path.reject { |p| p.start_with?(Dir.home + '/') }", NULL,
};
static const char *const leave_out[] = {
    "test", "spec", "doc", "ri", "cache", "*.a", NULL,
};

/* Without a locale Ruby takes what it reads for ASCII. */
const struct runtime runtime_ruby = {
    .name = "Ruby", .programs = programs, .ask = ask, .leave_out = leave_out,
    .env = "LANG=C.UTF-8",
};
