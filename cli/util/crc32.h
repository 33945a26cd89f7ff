/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC-32 as IEEE 802.3 has it (reflected, 0xEDB88320), as image.h wants. */
#ifndef CLI_UTIL_CRC32_H
#define CLI_UTIL_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *data, size_t len);

#endif
