/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything is made in a temporary folder next to where the result will
 * stand, and renamed there at the end: whatever goes wrong, no half image
 * is left.
 */
#include "build.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "../util/progress.h"
#include "contents.h"
#include "erofs.h"
#include "names.h"
#include "store.h"
#include "writer.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

char *image_kernel_find(const char *given)
{
    const char *env = getenv("HULL_KERNEL");
    char *dir, *path;

    if (given || (env && *env)) {
        path = xstrdup(given ? given : env);
        if (access(path, R_OK)) {
            die_errno("cannot read the kernel %s, which %s names", path,
                      given ? "--kernel" : "HULL_KERNEL");
        }
        return path;
    }
    dir = path_self_dir();
    path = path_join(dir, STORE_KERNEL);
    if (access(path, R_OK)) {
        free(path);
        path = path_join(dir, "../lib/hull/" STORE_KERNEL);
    }
    if (access(path, R_OK)) {
        die("there is no kernel %s/%s; run 'make kernel', or name one with "
            "--kernel or HULL_KERNEL", dir, STORE_KERNEL);
    }
    free(dir);
    return path;
}

static int run_build_command(const struct hullfile *hf)
{
    struct strvec argv;
    int rc;

    strvec_init(&argv);
    strvec_push(&argv, "/bin/sh");
    strvec_push(&argv, "-c");
    strvec_push(&argv, hf->build);
    rc = proc_run_talking(&argv, hf->dir);
    strvec_release(&argv);
    if (rc) {
        return hullfile_error(hf, hf->build_line, "the build command failed "
                              "with status %d", rc);
    }
    return 0;
}

/* The name: asked for, the Hullfile's, or the folder's made to fit. */
static char *choose_name(const struct build_request *req,
                         const struct hullfile *hf)
{
    char *real, *name;

    if (req->name || hf->name) {
        return xstrdup(req->name ? req->name : hf->name);
    }
    real = realpath(hf->dir, NULL);
    name = xstrdup(real ? path_basename(real) : "");
    free(real);
    if (!name_is_image(name)) {
        die("the folder's name '%s' cannot name an image; add 'name: NAME' to "
            "%s", name, hf->path);
    }
    return name;
}

static void convert(const char *raw, const char *out)
{
    struct strvec argv;
    struct strbuf text;
    int rc;

    strvec_init(&argv);
    strbuf_init(&text);
    strvec_push(&argv, "qemu-img");
    strvec_push(&argv, "convert");
    strvec_push(&argv, "-fraw");
    strvec_push(&argv, "-Oqcow2");
    /* five clusters are spent on tables: small ones keep small images small */
    strvec_push(&argv, "-ocluster_size=16k");
    strvec_push(&argv, raw);
    strvec_push(&argv, out);
    progress_begin("writing the qcow2");
    rc = proc_run(&argv, NULL, &text, &text);
    progress_clear();
    strbuf_rtrim(&text);
    if (rc == 127) {
        die("qemu-img is not installed; try: apt-get install qemu-utils, or "
            "build with --format raw");
    }
    if (rc && strstr(text.buf, "No space left")) {
        die("cannot write %s: the disk is full; free some space there, or "
            "set XDG_DATA_HOME (or -o) to a disk that has room", out);
    }
    if (rc) {
        die("qemu-img failed with status %d:\n%s", rc, text.buf);
    }
    strbuf_release(&text);
    strvec_release(&argv);
}

/* Makes the disk as tmp/disk.FORMAT; its path is freed by the caller. */
static char *make_disk(const char *tmp, const struct build_request *req,
                       struct image_parts *parts, struct tree *tree)
{
    char *stage = path_join(tmp, "root");
    char *root = path_join(tmp, "root.erofs");
    char *raw = path_join(tmp, "disk.raw");
    char *disk = raw;

    if (mkdir(stage, 0755)) {
        die_errno("cannot make the folder %s", stage);
    }
    tree_write(tree, stage);
    erofs_make(stage, root, req->fast);
    path_remove_tree(stage);
    parts->root_path = root;
    image_write(raw, parts);
    path_remove_tree(root);
    if (!strcmp(req->format, "qcow2")) {
        disk = path_join(tmp, "disk.qcow2");
        convert(raw, disk);
        path_remove_tree(raw);
        free(raw);
    }
    free(stage);
    free(root);
    return disk;
}

static void put_output(const char *disk, const char *output)
{
    if (rename(disk, output)) {
        die_errno("cannot write %s", output);
    }
}

static void put_store(const char *tmp, const struct build_request *req,
                      const struct hullfile *hf, const char *name,
                      const char *kernel)
{
    struct image_meta meta;
    char *copy = path_join(tmp, STORE_KERNEL);

    image_meta_init(&meta);
    meta.name = xstrdup(name);
    meta.format = xstrdup(req->format);
    meta.memory = hf->memory;
    meta.cpus = hf->cpus;
    strvec_extend(&meta.ports, &hf->ports);
    path_copy_file(kernel, copy, 0644);
    store_write_meta(tmp, &meta);
    store_put(tmp, name);
    image_meta_release(&meta);
    free(copy);
}

static void make_image(const struct build_request *req,
                       const struct hullfile *hf, const char *name,
                       struct tree *tree, const struct strbuf *manifest)
{
    char *parent = req->output ? path_dirname(req->output) : store_dir();
    char *tmp = path_temp_dir(parent);
    char *kernel = image_kernel_find(req->kernel);
    struct image_parts parts = {
        .name = name, .manifest = manifest, .kernel_path = kernel,
    };
    char *disk = make_disk(tmp, req, &parts, tree);

    if (chmod(tmp, 0755)) {
        die_errno("cannot set the mode of %s", tmp);
    }
    if (req->output) {
        put_output(disk, req->output);
    } else {
        put_store(tmp, req, hf, name, kernel);
    }
    free(disk);
    free(kernel);
    free(tmp);
    free(parent);
}

int image_build(const struct build_request *req, char **name)
{
    struct strbuf manifest;
    struct hullfile hf;
    struct tree tree;
    char *program = NULL;
    int rc;

    path_catch_signals();
    tree_init(&tree);
    strbuf_init(&manifest);
    rc = hullfile_read(&hf, req->dir);
    if (!rc && hf.build && !req->no_build) {
        rc = run_build_command(&hf);
    }
    if (!rc) {
        rc = contents_tree(&hf, &tree, &program);
    }
    if (!rc) {
        contents_manifest(&hf, program, &manifest);
        *name = choose_name(req, &hf);
        make_image(req, &hf, *name, &tree, &manifest);
    }
    free(program);
    strbuf_release(&manifest);
    tree_release(&tree);
    hullfile_release(&hf);
    return rc;
}
