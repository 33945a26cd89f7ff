/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What to run and how: the manifest, overridden by the boot command line.
 * include/hull/manifest.h describes both formats.
 *
 *   config_init -> config_read_manifest -> config_read_cmdline -> use
 *   -> config_release
 *
 * Both readers take hostile input: a broken one is refused with a log line
 * that says what is wrong.
 */
#ifndef HULL_BOOT_CONFIG_H
#define HULL_BOOT_CONFIG_H

#include "../mm/mm.h"

/* Strings in order; `at` ends with a NULL. */
struct string_list {
    char **at;
    unsigned count;
};

struct boot_config {
    struct string_list argv, env, volumes;
    char *workdir, *hostname;       /* NULL: not said */
    char *net;                      /* "dhcp" or the words after "ip=" */
    bool strace, noecho, fixed_layout, exit_isa;
    bool panic;                     /* on purpose, to see what one looks like */
    unsigned stats_seconds;         /* between lines of counters; 0: none */
    int loglevel;                   /* -1: not said */
};

void config_init(struct boot_config *c);
void config_release(struct boot_config *c);

/* Adds what `data` says. 0, -EINVAL (logged), -ENOMEM. */
int config_read_manifest(struct boot_config *c, const void *data, size_t size);

/* Overrides by the words of a command line. 0, -EINVAL (a quote that does
 * not end, logged), -ENOMEM. Unknown words are logged and skipped. */
int config_read_cmdline(struct boot_config *c, const char *cmdline);

/* One "name" or "name=value", of the command line or an OPTION record. False:
 * unknown. *err: -ENOMEM, -EINVAL or 0. For the two readers. */
bool config_word(struct boot_config *c, const char *word, int *err);

/* Lists. add takes a copy of n bytes; -ENOMEM, -E2BIG. */
int string_list_add(struct string_list *l, const char *text, size_t n);
/* Replaces the entry with the same "NAME=", or adds. */
int string_list_set_env(struct string_list *l, const char *text, size_t n);
/* Frees all from the index on. */
void string_list_cut(struct string_list *l, unsigned from);

#endif
