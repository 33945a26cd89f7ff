/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/store.h"
#include "util/json.h"
#include "util/opts.h"

#include <sys/stat.h>
#include <time.h>

struct row {
    struct image_meta meta;
    uint64_t size;          /* bytes on this host's disk */
    time_t built;
};

static int read_row(const char *name, struct row *row)
{
    struct stat st;
    char *disk;
    int rc;

    image_meta_init(&row->meta);
    rc = store_read_meta(name, &row->meta);
    if (rc) {
        return rc;
    }
    disk = store_disk_path(&row->meta);
    if (stat(disk, &st)) {
        rc = error("the image %s has no disk; build it again", name);
    } else {
        row->size = (uint64_t)st.st_blocks * 512;
        row->built = st.st_mtime;
    }
    free(disk);
    return rc;
}

static void print_row(const struct row *row)
{
    char size[32], when[32] = "";
    struct tm tm;

    if (localtime_r(&row->built, &tm)) {
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    }
    printf("%-24s %-6s %10s  %s\n", row->meta.name, row->meta.format,
           str_size(row->size, size), when);
}

static json_t *row_json(const struct row *row)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}",
                     "name", row->meta.name, "format", row->meta.format,
                     "size", (json_int_t)row->size,
                     "built", (json_int_t)row->built,
                     "memory", (json_int_t)row->meta.memory,
                     "cpus", (json_int_t)row->meta.cpus,
                     "ports", json_from_strvec(&row->meta.ports));
}

int cmd_images(int argc, char **argv)
{
    bool json = false, quiet = false;
    const struct opt opts[] = {
        {0, "json", OPT_FLAG, &json, NULL, "print JSON"},
        {'q', "quiet", OPT_FLAG, &quiet, NULL, "print only names"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull images", "[OPTION]...", "Lists the images on this host.", opts,
    };
    struct strvec names, operands;
    json_t *list = json_array();

    strvec_init(&operands);
    strvec_init(&names);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr) {
        usage("images takes no operand");
    }
    store_list(&names);
    if (!json && !quiet) {
        printf("%-24s %-6s %10s  %s\n", "NAME", "FORMAT", "SIZE", "BUILT");
    }
    for (size_t i = 0; i < names.nr; i++) {
        struct row row = {.size = 0};

        if (!json && quiet) {
            puts(names.v[i]);
            continue;
        }
        if (!read_row(names.v[i], &row)) {
            if (json) {
                json_array_append_new(list, row_json(&row));
            } else {
                print_row(&row);
            }
        }
        image_meta_release(&row.meta);
    }
    if (json) {
        json_print(list);
    }
    json_decref(list);
    strvec_release(&names);
    strvec_release(&operands);
    return 0;
}
