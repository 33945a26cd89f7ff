/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pre-flight: gathers what an image of the program would hold, as `build`
 * does, and looks at each ELF file of it. What is gathered wrongly (another
 * machine's program, a missing library) is said by the gathering itself.
 */
#include "commands.h"
#include "image/contents.h"
#include "image/elfinfo.h"
#include "image/hullfile.h"
#include "image/scan.h"
#include "util/json.h"
#include "util/opts.h"
#include "util/path.h"
#include "util/proc.h"

#include <limits.h>
#include <stdlib.h>

#define FILES_NAMED 3
#define ISA_PLAIN 2             /* what every machine of the last years has */

/* What some files have in common. */
struct finding {
    char *what;
    const char *remedy;
    struct strvec files;
};

struct report {
    struct finding *found;
    size_t nr;
    size_t elfs;
};

static const char remedy_process[] =
    "an image runs one process: these calls fail with ENOSYS; where the "
    "program needs them, turn that off (no daemon, no workers, no helpers)";
static const char remedy_missing[] =
    "it fails with ENOSYS, which most programs take for an old kernel; "
    "'hull run' says at the end whether it was used";
static const char remedy_isa[] =
    "run it where the CPU has that, with --accel kvm or the emulator's "
    "largest CPU";

static void report_add(struct report *r, char *what, const char *remedy,
                       const char *file)
{
    struct finding *f = NULL;

    for (size_t i = 0; i < r->nr && !f; i++) {
        f = strcmp(r->found[i].what, what) ? NULL : &r->found[i];
    }
    if (!f) {
        r->found = xrealloc(r->found, (r->nr + 1) * sizeof(*r->found));
        f = &r->found[r->nr++];
        f->what = xstrdup(what);
        f->remedy = remedy;
        strvec_init(&f->files);
    }
    strvec_push(&f->files, file);
    free(what);
}

static void report_release(struct report *r)
{
    for (size_t i = 0; i < r->nr; i++) {
        free(r->found[i].what);
        strvec_release(&r->found[i].files);
    }
    free(r->found);
}

static void look_at(struct report *r, const struct tree_node *node)
{
    struct scan s;

    if (node->kind != TREE_FILE || !node->source) {
        return;
    }
    scan_init(&s);
    if (!scan_file(&s, node->source)) {
        r->elfs++;
    }
    for (size_t i = 0; i < s.missing.nr; i++) {
        report_add(r, xstrfmt("the system call %s is not implemented",
                              s.missing.v[i]), remedy_missing, node->path);
    }
    if (s.processes.nr) {
        report_add(r, xstrdup("other programs cannot be started (fork, "
                              "exec)"), remedy_process, node->path);
    }
    if (s.isa > ISA_PLAIN) {
        report_add(r, xstrfmt("the CPU must be an x86-64-v%d", s.isa),
                   remedy_isa, node->path);
    }
    scan_release(&s);
}

/* A Hullfile's words for a lone program. */
static void hullfile_for(struct hullfile *hf, const char *program)
{
    char *real = path_exists(program) ? realpath(program, NULL) : NULL;

    memset(hf, 0, sizeof(*hf));
    strvec_init(&hf->cmd);
    strvec_init(&hf->env);
    strvec_init(&hf->ports);
    hf->path = xstrdup(program);
    hf->dir = xstrdup("/");
    strvec_push(&hf->cmd, real ? real : program);
    free(real);
}

static void print_text(const struct report *r, const char *given)
{
    for (size_t i = 0; i < r->nr; i++) {
        const struct finding *f = &r->found[i];

        printf("warning  %s\n         in ", f->what);
        for (size_t j = 0; j < f->files.nr && j < FILES_NAMED; j++) {
            printf("%s%s", j ? ", " : "", f->files.v[j]);
        }
        if (f->files.nr > FILES_NAMED) {
            printf(" and %zu more", f->files.nr - FILES_NAMED);
        }
        printf("\n         %s\n", f->remedy);
    }
    printf("ok       %s can run on Hull%s (%zu ELF files looked at)\n", given,
           r->nr ? ", but for what is above" : "", r->elfs);
}

static void print_json(const struct report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->nr; i++) {
        json_t *files = json_array();

        for (size_t j = 0; j < r->found[i].files.nr; j++) {
            json_array_append_new(files,
                                  json_string(r->found[i].files.v[j]));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "what",
                                              r->found[i].what, "remedy",
                                              r->found[i].remedy, "files",
                                              files));
    }
    json_print(list);
    json_decref(list);
}

static int check(const char *given, bool json)
{
    struct report r = {0};
    struct hullfile hf;
    struct tree tree;
    char *program = NULL;
    int rc = 0;

    tree_init(&tree);
    if (path_is_dir(given)) {
        rc = hullfile_read(&hf, given);
    } else {
        hullfile_for(&hf, given);
    }
    rc = rc ? rc : contents_tree(&hf, &tree, &program);
    for (size_t i = 0; !rc && i < tree.nr; i++) {
        look_at(&r, tree.nodes[i]);
    }
    if (!rc && json) {
        print_json(&r);
    } else if (!rc) {
        print_text(&r, given);
    }
    report_release(&r);
    free(program);
    tree_release(&tree);
    hullfile_release(&hf);
    return rc ? FAIL_GENERAL : 0;
}

int cmd_check(int argc, char **argv)
{
    bool json = false;
    const struct opt opts[] = {
        {0, "json", OPT_FLAG, &json, NULL, "print JSON"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull check", "[--json] PROGRAM|DIR",
        "Says whether a program, or what a Hullfile's folder describes, will\n"
        "run: its machine, libraries, the CPU it needs, system calls that\n"
        "Hull lacks, use of fork. Best effort; nothing is run but an\n"
        "interpreter that is asked where its library is. Fails where it\n"
        "cannot run; warnings do not.", opts,
    };
    struct strvec operands;
    int status;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr != 1) {
        usage("check takes one program or folder");
    }
    status = check(operands.v[0], json);
    strvec_release(&operands);
    return status;
}
