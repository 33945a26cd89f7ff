/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/opts.h"

static const struct opt opts[] = {{.name = NULL}};

int cmd_help(int argc, char **argv)
{
    static const struct opt_command me = {
        "hull help", "[COMMAND]", "Explains a command, or lists them.", opts,
    };
    char *ask[] = {NULL, "--help", NULL};
    struct strvec operands;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr > 1) {
        usage("help takes one command");
    }
    for (const struct command *c = commands; operands.nr && c->name; c++) {
        if (!strcmp(c->name, operands.v[0])) {
            ask[0] = operands.v[0];
            return c->run(2, ask);
        }
    }
    if (operands.nr) {
        command_unknown(operands.v[0]);
    }
    puts("Usage: hull COMMAND [OPTION]...\n\n"
         "Turns a program into an image that boots by itself, and runs it.\n\n"
         "Commands:");
    for (const struct command *c = commands; c->name; c++) {
        printf("  %-10s %s\n", c->name, c->about);
    }
    puts("\n'hull COMMAND --help' tells more about one.");
    strvec_release(&operands);
    return 0;
}
