/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/fail.h"

int cmd_inspect(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    die("'inspect' is not there yet");
}
