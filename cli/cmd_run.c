/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/fail.h"

int cmd_run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    die("'run' is not there yet");
}
