/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/manifest.h"
#include "image/rootlist.h"
#include "image/source.h"
#include "image/writer.h"
#include "util/json.h"
#include "util/opts.h"
#include "util/path.h"

#include <ctype.h>
#include <hull/manifest.h>
#include <sys/stat.h>

struct facts {
    struct image_source src;
    struct hull_image_header h;
    struct strbuf manifest;
    uint64_t disk_size;         /* bytes the disk takes on this host */
    char uuid[37];
};

static void format_uuid(char out[37], const uint8_t uuid[16])
{
    size_t n = 0;

    for (int i = 0; i < 16; i++) {
        n += (size_t)snprintf(out + n, 37 - n, "%s%02x",
                              i == 4 || i == 6 || i == 8 || i == 10 ? "-"
                                                                    : "",
                              uuid[i]);
    }
}

static void gather(struct facts *f, const char *given)
{
    const char *reason, *raw;
    struct stat st;

    if ((strchr(given, '/') || !store_has(given)) && path_is_dir(given)) {
        die("%s is a folder; 'hull build' makes an image of it", given);
    }
    image_source_open(&f->src, given, true);
    raw = image_source_raw(&f->src);
    strbuf_init(&f->manifest);
    if (image_read(raw, &f->h, &f->manifest, NULL)) {
        give_up();
    }
    if (manifest_check(f->manifest.buf, f->manifest.len, &reason)) {
        die("%s: the manifest is damaged: %s; build the image again", given,
            reason);
    }
    if (!stat(f->src.disk, &st)) {
        f->disk_size = (uint64_t)st.st_blocks * 512;
    }
    format_uuid(f->uuid, f->h.uuid);
}

/* The texts of one kind of record, in order. */
static void collect(const struct facts *f, uint32_t want, struct strvec *out)
{
    const char *payload;
    size_t pos = 0, size;
    uint32_t type;

    while (manifest_next(f->manifest.buf, &pos, &type, &payload, &size)) {
        if (type == want) {
            strvec_pushf(out, "%.*s", (int)size, payload);
        }
    }
}

static const struct {
    uint32_t type;
    const char *name;
    bool many;
} kinds[] = {
    {HULL_REC_ARG, "cmd", true},
    {HULL_REC_ENV, "env", true},
    {HULL_REC_WORKDIR, "workdir", false},
    {HULL_REC_HOSTNAME, "hostname", false},
    {HULL_REC_NET, "net", false},
    {HULL_REC_OPTION, "options", true},
    {HULL_REC_VOLUME, "volumes", true},
};
#define NKINDS (sizeof(kinds) / sizeof(*kinds))

static void print_json(const struct facts *f)
{
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
        "name", f->h.name, "uuid", f->uuid, "disk", f->src.disk,
        "format", f->src.meta.format, "disk_size", (json_int_t)f->disk_size,
        "image_size", (json_int_t)f->h.image_size,
        "kernel_size", (json_int_t)f->h.kernel_size,
        "root_size", (json_int_t)f->h.root_size,
        "manifest_size", (json_int_t)f->h.manifest_size,
        "memory", (json_int_t)f->src.meta.memory,
        "cpus", (json_int_t)f->src.meta.cpus,
        "ports", json_from_strvec(&f->src.meta.ports));

    for (size_t i = 0; i < NKINDS; i++) {
        struct strvec texts;

        strvec_init(&texts);
        collect(f, kinds[i].type, &texts);
        if (kinds[i].many) {
            json_object_set_new(root, kinds[i].name,
                                json_from_strvec(&texts));
        } else if (texts.nr) {
            json_object_set_new(root, kinds[i].name, json_string(texts.v[0]));
        }
        strvec_release(&texts);
    }
    json_print(root);
    json_decref(root);
}

/* As a shell would want it, and without control characters. */
static void print_word(const char *s)
{
    bool plain = *s && !strpbrk(s, " '\"\\");

    fputs(plain ? " " : " '", stdout);
    for (; *s; s++) {
        putchar(iscntrl((unsigned char)*s) ? '?' : *s);
    }
    fputs(plain ? "" : "'", stdout);
}

static void print_manifest(const struct facts *f)
{
    for (size_t i = 0; i < NKINDS; i++) {
        struct strvec texts;

        strvec_init(&texts);
        collect(f, kinds[i].type, &texts);
        if (texts.nr) {
            printf("%-10s", kinds[i].name);
            for (size_t j = 0; j < texts.nr; j++) {
                print_word(texts.v[j]);
            }
            putchar('\n');
        }
        strvec_release(&texts);
    }
}

static void print_plain(const struct facts *f)
{
    const struct image_meta *m = &f->src.meta;
    char size[32];

    printf("%-10s %s\n", "name", f->h.name);
    printf("%-10s %s\n", "uuid", f->uuid);
    printf("%-10s %s (%s, %s)\n", "disk", f->src.disk, m->format,
           str_size(f->disk_size, size));
    printf("%-10s %s\n", "kernel", str_size(f->h.kernel_size, size));
    printf("%-10s %s\n", "root", str_size(f->h.root_size, size));
    printf("%-10s %s\n", "manifest", str_size(f->h.manifest_size, size));
    if (m->memory) {
        printf("%-10s %s\n", "memory", str_size(m->memory, size));
    }
    if (m->cpus) {
        printf("%-10s %ld\n", "cpus", m->cpus);
    }
    for (size_t i = 0; i < m->ports.nr; i++) {
        printf("%-10s %s\n", i ? "" : "ports", m->ports.v[i]);
    }
    print_manifest(f);
}

static void print_space_line(uint64_t stored, uint64_t size, const char *what)
{
    char a[32], b[32];

    printf("%10s %10s  %s\n", str_size(stored, a), str_size(size, b), what);
}

/* What takes the space, the biggest first. */
static void print_space(const struct facts *f, const struct rootlist *list)
{
    printf("%10s %10s  %s\n", "STORED", "SIZE", "WHAT");
    print_space_line(f->h.kernel_size, f->h.kernel_size, "(the kernel)");
    for (size_t i = 0; i < list->nr; i++) {
        print_space_line(list->files[i].stored, list->files[i].size,
                         list->files[i].path);
    }
}

static void print_space_json(const struct facts *f,
                             const struct rootlist *list)
{
    json_t *files = json_array(), *root;

    for (size_t i = 0; i < list->nr; i++) {
        const struct rootlist_file *file = &list->files[i];
        json_t *one = json_pack("{s:s%, s:I, s:I}", "path", file->path,
                                strlen(file->path),
                                "size", (json_int_t)file->size,
                                "stored", (json_int_t)file->stored);

        if (one) {              /* NULL: the name is not UTF-8 */
            json_array_append_new(files, one);
        }
    }
    root = json_pack("{s:s, s:I, s:I, s:o}", "name", f->h.name,
                     "kernel_size", (json_int_t)f->h.kernel_size,
                     "root_size", (json_int_t)f->h.root_size,
                     "files", files);
    json_print(root);
    json_decref(root);
}

static void show_space(struct facts *f, bool json)
{
    struct rootlist list;

    if (rootlist_read(&list, image_source_raw(&f->src), f->h.root_off,
                      f->h.root_size)) {
        give_up();
    }
    if (json) {
        print_space_json(f, &list);
    } else {
        print_space(f, &list);
    }
    rootlist_release(&list);
}

int cmd_inspect(int argc, char **argv)
{
    bool json = false, space = false;
    const struct opt opts[] = {
        {0, "json", OPT_FLAG, &json, NULL, "print JSON"},
        {0, "size", OPT_FLAG, &space, NULL, "list what takes the space"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull inspect", "[OPTION]... IMAGE|FILE",
        "Shows what an image holds and how it runs.", opts,
    };
    struct facts f = {.disk_size = 0};
    struct strvec operands;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr != 1) {
        usage("inspect takes one image");
    }
    path_catch_signals();       /* the unpacked disk goes with us */
    gather(&f, operands.v[0]);
    if (space) {
        show_space(&f, json);
    } else if (json) {
        print_json(&f);
    } else {
        print_plain(&f);
    }
    image_source_release(&f.src);
    strbuf_release(&f.manifest);
    strvec_release(&operands);
    return 0;
}
