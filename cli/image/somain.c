/* SPDX-License-Identifier: BSD-2-Clause */
#include "somain.h"
#include "../util/path.h"
#include "elfinfo.h"

#define SOMAIN_PATH "/usr/lib/hull/somain"

extern const unsigned char somain_blob[], somain_blob_end[];

bool somain_is(const struct tree_node *node)
{
    struct elfinfo info;
    char *reason = NULL;
    bool lone = false;

    if (node->kind != TREE_FILE || !node->source ||
        !str_ends(node->path, ".so")) {
        return false;
    }
    if (elfinfo_read(&info, node->source, &reason) == ELFINFO_OK) {
        lone = !info.executable;
        elfinfo_release(&info);
    }
    free(reason);
    return lone;
}

int somain_add(struct hullfile *hf, struct tree *t, char **program)
{
    char *dir = path_runtime_dir(), *file = path_join(dir, "somain");
    struct strvec cmd;
    struct tree_node *node;

    path_write_file(file, somain_blob,
                    (size_t)(somain_blob_end - somain_blob), 0755);
    node = tree_add_file(t, SOMAIN_PATH, file, 0755);
    free(dir);
    free(file);
    if (!node) {
        return -1;
    }
    node->line = hf->cmd_line;
    strvec_init(&cmd);
    strvec_push(&cmd, SOMAIN_PATH);
    strvec_push(&cmd, *program);
    for (size_t i = 1; i < hf->cmd.nr; i++) {
        strvec_push(&cmd, hf->cmd.v[i]);
    }
    strvec_release(&hf->cmd);
    hf->cmd = cmd;
    free(*program);
    *program = xstrdup(SOMAIN_PATH);
    return 0;
}
