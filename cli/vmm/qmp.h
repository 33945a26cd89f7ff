/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's machine protocol, as far as the tool needs it. */
#ifndef CLI_VMM_QMP_H
#define CLI_VMM_QMP_H

/* Presses the machine's power button. 0, or -1 where QEMU does not answer
 * within two seconds. */
int qmp_power_button(const char *socket_path);

#endif
