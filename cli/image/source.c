/* SPDX-License-Identifier: BSD-2-Clause */
#include "source.h"
#include "../util/path.h"
#include "../util/proc.h"
#include "build.h"
#include "hullfile.h"
#include "names.h"
#include "writer.h"

#include <fcntl.h>
#include <unistd.h>

/* How the formats that `build -o` writes are known; raw is all else. */
static const struct {
    const char *name, *magic;
    size_t at;
} magics[] = {
    {"qcow2", "QFI\xfb", 0},
    {"vmdk", "KDMV", 0},
    {"vdi", "\x7f\x10\xda\xbe", 64},
    {"vhdx", "vhdxfile", 0},
};
#define NMAGICS (sizeof(magics) / sizeof(*magics))
#define START_SIZE 72

static const char *format_of(const char *path)
{
    char start[START_SIZE] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        die_errno("cannot read %s", path);
    }
    if (read(fd, start, sizeof(start)) < 0) {
        die_errno("cannot read %s", path);
    }
    close(fd);
    for (size_t i = 0; i < NMAGICS; i++) {
        if (!memcmp(start + magics[i].at, magics[i].magic,
                    strlen(magics[i].magic))) {
            return magics[i].name;
        }
    }
    return "raw";
}

static void from_store(struct image_source *src, const char *name)
{
    if (store_read_meta(name, &src->meta)) {
        give_up();
    }
    src->disk = store_disk_path(&src->meta);
    src->kernel = store_kernel_path(name);
    if (access(src->disk, R_OK) || access(src->kernel, R_OK)) {
        die_errno("the image %s is not whole; build it again: %s", name,
                  src->disk);
    }
}

/* An image file has its kernel inside; it is taken out for direct boot. */
static void from_file(struct image_source *src, const char *path)
{
    struct hull_image_header h;
    struct strbuf kernel;
    char *store, *dir;

    src->meta.format = xstrdup(format_of(path));
    src->disk = xstrdup(path);
    strbuf_init(&kernel);
    if (image_read(image_source_raw(src), &h, NULL, &kernel)) {
        give_up();
    }
    src->meta.name = xstrdup(h.name);
    store = store_dir();
    dir = path_temp_dir(store);
    src->kernel = path_join(dir, STORE_KERNEL);
    path_write_file(src->kernel, kernel.buf, kernel.len, 0600);
    strbuf_release(&kernel);
    free(store);
    free(dir);
}

static void from_folder(struct image_source *src, const char *dir,
                        bool no_build)
{
    struct build_request req = {
        .dir = dir, .format = "qcow2", .no_build = no_build,
    };
    char *name = NULL;

    if (image_build(&req, &name)) {
        give_up();
    }
    from_store(src, name);
    free(name);
}

/* There is no such image: names the one that it may be. */
static void none_such(const char *given)
{
    const char *best = NULL;
    size_t best_distance = strlen(given) / 2 + 1;
    struct strvec names;

    strvec_init(&names);
    store_list(&names);
    for (size_t i = 0; i < names.nr; i++) {
        size_t d = str_distance(given, names.v[i]);

        if (d < best_distance) {
            best_distance = d;
            best = names.v[i];
        }
    }
    if (best) {
        die("there is no image, folder or file '%s'; did you mean the image "
            "'%s'?", given, best);
    }
    die("there is no image, folder or file '%s'; 'hull images' lists the "
        "images", given);
}

void image_source_open(struct image_source *src, const char *given,
                       bool no_build)
{
    memset(src, 0, sizeof(*src));
    image_meta_init(&src->meta);
    if (!strchr(given, '/') && store_has(given)) {
        from_store(src, given);
    } else if (path_is_dir(given)) {
        from_folder(src, given, no_build);
    } else if (path_exists(given)) {
        from_file(src, given);
    } else {
        none_such(given);
    }
}

const char *image_source_raw(struct image_source *src)
{
    struct strvec argv;
    struct strbuf text;
    char *store, *dir;
    int rc;

    if (!src->raw && !strcmp(src->meta.format, "raw")) {
        src->raw = xstrdup(src->disk);
    }
    if (src->raw) {
        return src->raw;
    }
    store = store_dir();
    dir = path_temp_dir(store);
    src->raw = path_join(dir, "disk.raw");
    strvec_init(&argv);
    strbuf_init(&text);
    strvec_split(&argv, "qemu-img convert -U -Oraw", " ");
    strvec_pushf(&argv, "-f%s", src->meta.format);
    strvec_push(&argv, src->disk);
    strvec_push(&argv, src->raw);
    rc = proc_run(&argv, NULL, &text, &text);
    strbuf_rtrim(&text);
    if (rc == 127) {
        die("qemu-img is not installed; try: apt-get install qemu-utils");
    }
    if (rc) {
        die("cannot read %s: %s", src->disk, text.buf);
    }
    strbuf_release(&text);
    strvec_release(&argv);
    free(store);
    free(dir);
    return src->raw;
}

void image_source_release(struct image_source *src)
{
    image_meta_release(&src->meta);
    free(src->disk);
    free(src->kernel);
    free(src->raw);
}
