/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256, by libcrypto. Everything here dies where it cannot. */
#ifndef CLI_UTIL_DIGEST_H
#define CLI_UTIL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

struct digest {
    void *ctx;          /* EVP_MD_CTX */
};

/* digest_begin, digest_add and digest_add_file, digest_end. */
void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len);
void digest_add_file(struct digest *d, const char *path);
void digest_end(struct digest *d, uint8_t out[DIGEST_SIZE]);

#endif
