/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader asks of the machine: BIOS calls, wrapped. Everything here
 * runs in 32-bit protected mode with flat segments, interrupts off, one CPU.
 */
#ifndef BOOT_BIOS_H
#define BOOT_BIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In start.S's order. */
struct bios_regs {
    uint32_t eax, ebx, ecx, edx, esi, edi, eflags;
};
_Static_assert(sizeof(struct bios_regs) == 28, "start.S copies 7 words");

#define BIOS_CARRY 1u

/* start.S. Interrupt `number` in real mode; DS, ES and SS are 0. */
void bios_call(uint32_t number, struct bios_regs *regs);
void kernel_enter(uint32_t entry, uint32_t start_info)
    __attribute__((noreturn));

/* Says "hull: TEXT" on the screen and on COM1, and stops for good. */
void bios_fail(const char *text) __attribute__((noreturn));

/* Reads sectors to the bounce buffer; fails for good where it cannot. */
void bios_read(uint8_t drive, uint64_t sector, uint32_t count);

struct bios_range {         /* as INT 15h E820 gives it, and as PVH wants it */
    uint64_t addr;
    uint64_t size;
    uint32_t type;          /* 1: RAM */
    uint32_t reserved;
};
_Static_assert(sizeof(struct bios_range) == 24, "E820 entry");

#define BIOS_RAM 1u

/* Fills in the memory map; returns how many entries. */
uint32_t bios_memory_map(struct bios_range *map, uint32_t max);
/* Makes addresses with bit 20 set reachable, or fails for good. */
void bios_enable_a20(void);
/* The physical address of the ACPI root pointer, or 0. */
uint32_t bios_find_rsdp(void);

/* fwcfg.c. Reads a file that QEMU was given for its guest, up to max bytes;
 * name_len counts the NUL. Returns how many bytes; 0 where there is none. */
size_t fwcfg_read(const char *name, size_t name_len, void *buf, size_t max);

void mem_copy(void *to, const void *from, size_t len);
void mem_zero(void *to, size_t len);
bool mem_equal(const void *a, const void *b, size_t len);

#endif
