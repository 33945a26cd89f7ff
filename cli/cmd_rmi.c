/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/fail.h"

int cmd_rmi(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    die("'rmi' is not there yet");
}
