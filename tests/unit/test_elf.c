/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks of ELF headers: each field wrong in turn, then random damage. */
#include "unit.h"

#include "abi/elf_priv.h"

#define EM_X86_64 62
#define FILE_SIZE 0x5000u
#define TOP 0x7ffffffff000ull

static struct elf64_header h;
static struct elf64_segment ph[4];

/* A program of two segments, an interpreter and a stack note. */
static void sample(void)
{
    static const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

    memset(&h, 0, sizeof(h));
    memset(ph, 0, sizeof(ph));
    memcpy(h.ident, ident, sizeof(ident));
    h.type = ET_DYN;
    h.machine = EM_X86_64;
    h.version = 1;
    h.phoff = 64;
    h.phentsize = sizeof(struct elf64_segment);
    h.phnum = 4;
    ph[0] = (struct elf64_segment){ ELF64_PT_LOAD, PF_R | PF_X, 0, 0, 0,
                                    0x2000, 0x2000, 0x1000 };
    ph[1] = (struct elf64_segment){ ELF64_PT_LOAD, PF_R | PF_W, 0x2800,
                                    0x3800, 0, 0x100, 0x3000, 0x1000 };
    ph[2] = (struct elf64_segment){ PT_INTERP, PF_R, 0x400, 0x400, 0, 28, 28,
                                    1 };
    ph[3] = (struct elf64_segment){ PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0, 0,
                                    0, 0, 16 };
}

static const char *check(struct elf_layout *out)
{
    const char *bad = elf__check_header(&h, FILE_SIZE, EM_X86_64);

    return bad ? bad : elf__check_phdrs(&h, ph, FILE_SIZE, TOP, out);
}

static void good(void **state)
{
    struct elf_layout l;

    (void)state;
    sample();
    assert_null(check(&l));
    assert_int_equal(l.start, 0);
    assert_int_equal(l.end_exact, 0x6800);
    assert_int_equal(l.end, 0x7000);
    assert_int_equal(l.phdr, 64);
    assert_int_equal(l.interp, 2);
    assert_true(l.exec_stack);
}

static void bad_headers(void **state)
{
    struct elf_layout l;

    (void)state;
#define BAD(change) do { sample(); change; assert_non_null(check(&l)); } \
    while (0)
    BAD(h.ident[0] = 0);
    BAD(h.ident[4] = 1);
    BAD(h.ident[5] = 2);
    BAD(h.version = 0);
    BAD(h.machine = 3);
    BAD(h.type = 1);
    BAD(h.phentsize = 32);
    BAD(h.phnum = 0);
    BAD(h.phnum = 0xffff);
    BAD(h.phoff = UINT64_MAX);
    BAD(h.phoff = FILE_SIZE - 8);
}

static void bad_segments(void **state)
{
    struct elf_layout l;

    (void)state;
    BAD(ph[0].filesz = 0x2001);                     /* more than memory */
    BAD(ph[1].offset = FILE_SIZE - 0x80);           /* truncated */
    BAD(ph[1].offset = UINT64_MAX - 0x7ff);
    BAD(ph[1].vaddr = 0x3801);                      /* not congruent */
    BAD(ph[1].vaddr = 0x1800);                      /* overlap */
    BAD(ph[1].vaddr = TOP + 0x800);
    BAD(ph[1].memsz = UINT64_MAX);
    BAD(ph[1].memsz = TOP);
    BAD(ph[1].align = 3);
    BAD(ph[1].align = 1ull << 40);
    BAD(ph[2].filesz = 1);
    BAD(ph[2].filesz = PATH_MAX + 1);
    BAD(ph[2].offset = FILE_SIZE);
    BAD(ph[0].type = ph[1].type = 0);               /* nothing to load */
    BAD(h.entry = 0x7000);
    BAD(h.entry = 0xffffffff80000000ull);
#undef BAD
}

/* Whatever is accepted lies inside the file and the program's half. */
static void random_damage(void **state)
{
    struct elf_layout l;

    (void)state;
    unit_seed(7);
    for (int round = 0; round < (int)unit_rounds(200000); round++) {
        uint8_t *bytes = (uint8_t *)ph;

        sample();
        for (int i = 0; i < 3; i++)
            bytes[unit_below(sizeof(ph))] = (uint8_t)unit_random();
        if (check(&l))
            continue;
        assert_true(l.start < l.end && l.end <= TOP);
        assert_true(l.end_exact <= TOP);
        for (int i = 0; i < h.phnum; i++) {
            if (ph[i].type != ELF64_PT_LOAD || !ph[i].memsz)
                continue;
            assert_true(ph[i].filesz <= ph[i].memsz);
            assert_true(ph[i].offset + ph[i].filesz <= FILE_SIZE);
            assert_true(ph[i].vaddr + ph[i].memsz <= l.end_exact);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_segments),
        cmocka_unit_test(random_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
