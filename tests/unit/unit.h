/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every unit test includes: cmocka, the kernel's headers by way of the
 * host architecture, and a small harness.
 *
 * A test program calls unit_boot once (usually from its group's setup), which
 * makes RAM, starts mm and lends arch its hooks. Rooms above are started by
 * the test that uses them.
 */
#ifndef HULL_UNIT_H
#define HULL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host.h"
#include "mm/mm.h"

/* RAM of `bytes`, mm, hooks, no address space. */
void unit_boot(uint64_t bytes);
/* For main's group setup: 64 MiB. */
int unit_boot_default(void **state);
/* Makes mm the current address space (NULL: none). */
void unit_mm_set(struct mm *mm);
/* The page's byte as the program sees it; fails the test if it traps. */
uint8_t *unit_at(struct mm *mm, uaddr_t va, unsigned flags);
/* True when the access traps; host_trap says how. */
bool unit_traps(struct mm *mm, uaddr_t va, unsigned flags);

/* The same numbers in each run. */
uint64_t unit_random(void);
void unit_seed(uint64_t seed);
static inline uint64_t unit_below(uint64_t n) { return unit_random() % n; }
/* How often a test with random input goes round: n, or HULL_FUZZ times it and
 * with other numbers (unit_seed) when the environment says so. */
unsigned unit_rounds(unsigned n);

/* Runs body with the n-th allocation failing, n = 1, 2, ... until it ends
 * with no failure injected. body must leave nothing behind either way. */
void unit_step_failures(enum fault_kind kind, void (*body)(void *arg),
                        void *arg);

#endif
