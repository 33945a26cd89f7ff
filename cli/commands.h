/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands, one per file cmd_NAME.c. Each takes its own argv (argv[0] is
 * the command's name) and returns the tool's exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

extern const struct command commands[];     /* ends with name NULL */

/* Says which command may be meant; does not return. */
void command_unknown(const char *given) __attribute__((noreturn));
int cmd_init(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_images(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_rmi(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
