/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery. The order: the serial port, so that a console is there; devices
 * named by words or ACPI; PCI. A virtio console found on the way takes over.
 */
#include "dev_priv.h"

void dev_init(const char *cmdline)
{
    uart__init();
    virtio_mmio__scan(cmdline);
    pci__scan();
}
