/* SPDX-License-Identifier: BSD-2-Clause */
#include "elfinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEEDED_MAX 1024
#define INTERP_MAX 4096

struct source {
    Elf *elf;
    const char *data;       /* the whole file */
    size_t size;
    char **reason;
};

static enum elfinfo_result bad(const struct source *s, const char *why)
{
    *s->reason = xstrdup(why);
    return ELFINFO_BAD;
}

/* Where the file keeps the byte that the program sees at an address, or 0. */
static uint64_t offset_of(const struct source *s, uint64_t vaddr, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr ph;

        if (gelf_getphdr(s->elf, (int)i, &ph) && ph.p_type == PT_LOAD &&
            vaddr >= ph.p_vaddr && vaddr - ph.p_vaddr < ph.p_filesz) {
            return ph.p_offset + (vaddr - ph.p_vaddr);
        }
    }
    return 0;
}

/* A NUL-terminated text inside the file, or NULL. */
static const char *text_at(const struct source *s, uint64_t offset)
{
    if (offset >= s->size ||
        !memchr(s->data + offset, '\0', s->size - offset)) {
        return NULL;
    }
    return s->data + offset;
}

struct dynamic {
    uint64_t offset, size;      /* of PT_DYNAMIC */
    uint64_t strtab;            /* file offset; 0: none */
};

static bool next_dyn(const struct source *s, const struct dynamic *d,
                     uint64_t i, Elf64_Dyn *dyn)
{
    if ((i + 1) * sizeof(*dyn) > d->size) {
        return false;
    }
    memcpy(dyn, s->data + d->offset + i * sizeof(*dyn), sizeof(*dyn));
    return dyn->d_tag != DT_NULL;
}

static enum elfinfo_result take_dynamic(struct elfinfo *info,
                                        const struct source *s,
                                        const struct dynamic *d)
{
    Elf64_Dyn dyn;

    for (uint64_t i = 0; next_dyn(s, d, i, &dyn); i++) {
        const char *text;

        if (dyn.d_tag != DT_NEEDED && dyn.d_tag != DT_RPATH &&
            dyn.d_tag != DT_RUNPATH) {
            continue;
        }
        text = d->strtab ? text_at(s, d->strtab + dyn.d_un.d_val) : NULL;
        if (!text || info->needed.nr >= NEEDED_MAX) {
            return bad(s, "its dynamic section is damaged");
        }
        if (dyn.d_tag == DT_NEEDED) {
            strvec_push(&info->needed, text);
        } else if (dyn.d_tag == DT_RPATH && !info->rpath) {
            info->rpath = xstrdup(text);
        } else if (dyn.d_tag == DT_RUNPATH && !info->runpath) {
            info->runpath = xstrdup(text);
        }
    }
    if (info->runpath) {
        free(info->rpath);
        info->rpath = NULL;
    }
    return ELFINFO_OK;
}

static enum elfinfo_result read_dynamic(struct elfinfo *info,
                                        const struct source *s,
                                        struct dynamic *d, size_t count)
{
    Elf64_Dyn dyn;

    for (uint64_t i = 0; next_dyn(s, d, i, &dyn); i++) {
        if (dyn.d_tag == DT_STRTAB) {
            d->strtab = offset_of(s, dyn.d_un.d_ptr, count);
        }
    }
    return take_dynamic(info, s, d);
}

static enum elfinfo_result check_header(const struct source *s,
                                        GElf_Ehdr *eh)
{
    if (!gelf_getehdr(s->elf, eh)) {
        return bad(s, "its ELF header is damaged");
    }
    if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64) {
        bad(s, "it is built for another machine than x86-64");
        return ELFINFO_OTHER;
    }
    if (eh->e_phnum && (eh->e_phentsize != sizeof(Elf64_Phdr) ||
                        eh->e_phoff > s->size ||
                        eh->e_phnum * sizeof(Elf64_Phdr) >
                            s->size - eh->e_phoff)) {
        return bad(s, "it is truncated");
    }
    return ELFINFO_OK;
}

static enum elfinfo_result read_headers(struct elfinfo *info,
                                        const struct source *s)
{
    enum elfinfo_result rc;
    struct dynamic d = {0};
    GElf_Ehdr eh;
    GElf_Phdr ph;

    rc = check_header(s, &eh);
    if (rc != ELFINFO_OK) {
        return rc;
    }
    for (size_t i = 0; i < eh.e_phnum; i++) {
        if (!gelf_getphdr(s->elf, (int)i, &ph)) {
            return bad(s, "its program headers are damaged");
        }
        if (ph.p_type != PT_NULL && ph.p_filesz &&
            (ph.p_offset > s->size || ph.p_filesz > s->size - ph.p_offset)) {
            return bad(s, "it is truncated");
        }
        if (ph.p_type == PT_INTERP) {
            const char *text = text_at(s, ph.p_offset);

            if (!text || text[0] != '/' || strlen(text) > INTERP_MAX) {
                return bad(s, "its interpreter's name is damaged");
            }
            free(info->interp);
            info->interp = xstrdup(text);
        } else if (ph.p_type == PT_DYNAMIC) {
            d.offset = ph.p_offset;
            d.size = ph.p_filesz;
        }
    }
    info->executable = eh.e_type == ET_EXEC ||
                       (eh.e_type == ET_DYN && info->interp);
    if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) {
        return ELFINFO_NOT_ELF;
    }
    return d.size ? read_dynamic(info, s, &d, eh.e_phnum) : ELFINFO_OK;
}

static bool holds(const struct source *s, const char *name)
{
    return memmem(s->data, s->size, name, strlen(name) + 1);
}

/* The C library's parts that a program may open while it runs: those whose
 * file it names (Free Pascal does), and libgcc_s.so.1, which the C library
 * opens itself in the functions named here. */
static void find_opens(struct elfinfo *info, const struct source *s)
{
    static const char *const files[] = {
        "libpthread.so.0", "libdl.so.2", "librt.so.1", "libm.so.6",
        "libutil.so.1", "libgcc_s.so.1",
    };
    static const char *const unwind[] = {
        "pthread_exit", "pthread_cancel", "backtrace", "thrd_exit",
    };
    bool unwinds = false;

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        if (holds(s, files[i])) {
            strvec_push(&info->opens, files[i]);
        }
    }
    for (size_t i = 0; i < sizeof(unwind) / sizeof(*unwind) && !unwinds; i++) {
        unwinds = holds(s, unwind[i]);
    }
    if (unwinds) {
        strvec_push(&info->opens, "libgcc_s.so.1");
    }
}

static enum elfinfo_result read_mapped(struct elfinfo *info,
                                       struct source *s)
{
    enum elfinfo_result rc;

    if (s->size < EI_NIDENT || memcmp(s->data, ELFMAG, SELFMAG)) {
        return ELFINFO_NOT_ELF;
    }
    elf_version(EV_CURRENT);
    s->elf = elf_memory((char *)(uintptr_t)s->data, s->size);
    if (!s->elf || elf_kind(s->elf) != ELF_K_ELF) {
        rc = bad(s, "its ELF header is damaged");
    } else {
        rc = read_headers(info, s);
    }
    elf_end(s->elf);
    if (rc == ELFINFO_OK) {
        bool libc = strvec_has(&info->needed, "libc.so.6");

        info->glibc = libc ||
                      (info->interp && strstr(info->interp, "/ld-linux"));
        if (libc) {
            find_opens(info, s);
        }
    }
    return rc;
}

/* Maps a whole file; data NULL for an empty one. 0 or -1 with errno. */
static int map_file(const char *path, const char **data, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *map = NULL;
    int saved;

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st)) {
        goto out_close;
    }
    if (st.st_size) {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE, fd, 0);
    }
    if (map == MAP_FAILED) {
        goto out_close;
    }
    close(fd);
    *data = map;
    *size = (size_t)st.st_size;
    return 0;

out_close:
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

enum elfinfo_result elfinfo_read(struct elfinfo *info, const char *path,
                                 char **reason)
{
    struct source s = {.reason = reason};
    enum elfinfo_result rc;

    memset(info, 0, sizeof(*info));
    strvec_init(&info->needed);
    strvec_init(&info->opens);
    if (map_file(path, &s.data, &s.size)) {
        *reason = xstrdup(strerror(errno));
        rc = ELFINFO_BAD;
    } else {
        rc = read_mapped(info, &s);
        if (s.size) {
            munmap((void *)(uintptr_t)s.data, s.size);
        }
    }
    if (rc != ELFINFO_OK) {
        elfinfo_release(info);
    }
    return rc;
}

void elfinfo_release(struct elfinfo *info)
{
    free(info->interp);
    free(info->rpath);
    free(info->runpath);
    strvec_release(&info->needed);
    strvec_release(&info->opens);
}

bool elfinfo_has_text(const char *path, const char *text)
{
    const char *data;
    size_t size;
    bool found;

    if (map_file(path, &data, &size)) {
        return false;
    }
    found = size && memmem(data, size, text, strlen(text));
    if (size) {
        munmap((void *)(uintptr_t)data, size);
    }
    return found;
}
