/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/fail.h"

int cmd_images(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    die("'images' is not there yet");
}
