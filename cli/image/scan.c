/* SPDX-License-Identifier: BSD-2-Clause */
#include "scan.h"
#include "../util/path.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <gelf.h>
#include <unistd.h>

#define LOOK_BACK 24            /* bytes before "syscall" */
#define PROPERTY_ISA_NEEDED 0xc0008002u
#define PROPERTY_NOTE 5

static const struct call {
    unsigned nr;
    const char *name;
    bool have;
} calls[] = {
#include "syscalls.inc"
};
#define NCALLS (sizeof(calls) / sizeof(*calls))

/* The calls that exist and can only say no, and who makes them. */
static const char *const process_names[] = {
    "fork", "vfork", "_Fork", "execve", "execv", "execvp", "execvpe", "execl",
    "execlp", "execle", "execveat", "fexecve", "posix_spawn", "posix_spawnp",
    "system", "popen", "daemon", "forkpty",
};

static const char *const c_libraries[] = {
    "libc.so*", "libc-2*.so", "libc.musl*", "ld-*.so*", "libpthread*.so*",
};

static void add_once(struct strvec *sv, const char *name)
{
    if (!strvec_has(sv, name)) {
        strvec_push(sv, name);
    }
}

static void add_name(struct scan *s, const char *name)
{
    for (size_t i = 0; i < sizeof(process_names) / sizeof(char *); i++) {
        if (!strcmp(process_names[i], name)) {
            add_once(&s->processes, name);
            return;
        }
    }
    for (size_t i = 0; i < NCALLS; i++) {
        if (!calls[i].have && !strcmp(calls[i].name, name)) {
            add_once(&s->missing, name);
            return;
        }
    }
}

static void add_number(struct scan *s, uint32_t nr)
{
    for (size_t i = 0; i < NCALLS; i++) {
        if (calls[i].nr == nr) {
            add_name(s, calls[i].name);
            return;
        }
    }
}

/* at: where "syscall" (0f 05) is. The nearest "mov $N, %eax" before it. */
static void take_site(struct scan *s, const uint8_t *code, size_t at)
{
    size_t last = at > LOOK_BACK ? at - LOOK_BACK : 0;
    uint32_t nr;

    for (size_t i = at; i-- > last;) {
        if (code[i] != 0xb8 || i + 5 > at) {
            continue;
        }
        memcpy(&nr, code + i + 1, sizeof(nr));
        if (nr < 1024) {
            add_number(s, nr);
            return;
        }
    }
}

static void scan_code(struct scan *s, Elf_Scn *section)
{
    Elf_Data *data = elf_getdata(section, NULL);
    const uint8_t *code = data ? data->d_buf : NULL;

    for (size_t i = 0; code && i + 1 < data->d_size; i++) {
        if (code[i] == 0x0f && code[i + 1] == 0x05) {
            take_site(s, code, i);
        }
    }
}

static void scan_imports(struct scan *s, Elf *elf, Elf_Scn *section,
                         const GElf_Shdr *sh)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Sym sym;

    for (int i = 0; data && gelf_getsym(data, i, &sym); i++) {
        const char *name = sym.st_shndx == SHN_UNDEF
                               ? elf_strptr(elf, sh->sh_link, sym.st_name)
                               : NULL;

        /* the C library's syslog() is another thing than the call */
        if (name && *name && strcmp(name, "syslog")) {
            add_name(s, name);
        }
    }
}

/* A property: 4 bytes kind, 4 bytes size, the value, filled up to 8. */
static void scan_property(struct scan *s, const uint8_t *p, size_t size)
{
    uint32_t head[2], bits;

    while (size >= sizeof(head)) {
        size_t step;

        memcpy(head, p, sizeof(head));
        step = sizeof(head) + (((size_t)head[1] + 7) & ~(size_t)7);
        if (step > size) {
            return;
        }
        if (head[0] == PROPERTY_ISA_NEEDED && head[1] == sizeof(bits)) {
            memcpy(&bits, p + sizeof(head), sizeof(bits));
            for (int level = 1; level <= 4; level++) {
                if (bits & 1u << (level - 1) && level > s->isa) {
                    s->isa = level;
                }
            }
        }
        p += step;
        size -= step;
    }
}

static void scan_notes(struct scan *s, Elf_Scn *section)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t at = 0, name, desc;
    GElf_Nhdr nh;

    while (data && (at = gelf_getnote(data, at, &nh, &name, &desc)) > 0) {
        if (nh.n_type == PROPERTY_NOTE && nh.n_namesz == 4 &&
            !memcmp((char *)data->d_buf + name, "GNU", 4)) {
            scan_property(s, (uint8_t *)data->d_buf + desc, nh.n_descsz);
        }
    }
}

static bool is_c_library(const char *path)
{
    for (size_t i = 0; i < sizeof(c_libraries) / sizeof(char *); i++) {
        if (!fnmatch(c_libraries[i], path_basename(path), 0)) {
            return true;
        }
    }
    return false;
}

static void scan_elf(struct scan *s, Elf *elf, bool c_library)
{
    Elf_Scn *section = NULL;
    GElf_Shdr sh;

    while ((section = elf_nextscn(elf, section))) {
        if (!gelf_getshdr(section, &sh)) {
            continue;
        }
        if (sh.sh_type == SHT_NOTE) {
            scan_notes(s, section);
        } else if (c_library) {
            continue;
        } else if (sh.sh_type == SHT_DYNSYM) {
            scan_imports(s, elf, section, &sh);
        } else if (sh.sh_type == SHT_PROGBITS &&
                   sh.sh_flags & SHF_EXECINSTR) {
            scan_code(s, section);
        }
    }
}

void scan_init(struct scan *s)
{
    strvec_init(&s->missing);
    strvec_init(&s->processes);
    s->isa = 0;
}

void scan_release(struct scan *s)
{
    strvec_release(&s->missing);
    strvec_release(&s->processes);
}

int scan_file(struct scan *s, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
    Elf *elf;

    if (fd < 0) {
        return -1;
    }
    elf_version(EV_CURRENT);
    elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (elf && elf_kind(elf) == ELF_K_ELF) {
        scan_elf(s, elf, is_c_library(path));
        rc = 0;
    }
    elf_end(elf);
    close(fd);
    return rc;
}
