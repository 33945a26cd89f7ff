/* SPDX-License-Identifier: BSD-2-Clause */
#include "writer.h"
#include "../util/crc32.h"
#include "../util/digest.h"
#include "../util/path.h"
#include "../util/progress.h"
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <hull/manifest.h>
#include <sys/stat.h>
#include <unistd.h>

#define KERNEL_MAX (64u << 20)
#define RAW_ROUND (1u << 20)
#define SECTOR 512
#define PARTITION_OFFSET 446
#define PARTITION_TYPE 0xda     /* "non-FS data" */
#define BOOTABLE 0x80

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/*
 * The one partition covers everything from the header on, so that partition
 * tools keep their hands off. It must be marked active: some BIOSes boot
 * nothing else. Its CHS addresses say "too large for CHS".
 */
static void fill_boot(uint8_t boot[HULL_IMAGE_HEADER_OFFSET],
                      uint64_t image_size)
{
    size_t size = (size_t)(loader_blob_end - loader_blob);
    uint64_t sectors = (image_size - HULL_IMAGE_HEADER_OFFSET) / SECTOR;
    uint8_t *p = boot + PARTITION_OFFSET;

    if (size > HULL_IMAGE_HEADER_OFFSET) {
        BUG("the boot loader has %zu bytes", size);
    }
    memset(boot, 0, HULL_IMAGE_HEADER_OFFSET);
    memcpy(boot, loader_blob, size);
    p[0] = BOOTABLE;
    memcpy(p + 1, "\xfe\xff\xff", 3);
    p[4] = PARTITION_TYPE;
    memcpy(p + 5, "\xfe\xff\xff", 3);
    put32(p + 8, HULL_IMAGE_HEADER_OFFSET / SECTOR);
    put32(p + 12, sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors);
    boot[SECTOR - 2] = 0x55;
    boot[SECTOR - 1] = 0xaa;
}

/* The UUID is made from the content: the same build has the same one. */
static void fill_uuid(uint8_t uuid[16], const struct image_parts *parts)
{
    uint8_t digest[DIGEST_SIZE];
    struct digest d;

    digest_begin(&d);
    digest_add(&d, parts->name, strlen(parts->name));
    digest_add(&d, parts->manifest->buf, parts->manifest->len);
    digest_add_file(&d, parts->kernel_path);
    digest_add_file(&d, parts->root_path);
    digest_end(&d, digest);
    memcpy(uuid, digest, 16);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80);   /* version 8: our own */
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static void fill_header(struct hull_image_header *h,
                        const struct image_parts *parts,
                        const struct strbuf *kernel)
{
    struct stat st;

    if (stat(parts->root_path, &st)) {
        die_errno("cannot read %s", parts->root_path);
    }
    memset(h, 0, sizeof(*h));
    memcpy(h->magic, HULL_IMAGE_MAGIC, sizeof(h->magic));
    h->version = HULL_IMAGE_VERSION;
    h->header_size = sizeof(*h);
    h->manifest_off = HULL_IMAGE_HEADER_OFFSET + HULL_IMAGE_ALIGN;
    h->manifest_size = parts->manifest->len;
    h->manifest_crc = crc32_of(parts->manifest->buf, parts->manifest->len);
    h->kernel_off = round_up(h->manifest_off + h->manifest_size,
                             HULL_IMAGE_ALIGN);
    h->kernel_size = kernel->len;
    h->kernel_crc = crc32_of(kernel->buf, kernel->len);
    h->root_off = round_up(h->kernel_off + h->kernel_size, HULL_IMAGE_ALIGN);
    h->root_size = (uint64_t)st.st_size;
    h->image_size = round_up(h->root_off + h->root_size, RAW_ROUND);
    snprintf(h->name, sizeof(h->name), "%s", parts->name);
    fill_uuid(h->uuid, parts);
    h->header_crc = crc32_of(h, sizeof(*h));
}

static void seek_to(int fd, uint64_t offset, const char *path)
{
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0) {
        die_errno("cannot write %s", path);
    }
}

void image_write(const char *path, const struct image_parts *parts)
{
    static uint8_t boot[HULL_IMAGE_HEADER_OFFSET];
    struct hull_image_header h;
    struct strbuf kernel;
    int fd;

    strbuf_init(&kernel);
    if (path_read_file(parts->kernel_path, &kernel, KERNEL_MAX)) {
        die_errno("cannot read the kernel %s", parts->kernel_path);
    }
    fill_header(&h, parts, &kernel);
    fill_boot(boot, h.image_size);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        die_errno("cannot create %s", path);
    }
    progress_begin("writing the image");
    if (ftruncate(fd, (off_t)h.image_size)) {
        die_errno("cannot write %s", path);
    }
    path_write_fd(fd, boot, sizeof(boot), path);
    path_write_fd(fd, &h, sizeof(h), path);
    seek_to(fd, h.manifest_off, path);
    path_write_fd(fd, parts->manifest->buf, parts->manifest->len, path);
    seek_to(fd, h.kernel_off, path);
    path_write_fd(fd, kernel.buf, kernel.len, path);
    seek_to(fd, h.root_off, path);
    path_copy_into(fd, path, parts->root_path);
    if (close(fd)) {
        die_errno("cannot write %s", path);
    }
    progress_clear();
    strbuf_release(&kernel);
}

static int read_part(int fd, const char *path, uint64_t off, uint64_t size,
                     struct strbuf *sb)
{
    char *buf = xmalloc(size);
    ssize_t n = pread(fd, buf, size, (off_t)off);

    if (n == (ssize_t)size) {
        strbuf_add(sb, buf, size);
    }
    free(buf);
    return n == (ssize_t)size ? 0 : error("%s is cut off; build it again",
                                          path);
}

static int check_header(const char *path, struct hull_image_header *h,
                        uint64_t file_size)
{
    uint32_t crc = h->header_crc;

    if (memcmp(h->magic, HULL_IMAGE_MAGIC, sizeof(h->magic))) {
        return error("%s is no Hull image", path);
    }
    h->header_crc = 0;
    if (crc32_of(h, sizeof(*h)) != crc) {
        return error("%s: the image header is damaged; build it again", path);
    }
    h->header_crc = crc;
    if (h->version != HULL_IMAGE_VERSION ||
        h->header_size != sizeof(*h)) {
        return error("%s has image version %u, this tool knows %u; build it "
                     "again", path, h->version, HULL_IMAGE_VERSION);
    }
    if (h->manifest_size > HULL_MANIFEST_MAX || h->kernel_size > KERNEL_MAX ||
        h->manifest_off > file_size ||
        h->manifest_size > file_size - h->manifest_off ||
        h->kernel_off > file_size ||
        h->kernel_size > file_size - h->kernel_off ||
        h->root_off > file_size || h->root_size > file_size - h->root_off) {
        return error("%s is cut off; build it again", path);
    }
    h->name[sizeof(h->name) - 1] = '\0';
    return 0;
}

static int check_crc(const char *path, const char *what,
                     const struct strbuf *sb, size_t from, uint32_t crc)
{
    if (crc32_of(sb->buf + from, sb->len - from) == crc) {
        return 0;
    }
    return error("%s: the %s is damaged; build it again", path, what);
}

static int read_parts(int fd, const char *path, struct hull_image_header *h,
                      struct strbuf *manifest, struct strbuf *kernel)
{
    size_t from = manifest ? manifest->len : 0;

    if (manifest &&
        (read_part(fd, path, h->manifest_off, h->manifest_size, manifest) ||
         check_crc(path, "manifest", manifest, from, h->manifest_crc))) {
        return -1;
    }
    from = kernel ? kernel->len : 0;
    if (kernel &&
        (read_part(fd, path, h->kernel_off, h->kernel_size, kernel) ||
         check_crc(path, "kernel", kernel, from, h->kernel_crc))) {
        return -1;
    }
    return 0;
}

int image_read(const char *path, struct hull_image_header *h,
               struct strbuf *manifest, struct strbuf *kernel)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    int rc;

    if (fd < 0 || fstat(fd, &st)) {
        return error("cannot read %s: %s", path, strerror(errno));
    }
    if (pread(fd, h, sizeof(*h), HULL_IMAGE_HEADER_OFFSET) !=
        (ssize_t)sizeof(*h)) {
        rc = error("%s is no Hull image", path);
    } else {
        rc = check_header(path, h, (uint64_t)st.st_size);
    }
    if (!rc) {
        rc = read_parts(fd, path, h, manifest, kernel);
    }
    close(fd);
    return rc;
}
