/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI inside dev: one found function, its capabilities, BARs and interrupts.
 * pci.c walks the buses and gives functions to the drivers it knows.
 */
#ifndef HULL_PCI_PRIV_H
#define HULL_PCI_PRIV_H

#include "dev_priv.h"

struct pci_device {
    unsigned bdf;               /* bus << 8 | device << 3 | function */
    uint16_t vendor, device;
    uint16_t msix_cap;          /* offset of the capability, 0: none */
    uint16_t msix_count;        /* its vectors */
    volatile void *msix_table;
    paddr_t bars[6];            /* 0: not looked at yet */
};

/* The physical address of memory BAR n, assigned if the firmware has not.
 * 0: not a memory BAR, or no room. */
paddr_t pci__bar(struct pci_device *p, unsigned n);
/* Turns on memory decoding and bus mastering. */
void pci__enable(struct pci_device *p);
/* Turns MSI-X on with all vectors masked. -ENODEV: no such capability. */
int pci__msix_enable(struct pci_device *p);
/* Aims vector n at a new interrupt on `cpu`. */
int pci__msix_vector(struct pci_device *p, unsigned n, irq_handler_fn *fn,
                     void *arg, unsigned cpu);
/* The device's wire, shared. */
int pci__intx_attach(struct pci_device *p, irq_handler_fn *fn, void *arg);

/* Drivers by vendor: virtio. */
void virtio_pci__found(const struct pci_device *p);

#endif
