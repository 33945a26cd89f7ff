/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One machine from start to end: starts QEMU, relays the console, stops it
 * when asked (Ctrl-C or a signal once: the power button; twice: a kill), and
 * finds out how the program ended.
 */
#ifndef CLI_VMM_SESSION_H
#define CLI_VMM_SESSION_H

#include "qemu.h"

/* The exit status that `hull run` ends with: the program's, or FAIL_VM after
 * an error. runtime_dir holds the session's files. */
int session_run(const struct vm_config *vm, const char *runtime_dir);

#endif
