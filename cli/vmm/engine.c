/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine.h"
#include "../util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CPUINFO_MAX (16u << 20)

int engine_parse(const char *name, enum engine *engine)
{
    static const char *const names[] = {"auto", "kvm", "tcg",
                                        "tcg-single"};

    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (!strcmp(name, names[i])) {
            *engine = (enum engine)i;
            return 0;
        }
    }
    return -1;
}

/* Whether the first CPU's flags have a word. */
static bool cpu_has(const char *cpuinfo, const char *flag)
{
    const char *flags = strstr(cpuinfo, "\nflags");
    size_t len = strlen(flag);
    const char *end, *p;

    if (!flags) {
        return false;
    }
    flags++;
    end = flags + strcspn(flags, "\n");
    for (p = flags; (p = strstr(p, flag)) && p < end; p += len) {
        if (p[-1] == ' ' && strchr(" \n", p[len])) {
            return true;
        }
    }
    return false;
}

const char *engine_kvm_problem(void)
{
    const char *problem = NULL;
    struct strbuf text;
    int fd;

    strbuf_init(&text);
    if (path_read_file("/proc/cpuinfo", &text, CPUINFO_MAX) ||
        (!cpu_has(text.buf, "vmx") && !cpu_has(text.buf, "svm"))) {
        problem = "the CPU offers neither vmx nor svm (switch "
                  "virtualisation on in the firmware, or nested "
                  "virtualisation in the host)";
    }
    strbuf_release(&text);
    if (problem) {
        return problem;
    }
    fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT
                   ? "there is no /dev/kvm (modprobe kvm_intel or kvm_amd)"
                   : "/dev/kvm does not open (add yourself to its group: "
                     "adduser $USER kvm)";
    }
    close(fd);
    return NULL;
}

enum engine engine_choose(enum engine asked)
{
    const char *problem;

    if (asked == ENGINE_TCG || asked == ENGINE_TCG_SINGLE) {
        return asked;
    }
    problem = engine_kvm_problem();
    if (!problem) {
        return ENGINE_KVM;
    }
    if (asked == ENGINE_KVM) {
        die("KVM is not usable: %s; or use --accel tcg", problem);
    }
    note("no usable KVM on this host: running on QEMU's TCG, which is slower");
    return ENGINE_TCG;
}
