/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The EROFS reader on images that mkfs.erofs makes here: every file compared
 * byte for byte under several ways to pack, then the same images with bits
 * flipped, where all that counts is that nothing breaks.
 */
#include "fs_disk.h"

static char top[] = "/tmp/hull-erofs-XXXXXX";
static char tree[64];

static const char *const configs[] = {
    "",
    "-Eforce-inode-extended",
    "-Eforce-inode-compact",
    "--chunksize=65536",
    "--chunksize=4096 -Eforce-chunk-indexes",
    "-zlz4",
    "-zlz4hc",
    "-zlz4hc,12 -Elegacy-compress",
    "-zlz4hc -C65536",
    "-zlz4 -C65536 -Elegacy-compress",
    "-zlz4hc -C65536 -Eztailpacking",
    "-zlz4hc -Eztailpacking,force-inode-extended",
    "-zlz4 -C1048576",
};

static void write_file(const char *name, size_t size, int kind)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", tree, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    static const char *const words[] = { "hull ", "unikernel ", "page ",
                                         "the ", "\n", "of " };
    for (size_t i = 0; i < size;) {
        char b[16];
        size_t n = 1;
        if (kind == 0)
            b[0] = (char)unit_random();
        else if (kind == 1)
            n = (size_t)snprintf(b, sizeof(b), "%s",
                                  words[unit_below(6)]);
        else
            b[0] = kind == 2 ? 0 : (char)(i / 5000 % 3 ? i / 700
                                                       : unit_random());
        if (n > size - i)
            n = size - i;
        fwrite(b, 1, n, f);
        i += n;
    }
    fclose(f);
}

static int tree_make(void **state)
{
    static const size_t sizes[] = { 0, 1, 100, 4000, 4095, 4096, 4097, 8192,
                                    12345, 65536, 100000, 300001, 1500017 };
    char cmd[256], name[64];
    unit_boot(256ull << 20);
    (void)state;
    assert_non_null(mkdtemp(top));
    snprintf(tree, sizeof(tree), "%s/t", top);
    snprintf(cmd, sizeof(cmd), "mkdir -p %s/sub/deep/er %s/many", tree, tree);
    assert_int_equal(system(cmd), 0);
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            snprintf(name, sizeof(name), "sub/f%d-%zu", kind, sizes[i]);
            write_file(name, sizes[i], kind);
        }
    }
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof(name), "many/a-rather-long-name-of-file-%d", i);
        write_file(name, (size_t)i, 1);
    }
    snprintf(cmd, sizeof(cmd), "cd %s && ln -s ../f1-100 sub/deep/link && "
             "ln sub/f1-4097 sub/deep/hard && mkfifo sub/fifo", tree);
    assert_int_equal(system(cmd), 0);
    return 0;
}

static int top_remove(void **state)
{
    char cmd[128];
    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
    return system(cmd);
}

/* ---------------- walking an image ---------------- */

struct visit {
    struct erofs *fs;
    char path[700];
    bool strict;
    unsigned files, dirs;
    uint64_t todo[256];         /* folders still to read: inode, and the */
    char names[256][1024];       /* path each has */
    unsigned count;
};

static void file_compare(struct visit *v, struct erofs_inode *ei,
                         const char *name)
{
    char path[1024];
    size_t size;
    snprintf(path, sizeof(path), "%s%s/%s", tree, v->path, name);
    char *want = read_host_file(path, &size);
    if (!want)
        fail_msg("no %s", path);
    assert_int_equal(size, ei->size);
    char *got = malloc(size + 1);
    assert_int_equal(erofs_data_read(ei, 0, got, size), 0);
    for (size_t i = 0; i < size; i++)
        if (got[i] != want[i])
            fail_msg("%s differs at %zu: %x %x", path, i, got[i] & 255,
                     want[i] & 255);
    for (int i = 0; i < 120 && size; i++) {
        size_t at = unit_below(size), n = 1 + unit_below(size - at);
        if (i % 60 == 0)        /* and again in another order */
            page_cache_reclaim(~0ull);
        if (n > 5000)
            n = 5000;
        assert_int_equal(erofs_data_read(ei, at, got, n), 0);
        assert_memory_equal(got, want + at, n);
    }
    if (size % PAGE_SIZE) {     /* a mapping shows zeros behind the end */
        struct page *p = page_cache_get(&ei->pc, size / PAGE_SIZE);
        assert_false(IS_ERR(p));
        for (size_t i = size % PAGE_SIZE; i < PAGE_SIZE; i++)
            assert_int_equal(((char *)page_to_virt(p))[i], 0);
        page_unref(p);
    }
    free(got);
    free(want);
}

static void file_scan(struct erofs_inode *ei)
{
    static uint8_t page[4096];
    uint64_t size = MIN(ei->size, 160ull << 10);
    for (uint64_t at = 0; at < size; at += sizeof(page))
        if (erofs_data_read(ei, at, page, MIN(sizeof(page), size - at)))
            return;
}

static int visit_entry(void *arg, const char *name, size_t len, uint64_t nid,
                       unsigned dtype)
{
    struct visit *v = arg;
    struct erofs_inode *ei;
    char text[256];
    if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
        return 0;
    snprintf(text, sizeof(text), "%.*s", (int)len, name);
    int err = erofs_inode_get(v->fs, nid, &ei);
    if (err) {
        if (v->strict)
            fail_msg("%s: %d", text, err);
        return 0;
    }
    if (v->strict)
        assert_int_equal(dtype, (ei->mode & S_IFMT) >> 12);
    if ((ei->mode & S_IFMT) == S_IFDIR) {
        if (v->count < ARRAY_LEN(v->todo)) {
            snprintf(v->names[v->count], 1024, "%s/%s", v->path, text);
            v->todo[v->count++] = nid;
        }
    } else if ((ei->mode & S_IFMT) == S_IFREG) {
        v->files++;
        if (v->strict)
            file_compare(v, ei, text);
        else
            file_scan(ei);
    } else {
        file_scan(ei);
    }
    erofs_inode_put(ei);
    return 0;
}

static void image_visit(struct visit *v)
{
    v->files = v->dirs = 0;
    v->count = 1;
    v->todo[0] = v->fs->root_nid;
    v->names[0][0] = 0;
    for (unsigned i = 0; i < v->count; i++) {
        struct erofs_inode *dir;
        snprintf(v->path, sizeof(v->path), "%.500s", v->names[i]);
        if (erofs_inode_get(v->fs, v->todo[i], &dir))
            continue;
        v->dirs++;
        if (dir->size < 1 << 20)
            erofs_dir_each(dir, visit_entry, v);
        uint64_t nid;
        erofs_lookup(dir, "f1-4096", 7, &nid);
        erofs_lookup(dir, "zzz", 3, &nid);
        erofs_inode_put(dir);
    }
}

static void reads_all(void **state)
{
    (void)state;
    static struct visit v;
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        disk_make(tree, configs[i]);
        int err = erofs_open(&disk.dev, 0, disk.dev.size, &v.fs);
        if (err)
            fail_msg("open with %s: %d", configs[i], err);
        v.strict = true;
        image_visit(&v);
        assert_int_equal(v.dirs, 5);
        assert_int_equal(v.files, 4 * 13 + 400 + 1);
        erofs_close(v.fs);
    }
}

static void looks_up(void **state)
{
    (void)state;
    struct erofs *fs;
    struct erofs_inode *root, *many;
    uint64_t nid;
    disk_make(tree, "-zlz4");
    assert_int_equal(erofs_open(&disk.dev, 0, disk.dev.size, &fs), 0);
    assert_int_equal(erofs_inode_get(fs, fs->root_nid, &root), 0);
    assert_int_equal(erofs_lookup(root, "many", 4, &nid), 0);
    assert_int_equal(erofs_inode_get(fs, nid, &many), 0);
    for (int i = 0; i < 400; i++) {
        char name[64];
        int n = snprintf(name, sizeof(name), "a-rather-long-name-of-file-%d",
                         i);
        assert_int_equal(erofs_lookup(many, name, (size_t)n, &nid), 0);
        name[0] = (char)(i & 1 ? 'b' : 'A');
        assert_int_equal(erofs_lookup(many, name, (size_t)n, &nid), -ENOENT);
        assert_int_equal(erofs_lookup(many, name, 3, &nid), -ENOENT);
    }
    erofs_inode_put(many);
    erofs_inode_put(root);
    erofs_close(fs);
}

static void flips_bits(void **state)
{
    (void)state;
    static struct visit v;
    static const char *const some[] = {
        "", "-zlz4hc -C65536 -Eztailpacking", "-zlz4",
        "-zlz4hc -Elegacy-compress", "--chunksize=4096",
    };
    unit_seed(7);
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        disk_make(tree, some[i]);
        uint64_t size = disk.dev.size;
        uint8_t *good = malloc(size);
        memcpy(good, disk.data, size);
        for (int round = 0; round < (int)unit_rounds(25); round++) {
            /* Behind the superblock, whose checksum would end it at once;
             * most of them where inodes and indexes are. */
            for (unsigned n = 1 + (unsigned)unit_below(40); n; n--) {
                uint64_t at = unit_below(round & 1 ? size : 65536);
                if (at >= 4096 && at < size)
                    disk.data[at] ^= (uint8_t)(1u << unit_below(8));
            }
            v.strict = false;
            if (!erofs_open(&disk.dev, 0, size, &v.fs)) {
                v.fs->complaints = EROFS_COMPLAINTS_MAX;
                image_visit(&v);
                erofs_close(v.fs);
            }
            memcpy(disk.data, good, size);
        }
        free(good);
    }
}

static void refuses(void **state)
{
    (void)state;
    struct erofs *fs;
    disk_make(tree, "");
    disk.data[1024] ^= 1;
    assert_int_equal(erofs_open(&disk.dev, 0, disk.dev.size, &fs), -EINVAL);
    disk.data[1024] ^= 1;
    disk.data[1040] ^= 1;       /* the checksum sees it */
    assert_int_equal(erofs_open(&disk.dev, 0, disk.dev.size, &fs), -EUCLEAN);
    disk.data[1040] ^= 1;
    disk.data[1032] &= 0xfe;    /* no checksum: each field for itself */
    disk.data[1024 + 80] |= 0x20;
    assert_int_equal(erofs_open(&disk.dev, 0, disk.dev.size, &fs), -EINVAL);
    disk.data[1024 + 80] &= 0x1f;
    assert_int_equal(erofs_open(&disk.dev, 0, 8192, &fs), -EUCLEAN);
    assert_int_equal(erofs_open(&disk.dev, 0, 512, &fs), -EINVAL);
}

static void fails_cleanly(void **state)
{
    (void)state;
    static struct visit v;
    disk_make(tree, "-zlz4hc -C65536 -Eztailpacking");
    for (unsigned n = 1; n < 400; n += 7) {
        fault_arm(n & 1 ? FAULT_ALLOC : FAULT_BLOCK, n);
        v.strict = false;
        if (!erofs_open(&disk.dev, 0, disk.dev.size, &v.fs)) {
            image_visit(&v);
            fault_arm(n & 1 ? FAULT_ALLOC : FAULT_BLOCK, 0);
            erofs_close(v.fs);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all), cmocka_unit_test(looks_up),
        cmocka_unit_test(refuses), cmocka_unit_test(flips_bits),
        cmocka_unit_test(fails_cleanly),
    };
    return cmocka_run_group_tests(tests, tree_make, top_remove);
}
