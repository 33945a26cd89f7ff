/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this host lacks. Each check gives NULL, or what is wrong; the table
 * says what mends it, and whether the tool can do without.
 */
#include "commands.h"
#include "image/build.h"
#include "image/store.h"
#include "util/json.h"
#include "util/opts.h"
#include "util/path.h"
#include "util/proc.h"
#include "vmm/engine.h"
#include "vmm/qemu.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_WANTED (256ull << 20)

struct check {
    const char *what;
    const char *(*problem)(void);
    const char *remedy;
    bool needed;
};

static const char *need_program(const char *name)
{
    char *path = proc_find(name);
    bool found = path != NULL;

    free(path);
    return found ? NULL : "it is not installed";
}

static const char *check_qemu(void)
{
    return need_program(QEMU_PROGRAM);
}

static const char *check_microvm(void)
{
    struct strvec argv;
    struct strbuf out;
    bool found;

    if (check_qemu()) {
        return "QEMU is not installed";
    }
    strvec_init(&argv);
    strbuf_init(&out);
    strvec_split(&argv, QEMU_PROGRAM " -machine help", " ");
    found = !proc_run(&argv, NULL, &out, &out) && strstr(out.buf, "microvm");
    strbuf_release(&out);
    strvec_release(&argv);
    return found ? NULL : "this QEMU does not have it (use --machine q35)";
}

static const char *check_qemu_img(void)
{
    return need_program("qemu-img");
}

static const char *check_mkfs(void)
{
    return need_program("mkfs.erofs");
}

/* As image_kernel_find(), which would die. */
static const char *check_kernel(void)
{
    const char *env = getenv("HULL_KERNEL");
    char *dir = path_self_dir();
    char *beside = path_join(dir, STORE_KERNEL);
    char *installed = path_join(dir, "../lib/hull/" STORE_KERNEL);
    bool found = env && *env ? !access(env, R_OK)
                             : !access(beside, R_OK) ||
                               !access(installed, R_OK);

    free(dir);
    free(beside);
    free(installed);
    return found ? NULL : "it is neither next to the tool nor named by "
                          "HULL_KERNEL";
}

/* The store's folder, or the one above it that is there: store_dir() would
 * make it, and die where it cannot. */
static char *store_place(void)
{
    char *dir = path_data_dir();

    while (!path_exists(dir)) {
        char *above = path_dirname(dir);

        free(dir);
        dir = above;
    }
    return dir;
}

static const char *check_store(void)
{
    char *dir = store_place();
    struct statvfs st;
    const char *problem = NULL;

    if (!path_is_dir(dir)) {
        problem = "a file is in its place";
    } else if (access(dir, W_OK | X_OK)) {
        problem = "it is not writable";
    } else if (!statvfs(dir, &st) &&
               (uint64_t)st.f_bavail * st.f_frsize < ROOM_WANTED) {
        problem = "less than 256 MiB are free there";
    }
    free(dir);
    return problem;
}

static const struct check checks[] = {
    {QEMU_PROGRAM, check_qemu, "apt-get install qemu-system-x86", true},
    {"QEMU's microvm machine", check_microvm,
     "apt-get install qemu-system-x86", false},
    {"qemu-img", check_qemu_img, "apt-get install qemu-utils", true},
    {"mkfs.erofs", check_mkfs, "apt-get install erofs-utils", true},
    {"the kernel hull.elf", check_kernel, "make kernel", true},
    {"the folder for images", check_store,
     "set XDG_DATA_HOME to a writable folder with room", true},
    {"KVM", engine_kvm_problem, "without it QEMU's TCG serves, more slowly",
     false},
};
#define NCHECKS (sizeof(checks) / sizeof(*checks))

static json_t *check_json(const struct check *c, const char *problem)
{
    return json_pack("{s:s, s:b, s:b, s:s?, s:s?}", "what", c->what,
                     "ok", !problem, "needed", c->needed, "problem", problem,
                     "remedy", problem ? c->remedy : NULL);
}

int cmd_doctor(int argc, char **argv)
{
    bool json = false;
    const struct opt opts[] = {
        {0, "json", OPT_FLAG, &json, NULL, "print JSON"},
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull doctor", "[--json]",
        "Says what this host lacks, and what mends it. Fails if something\n"
        "is missing that the tool cannot do without.", opts,
    };
    json_t *list = json_array();
    struct strvec operands;
    size_t missing = 0;

    strvec_init(&operands);
    opt_parse(&me, argc, argv, &operands, NULL);
    if (operands.nr) {
        usage("doctor takes no operand");
    }
    for (size_t i = 0; i < NCHECKS; i++) {
        const struct check *c = &checks[i];
        const char *problem = c->problem();

        missing += problem && c->needed;
        if (json) {
            json_array_append_new(list, check_json(c, problem));
        } else if (!problem) {
            printf("ok       %s\n", c->what);
        } else {
            printf("%s %s: %s\n         %s\n",
                   c->needed ? "MISSING " : "without ", c->what, problem,
                   c->remedy);
        }
    }
    if (json) {
        json_print(list);
    }
    json_decref(list);
    strvec_release(&operands);
    return missing ? FAIL_GENERAL : 0;
}
