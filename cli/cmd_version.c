/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "util/opts.h"

#include <hull/image.h>
#include <hull/manifest.h>

#define VERSION "0.1.0"

int cmd_version(int argc, char **argv)
{
    bool json = false;
    const struct opt opts[] = {
        {0, "json", OPT_FLAG, &json, NULL, "print JSON"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull version", "[--json]",
        "Prints the tool's version and the formats it writes.", opts,
    };
    struct strvec operands;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr) {
        usage("version takes no operand");
    }
    if (json) {
        printf("{\"version\": \"%s\", \"image\": %u, \"manifest\": %u}\n",
               VERSION, HULL_IMAGE_VERSION, HULL_MANIFEST_VERSION);
    } else {
        printf("hull %s (image format %u, manifest format %u)\n", VERSION,
               HULL_IMAGE_VERSION, HULL_MANIFEST_VERSION);
    }
    strvec_release(&operands);
    return 0;
}
