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
#include "stamp.h"
#include "store.h"
#include "writer.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIGGEST 3       /* files that a build names */

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
    struct strbuf said;
    int rc;

    strvec_init(&argv);
    strbuf_init(&said);
    strvec_push(&argv, "/bin/sh");
    strvec_push(&argv, "-c");
    strvec_push(&argv, hf->build);
    rc = proc_run_talking(&argv, hf->dir, &said);
    if (rc) {
        bool maven = strstr(said.buf, "Could not transfer artifact");

        hullfile_error(hf, hf->build_line, "the build command failed with "
                       "status %d%s", rc, maven ? ": the Maven registry "
                       "cannot be reached; look at this host's network, or "
                       "name a mirror in ~/.m2/settings.xml" : "");
    }
    strvec_release(&argv);
    strbuf_release(&said);
    return rc ? -1 : 0;
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

/* What qemu-img is told for a format; compressed NULL: it cannot. */
struct format {
    const char *name;
    const char *plain;
    const char *compressed;     /* the method follows where it ends in "=" */
};

/* Five clusters of a qcow2 are spent on tables: small ones keep small images
 * small; compressed ones are better big. */
static const struct format formats[] = {
    {"qcow2", "-ocluster_size=16k", "-c -ocompression_type="},
    {"vmdk", "-osubformat=monolithicSparse",
     "-c -osubformat=streamOptimized"},
    {"vdi", "", NULL},
    {"vhdx", "-osubformat=dynamic", NULL},
};
#define NFORMATS (sizeof(formats) / sizeof(*formats))

const char build_formats[] = "raw, qcow2, vmdk, vdi, vhdx";

static const struct format *find_format(const char *name)
{
    for (size_t i = 0; i < NFORMATS; i++) {
        if (!strcmp(formats[i].name, name)) {
            return &formats[i];
        }
    }
    return NULL;
}

const char *build_refuses(const struct build_request *req)
{
    const struct format *f = find_format(req->format);
    bool raw = !strcmp(req->format, "raw");

    if (!f && !raw) {
        return "no such format";
    }
    if (req->method && (!f || !f->compressed)) {
        return "it cannot hold compressed data; qcow2 and vmdk can";
    }
    if (!req->output && !raw && strcmp(req->format, "qcow2")) {
        return "images of this host are raw or qcow2; add -o FILE";
    }
    return NULL;
}

static void convert(const char *raw, const char *out,
                    const struct build_request *req)
{
    const struct format *f = find_format(req->format);
    struct strvec argv;
    struct strbuf text;
    char *options;
    int rc;

    strvec_init(&argv);
    strbuf_init(&text);
    options = !req->method ? xstrdup(f->plain)
              : str_ends(f->compressed, "=")
                  ? xstrfmt("%s%s", f->compressed, req->method)
                  : xstrdup(f->compressed);
    strvec_split(&argv, "qemu-img convert -fraw", " ");
    strvec_pushf(&argv, "-O%s", f->name);
    strvec_split(&argv, options, " ");
    strvec_push(&argv, raw);
    strvec_push(&argv, out);
    progress_begin("writing the disk");
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
    free(options);
}

/* Makes the disk as tmp/disk.FORMAT; its path is freed by the caller. */
static char *make_disk(const char *tmp, const struct build_request *req,
                       struct image_parts *parts, struct tree *tree)
{
    char *stage = path_join(tmp, "root");
    char *root = path_join(tmp, "root.erofs");
    char *raw = path_join(tmp, "disk.raw");
    char *disk = raw, *stamp;

    if (mkdir(stage, 0755)) {
        die_errno("cannot make the folder %s", stage);
    }
    tree_sort(tree);
    stamp = stamp_make(tree);
    tree_write(tree, stage, stamp);
    erofs_make(stage, root, req->fast ? EROFS_FAST
                            : req->method ? EROFS_SMALL : EROFS_USUAL, stamp);
    path_remove_tree(stage);
    parts->root_path = root;
    image_write(raw, parts);
    path_remove_tree(root);
    if (strcmp(req->format, "raw")) {
        char *name = xstrfmt("disk.%s", req->format);

        disk = path_join(tmp, name);
        free(name);
        convert(raw, disk, req);
        path_remove_tree(raw);
        free(raw);
    }
    free(stage);
    free(stamp);
    free(root);
    return disk;
}

/* Where to put the disk, freed by the caller, or NULL for the store. Said
 * before the build command runs; rename() would replace a device, and a link
 * in place of what it names. */
static char *check_output(const char *output)
{
    char *parent, *real;
    struct stat st;

    if (!output) {
        return NULL;
    }
    parent = path_dirname(output);
    if (!*path_basename(output) || !path_is_dir(parent)) {
        die("-o '%s' names no file in a folder that is there", output);
    }
    free(parent);
    if (stat(output, &st)) {
        return xstrdup(output);
    }
    if (!S_ISREG(st.st_mode)) {
        die("-o %s is %s; name a file", output, S_ISDIR(st.st_mode)
            ? "a folder" : "not a plain file");
    }
    real = realpath(output, NULL);
    return real ? real : xstrdup(output);
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

/* The biggest files of the root, as they are on this host. */
static void add_biggest(const struct tree *t, struct strbuf *text)
{
    uint64_t below = UINT64_MAX;
    char size[32];

    for (int i = 0; i < BIGGEST; i++) {
        const struct tree_node *most = NULL;
        uint64_t has = 0;

        for (size_t k = 0; k < t->nr; k++) {
            uint64_t n = tree_node_size(t->nodes[k]);

            if (n > has && n < below) {
                has = n;
                most = t->nodes[k];
            }
        }
        if (!most) {
            return;
        }
        strbuf_addf(text, "%s%s %s", i ? ", " : "; biggest: ", most->path,
                    str_size(has, size));
        below = has;
    }
}

/* What the end of a build says of the disk; freed by the caller. */
static char *describe(const char *disk, const struct tree *t)
{
    uint64_t files = 0;
    struct strbuf text;
    struct stat st;
    char a[32], b[32];

    if (stat(disk, &st)) {
        die_errno("cannot read %s", disk);
    }
    for (size_t i = 0; i < t->nr; i++) {
        files += tree_node_size(t->nodes[i]);
    }
    strbuf_init(&text);
    strbuf_addf(&text, "%s on disk, %s of files",
                str_size((uint64_t)st.st_blocks * 512, a),
                str_size(files, b));
    add_biggest(t, &text);
    return strbuf_detach(&text);
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
    char *disk = make_disk(tmp, req, &parts, tree), *sizes;

    if (chmod(tmp, 0755)) {
        die_errno("cannot set the mode of %s", tmp);
    }
    sizes = describe(disk, tree);
    if (req->output) {
        put_output(disk, req->output);
    } else {
        put_store(tmp, req, hf, name, kernel);
    }
    note("built %s: %s", name, sizes);
    free(sizes);
    free(disk);
    free(kernel);
    free(tmp);
    free(parent);
}

int image_build(const struct build_request *request, char **name)
{
    char *output = check_output(request->output);
    struct build_request own = *request, *req = &own;
    struct strbuf manifest;
    struct hullfile hf;
    struct tree tree;
    char *program = NULL;
    int rc;

    own.output = output;
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
    free(output);
    strbuf_release(&manifest);
    tree_release(&tree);
    hullfile_release(&hf);
    return rc;
}
