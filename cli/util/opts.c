/* SPDX-License-Identifier: BSD-2-Clause */
#include "opts.h"

#define HELP_COLUMN 28

static void print_help(const struct opt_command *cmd)
{
    printf("Usage: %s %s\n\n%s\n\nOptions:\n", cmd->name, cmd->synopsis,
           cmd->about);
    for (const struct opt *o = cmd->opts; o->name; o++) {
        int n;

        if (o->kind == OPT_ELSEWHERE) {
            continue;
        }
        n = printf("  %c%c%s--%s%s%s", o->letter ? '-' : ' ',
                   o->letter ? o->letter : ' ', o->letter ? ", " : "  ",
                   o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        if (n >= HELP_COLUMN) {
            printf("\n%*s", HELP_COLUMN, "");
        } else {
            printf("%*s", HELP_COLUMN - n, "");
        }
        puts(o->help);
    }
    printf("  -h, --help%*sthis text\n", HELP_COLUMN - 12, "");
}

static void suggest(const struct opt_command *cmd, const char *given)
{
    size_t len = strcspn(given, "=");
    char *name = xstrndup(given, len);
    const char *best = NULL;
    size_t best_distance = 3;

    for (const struct opt *o = cmd->opts; o->name; o++) {
        size_t d = str_distance(name, o->name);

        if (d < best_distance && o->kind != OPT_ELSEWHERE) {
            best_distance = d;
            best = o->name;
        }
    }
    if (best) {
        usage("there is no option --%s; did you mean --%s?", name, best);
    }
    usage("there is no option --%s", name);
}

static void take(const struct opt *o, const char *value)
{
    switch (o->kind) {
    case OPT_FLAG:
        *(bool *)o->value = true;
        break;
    case OPT_STRING:
        *(const char **)o->value = value;
        break;
    case OPT_LIST:
        strvec_push(o->value, value);
        break;
    case OPT_ELSEWHERE:
        break;
    }
}

/* One "--name[=value]"; returns how many further words it used. */
static int parse_long(const struct opt_command *cmd, const char *word,
                      const char *next)
{
    size_t len = strcspn(word, "=");
    const char *value = word[len] ? word + len + 1 : NULL;

    for (const struct opt *o = cmd->opts; o->name; o++) {
        if (strlen(o->name) != len || strncmp(o->name, word, len)) {
            continue;
        }
        if (o->kind == OPT_ELSEWHERE) {
            usage("there is no option --%s: %s", o->name, o->help);
        }
        if (o->kind == OPT_FLAG) {
            if (value) {
                usage("--%s takes no value", o->name);
            }
            take(o, NULL);
            return 0;
        }
        if (!value && !next) {
            usage("--%s needs a value: %s", o->name, o->arg);
        }
        take(o, value ? value : next);
        return value ? 0 : 1;
    }
    suggest(cmd, word);
    return 0;
}

/* A cluster of letters such as "-qm64M"; returns further words used. */
static int parse_letters(const struct opt_command *cmd, const char *word,
                         const char *next)
{
    for (; *word; word++) {
        const struct opt *o = cmd->opts;

        if (*word == 'h') {
            print_help(cmd);
            exit(0);
        }
        while (o->name && o->letter != *word) {
            o++;
        }
        if (!o->name) {
            usage("there is no option -%c", *word);
        }
        if (o->kind == OPT_ELSEWHERE) {
            usage("there is no option -%c: %s", *word, o->help);
        }
        if (o->kind == OPT_FLAG) {
            take(o, NULL);
            continue;
        }
        if (!word[1] && !next) {
            usage("-%c needs a value: %s", *word, o->arg);
        }
        take(o, word[1] ? word + 1 : next);
        return word[1] ? 0 : 1;
    }
    return 0;
}

void opt_parse(const struct opt_command *cmd, int argc, char **argv,
               struct strvec *operands, struct strvec *rest)
{
    int i;

    fail_set_command(cmd->name);
    for (i = 1; i < argc; i++) {
        const char *word = argv[i];

        if (!strcmp(word, "--")) {
            i++;
            break;
        }
        if (!strcmp(word, "--help")) {
            print_help(cmd);
            exit(0);
        }
        if (str_starts(word, "--")) {
            i += parse_long(cmd, word + 2, argv[i + 1]);
        } else if (word[0] == '-' && word[1]) {
            i += parse_letters(cmd, word + 1, argv[i + 1]);
        } else {
            strvec_push(operands, word);
        }
    }
    for (; i < argc; i++) {
        strvec_push(rest ? rest : operands, argv[i]);
    }
}
