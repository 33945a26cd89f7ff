/* SPDX-License-Identifier: BSD-2-Clause */
#include "bios.h"
#include "layout.h"

#define COM1 0x3f8
#define COM1_STATUS (COM1 + 5)
#define COM1_EMPTY 0x20
#define COM1_PATIENCE 100000
#define SYSTEM_CONTROL_A 0x92
#define SMAP 0x534d4150u
#define RETRIES 3

/* INT 13h AH=42h's packet. */
struct packet {
    uint8_t size, zero;
    uint16_t count;
    uint16_t offset, segment;
    uint64_t sector;
} __attribute__((packed));

static struct packet packet;

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* A flat address the compiler cannot reason about: page 0 is real memory. */
static volatile uint8_t *at(uint32_t addr)
{
    __asm__("" : "+r"(addr));
    return (volatile uint8_t *)addr;
}

void mem_copy(void *to, const void *from, size_t len)
{
    size_t words = len / 4;

    len %= 4;
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words)
                     : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len)
                     : : "memory");
}

void mem_zero(void *to, size_t len)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(0) : "memory");
}

bool mem_equal(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    while (len--) {
        if (*x++ != *y++) {
            return false;
        }
    }
    return true;
}

static void put_serial(char c)
{
    for (int i = 0; i < COM1_PATIENCE; i++) {
        if (in8(COM1_STATUS) & COM1_EMPTY) {
            break;
        }
    }
    out8(COM1, (uint8_t)c);
}

static void put_screen(char c)
{
    struct bios_regs r = {.eax = 0x0e00u | (uint8_t)c, .ebx = 7};

    bios_call(0x10, &r);
}

static void put_text(const char *text)
{
    for (; *text; text++) {
        put_serial(*text);
        put_screen(*text);
    }
}

void bios_fail(const char *text)
{
    out8(COM1 + 3, 0x80);       /* 115200 baud, 8N1 */
    out8(COM1, 1);
    out8(COM1 + 1, 0);
    out8(COM1 + 3, 3);
    put_text("hull: ");
    put_text(text);
    put_text("\r\n");
    for (;;) {
        __asm__ volatile("hlt");
    }
}

void bios_read(uint8_t drive, uint64_t sector, uint32_t count)
{
    for (int i = 0; i < RETRIES; i++) {
        struct bios_regs r = {
            .eax = 0x4200, .edx = drive, .esi = (uint32_t)&packet,
        };

        packet = (struct packet){
            .size = sizeof(packet), .count = (uint16_t)count,
            .segment = BOUNCE_BASE >> 4, .sector = sector,
        };
        bios_call(0x13, &r);
        if (!(r.eflags & BIOS_CARRY)) {
            return;
        }
        r = (struct bios_regs){.edx = drive};
        bios_call(0x13, &r);    /* AH=0: reset */
    }
    bios_fail("cannot read the boot disk");
}

uint32_t bios_memory_map(struct bios_range *map, uint32_t max)
{
    static struct bios_range one;
    uint32_t n = 0, next = 0;

    while (n < max) {
        struct bios_regs r = {
            .eax = 0xe820, .ebx = next, .ecx = sizeof(one), .edx = SMAP,
            .edi = (uint32_t)&one,
        };

        bios_call(0x15, &r);
        if ((r.eflags & BIOS_CARRY) || r.eax != SMAP) {
            break;
        }
        if (one.size) {
            map[n] = one;
            map[n++].reserved = 0;
        }
        next = r.ebx;
        if (!next) {
            break;
        }
    }
    if (!n) {
        bios_fail("the BIOS gives no memory map (INT 15h E820)");
    }
    return n;
}

static bool a20_is_on(void)
{
    volatile uint8_t *low = at(0x600), *high = at(0x100600);
    uint8_t was = *low, above = *high;
    bool on;

    *low = (uint8_t)~above;
    on = *high == above;
    *low = was;
    return on;
}

void bios_enable_a20(void)
{
    struct bios_regs r = {.eax = 0x2401};

    if (a20_is_on()) {
        return;
    }
    bios_call(0x15, &r);
    if (a20_is_on()) {
        return;
    }
    out8(SYSTEM_CONTROL_A, (uint8_t)((in8(SYSTEM_CONTROL_A) | 2) & ~1));
    if (!a20_is_on()) {
        bios_fail("cannot switch on address line A20");
    }
}

static uint32_t rsdp_between(uint32_t from, uint32_t to)
{
    static const char magic[8] = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '};

    for (; from + 20 <= to; from += 16) {
        uint8_t sum = 0, bad = 0;

        for (uint32_t i = 0; i < 8; i++) {
            bad |= *at(from + i) ^ (uint8_t)magic[i];
        }
        for (uint32_t i = 0; !bad && i < 20; i++) {
            sum = (uint8_t)(sum + *at(from + i));
        }
        if (!bad && !sum) {
            return from;
        }
    }
    return 0;
}

uint32_t bios_find_rsdp(void)
{
    uint32_t ebda = ((uint32_t)*at(0x40e) | (uint32_t)*at(0x40f) << 8) << 4;
    uint32_t found = 0;

    if (ebda >= 0x80000 && ebda < 0xa0000) {
        found = rsdp_between(ebda, ebda + 1024);
    }
    return found ? found : rsdp_between(0xe0000, 0x100000);
}
