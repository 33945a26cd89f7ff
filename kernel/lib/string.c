/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings beyond C's own, number parsing, and the CRC. */
#include "list.h"

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);
    size_t n = MIN(len, size - 1);

    ASSERT(size > 0);
    memcpy(dst, src, n);
    dst[n] = '\0';
    return len;
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

static unsigned suffix_shift(char c)
{
    switch (c) {
    case 'K': case 'k': return 10;
    case 'M': case 'm': return 20;
    case 'G': case 'g': return 30;
    default: return 0;
    }
}

int str_to_u64(const char *s, uint64_t *out)
{
    int base = 10;
    uint64_t v = 0;
    unsigned shift;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    if (digit_of(*s) >= base)
        return -EINVAL;
    for (; digit_of(*s) < base; s++) {
        if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
            __builtin_add_overflow(v, (uint64_t)digit_of(*s), &v))
            return -ERANGE;
    }
    shift = suffix_shift(*s);
    if (shift > 0)
        s++;
    if (*s)
        return -EINVAL;
    if (shift > 0 && v >> (64 - shift))
        return -ERANGE;
    *out = v << shift;
    return 0;
}

uint32_t crc32(uint32_t crc, const void *data, size_t n)
{
    /* The table for half a byte: 64 bytes serve as well as a KiB here. */
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
        0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *p = data;

    crc = ~crc;
    for (; n > 0; n--, p++) {
        crc = (crc >> 4) ^ nibble[(crc ^ *p) & 15];
        crc = (crc >> 4) ^ nibble[(crc ^ (*p >> 4)) & 15];
    }
    return ~crc;
}

static size_t find_bit(const uint64_t *b, size_t bits, size_t from,
                       uint64_t invert)
{
    size_t i = from / 64;
    uint64_t word;

    if (from >= bits)
        return bits;
    word = (b[i] ^ invert) & (~0ull << (from % 64));
    while (!word) {
        if (++i >= BITMAP_WORDS(bits))
            return bits;
        word = b[i] ^ invert;
    }
    return MIN(i * 64 + (size_t)__builtin_ctzll(word), bits);
}

size_t bitmap_find_clear(const uint64_t *b, size_t bits, size_t from)
{
    return find_bit(b, bits, from, ~0ull);
}

size_t bitmap_find_set(const uint64_t *b, size_t bits, size_t from)
{
    return find_bit(b, bits, from, 0);
}

uint32_t ring_write(struct ring *r, const void *data, uint32_t n)
{
    uint32_t at = r->tail & (r->size - 1);
    uint32_t first;

    n = MIN(n, ring_free(r));
    first = MIN(n, r->size - at);
    memcpy(r->buf + at, data, first);
    memcpy(r->buf, (const uint8_t *)data + first, n - first);
    r->tail += n;
    return n;
}

uint32_t ring_read(struct ring *r, void *data, uint32_t n)
{
    uint32_t at = r->head & (r->size - 1);
    uint32_t first;

    n = MIN(n, ring_used(r));
    first = MIN(n, r->size - at);
    memcpy(data, r->buf + at, first);
    memcpy((uint8_t *)data + first, r->buf, n - first);
    r->head += n;
    return n;
}
