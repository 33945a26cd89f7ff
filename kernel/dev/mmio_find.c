/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where virtio-mmio devices are, from text and from ACPI bytes. Pure: no
 * hardware, any input.
 */
#include "dev_priv.h"

/* Parses a number and moves *s behind it; the suffixes K, M, G scale. */
static int number(const char **s, uint64_t *out)
{
    char word[24];
    size_t n = 0;

    while (n < sizeof(word) - 1 && (*s)[n] && !strchr("@: ", (*s)[n])) {
        word[n] = (*s)[n];
        n++;
    }
    word[n] = '\0';
    *s += n;
    return str_to_u64(word, out) ? -EINVAL : 0;
}

int virtio_mmio__parse(const char *s, struct mmio_window *out)
{
    uint64_t size, addr, irq, id;

    if (number(&s, &size) || *s++ != '@')
        return -EINVAL;
    if (number(&s, &addr) || *s++ != ':')
        return -EINVAL;
    if (number(&s, &irq) || irq > 1023)
        return -EINVAL;
    if (*s == ':') {
        s++;
        if (number(&s, &id))
            return -EINVAL;
    }
    if ((*s && *s != ' ') || !size || addr + size < addr)
        return -EINVAL;
    /* The word does not say how the wire works; these machines pulse it. */
    *out = (struct mmio_window){ .addr = addr, .size = size, .gsi = irq };
    return 0;
}

/*
 * AML is not interpreted. A device node that names "LNRO0005" as its _HID has,
 * a little further on, a resource template with these two descriptors (ACPI
 * 6.4, 6.4.3.4 and 6.4.3.6):
 *   0x86 0x09 0x00  info/1  base/4  length/4             Memory32Fixed
 *   0x89 0x06 0x00  flags/1 count/1 gsi/4                Extended Interrupt
 * flags: bit 1 edge, bit 2 active low.
 */
#define NODE_MAX 256        /* bytes from one _HID to the end of its _CRS */

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Looks at p[0..n) for both descriptors. */
static bool node_parse(const uint8_t *p, size_t n, struct mmio_window *out)
{
    static const uint8_t mem[] = { 0x86, 0x09, 0x00 };
    static const uint8_t irq[] = { 0x89, 0x06, 0x00 };
    bool have_mem = false;
    size_t i;

    *out = (struct mmio_window){ 0 };
    for (i = 0; i < n; i++) {
        if (!have_mem && n - i >= 12 && !memcmp(p + i, mem, sizeof(mem))) {
            out->addr = le32(p + i + 4);
            out->size = le32(p + i + 8);
            have_mem = out->addr && out->size;
            i += 11;
        } else if (have_mem && n - i >= 9 &&
                   !memcmp(p + i, irq, sizeof(irq)) && p[i + 4] == 1) {
            out->level = !(p[i + 3] & 2);
            out->active_low = p[i + 3] & 4;
            out->gsi = le32(p + i + 5);
            return out->gsi < 1024;
        }
    }
    return false;
}

static bool in_name(uint8_t c)      /* of LNRO0005 */
{
    return c == '0' || c == 'R' || c == 'O' || c == 'N' || c == 'L' ||
           c == '5';
}

unsigned acpi__scan_mmio(const uint8_t *table, size_t n,
                         struct mmio_window *out, unsigned max)
{
    static const char hid[] = "LNRO0005";
    const size_t len = sizeof(hid) - 1;
    size_t i = 0, end;
    unsigned found = 0;

    while (found < max && n - i >= len) {
        /* A byte that the name lacks rules out all that would cover it. */
        if (!in_name(table[i + len - 1])) {
            i += len;
            continue;
        }
        if (table[i] != 'L' || memcmp(table + i, hid, len)) {
            i++;
            continue;
        }
        /* The node ends where the next one is named. */
        i += len;
        for (end = i; end < n && end - i < NODE_MAX; end++)
            if (n - end >= len && table[end] == 'L' &&
                !memcmp(table + end, hid, len))
                break;
        if (node_parse(table + i, end - i, &out[found]))
            found++;
    }
    return found;
}
