/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's firmware configuration device (docs/specs/fw_cfg): named files that
 * whoever starts the machine hands in. The tool gives the boot command line
 * by it when it boots a disk; elsewhere there is no such device and the image
 * alone decides. The ports are touched only under a hypervisor.
 */
#include "bios.h"

#define SELECT 0x510
#define DATA 0x511
#define KEY_SIGNATURE 0x0000
#define KEY_DIRECTORY 0x0019
#define FILES_MAX 1000
#define NAME_SIZE 56
#define CPUID_HYPERVISOR (1u << 31)

static bool under_hypervisor(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return c & CPUID_HYPERVISOR;
}

static void select_item(uint16_t key)
{
    __asm__ volatile("outw %0, %1" : : "a"(key), "Nd"((uint16_t)SELECT));
}

static void read_bytes(void *to, size_t len)
{
    __asm__ volatile("rep insb" : "+D"(to), "+c"(len)
                     : "d"((uint16_t)DATA) : "memory");
}

static uint32_t read_big32(void)
{
    uint8_t b[4];

    read_bytes(b, sizeof(b));
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
           (uint32_t)b[2] << 8 | b[3];
}

size_t fwcfg_read(const char *name, size_t name_len, void *buf, size_t max)
{
    uint32_t files, size, key;
    uint8_t signature[4], entry[NAME_SIZE];

    if (!under_hypervisor()) {
        return 0;
    }
    select_item(KEY_SIGNATURE);
    read_bytes(signature, sizeof(signature));
    if (!mem_equal(signature, "QEMU", sizeof(signature))) {
        return 0;
    }
    select_item(KEY_DIRECTORY);
    files = read_big32();
    for (uint32_t i = 0; i < files && i < FILES_MAX; i++) {
        size = read_big32();
        key = read_big32() >> 16;
        read_bytes(entry, sizeof(entry));
        if (mem_equal(entry, name, name_len)) {
            size = size < max ? size : (uint32_t)max;
            select_item((uint16_t)key);
            read_bytes(buf, size);
            return size;
        }
    }
    return 0;
}
