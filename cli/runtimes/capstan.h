/* SPDX-License-Identifier: BSD-2-Clause */
/* OSv's names for things, as data for image/capstan.c. */
#ifndef CLI_RUNTIMES_CAPSTAN_H
#define CLI_RUNTIMES_CAPSTAN_H

/* A base image: fnmatch(3) pattern of its name without namespace, and the
 * program of this host that it stands for; "" for one that needs none. */
struct capstan_base {
    const char *pattern;
    const char *program;
};

/* A program of a base image: what cmdline calls it, and what Hull runs. */
struct capstan_program {
    const char *pattern;
    const char *program;
};

enum capstan_action { CAPSTAN_ENV, CAPSTAN_CWD, CAPSTAN_HOSTNAME,
                      CAPSTAN_NOTHING, CAPSTAN_CANNOT };

/* An option of OSv's loader before the program. */
struct capstan_option {
    const char *name;           /* with the dashes */
    enum capstan_action action;
    const char *instead;        /* CANNOT: the way out */
};

/* Each ends with a NULL name. */
extern const struct capstan_base capstan_bases[];
extern const struct capstan_program capstan_programs[];
extern const struct capstan_option capstan_options[];

#endif
