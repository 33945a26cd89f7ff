/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/build.h"
#include "image/names.h"
#include "util/opts.h"

#include <sys/stat.h>

static void check(const struct build_request *req)
{
    if (strcmp(req->format, "raw") && strcmp(req->format, "qcow2")) {
        usage("--format must be raw or qcow2, not '%s'", req->format);
    }
    if (req->name && !name_is_image(req->name)) {
        usage("'%s' cannot name an image; use letters, digits, '.', '_' and "
              "'-', at most %d of them", req->name, NAME_MAX_IMAGE);
    }
}

int cmd_build(int argc, char **argv)
{
    struct build_request req = {.dir = ".", .format = "qcow2"};
    bool quiet = false;
    const struct opt opts[] = {
        {'t', "name", OPT_STRING, &req.name, "NAME", "name of the image"},
        {'o', "output", OPT_STRING, &req.output, "FILE",
         "write the disk to a file, not to the store"},
        {0, "format", OPT_STRING, &req.format, "FORMAT",
         "raw or qcow2 (the default)"},
        {0, "kernel", OPT_STRING, &req.kernel, "FILE",
         "the kernel to put in (else $HULL_KERNEL, else next to the tool)"},
        {0, "fast", OPT_FLAG, &req.fast, NULL,
         "compress less: sooner built, bigger"},
        {0, "no-build", OPT_FLAG, &req.no_build, NULL,
         "do not run the Hullfile's build command"},
        {'q', "quiet", OPT_FLAG, &quiet, NULL, "say nothing but errors"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull build", "[OPTION]... [DIR]",
        "Makes an image from the Hullfile in DIR (default: here).", opts,
    };
    struct strvec operands;
    struct stat st;
    char *name = NULL, size[32];
    int rc;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr > 1) {
        usage("build takes one folder");
    }
    if (operands.nr) {
        req.dir = operands.v[0];
    }
    fail_set_quiet(quiet);
    check(&req);
    rc = image_build(&req, &name);
    if (!rc && req.output && !stat(req.output, &st)) {
        note("built %s: %s (%s)", name, req.output,
             str_size((uint64_t)st.st_blocks * 512, size));
    } else if (!rc) {
        note("built %s", name);
    }
    free(name);
    strvec_release(&operands);
    return rc ? FAIL_GENERAL : 0;
}
