/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wired interrupt lines, which devices may share: one vector a line, and a
 * list of handlers that is only ever added to.
 */
#include "dev_priv.h"

struct line_user {
    struct line_user *next;
    irq_handler_fn *fn;
    void *arg;
};

static struct line {
    unsigned gsi;
    int irq;
    struct line_user *users;    /* [a] handlers read it, start-up prepends */
} lines[IRQ_LINES_MAX];
static unsigned line_count;     /* start-up only: one thread */

static void line_irq(void *arg)
{
    struct line *l = arg;
    struct line_user *u;

    u = __atomic_load_n(&l->users, __ATOMIC_ACQUIRE);
    for (; u; u = u->next)
        u->fn(u->arg);
}

static struct line *line_get(unsigned gsi)
{
    unsigned i;

    for (i = 0; i < line_count; i++)
        if (lines[i].gsi == gsi)
            return &lines[i];
    if (line_count == IRQ_LINES_MAX)
        return NULL;
    lines[line_count].gsi = gsi;
    lines[line_count].irq = -1;
    return &lines[line_count++];
}

int dev__line_attach(unsigned gsi, bool level, bool active_low,
                     irq_handler_fn *fn, void *arg)
{
    struct line *l = line_get(gsi);
    struct line_user *u;

    if (!l)
        return -ENOSPC;
    u = kmalloc(sizeof(*u));
    if (!u)
        return -ENOMEM;
    u->fn = fn;
    u->arg = arg;
    u->next = l->users;
    __atomic_store_n(&l->users, u, __ATOMIC_RELEASE);
    if (l->irq >= 0)
        return 0;
    l->irq = arch_irq_alloc(line_irq, l, 0);
    if (l->irq < 0)
        return l->irq;
    return arch_irq_route_gsi(l->irq, gsi, level, active_low);
}
