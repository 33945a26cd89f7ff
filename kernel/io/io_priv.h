/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside io. Lock order: pos_lock or a pipe's lock first; epoll's nest lock,
 * then a set's mutex (outer set before inner), then the links lock; a wait
 * queue's lock, then a set's spin lock, then that set's own wait queues. The
 * fd table's spin lock and the file pool's are innermost.
 */
#ifndef HULL_IO_PRIV_H
#define HULL_IO_PRIV_H

#include "io.h"

#define READ_EVENTS  (POLLIN | POLLRDNORM)
#define WRITE_EVENTS (POLLOUT | POLLWRNORM)

/* What an anonymous file's stat says beside its mode. */
int io__stat_anon(struct kstat *st, uint32_t mode, uint64_t ino);
uint64_t io__ino_next(void);
/* file.c: takes a reference unless the file is on its way out. */
bool io__file_tryref(struct file *f);
/* epoll.c: f's last reference is gone; takes it out of every set. */
void io__epoll_forget(struct file *f);

#endif
