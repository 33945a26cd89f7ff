/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/fail.h"

int cmd_doctor(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    die("'doctor' is not there yet");
}
