/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What unit tests ask of the host architecture beyond arch.h.
 *
 * Order of use: host_init, then mm_init(&boot_info), then the rest.
 */
#ifndef HULL_HOST_H
#define HULL_HOST_H

#include "../arch.h"

/* Makes an arena of `bytes` and a boot memory map that says all of it is RAM
 * (tests may edit boot_info before mm_init). */
void host_init(uint64_t bytes);

/* The clock. Advancing fires the timer when its deadline is passed. */
void host_clock_set(nsec_t now);
void host_clock_advance(nsec_t by);
nsec_t host_timer_deadline(void);       /* NSEC_FOREVER: off */

/* The address space user copies go to while no thread was switched to. */
void host_pt_set(struct arch_pt *pt);
/* What an access of the program at va would see: resolves faults by
 * hooks->fault as a CPU would, and returns the byte's place, or NULL when the
 * access traps (then host_trap says how). flags: FAULT_WRITE, FAULT_EXEC. */
void *host_touch(struct arch_pt *pt, uaddr_t va, unsigned flags);
extern struct trap_info host_trap;
extern unsigned long host_faults;       /* hooks->fault calls so far */

/* host_touch remembers translations like a TLB; arch_tlb_flush forgets them.
 * True when each that is left still agrees with the tables, as it must after
 * every completed operation. */
bool host_tlb_sound(void);
extern unsigned long host_tlb_flushes;
/* Called once, when the next flush begins, then forgotten: what another CPU
 * could do while one waits for it. */
extern void (*host_tlb_flush_hook)(void);

#endif
