/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU command for a machine. What differs between machine types is data,
 * in one table; the serial port is QEMU's stdin and stdout, which
 * vmm/session.h relays.
 */
#ifndef CLI_VMM_QEMU_H
#define CLI_VMM_QEMU_H

#include "../util/str.h"
#include "engine.h"

#define QEMU_PROGRAM "qemu-system-x86_64"

struct qemu_machine;

struct vm_config {
    const struct qemu_machine *machine;
    enum engine engine;         /* decided: not AUTO */
    const char *kernel;         /* NULL: boot the disk by its BIOS loader */
    const char *disk;
    const char *disk_format;    /* "raw" or "qcow2" */
    uint64_t memory;            /* bytes */
    long cpus;
    bool net;
    const struct strvec *ports; /* HOST:GUEST[/udp], checked */
    struct strbuf words;        /* boot command line */
    const char *qmp_path;       /* unix socket; NULL: none */
};

/* The machine of that name, or NULL. Names for messages: "microvm, q35, pc" */
const struct qemu_machine *qemu_machine_find(const char *name);
const char *qemu_machine_names(void);
/* Whether a machine's firmware can boot a disk. */
bool qemu_machine_has_bios(const struct qemu_machine *m);

/* Adds a word to a boot command line, quoted where it must be. */
void qemu_add_word(struct strbuf *words, const char *word);
/* The whole command. */
void qemu_command(const struct vm_config *vm, struct strvec *argv);

#endif
