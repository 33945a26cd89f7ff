/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over memory-mapped registers (virtio 1.1, 4.2), version 2 only.
 *
 * The windows come from "virtio_mmio.device=SIZE@ADDR:IRQ" words of the boot
 * command line; without any, from the ACPI nodes LNRO0005; and on a machine
 * with neither ACPI nor PCI, from where QEMU's microvm has its first eight.
 */
#include "virtio_priv.h"

enum {
    R_MAGIC = 0x00, R_VERSION = 0x04, R_DEVICE = 0x08,
    R_FEATURES = 0x10, R_FEATURES_SEL = 0x14,
    R_DRIVER_FEATURES = 0x20, R_DRIVER_FEATURES_SEL = 0x24,
    R_QUEUE_SEL = 0x30, R_QUEUE_MAX = 0x34, R_QUEUE_NUM = 0x38,
    R_QUEUE_READY = 0x44, R_NOTIFY = 0x50, R_ISR = 0x60, R_ACK = 0x64,
    R_STATUS = 0x70, R_DESC = 0x80, R_AVAIL = 0x90, R_USED = 0xa0,
    R_GENERATION = 0xfc, R_CONFIG = 0x100,
};
#define MAGIC 0x74726976u
#define CONFIG_BYTES 64     /* as much as any driver here reads */

#define MICROVM_BASE   0xfeb00000ull
#define MICROVM_STRIDE 512
#define MICROVM_SLOTS  8
#define MICROVM_GSI    5

struct mmio_device {
    struct virtio_device vd;    /* first */
    volatile void *regs;
};

static volatile void *regs_of(struct virtio_device *vd)
{
    return container_of(vd, struct mmio_device, vd)->regs;
}

static uint8_t mmio_status(struct virtio_device *vd)
{
    return mmio_get32(regs_of(vd), R_STATUS);
}

static void mmio_status_set(struct virtio_device *vd, uint8_t v)
{
    mmio_put32(regs_of(vd), R_STATUS, v);
}

static uint64_t mmio_features(struct virtio_device *vd)
{
    volatile void *r = regs_of(vd);
    uint64_t f;

    mmio_put32(r, R_FEATURES_SEL, 1);
    f = (uint64_t)mmio_get32(r, R_FEATURES) << 32;
    mmio_put32(r, R_FEATURES_SEL, 0);
    return f | mmio_get32(r, R_FEATURES);
}

static void mmio_features_set(struct virtio_device *vd, uint64_t v)
{
    volatile void *r = regs_of(vd);

    mmio_put32(r, R_DRIVER_FEATURES_SEL, 1);
    mmio_put32(r, R_DRIVER_FEATURES, v >> 32);
    mmio_put32(r, R_DRIVER_FEATURES_SEL, 0);
    mmio_put32(r, R_DRIVER_FEATURES, v);
}

static uint32_t mmio_generation(struct virtio_device *vd)
{
    return mmio_get32(regs_of(vd), R_GENERATION);
}

static uint32_t mmio_config(struct virtio_device *vd, unsigned off, unsigned n)
{
    volatile void *r = regs_of(vd);

    if (n == 1)
        return mmio_get8(r, R_CONFIG + off);
    if (n == 2)
        return mmio_get16(r, R_CONFIG + off);
    return mmio_get32(r, R_CONFIG + off);
}

static uint16_t mmio_queue_max(struct virtio_device *vd, unsigned index)
{
    volatile void *r = regs_of(vd);

    mmio_put32(r, R_QUEUE_SEL, index);
    return MIN(mmio_get32(r, R_QUEUE_MAX), 0xffffu);
}

static void put_address(volatile void *r, unsigned reg, const void *p)
{
    paddr_t pa = virt_to_phys(p);

    mmio_put32(r, reg, pa);
    mmio_put32(r, reg + 4, pa >> 32);
}

static int mmio_queue_enable(struct virtio_device *vd, struct virtq *vq,
                             unsigned cpu)
{
    volatile void *r = regs_of(vd);

    (void)cpu;      /* one wire for the whole device */
    mmio_put32(r, R_QUEUE_NUM, vq->size);
    put_address(r, R_DESC, vq->desc);
    put_address(r, R_AVAIL, vq->avail);
    put_address(r, R_USED, vq->used);
    vq->doorbell = (volatile uint8_t *)r + R_NOTIFY;
    mmio_put32(r, R_QUEUE_READY, 1);
    return 0;
}

static void mmio_kick(struct virtq *vq)
{
    mmio_put32(vq->doorbell, 0, vq->index);
}

static const struct virtio_transport mmio_ops = {
    .status = mmio_status,
    .status_set = mmio_status_set,
    .features = mmio_features,
    .features_set = mmio_features_set,
    .generation = mmio_generation,
    .config = mmio_config,
    .queue_max = mmio_queue_max,
    .queue_enable = mmio_queue_enable,
    .kick = mmio_kick,
};

static void mmio_irq(void *arg)
{
    struct mmio_device *m = arg;
    uint32_t isr = mmio_get32(m->regs, R_ISR);

    if (!isr)
        return;
    /* Acknowledged before the queues are looked at, so that on an edge-wired
     * line what comes next makes a new edge. */
    mmio_put32(m->regs, R_ACK, isr);
    if (isr & 1)
        virtio__irq_all(&m->vd);
    if (isr & 2)
        virtio__irq_config(&m->vd);
}

/* True: there is a device, whether usable or not. */
static bool window_probe(const struct mmio_window *w)
{
    volatile void *regs;
    struct mmio_device *m;
    uint32_t version, id;

    if (w->size < R_CONFIG + CONFIG_BYTES || !IS_ALIGNED(w->addr, 4))
        return false;
    regs = arch_mmio_map(w->addr, MIN(w->size, PAGE_SIZE));
    if (!regs || mmio_get32(regs, R_MAGIC) != MAGIC)
        return false;
    id = mmio_get32(regs, R_DEVICE);
    if (!id)
        return false;
    version = mmio_get32(regs, R_VERSION);
    if (version != 2) {
        log_err("virtio mmio %llx: interface version %u is not supported; "
                "give QEMU -global virtio-mmio.force-legacy=false",
                (unsigned long long)w->addr, version);
        return true;
    }
    m = kzalloc(sizeof(*m));
    if (!m) {
        log_err("virtio mmio: out of memory");
        return true;
    }
    m->regs = regs;
    m->vd.ops = &mmio_ops;
    m->vd.id = id;
    snprintf(m->vd.where, sizeof(m->vd.where), "mmio %llx",
             (unsigned long long)w->addr);
    if (dev__line_attach(w->gsi, w->level, w->active_low, mmio_irq, m))
        log_err("virtio %s: no interrupt line %u", m->vd.where, w->gsi);
    else
        virtio__start(&m->vd);
    return true;
}

static unsigned scan_words(const char *s)
{
    static const char key[] = "virtio_mmio.device=";
    struct mmio_window w;
    unsigned n = 0;

    while (*s) {
        while (*s == ' ')
            s++;
        if (str_starts(s, key)) {
            if (virtio_mmio__parse(s + sizeof(key) - 1, &w))
                log_err("boot word not understood: %.60s", s);
            else if (n < DEVICES_MAX)
                n += window_probe(&w);
        }
        while (*s && *s != ' ')
            s++;
    }
    return n;
}

static unsigned scan_acpi(void)
{
    static struct mmio_window found[DEVICES_MAX];   /* start-up only */
    const uint8_t *dsdt = arch_acpi_find("DSDT");
    unsigned i, n, used = 0;
    uint32_t size;

    if (!dsdt)
        return 0;
    memcpy(&size, dsdt + 4, sizeof(size));
    n = acpi__scan_mmio(dsdt, size, found, DEVICES_MAX);
    for (i = 0; i < n; i++)
        used += window_probe(&found[i]);
    return used;
}

static unsigned scan_microvm(void)
{
    struct mmio_window w = { .size = MICROVM_STRIDE };
    unsigned i, n = 0;

    /* The first device of QEMU's command line is in the last one. */
    for (i = MICROVM_SLOTS; i-- > 0; ) {
        w.addr = MICROVM_BASE + i * MICROVM_STRIDE;
        w.gsi = MICROVM_GSI + i;
        n += window_probe(&w);
    }
    return n;
}

unsigned virtio_mmio__scan(const char *cmdline)
{
    unsigned n = scan_words(cmdline);

    if (!n)
        n = scan_acpi();
    if (!n && !arch_pci_present() && !arch_acpi_find("FACP"))
        n = scan_microvm();
    return n;
}
