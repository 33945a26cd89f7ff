/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcntl, flock, ioctl, and the calls that make pipes, eventfds and timerfds.
 */
#include "abi_priv.h"

enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
       F_SETLKW, F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG,
       F_OFD_GETLK = 36, F_OFD_SETLK, F_OFD_SETLKW,
       F_SETLEASE = 1024, F_GETLEASE, F_NOTIFY, F_DUPFD_CLOEXEC = 1030,
       F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS };
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define FIONCLEX 0x5450u
#define FIOCLEX 0x5451u
#define FIONBIO 0x5421u
#define FIOASYNC 0x5452u

/* The program's lock in absolute bytes. */
static int lock_from(struct file *f, const struct linux_flock *u,
                     struct fs_lock *l)
{
    struct kstat st;
    int64_t base = 0, start, end;
    int err;

    if (u->whence == SEEK_CUR) {
        base = f->pos;
    } else if (u->whence == SEEK_END) {
        err = file_stat(f, &st);
        if (err)
            return err;
        base = (int64_t)st.size;
    } else if (u->whence != SEEK_SET) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, u->start, &start))
        return -EOVERFLOW;
    if (u->len >= 0) {
        if (__builtin_add_overflow(start, u->len - 1, &end))
            return -EOVERFLOW;
    } else {
        end = start - 1;
        start += u->len;
    }
    if (start < 0)
        return -EINVAL;
    l->type = u->type;
    l->start = (uint64_t)start;
    l->end = u->len ? (uint64_t)end : UINT64_MAX;
    l->pid = process_current()->pid;
    return 0;
}

static long lock_get(struct file *f, uaddr_t arg, const void *owner)
{
    struct linux_flock u;
    struct fs_lock l;
    int err;

    if (copy_from_user(&u, arg, sizeof(u)))
        return -EFAULT;
    if (u.type != F_RDLCK && u.type != F_WRLCK)
        return -EINVAL;
    err = lock_from(f, &u, &l);
    if (!err)
        err = fs_lock_get(f, owner, &l);
    if (err)
        return err;
    u.type = (int16_t)l.type;
    if (l.type != F_UNLCK) {
        u.whence = SEEK_SET;
        u.start = (int64_t)l.start;
        u.len = l.end == UINT64_MAX ? 0 : (int64_t)(l.end - l.start + 1);
        u.pid = l.pid;
    }
    return copy_to_user(arg, &u, sizeof(u));
}

static long lock_set(struct file *f, uaddr_t arg, const void *owner, bool wait)
{
    unsigned mode = f->flags & O_ACCMODE;
    struct linux_flock u;
    struct fs_lock l;
    int err;

    if (copy_from_user(&u, arg, sizeof(u)))
        return -EFAULT;
    if (u.type != F_RDLCK && u.type != F_WRLCK && u.type != F_UNLCK)
        return -EINVAL;
    if ((u.type == F_RDLCK && mode == O_WRONLY) ||
        (u.type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    err = lock_from(f, &u, &l);
    return err ? err : fs_lock_set(f, owner, &l, wait);
}

static long duplicate(struct file *f, uint64_t min, bool cloexec)
{
    if ((int64_t)min < 0 || (int64_t)min >= fd__limit())
        return -EINVAL;
    return fd__install(file_ref(f), (int)min, cloexec);
}

/* long: table, one case each of the commands */
static long fcntl_call(struct file *f, int fd, int cmd, uint64_t arg)
{
    struct fdtable *t = process_current()->fds;
    int r;

    switch (cmd) {
    case F_DUPFD:
        return duplicate(f, (uint32_t)arg, false);
    case F_DUPFD_CLOEXEC:
        return duplicate(f, (uint32_t)arg, true);
    case F_GETFD:
        r = fdtable_cloexec_get(t, fd);
        return r;
    case F_SETFD:
        return fdtable_cloexec_set(t, fd, arg & 1);
    case F_GETFL:
        return f->flags & ~(uint32_t)O_CLOEXEC;
    case F_SETFL:
        return f->flags & O_PATH ? -EBADF : file_set_flags(f, (uint32_t)arg);
    case F_GETLK:
        return lock_get(f, arg, t);
    case F_SETLK:
    case F_SETLKW:
        return lock_set(f, arg, t, cmd == F_SETLKW);
    case F_OFD_GETLK:
        return lock_get(f, arg, f);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return lock_set(f, arg, f, cmd == F_OFD_SETLKW);
    case F_SETOWN:
        f->owner_pid = (int)arg;
        return 0;
    case F_GETOWN:
        return f->owner_pid;
    case F_SETSIG:
        if (arg > NSIG)
            return -EINVAL;
        f->owner_sig = (int)arg;
        return 0;
    case F_GETSIG:
        return f->owner_sig;
    case F_SETPIPE_SZ:
        return (int)arg <= 0 ? -EINVAL : pipe_size(f, (int)arg);
    case F_GETPIPE_SZ:
        return pipe_size(f, 0);
    case F_ADD_SEALS:
        return memfd_seals(f, true, (unsigned)arg);
    case F_GET_SEALS:
        return memfd_seals(f, false, 0);
    case F_GETLEASE:
        return F_UNLCK;
    case F_SETLEASE:            /* nobody else could break one */
    case F_NOTIFY:
        return abi__partial("fcntl", (uint64_t)cmd, -EINVAL);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(int fd, int cmd, uint64_t arg)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    if ((f->flags & O_PATH) && cmd != F_DUPFD && cmd != F_DUPFD_CLOEXEC &&
        cmd != F_GETFD && cmd != F_SETFD && cmd != F_GETFL)
        r = -EBADF;
    else
        r = fcntl_call(f, fd, cmd, arg);
    fdtable_put(f);
    return r;
}

long sys_flock(int fd, int op)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = f->flags & O_PATH ? -EBADF : fs_flock(f, op);
    fdtable_put(f);
    return r;
}

static long set_flag(struct file *f, uaddr_t arg, uint32_t flag)
{
    int on;

    if (get_user(&on, arg))
        return -EFAULT;
    return file_set_flags(f, on ? f->flags | flag : f->flags & ~flag);
}

long sys_ioctl(int fd, uint32_t cmd, uint64_t arg)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    switch (cmd) {
    case FIOCLEX:
    case FIONCLEX:
        r = fdtable_cloexec_set(process_current()->fds, fd, cmd == FIOCLEX);
        break;
    case FIONBIO:
        r = set_flag(f, arg, O_NONBLOCK);
        break;
    case FIOASYNC:
        r = set_flag(f, arg, O_ASYNC);
        break;
    default:
        r = f->flags & O_PATH ? -EBADF : file_ioctl(f, cmd, arg);
    }
    fdtable_put(f);
    return r;
}

/* ---------------- makers ---------------- */

/* Installs both or none and tells the program. */
long fd__install_pair(struct file *pair[2], bool cloexec, uaddr_t out)
{
    struct fdtable *t = process_current()->fds;
    int fds[2];

    fds[0] = fd__install(pair[0], 0, cloexec);
    if (fds[0] < 0) {
        file_unref(pair[1]);
        return fds[0];
    }
    fds[1] = fd__install(pair[1], 0, cloexec);
    if (fds[1] < 0) {
        fdtable_close(t, fds[0]);
        return fds[1];
    }
    if (copy_to_user(out, fds, sizeof(fds))) {
        fdtable_close(t, fds[0]);
        fdtable_close(t, fds[1]);
        return -EFAULT;
    }
    return 0;
}

long sys_pipe2(uaddr_t out, int flags)
{
    struct file *ends[2];
    int err;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    err = pipe_create(ends, (uint32_t)flags & (O_NONBLOCK | O_DIRECT));
    return err ? err : fd__install_pair(ends, flags & O_CLOEXEC, out);
}

long sys_pipe(uaddr_t out)
{
    return sys_pipe2(out, 0);
}

long sys_eventfd2(uint32_t initial, int flags)
{
    struct file *f;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | 1))
        return -EINVAL;
    f = eventfd_create(initial, flags & 1, (uint32_t)flags & O_NONBLOCK);
    if (!f || IS_ERR(f))
        return f ? PTR_ERR(f) : -ENOMEM;
    return fd__install(f, 0, flags & O_CLOEXEC);
}

long sys_eventfd(uint32_t initial)
{
    return sys_eventfd2(initial, 0);
}

long sys_timerfd_create(int clock, int flags)
{
    struct file *f;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
        clock != CLOCK_BOOTTIME && clock != CLOCK_REALTIME_ALARM &&
        clock != CLOCK_BOOTTIME_ALARM)
        return -EINVAL;
    f = timerfd_create_file(clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME :
                            clock == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME :
                            clock, (uint32_t)flags & O_NONBLOCK);
    if (!f || IS_ERR(f))
        return f ? PTR_ERR(f) : -ENOMEM;
    return fd__install(f, 0, flags & O_CLOEXEC);
}

static long put_itimerspec(uaddr_t out, nsec_t value, nsec_t interval)
{
    struct linux_itimerspec s = {
        .interval = { (int64_t)(interval / NSEC_PER_SEC),
                      (int64_t)(interval % NSEC_PER_SEC) },
        .value = { (int64_t)(value / NSEC_PER_SEC),
                   (int64_t)(value % NSEC_PER_SEC) },
    };

    return copy_to_user(out, &s, sizeof(s));
}

long sys_timerfd_settime(int fd, int flags, uaddr_t new_, uaddr_t old)
{
    nsec_t value, interval, old_value = 0, old_interval = 0;
    struct file *f;
    long r;

    if (flags & ~3)
        return -EINVAL;
    r = time__get(new_, &interval);
    if (!r)
        r = time__get(new_ + sizeof(struct linux_timespec), &value);
    if (r)
        return r;
    f = fd__get(fd);
    if (!f)
        return -EBADF;
    r = timerfd_set(f, flags & TIMER_ABSTIME, value, interval, &old_value,
                    &old_interval);
    fdtable_put(f);
    if (r || !old)
        return r;
    return put_itimerspec(old, old_value, old_interval);
}

long sys_timerfd_gettime(int fd, uaddr_t out)
{
    nsec_t value = 0, interval = 0;
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = timerfd_get(f, &value, &interval);
    fdtable_put(f);
    return r ? r : put_itimerspec(out, value, interval);
}
