/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/store.h"
#include "util/opts.h"

int cmd_rmi(int argc, char **argv)
{
    bool all = false, force = false;
    const struct opt opts[] = {
        {'a', "all", OPT_FLAG, &all, NULL, "remove every image"},
        {'f', "force", OPT_FLAG, &force, NULL,
         "no error for an image that is not there"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull rmi", "[OPTION]... IMAGE...",
        "Removes images from this host. A machine that runs one goes on.",
        opts,
    };
    struct strvec names;
    int rc = 0;

    strvec_init(&names);
    opt_parse(&me, argc, argv, &names, NULL);
    if (all && names.nr) {
        usage("rmi takes either names or --all");
    }
    if (all) {
        store_list(&names);
    } else if (!names.nr) {
        usage("rmi needs the name of an image; 'hull images' lists them");
    }
    for (size_t i = 0; i < names.nr; i++) {
        if (store_has(names.v[i])) {
            rc |= store_remove(names.v[i]);
        } else if (!force) {
            rc = error("there is no image '%s'; 'hull images' lists them",
                       names.v[i]);
        }
    }
    strvec_release(&names);
    return rc ? FAIL_GENERAL : 0;
}
