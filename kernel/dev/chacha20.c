/* SPDX-License-Identifier: BSD-2-Clause */
/* The ChaCha20 block function (RFC 8439, section 2.3). */
#include "dev_priv.h"

static inline uint32_t rotl(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

#define QUARTER(a, b, c, d) \
    do { \
        a += b; d = rotl(d ^ a, 16); \
        c += d; b = rotl(b ^ c, 12); \
        a += b; d = rotl(d ^ a, 8); \
        c += d; b = rotl(b ^ c, 7); \
    } while (0)

void chacha20__block(uint32_t out[16], const uint32_t in[16])
{
    uint32_t x[16];
    unsigned i;

    memcpy(x, in, sizeof(x));
    for (i = 0; i < 10; i++) {
        QUARTER(x[0], x[4], x[8], x[12]);
        QUARTER(x[1], x[5], x[9], x[13]);
        QUARTER(x[2], x[6], x[10], x[14]);
        QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]);
        QUARTER(x[1], x[6], x[11], x[12]);
        QUARTER(x[2], x[7], x[8], x[13]);
        QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (i = 0; i < 16; i++)
        out[i] = x[i] + in[i];
}
