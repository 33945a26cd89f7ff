/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V shared memory: segments are unnamed memory files, known by a key
 * or an id, and attached as shared mappings.
 *
 * Invariant: a segment lives while it is not removed or still attached. How
 * often it is attached is counted by shmat and shmdt; a segment that is only
 * unmapped with munmap stays counted until the process ends, when all go.
 */
#include "ipc_priv.h"

#define SHM_STAT 13
#define SHM_INFO 14
#define SHM_RDONLY 010000u
#define SHM_RND 020000u
#define SHM_REMAP 040000u
#define SHM_EXEC 0100000u
#define SHM_DEST 01000u
#define SHM_HUGETLB 04000u
#define SHMMNI 4096
#define SHMLBA PAGE_SIZE

struct shmid_ds {
    struct ipc_perm perm;
    uint64_t size;
    int64_t atime, dtime, ctime;
    int32_t cpid, lpid;
    uint64_t nattch, unused[2];
};
_Static_assert(sizeof(struct shmid_ds) == 112, "shmid_ds layout");

struct segment {
    struct list link;
    struct file *file;
    struct shmid_ds ds;
    int id;
    bool removed;
};

struct attachment {
    struct list link;
    struct segment *seg;
    uaddr_t addr;
};

static struct mutex lock = MUTEX_INIT(lock);
static struct list segments = LIST_INIT(segments);          /* [lock] */
static struct list attachments = LIST_INIT(attachments);    /* [lock] */
static unsigned count;                                      /* [lock] */
static int next_id;                                         /* [lock] */

static struct segment *find_id(int id)
{
    struct segment *s;

    list_for_each(s, &segments, link) {
        if (s->id == id)
            return s;
    }
    return NULL;
}

static void drop_if_unused(struct segment *s)
{
    if (!s->removed || s->ds.nattch)
        return;
    list_del(&s->link);
    count--;
    file_unref(s->file);
    kfree(s);
}

static long create(int key, uint64_t size, uint64_t flags)
{
    struct process *p = process_current();
    struct segment *s;
    int err;

    if (!size)
        return -EINVAL;
    if (count >= SHMMNI)
        return -ENOSPC;
    s = kzalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->file = memfd_create_file("SYSV", O_RDWR, false);
    if (IS_ERR(s->file)) {
        err = (int)PTR_ERR(s->file);
        kfree(s);
        return err;
    }
    err = s->file->ops->truncate(s->file, ALIGN_UP(size, PAGE_SIZE));
    if (err) {
        file_unref(s->file);
        kfree(s);
        return err;
    }
    s->id = next_id++ & 0x7fffffff;
    ipc_perm_init(&s->ds.perm, key, flags);
    s->ds.size = size;
    s->ds.ctime = ipc_now();
    s->ds.cpid = p->pid;
    list_add_tail(&segments, &s->link);
    count++;
    return s->id;
}

long sys_shmget(int key, uint64_t size, uint64_t flags)
{
    struct segment *s, *found = NULL;
    long r;

    if (flags & SHM_HUGETLB)
        return -ENOMEM;         /* no pages are set aside for it */
    mutex_lock(&lock);
    list_for_each(s, &segments, link) {
        if (key != IPC_PRIVATE && s->ds.perm.key == key && !s->removed)
            found = s;
    }
    if (found && (flags & IPC_CREAT) && (flags & IPC_EXCL))
        r = -EEXIST;
    else if (found)
        r = size > found->ds.size ? -EINVAL : found->id;
    else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
        r = -ENOENT;
    else
        r = create(key, size, flags);
    mutex_unlock(&lock);
    return r;
}

static long attach(struct segment *s, uaddr_t addr, uint64_t flags)
{
    struct process *p = process_current();
    struct attachment *at = kzalloc(sizeof(*at));
    struct mm_map_args a = {
        .addr = addr,
        .length = s->ds.size,
        .flags = VMA_SHARED | VMA_READ | VMA_MAYWRITE |
                 (flags & SHM_RDONLY ? 0 : VMA_WRITE) |
                 (flags & SHM_EXEC ? VMA_EXEC : 0),
        .fixed = addr && (flags & SHM_REMAP),
        .fixed_noreplace = addr && !(flags & SHM_REMAP),
    };
    long r;

    if (!at)
        return -ENOMEM;
    r = s->file->ops->mmap(s->file, &a);
    if (!r)
        r = mm_map(p->mm, &a);
    if (r < 0) {
        kfree(at);
        return r == -EEXIST ? -EINVAL : r;
    }
    at->seg = s;
    at->addr = (uaddr_t)r;
    list_add_tail(&attachments, &at->link);
    s->ds.nattch++;
    s->ds.atime = ipc_now();
    s->ds.lpid = p->pid;
    return r;
}

long sys_shmat(int id, uaddr_t addr, uint64_t flags)
{
    struct segment *s;
    long r = -EINVAL;

    if (!IS_ALIGNED(addr, SHMLBA)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        addr = ALIGN_DOWN(addr, SHMLBA);
    }
    if (!addr && (flags & SHM_REMAP))
        return -EINVAL;
    mutex_lock(&lock);
    s = find_id(id);
    if (s)
        r = attach(s, addr, flags);
    mutex_unlock(&lock);
    return r;
}

long sys_shmdt(uaddr_t addr)
{
    struct process *p = process_current();
    struct attachment *a, *found = NULL;
    long r = -EINVAL;

    mutex_lock(&lock);
    list_for_each(a, &attachments, link) {
        if (a->addr == addr)
            found = a;
    }
    if (found) {
        struct segment *s = found->seg;

        r = mm_unmap(p->mm, addr, ALIGN_UP(s->ds.size, PAGE_SIZE));
        list_del(&found->link);
        kfree(found);
        s->ds.nattch--;
        s->ds.dtime = ipc_now();
        s->ds.lpid = p->pid;
        drop_if_unused(s);
    }
    mutex_unlock(&lock);
    return r;
}

static long control(struct segment *s, int cmd, uaddr_t buf)
{
    struct shmid_ds ds;

    switch (cmd) {
    case IPC_STAT:
        return copy_to_user(buf, &s->ds, sizeof(s->ds));
    case IPC_SET:
        if (copy_from_user(&ds, buf, sizeof(ds)))
            return -EFAULT;
        ipc_perm_set(&s->ds.perm, &ds.perm);
        s->ds.ctime = ipc_now();
        return 0;
    case IPC_RMID:
        s->removed = true;
        s->ds.perm.mode |= SHM_DEST;
        s->ds.perm.key = IPC_PRIVATE;
        drop_if_unused(s);
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_shmctl(int id, int cmd, uaddr_t buf)
{
    struct segment *s;
    long r = -EINVAL;

    mutex_lock(&lock);
    s = find_id(id);
    if (s)
        r = control(s, cmd, buf);
    mutex_unlock(&lock);
    return r;
}

/* Shared memory outlives a process on Linux; the last process takes it along
 * here, since nobody is left to see it. */
void shm__process_exit(void)
{
    struct attachment *a, *ta;
    struct segment *s, *ts;

    mutex_lock(&lock);
    list_for_each_safe(a, ta, &attachments, link) {
        list_del(&a->link);
        kfree(a);
    }
    list_for_each_safe(s, ts, &segments, link) {
        s->removed = true;
        s->ds.nattch = 0;
        drop_if_unused(s);
    }
    mutex_unlock(&lock);
}
