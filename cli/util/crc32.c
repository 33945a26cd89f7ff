/* SPDX-License-Identifier: BSD-2-Clause */
#include "crc32.h"

#define POLYNOMIAL 0xedb88320u

uint32_t crc32_of(const void *data, size_t len)
{
    static uint32_t table[256];
    const uint8_t *p = data;
    uint32_t crc = 0xffffffffu;

    if (!table[1]) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;

            for (int bit = 0; bit < 8; bit++) {
                c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
            }
            table[i] = c;
        }
    }
    while (len--) {
        crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
    }
    return ~crc;
}
