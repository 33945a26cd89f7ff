/* SPDX-License-Identifier: BSD-2-Clause */
#include "store.h"
#include "../util/path.h"
#include "names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

void image_meta_init(struct image_meta *m)
{
    memset(m, 0, sizeof(*m));
    strvec_init(&m->ports);
}

void image_meta_release(struct image_meta *m)
{
    free(m->name);
    free(m->format);
    strvec_release(&m->ports);
}

char *store_dir(void)
{
    char *data = path_data_dir();
    char *dir = path_join(data, "images");

    free(data);
    path_make_dirs(dir);
    return dir;
}

char *store_image_dir(const char *name)
{
    char *store = store_dir();
    char *dir = path_join(store, name);

    free(store);
    return dir;
}

static char *in_image(const char *name, const char *file)
{
    char *dir = store_image_dir(name);
    char *path = path_join(dir, file);

    free(dir);
    return path;
}

char *store_disk_path(const struct image_meta *m)
{
    char *file = xstrfmt("disk.%s", m->format);
    char *path = in_image(m->name, file);

    free(file);
    return path;
}

char *store_kernel_path(const char *name)
{
    return in_image(name, STORE_KERNEL);
}

bool store_has(const char *name)
{
    char *path;
    bool there;

    if (!name_is_image(name)) {
        return false;
    }
    path = in_image(name, STORE_META);
    there = path_exists(path);
    free(path);
    return there;
}

static int take_meta(const char *path, const json_t *root,
                     struct image_meta *m)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    const json_t *ports = json_object_get(root, "ports");
    struct name_port port;

    if (!format || (strcmp(format, "raw") && strcmp(format, "qcow2"))) {
        return error("%s names no format; build the image again", path);
    }
    m->format = xstrdup(format);
    m->memory = (uint64_t)json_integer_value(json_object_get(root, "memory"));
    m->cpus = (long)json_integer_value(json_object_get(root, "cpus"));
    for (size_t i = 0; i < json_array_size(ports); i++) {
        const char *text = json_string_value(json_array_get(ports, i));

        if (text && !name_parse_port(text, &port)) {
            strvec_push(&m->ports, text);
        }
    }
    return 0;
}

int store_read_meta(const char *name, struct image_meta *m)
{
    char *path = in_image(name, STORE_META);
    json_error_t problem;
    json_t *root = json_load_file(path, 0, &problem);
    int rc;

    m->name = xstrdup(name);
    if (root) {
        rc = take_meta(path, root, m);
    } else {
        rc = error("%s:%d: %s; build the image again", path, problem.line,
                   problem.text);
    }
    json_decref(root);
    free(path);
    return rc;
}

void store_write_meta(const char *dir, const struct image_meta *m)
{
    char *path = path_join(dir, STORE_META), *text;
    json_t *ports = json_array(), *root;

    for (size_t i = 0; i < m->ports.nr; i++) {
        json_array_append_new(ports, json_string(m->ports.v[i]));
    }
    root = json_pack("{s:s, s:s, s:I, s:I, s:o}", "name", m->name, "format",
                     m->format, "memory", (json_int_t)m->memory, "cpus",
                     (json_int_t)m->cpus, "ports", ports);
    text = json_dumps(root, JSON_INDENT(2));
    if (!text) {
        die("out of memory");
    }
    path_write_file(path, text, strlen(text), 0644);
    free(text);
    json_decref(root);
    free(path);
}

/* Where file systems cannot exchange names: for a moment there is neither. */
static void put_in_steps(const char *dir, const char *to)
{
    char *old = xstrfmt("%s.old", dir);

    path_remove_at_exit(old);
    if (rename(to, old) && errno != ENOENT) {
        die_errno("cannot replace the image %s", to);
    }
    if (rename(dir, to)) {
        die_errno("cannot put the image to %s", to);
    }
    path_keep(dir);
    free(old);
}

/* There is the old image or the new one at each moment. The old one takes the
 * temporary folder's name, and goes with it. */
void store_put(const char *dir, const char *name)
{
    char *to = store_image_dir(name);

    if (renameat2(AT_FDCWD, dir, AT_FDCWD, to, RENAME_EXCHANGE)) {
        if (errno == ENOENT && !rename(dir, to)) {
            path_keep(dir);
        } else if (renameat2(AT_FDCWD, dir, AT_FDCWD, to, RENAME_EXCHANGE)) {
            put_in_steps(dir, to);
        }
    }
    free(to);
}

int store_remove(const char *name)
{
    char *dir = store_image_dir(name);
    int rc = 0;

    path_remove_tree(dir);
    if (path_exists(dir)) {
        rc = error("cannot remove all of %s: %s", dir, strerror(errno));
    }
    free(dir);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void store_list(struct strvec *names)
{
    char *store = store_dir();
    DIR *d = opendir(store);
    struct dirent *e;

    if (!d) {
        die_errno("cannot read %s", store);
    }
    while ((e = readdir(d))) {
        if (store_has(e->d_name)) {
            strvec_push(names, e->d_name);
        }
    }
    closedir(d);
    free(store);
    if (names->nr) {
        qsort(names->v, names->nr, sizeof(*names->v), by_name);
    }
}
