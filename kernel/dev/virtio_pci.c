/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI (virtio 1.1, 4.1), the modern interface; transitional
 * devices are driven through it too, pure legacy ones are refused.
 *
 * Interrupts: MSI-X vector 0 is for configuration changes, vector 1 + i for
 * queue i while there are vectors; queues beyond share vector 0. Without
 * MSI-X, the wire.
 */
#include "pci_priv.h"
#include "virtio_priv.h"

/* The common configuration's fields. */
enum {
    C_FEATURES_SEL = 0, C_FEATURES = 4, C_DRIVER_SEL = 8, C_DRIVER = 12,
    C_MSIX_CONFIG = 16, C_STATUS = 20, C_GENERATION = 21, C_QUEUE_SEL = 22,
    C_QUEUE_SIZE = 24, C_QUEUE_VECTOR = 26, C_QUEUE_ENABLE = 28,
    C_NOTIFY_OFF = 30, C_DESC = 32, C_AVAIL = 40, C_USED = 48, C_SIZE = 56,
};
/* A capability: 0/1 id, 1/1 next, 2/1 length, 3/1 type, 4/1 BAR, 8/4 offset,
 * 12/4 length, 16/4 multiplier (notify only). */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4,
       CAP_KINDS = 5 };
#define CAP_ID_VENDOR 0x09
#define CAP_ID_MSIX   0x11
#define CAPS_MAX      48

struct virtio_pci {
    struct virtio_device vd;    /* first */
    struct pci_device pci;
    volatile void *regions[CAP_KINDS];
    uint32_t lengths[CAP_KINDS];
    uint8_t cap_at[CAP_KINDS];  /* 0: none */
    uint32_t multiplier;
    bool msix, shared;          /* vectors in use; vector 0 is */
};

static struct virtio_pci *pci_of(struct virtio_device *vd)
{
    return container_of(vd, struct virtio_pci, vd);
}

static volatile void *common(struct virtio_device *vd)
{
    return pci_of(vd)->regions[CAP_COMMON];
}

static uint8_t vpci_status(struct virtio_device *vd)
{
    return mmio_get8(common(vd), C_STATUS);
}

/* Vector 0: configuration, and queues that have none of their own. */
static void shared_irq(void *arg)
{
    struct virtio_pci *p = arg;

    virtio__irq_config(&p->vd);
    virtio__irq_all(&p->vd);
}

/* Most devices never need it. */
static int shared_vector(struct virtio_pci *p)
{
    int err;

    if (p->shared)
        return 0;
    err = pci__msix_vector(&p->pci, 0, shared_irq, p, 0);
    p->shared = !err;
    return err;
}

static void vpci_status_set(struct virtio_device *vd, uint8_t v)
{
    struct virtio_pci *p = pci_of(vd);

    if (v & VIRTIO_DRIVER_OK && p->msix && vd->config_changed) {
        if (shared_vector(p))
            log_warn("virtio %s: no interrupt for changes", vd->where);
        else
            mmio_put16(common(vd), C_MSIX_CONFIG, 0);
    }
    mmio_put8(common(vd), C_STATUS, v);
}

static uint64_t vpci_features(struct virtio_device *vd)
{
    volatile void *c = common(vd);
    uint64_t f;

    mmio_put32(c, C_FEATURES_SEL, 1);
    f = (uint64_t)mmio_get32(c, C_FEATURES) << 32;
    mmio_put32(c, C_FEATURES_SEL, 0);
    return f | mmio_get32(c, C_FEATURES);
}

static void vpci_features_set(struct virtio_device *vd, uint64_t v)
{
    volatile void *c = common(vd);

    mmio_put32(c, C_DRIVER_SEL, 1);
    mmio_put32(c, C_DRIVER, v >> 32);
    mmio_put32(c, C_DRIVER_SEL, 0);
    mmio_put32(c, C_DRIVER, v);
}

static uint32_t vpci_generation(struct virtio_device *vd)
{
    return mmio_get8(common(vd), C_GENERATION);
}

static uint32_t vpci_config(struct virtio_device *vd, unsigned off, unsigned n)
{
    struct virtio_pci *p = pci_of(vd);

    if (off + n > p->lengths[CAP_DEVICE])
        return 0;
    if (n == 1)
        return mmio_get8(p->regions[CAP_DEVICE], off);
    if (n == 2)
        return mmio_get16(p->regions[CAP_DEVICE], off);
    return mmio_get32(p->regions[CAP_DEVICE], off);
}

static uint16_t vpci_queue_max(struct virtio_device *vd, unsigned index)
{
    mmio_put16(common(vd), C_QUEUE_SEL, index);
    return mmio_get16(common(vd), C_QUEUE_SIZE);
}

static void put_address(volatile void *c, unsigned reg, const void *mem)
{
    paddr_t pa = virt_to_phys(mem);

    mmio_put32(c, reg, pa);
    mmio_put32(c, reg + 4, pa >> 32);
}

/* Gives the selected queue its vector and sees that the device took it. */
static int queue_vector(struct virtio_pci *p, struct virtq *vq, unsigned cpu)
{
    unsigned n = vq->index + 1;
    int err;

    if (!p->msix || !vq->callback)
        return 0;
    if (n < p->pci.msix_count) {
        err = pci__msix_vector(&p->pci, n, virtio__irq_queue, vq, cpu);
        if (err)
            return err;
    } else {
        err = shared_vector(p);
        if (err)
            return err;
        n = 0;
    }
    mmio_put16(common(&p->vd), C_QUEUE_VECTOR, n);
    if (mmio_get16(common(&p->vd), C_QUEUE_VECTOR) != n)
        return -EIO;
    return 0;
}

static int vpci_queue_enable(struct virtio_device *vd, struct virtq *vq,
                             unsigned cpu)
{
    struct virtio_pci *p = pci_of(vd);
    volatile void *c = common(vd);
    uint64_t off;
    int err;

    err = queue_vector(p, vq, cpu);
    if (err)
        return err;
    mmio_put16(c, C_QUEUE_SIZE, vq->size);
    put_address(c, C_DESC, vq->desc);
    put_address(c, C_AVAIL, vq->avail);
    put_address(c, C_USED, vq->used);
    off = (uint64_t)mmio_get16(c, C_NOTIFY_OFF) * p->multiplier;
    if (off + 2 > p->lengths[CAP_NOTIFY])
        return -EIO;
    vq->doorbell = (volatile uint8_t *)p->regions[CAP_NOTIFY] + off;
    mmio_put16(c, C_QUEUE_ENABLE, 1);
    return 0;
}

static void vpci_kick(struct virtq *vq)
{
    mmio_put16(vq->doorbell, 0, vq->index);
}

static const struct virtio_transport pci_ops = {
    .status = vpci_status,
    .status_set = vpci_status_set,
    .features = vpci_features,
    .features_set = vpci_features_set,
    .generation = vpci_generation,
    .config = vpci_config,
    .queue_max = vpci_queue_max,
    .queue_enable = vpci_queue_enable,
    .kick = vpci_kick,
};

static void wire_irq(void *arg)
{
    struct virtio_pci *p = arg;
    uint8_t isr = mmio_get8(p->regions[CAP_ISR], 0);    /* lowers the wire */

    if (isr & 1)
        virtio__irq_all(&p->vd);
    if (isr & 2)
        virtio__irq_config(&p->vd);
}

static void caps_find(struct virtio_pci *p)
{
    unsigned at = arch_pci_read(p->pci.bdf, 0x34, 1) & ~3u, i, kind;
    uint32_t head;

    for (i = 0; at >= 0x40 && i < CAPS_MAX; i++) {
        head = arch_pci_read(p->pci.bdf, at, 4);
        kind = head >> 24;
        if ((head & 0xff) == CAP_ID_MSIX)
            p->pci.msix_cap = at;
        else if ((head & 0xff) == CAP_ID_VENDOR && kind < CAP_KINDS &&
                 !p->cap_at[kind])
            p->cap_at[kind] = at;
        at = head >> 8 & 0xfc;
    }
}

static int region_map(struct virtio_pci *p, unsigned kind)
{
    unsigned bdf = p->pci.bdf, at = p->cap_at[kind];
    uint32_t off, len;
    paddr_t bar;

    if (!at)
        return -ENODEV;
    bar = pci__bar(&p->pci, arch_pci_read(bdf, at + 4, 1));
    off = arch_pci_read(bdf, at + 8, 4);
    len = arch_pci_read(bdf, at + 12, 4);
    if (!bar || !len || bar + off + len < bar)
        return -EIO;
    /* Devices are generous here; ours need at most a doorbell a queue. */
    len = MIN(len, 65536u);
    p->regions[kind] = arch_mmio_map(bar + off, len);
    p->lengths[kind] = len;
    return p->regions[kind] ? 0 : -ENOMEM;
}

static int irq_setup(struct virtio_pci *p)
{
    int err;

    p->msix = pci__msix_enable(&p->pci) == 0;
    if (p->msix)
        return 0;
    err = region_map(p, CAP_ISR);
    return err ? err : pci__intx_attach(&p->pci, wire_irq, p);
}

static int setup(struct virtio_pci *p)
{
    int err;

    caps_find(p);
    if (!p->cap_at[CAP_COMMON])
        return -ENOTSUP;
    err = region_map(p, CAP_COMMON);
    if (!err)
        err = region_map(p, CAP_NOTIFY);
    if (!err && p->cap_at[CAP_DEVICE])      /* rng has none */
        err = region_map(p, CAP_DEVICE);
    if (!err && p->lengths[CAP_COMMON] < C_SIZE)
        err = -EIO;
    if (err)
        return err;
    p->multiplier = arch_pci_read(p->pci.bdf, p->cap_at[CAP_NOTIFY] + 16, 4);
    pci__enable(&p->pci);
    return irq_setup(p);
}

/* Device numbers: 0x1040 + kind, or one of the transitional ones. */
static uint16_t kind_of(uint16_t device)
{
    static const uint16_t old[] = { VIRTIO_NET, VIRTIO_BLOCK, 5,
                                    VIRTIO_CONSOLE, 8, VIRTIO_RNG };

    if (device >= 0x1040 && device < 0x1080)
        return device - 0x1040;
    if (device >= 0x1000 && device < 0x1000 + ARRAY_LEN(old))
        return old[device - 0x1000];
    return 0;
}

void virtio_pci__found(const struct pci_device *pci)
{
    struct virtio_pci *p;
    uint16_t kind = kind_of(pci->device);
    int err;

    if (!virtio__driver_exists(kind))
        return;
    p = kzalloc(sizeof(*p));
    if (!p) {
        log_err("virtio pci: out of memory");
        return;
    }
    p->pci = *pci;
    p->vd.ops = &pci_ops;
    p->vd.id = kind;
    snprintf(p->vd.where, sizeof(p->vd.where), "pci %02x:%02x.%u",
             pci->bdf >> 8, pci->bdf >> 3 & 31, pci->bdf & 7);
    err = setup(p);
    if (err == -ENOTSUP)
        log_err("virtio %s: it has only the legacy interface; give QEMU "
                "disable-legacy=on or disable-modern=off", p->vd.where);
    else if (err)
        log_err("virtio %s: cannot be reached, error %d", p->vd.where, -err);
    if (err)
        return;
    virtio__start(&p->vd);
}
