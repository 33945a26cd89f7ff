/* SPDX-License-Identifier: BSD-2-Clause */
/* What unit.h promises. */
#include "unit.h"

static struct mm *current;
static uint64_t random_state = 1;

static const struct arch_hooks hooks = {
    .pt_alloc = mm_pt_alloc,
    .pt_free = mm_pt_free,
    .fault = mm_fault,
};

static struct mm *current_mm(void)
{
    return current;
}

void unit_boot(uint64_t bytes)
{
    host_init(bytes);
    arch_hooks = &hooks;
    mm_init(&boot_info);
    mm_current_hook_set(current_mm);
}

int unit_boot_default(void **state)
{
    (void)state;
    unit_boot(64ull << 20);
    return 0;
}

void unit_mm_set(struct mm *mm)
{
    current = mm;
    host_pt_set(mm ? mm_pt(mm) : NULL);
}

uint8_t *unit_at(struct mm *mm, uaddr_t va, unsigned flags)
{
    uint8_t *p = host_touch(mm_pt(mm), va, flags);

    if (!p)
        fail_msg("trap %d code %d at %llx", host_trap.signo, host_trap.code,
                 (unsigned long long)host_trap.addr);
    return p;
}

bool unit_traps(struct mm *mm, uaddr_t va, unsigned flags)
{
    return host_touch(mm_pt(mm), va, flags) == NULL;
}

uint64_t unit_random(void)
{
    random_state += 0x9e3779b97f4a7c15ull;
    return hash_u64(random_state) ^ hash_u64(random_state << 7 | 5);
}

static unsigned fuzz_factor(void)
{
    const char *s = getenv("HULL_FUZZ");
    int n = s ? (int)strtol(s, NULL, 10) : 1;

    return n > 0 ? (unsigned)n : 1;
}

unsigned unit_rounds(unsigned n)
{
    return n * fuzz_factor();
}

void unit_seed(uint64_t seed)
{
    random_state = seed + 1000 * (fuzz_factor() - 1);
}

void unit_step_failures(enum fault_kind kind, void (*body)(void *arg),
                        void *arg)
{
    for (unsigned n = 1; n < 100000; n++) {
        unsigned calls;

        fault_arm(kind, n);
        body(arg);
        calls = fault_calls(kind);
        fault_arm(kind, 0);
        if (calls < n)
            return;
    }
    fail_msg("never ends without an injected failure");
}
