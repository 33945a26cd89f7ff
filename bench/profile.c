/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin for QEMU's emulator: how many instructions the guest executes, and
 * where. Writes a line "ADDRESS INSTRUCTIONS" for each block of code to the
 * file that its argument out=FILE names, when QEMU ends; bench/profile.py
 * makes a table of it. Exact with one CPU.
 *
 *   cc -shared -fPIC -O2 -o profile.so bench/profile.c
 *   qemu-system-x86_64 ... -plugin ./profile.so,out=FILE
 *
 * What QEMU has to offer plugins (docs/devel/tcg-plugins) is declared here:
 * Debian has no package with its header.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS (1u << 18)
#define INLINE_ADD 0

typedef uint64_t plugin_id;     /* QEMU's own type */
struct qemu_plugin_tb;

void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id id, void (*fn)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
                                              int op, void *at, uint64_t n);
void qemu_plugin_register_atexit_cb(plugin_id id,
                                    void (*fn)(plugin_id, void *), void *arg);

int qemu_plugin_version = 1;
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

/* The same address may be translated again, with another length. */
struct block {
    uint64_t addr, insns, runs;
    struct block *next;
};

static struct block *blocks[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *out_path;

static struct block *block_of(uint64_t addr, uint64_t insns)
{
    struct block **at = &blocks[(addr * 0x9e3779b97f4a7c15ull) >> 46];
    struct block *b = *at;

    while (b && (b->addr != addr || b->insns != insns))
        b = b->next;
    if (!b) {
        b = calloc(1, sizeof(*b));
        if (!b)
            abort();
        b->addr = addr;
        b->insns = insns;
        b->next = *at;
        *at = b;
    }
    return b;
}

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
    struct block *b;

    (void)id;
    pthread_mutex_lock(&lock);
    b = block_of(qemu_plugin_tb_vaddr(tb), qemu_plugin_tb_n_insns(tb));
    pthread_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &b->runs, 1);
}

static void on_end(plugin_id id, void *arg)
{
    FILE *f = fopen(out_path, "w");

    (void)id;
    (void)arg;
    if (!f) {
        perror(out_path);
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct block *b = blocks[i]; b; b = b->next)
            fprintf(f, "%llx %llu\n", (unsigned long long)b->addr,
                    (unsigned long long)(b->runs * b->insns));
    fclose(f);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "out=", 4))
            out_path = strdup(argv[i] + 4);
    if (!out_path) {
        fprintf(stderr, "profile: out=FILE is missing\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
