/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which engine can run a machine here. KVM is usable where the CPU offers vmx
 * or svm and /dev/kvm opens; otherwise QEMU's own TCG is used, which works
 * everywhere. TCG_SINGLE runs the guest's CPUs in turn on one thread.
 */
#ifndef CLI_VMM_ENGINE_H
#define CLI_VMM_ENGINE_H

#include <stdbool.h>

enum engine { ENGINE_AUTO, ENGINE_KVM, ENGINE_TCG, ENGINE_TCG_SINGLE };

/* 0, or -1 where the name is none of auto, kvm, tcg, tcg-single. */
int engine_parse(const char *name, enum engine *engine);
/* NULL where KVM is usable, else the reason and the remedy. */
const char *engine_kvm_problem(void);
/* Decides AUTO, saying so on stderr where it is TCG; dies where KVM was asked
 * for and is not to be had. */
enum engine engine_choose(enum engine asked);

#endif
