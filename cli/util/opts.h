/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command-line options from a table, which also prints the help.
 *
 * Options and operands may be mixed; "--" ends the options. What follows it
 * goes to `rest` where the command takes one, else to the operands. Values:
 * "-m 64M", "-m64M", "--memory 64M", "--memory=64M".
 */
#ifndef CLI_UTIL_OPTS_H
#define CLI_UTIL_OPTS_H

#include "str.h"

enum opt_kind {
    OPT_FLAG,       /* bool *: becomes true */
    OPT_STRING,     /* const char **: the last one given wins */
    OPT_LIST,       /* struct strvec *: each one is added */
    OPT_ELSEWHERE,  /* other tools have it: help says what to do here; no value */
};

struct opt {
    char letter;            /* 0: none */
    const char *name;       /* without the dashes; NULL ends the table */
    enum opt_kind kind;
    void *value;
    const char *arg;        /* the value's name in the help */
    const char *help;
};

struct opt_command {
    const char *name;       /* "hull run" */
    const char *synopsis;   /* "[OPTION]... IMAGE|DIR [-- ARG...]" */
    const char *about;
    const struct opt *opts;
};

/* Parses; handles --help (prints, exits 0); wrong ones end in usage(). rest
 * may be NULL. */
void opt_parse(const struct opt_command *cmd, int argc, char **argv,
               struct strvec *operands, struct strvec *rest);

#endif
