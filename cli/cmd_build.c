/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/build.h"
#include "image/names.h"
#include "util/opts.h"

static void check(struct build_request *req, bool compress)
{
    const char *why;

    if (req->method && strcmp(req->method, "zstd") &&
        strcmp(req->method, "zlib")) {
        usage("--method must be zstd or zlib, not '%s'", req->method);
    }
    if (compress && !req->method) {
        req->method = "zstd";
    }
    if (req->method && req->fast) {
        usage("--fast and --compress want opposite things; give one");
    }
    why = build_refuses(req);
    if (why) {
        usage("--format must be one of %s, and not %s here: %s",
              build_formats, req->format, why);
    }
    if (req->name && !name_is_image(req->name)) {
        usage("'%s' cannot name an image; use letters, digits, '.', '_' and "
              "'-', at most %d of them", req->name, NAME_MAX_IMAGE);
    }
}

int cmd_build(int argc, char **argv)
{
    struct build_request req = {.dir = ".", .format = "qcow2"};
    bool quiet = false, compress = false;
    const struct opt opts[] = {
        {'t', "name", OPT_STRING, &req.name, "NAME", "name of the image"},
        {'o', "output", OPT_STRING, &req.output, "FILE",
         "write the disk to a file, not to the store"},
        {0, "format", OPT_STRING, &req.format, "FORMAT",
         "qcow2 (the default), raw, vmdk, vdi or vhdx"},
        {0, "compress", OPT_FLAG, &compress, NULL,
         "the smallest disk (qcow2, vmdk), for sending it around"},
        {0, "method", OPT_STRING, &req.method, "METHOD",
         "--compress with zstd (the default) or zlib, for old QEMUs"},
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
        "Makes an image from the Hullfile or Capstanfile in DIR (or here).",
        opts,
    };
    struct strvec operands;
    char *name = NULL;
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
    check(&req, compress);
    rc = image_build(&req, &name);
    free(name);
    strvec_release(&operands);
    return rc ? FAIL_GENERAL : 0;
}
