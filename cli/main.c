/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `hull` tool: looks up the command and runs it. Each command is in its
 * own cmd_NAME.c; to add one, write the file, declare it in commands.h and
 * add its line to the table below.
 */
#include "commands.h"
#include "util/str.h"

#include <signal.h>
#include <unistd.h>

const struct command commands[] = {
    {"init", cmd_init, "write a Hullfile for a project"},
    {"build", cmd_build, "make an image from a folder with a Hullfile"},
    {"run", cmd_run, "run an image, or a folder with a Hullfile"},
    {"images", cmd_images, "list the images on this host"},
    {"rmi", cmd_rmi, "remove images"},
    {"inspect", cmd_inspect, "show what an image holds"},
    {"check", cmd_check, "say whether a program will run"},
    {"doctor", cmd_doctor, "say what this host lacks, and how to mend it"},
    {"version", cmd_version, "print the tool's version"},
    {"help", cmd_help, "explain a command"},
    {NULL, NULL, NULL},
};

void command_unknown(const char *given)
{
    const char *best = NULL;
    size_t best_distance = 4;

    for (const struct command *c = commands; c->name; c++) {
        size_t d = str_distance(given, c->name);

        if (d < best_distance) {
            best_distance = d;
            best = c->name;
        }
    }
    if (best) {
        usage("there is no command '%s'; did you mean '%s'?", given, best);
    }
    usage("there is no command '%s'", given);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";

    signal(SIGPIPE, SIG_IGN);
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
        name = "help";
    } else if (!strcmp(name, "--version")) {
        name = "version";
    }
    for (const struct command *c = commands; c->name; c++) {
        if (!strcmp(c->name, name)) {
            int status = argc > 1 ? c->run(argc - 1, argv + 1)
                                  : c->run(argc, argv);

            if (fflush(stdout) || ferror(stdout)) {
                die("cannot write to standard output");
            }
            return argc > 1 ? status : FAIL_USAGE;
        }
    }
    command_unknown(name);
}
