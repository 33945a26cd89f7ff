/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manifest: what the image runs and how. A header, then records, each
 * a struct hull_record followed by `size` bytes of payload and zero padding to
 * the next multiple of 8. Records keep their order (arguments, environment).
 * A reader skips a record whose type it does not know unless the type has
 * HULL_REC_MUST set; then it refuses the image by name of the type number.
 *
 *   TYPE            PAYLOAD
 *   ARG             one argument of the program, argv[0] first; no NUL
 *   ENV             "NAME=value"
 *   WORKDIR         absolute path
 *   HOSTNAME        text
 *   NET             text, "dhcp" or
 *                   "ip=ADDR/LEN[,gw=ADDR][,dns=ADDR]..." (IPv4 or IPv6)
 *   OPTION          "name" or "name=value", as on the boot command line
 *   VOLUME          "tag=PATH[,ro]": a further disk, by serial, at PATH
 *
 * The boot command line overrides the manifest. It is a list of words split
 * at blanks; a word may be quoted with "...", inside which \" and \\ stand for
 * themselves. Words:
 *   strace            print each system call
 *   noecho            what is sent to the console is not shown again
 *   ip=... , ip=dhcp  as NET's payload (the leading "ip=" is shared)
 *   hostname=NAME     cwd=PATH   env=NAME=value (adds or replaces)
 *   fixed_layout      no randomisation of addresses
 *   loglevel=N        0 quiet ... 7 debug
 *   stats=SECONDS     a line of counters that often
 *   panic             the kernel panics before the program starts (for tests)
 *   exit=isa          leave QEMU by its isa-debug-exit port, with the status
 *   -- ARG ARG...     replaces the arguments after argv[0]; "--cmd ARG..."
 *                     replaces all of argv
 * Words the kernel does not know are logged once and skipped (hypervisors add
 * their own, e.g. virtio_mmio.device=SIZE@ADDR:IRQ, which it does know).
 */
#ifndef HULL_MANIFEST_H
#define HULL_MANIFEST_H

#include <stdint.h>

#define HULL_MANIFEST_MAGIC   0x4e414d48u   /* "HMAN" */
#define HULL_MANIFEST_VERSION 1u
#define HULL_MANIFEST_MAX     (1u << 20)    /* bytes; larger is refused */

struct hull_manifest_header {
    uint32_t magic;
    uint32_t version;
    uint32_t size;       /* of everything, header included */
    uint32_t records;    /* how many follow */
};
_Static_assert(sizeof(struct hull_manifest_header) == 16, "manifest layout");

struct hull_record {
    uint32_t type;       /* enum hull_record_type */
    uint32_t size;       /* payload bytes */
};
_Static_assert(sizeof(struct hull_record) == 8, "record layout");

#define HULL_REC_MUST 0x80000000u

enum hull_record_type {
    HULL_REC_ARG      = 1 | HULL_REC_MUST,
    HULL_REC_ENV      = 2,
    HULL_REC_WORKDIR  = 3,
    HULL_REC_HOSTNAME = 4,
    HULL_REC_NET      = 5,
    HULL_REC_OPTION   = 6,
    HULL_REC_VOLUME   = 7 | HULL_REC_MUST,
};

#endif
