/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The images kept on this host: one folder each under
 * $XDG_DATA_HOME/hull/images/NAME/, holding the disk, the kernel for direct
 * boot, and meta.json with what `run` should do unless told otherwise. A
 * folder appears whole, by rename, or not at all.
 */
#ifndef CLI_IMAGE_STORE_H
#define CLI_IMAGE_STORE_H

#include "../util/str.h"

#define STORE_KERNEL "hull.elf"
#define STORE_META   "meta.json"

struct image_meta {
    char *name;
    char *format;           /* "raw" or "qcow2": disk.FORMAT */
    uint64_t memory;        /* bytes; 0: the tool's default */
    long cpus;              /* 0: the tool's default */
    struct strvec ports;
};

void image_meta_init(struct image_meta *m);
void image_meta_release(struct image_meta *m);

/* All paths are freed by the caller. */
char *store_dir(void);                          /* made if need be */
char *store_image_dir(const char *name);
char *store_disk_path(const struct image_meta *m);
char *store_kernel_path(const char *name);
bool store_has(const char *name);
/* 0, or -1 after error(). */
int store_read_meta(const char *name, struct image_meta *m);
/* Writes meta.json into a folder under preparation; dies where it cannot. */
void store_write_meta(const char *dir, const struct image_meta *m);
/* Puts a prepared folder in the place of the image of that name. */
void store_put(const char *dir, const char *name);
int store_remove(const char *name);
/* Names in order. */
void store_list(struct strvec *names);

#endif
