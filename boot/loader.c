/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BIOS loader: reads the image's header, manifest and kernel from the
 * boot disk, checks them, and enters the kernel as the PVH boot protocol
 * says, with the manifest as its one module. The command line is empty unless
 * QEMU hands one in (fwcfg.c).
 *
 * The disk is read through a bounce buffer in low memory, once, in order. The
 * kernel's segments are put to their places as their bytes come by; the CRC
 * is compared before the kernel is entered.
 */
#include "bios.h"
#include "layout.h"

#include <hull/elf64.h>
#include <hull/image.h>
#include <hull/manifest.h>

#define SECTOR 512u
#define PHDRS_MAX 16
#define NOTES_MAX 1024
#define RANGES_MAX 128
#define CMDLINE_MAX 4096
#define CMDLINE_FILE "opt/hull/cmdline"
#define PHYS32_ENTRY 18u        /* XEN_ELFNOTE_PHYS32_ENTRY */
#define PVH_MAGIC 0x336ec578u
#define LOW_LIMIT 0x100000u     /* the kernel may not lie below */
#define POLYNOMIAL 0xedb88320u

_Static_assert(HULL_IMAGE_STAGE2_SECTORS == HULL_STAGE2_SECTORS, "layout.h");

/* The PVH protocol's start info, version 1. */
struct start_info {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, cmdline, rsdp, map;
    uint32_t map_entries, reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "PVH start info");

struct module {
    uint64_t addr, size, cmdline, reserved;
};

static struct start_info start_info;
static struct module module;
static struct bios_range ranges[RANGES_MAX];
static uint32_t nranges;
static char cmdline[CMDLINE_MAX];
static struct hull_image_header header;
static uint32_t crc_table[256];
static uint8_t drive;

/* The kernel, as far as it must be remembered. */
static struct {
    struct elf64_segment ph[PHDRS_MAX];
    uint32_t count;
    uint8_t notes[NOTES_MAX];
    uint32_t notes_size;
} kernel;

void loader_main(uint32_t boot_drive) __attribute__((noreturn));

static uint8_t *flat(uint32_t addr)
{
    __asm__("" : "+r"(addr));
    return (uint8_t *)addr;
}

static void crc_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int bit = 0; bit < 8; bit++) {
            c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
        }
        crc_table[i] = c;
    }
}

/* crc starts as ~0 and is complemented at the end. */
static uint32_t crc_add(uint32_t crc, const uint8_t *p, uint32_t len)
{
    while (len--) {
        crc = crc_table[(crc ^ *p++) & 0xff] ^ crc >> 8;
    }
    return crc;
}

/* Whether [addr, addr + size) lies in one range of RAM below 4 GiB. */
static bool is_ram(uint64_t addr, uint64_t size)
{
    if (addr > UINT32_MAX || size > UINT32_MAX ||
        addr + size > UINT32_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < nranges; i++) {
        if (ranges[i].type == BIOS_RAM && addr >= ranges[i].addr &&
            addr + size <= ranges[i].addr + ranges[i].size) {
            return true;
        }
    }
    return false;
}

static void read_header(void)
{
    uint32_t crc;

    bios_read(drive, HULL_IMAGE_HEADER_OFFSET / SECTOR, 1);
    mem_copy(&header, flat(BOUNCE_BASE), sizeof(header));
    if (!mem_equal(header.magic, HULL_IMAGE_MAGIC, sizeof(header.magic))) {
        bios_fail("the boot disk holds no Hull image");
    }
    crc = header.header_crc;
    header.header_crc = 0;
    if (~crc_add(~0u, (uint8_t *)&header, sizeof(header)) != crc) {
        bios_fail("the image header is damaged; build the image again");
    }
    if (header.version != HULL_IMAGE_VERSION) {
        bios_fail("the image has an unknown version; build it again");
    }
    if (header.manifest_size > HULL_MANIFEST_MAX ||
        header.kernel_size > UINT32_MAX ||
        header.manifest_off % SECTOR || header.kernel_off % SECTOR) {
        bios_fail("the image header makes no sense; build the image again");
    }
}

/* Called with each piece of a part: where it begins in the part, its bytes. */
typedef void take_fn(uint32_t offset, const uint8_t *data, uint32_t len);

static void read_part(uint64_t offset, uint32_t size, uint32_t crc,
                      take_fn *take, const char *damaged)
{
    uint64_t sector = offset / SECTOR;
    uint32_t sum = ~0u, done = 0;

    while (done < size) {
        uint32_t left = size - done;
        uint32_t len = left < BOUNCE_SECTORS * SECTOR
                           ? left : BOUNCE_SECTORS * SECTOR;

        bios_read(drive, sector, (len + SECTOR - 1) / SECTOR);
        sum = crc_add(sum, flat(BOUNCE_BASE), len);
        take(done, flat(BOUNCE_BASE), len);
        sector += BOUNCE_SECTORS;
        done += len;
    }
    if (~sum != crc) {
        bios_fail(damaged);
    }
}

/* Low memory, which the kernel does not fill early; else the end of RAM. */
static uint32_t place_manifest(uint32_t size)
{
    uint64_t best = 0;

    if (size <= MANIFEST_END - MANIFEST_BASE && is_ram(MANIFEST_BASE, size)) {
        return MANIFEST_BASE;
    }
    for (uint32_t i = 0; i < nranges; i++) {
        uint64_t end = ranges[i].addr + ranges[i].size;
        uint64_t place;

        if (end > UINT32_MAX) {
            end = UINT32_MAX;
        }
        place = (end - size) & ~(uint64_t)4095;
        if (end > size && place > best && is_ram(place, size)) {
            best = place;
        }
    }
    if (best < LOW_LIMIT) {
        bios_fail("the machine has too little memory for the manifest");
    }
    return (uint32_t)best;
}

static void take_manifest(uint32_t offset, const uint8_t *data, uint32_t len)
{
    mem_copy(flat((uint32_t)module.addr + offset), data, len);
}

static bool overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
    return a < b + blen && b < a + alen;
}

static void check_segment(const struct elf64_segment *ph)
{
    if (ph->filesz > ph->memsz || ph->offset > header.kernel_size ||
        ph->filesz > header.kernel_size - ph->offset) {
        bios_fail("the kernel's program headers make no sense");
    }
    if (ph->paddr < LOW_LIMIT || !is_ram(ph->paddr, ph->memsz)) {
        bios_fail("the machine has too little memory for the kernel");
    }
    if (overlap(ph->paddr, ph->memsz, module.addr, module.size)) {
        bios_fail("the manifest lies where the kernel must be");
    }
}

/* The headers must be in the first piece; ld puts them at the start. */
static void take_headers(const uint8_t *data, uint32_t len)
{
    const struct elf64_header *eh = (const struct elf64_header *)data;

    if (len < sizeof(*eh) || !mem_equal(eh->ident, ELF64_MAGIC, 6) ||
        eh->machine != ELF64_X86_64 ||
        eh->phentsize != sizeof(struct elf64_segment) ||
        eh->phnum > PHDRS_MAX || eh->phoff > len ||
        eh->phnum * sizeof(struct elf64_segment) > len - eh->phoff) {
        bios_fail("the kernel is no x86-64 ELF file");
    }
    kernel.count = eh->phnum;
    mem_copy(kernel.ph, data + eh->phoff,
             kernel.count * sizeof(struct elf64_segment));
    for (uint32_t i = 0; i < kernel.count; i++) {
        const struct elf64_segment *ph = &kernel.ph[i];

        if (ph->type == ELF64_PT_LOAD) {
            check_segment(ph);
            mem_zero(flat((uint32_t)ph->paddr), (uint32_t)ph->memsz);
        }
    }
}

/* Copies what a piece of the file has of a segment to where it belongs. */
static void take_segment(const struct elf64_segment *ph, uint8_t *to,
                         uint32_t offset, const uint8_t *data, uint32_t len)
{
    uint32_t start = (uint32_t)ph->offset;
    uint32_t end = start + (uint32_t)ph->filesz;
    uint32_t from = start > offset ? start : offset;
    uint32_t till = end < offset + len ? end : offset + len;

    if (from < till) {
        mem_copy(to + (from - start), data + (from - offset), till - from);
    }
}

static void take_kernel(uint32_t offset, const uint8_t *data, uint32_t len)
{
    if (!offset) {
        take_headers(data, len);
    }
    for (uint32_t i = 0; i < kernel.count; i++) {
        const struct elf64_segment *ph = &kernel.ph[i];

        if (ph->type == ELF64_PT_LOAD) {
            take_segment(ph, flat((uint32_t)ph->paddr), offset, data,
                         len);
        } else if (ph->type == ELF64_PT_NOTE &&
                   ph->filesz <= NOTES_MAX &&
                   ph->offset <= header.kernel_size) {
            take_segment(ph, kernel.notes, offset, data, len);
            kernel.notes_size = (uint32_t)ph->filesz;
        }
    }
}

/* The PVH entry point, from the kernel's notes. */
static uint32_t find_entry(void)
{
    uint32_t pos = 0, entry;

    while (kernel.notes_size - pos >= sizeof(struct elf64_note)) {
        const struct elf64_note *nh = (const void *)(kernel.notes + pos);
        uint32_t name = pos + (uint32_t)sizeof(*nh);
        uint32_t desc, next;

        if (nh->namesz > NOTES_MAX || nh->descsz > NOTES_MAX) {
            break;
        }
        desc = name + ((nh->namesz + 3u) & ~3u);
        next = desc + ((nh->descsz + 3u) & ~3u);
        if (next > kernel.notes_size) {
            break;
        }
        if (nh->type == PHYS32_ENTRY && nh->namesz == 4 &&
            mem_equal(kernel.notes + name, "Xen", 4) && nh->descsz >= 4) {
            mem_copy(&entry, kernel.notes + desc, sizeof(entry));
            return entry;
        }
        pos = next;
    }
    bios_fail("the kernel has no PVH entry");
}

void loader_main(uint32_t boot_drive)
{
    drive = (uint8_t)boot_drive;
    crc_init();
    bios_enable_a20();
    nranges = bios_memory_map(ranges, RANGES_MAX);
    read_header();
    module.size = header.manifest_size;
    module.addr = place_manifest((uint32_t)header.manifest_size);
    read_part(header.manifest_off, (uint32_t)header.manifest_size,
              header.manifest_crc, take_manifest,
              "the manifest is damaged; build the image again");
    read_part(header.kernel_off, (uint32_t)header.kernel_size,
              header.kernel_crc, take_kernel,
              "the kernel is damaged; build the image again");
    fwcfg_read(CMDLINE_FILE, sizeof(CMDLINE_FILE), cmdline, CMDLINE_MAX - 1);
    start_info = (struct start_info){
        .magic = PVH_MAGIC, .version = 1, .modules = 1,
        .module_list = (uint32_t)&module,
        .cmdline = (uint32_t)cmdline,
        .rsdp = bios_find_rsdp(),
        .map = (uint32_t)ranges, .map_entries = nranges,
    };
    kernel_enter(find_entry(), (uint32_t)&start_info);
}
