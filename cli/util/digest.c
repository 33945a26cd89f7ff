/* SPDX-License-Identifier: BSD-2-Clause */
#include "digest.h"
#include "fail.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

void digest_begin(struct digest *d)
{
    d->ctx = EVP_MD_CTX_new();
    if (!d->ctx || !EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL)) {
        die("SHA-256 is not to be had from libcrypto");
    }
}

void digest_add(struct digest *d, const void *data, size_t len)
{
    EVP_DigestUpdate(d->ctx, data, len);
}

void digest_add_file(struct digest *d, const char *path)
{
    static uint8_t chunk[1 << 18];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        die_errno("cannot read %s", path);
    }
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
        digest_add(d, chunk, (size_t)n);
    }
    if (n < 0) {
        die_errno("cannot read %s", path);
    }
    close(fd);
}

void digest_end(struct digest *d, uint8_t out[DIGEST_SIZE])
{
    EVP_DigestFinal_ex(d->ctx, out, NULL);
    EVP_MD_CTX_free(d->ctx);
    d->ctx = NULL;
}
