/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V shared memory: segments are unnamed memory files, known by a key
 * or an id, and attached as shared mappings. Ids and permissions are the
 * registry's.
 *
 * Invariant: a segment lives while it is not removed or still attached. How
 * often it is attached is counted by shmat and shmdt; a segment that is only
 * unmapped with munmap stays counted until the process ends, when all go.
 */
#include "ipc_priv.h"

#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define SHM_STAT 13
#define SHM_RDONLY 010000u
#define SHM_RND 020000u
#define SHM_REMAP 040000u
#define SHM_EXEC 0100000u
#define SHM_DEST 01000u
#define SHM_LOCKED 02000u
#define SHM_HUGETLB 04000u
#define SHMLBA PAGE_SIZE

struct shmid_ds {
    struct ipc_perm perm;
    uint64_t size;
    int64_t atime, dtime, ctime;
    int32_t cpid, lpid;
    uint64_t nattch, unused[2];
};
_Static_assert(sizeof(struct shmid_ds) == 112, "shmid_ds layout");

struct shminfo { uint64_t max, min, mni, seg, all, unused[4]; };
struct shm_info {
    int32_t used, pad;
    uint64_t total, resident, swapped, attempts, successes;
};

struct segment {
    struct ipc_object obj;      /* first */
    struct file *file;          /* [I] */
    struct shmid_ds ds;         /* [lock] without perm and ctime */
};

struct attachment {
    struct list link;
    struct segment *seg;
    uaddr_t addr;
};

static struct list attachments = LIST_INIT(attachments);    /* [lock] */

static void segment_destroy(struct ipc_object *o)
{
    struct segment *s = (struct segment *)o;

    if (s->file)
        file_unref(s->file);
    kfree(s);
}

static struct ipc_object *segment_create(uint64_t size, uint64_t flags)
{
    struct segment *s;
    int err;

    (void)flags;
    if (!size || size > SHMMAX)
        return ERR_PTR(-EINVAL);
    s = kzalloc(sizeof(*s));
    if (!s)
        return ERR_PTR(-ENOMEM);
    s->file = memfd_create_file("SYSV", O_RDWR, false);
    if (IS_ERR(s->file)) {
        err = (int)PTR_ERR(s->file);
        kfree(s);
        return ERR_PTR(err);
    }
    err = s->file->ops->truncate(s->file, ALIGN_UP(size, PAGE_SIZE));
    if (err) {
        segment_destroy(&s->obj);
        return ERR_PTR(err);
    }
    s->ds.size = size;
    s->ds.cpid = process_current()->pid;
    return &s->obj;
}

static bool segment_fits(const struct ipc_object *o, uint64_t size)
{
    return size <= ((const struct segment *)o)->ds.size;
}

static void segment_stat(struct ipc_object *o, void *out)
{
    struct shmid_ds *ds = out;

    *ds = ((struct segment *)o)->ds;
    ds->ctime = o->ctime;
}

static void drop_if_unused(struct segment *s)
{
    if ((s->obj.perm.mode & SHM_DEST) && !s->ds.nattch)
        ipc__remove_locked(&shm__kind, &s->obj);
}

static void segment_remove(struct ipc_object *o)
{
    o->perm.mode |= SHM_DEST;
    o->perm.key = IPC_PRIVATE;
    drop_if_unused((struct segment *)o);
}

static uint64_t resident(const struct segment *s)
{
    struct kstat st = { 0 };

    return file_stat(s->file, &st) ? 0 : st.blocks * 512;
}

static size_t segment_info(bool used, void *out)
{
    struct shminfo *most = out;
    struct shm_info *now = out;
    struct ipc_object *o;

    if (!used) {
        *most = (struct shminfo){ .max = SHMMAX, .min = 1, .mni = SHMMNI,
                                  .seg = SHMMNI, .all = SHMMAX };
        return sizeof(*most);
    }
    now->used = (int)shm__kind.count;
    for (unsigned n = 0; (o = ipc__next_locked(&shm__kind, &n)) != NULL;) {
        struct segment *s = (struct segment *)o;

        now->total += ALIGN_UP(s->ds.size, PAGE_SIZE) / PAGE_SIZE;
        now->resident += resident(s) / PAGE_SIZE;
    }
    return sizeof(*now);
}

static void segment_show(struct text *t, struct ipc_object *o)
{
    const struct segment *s = (struct segment *)o;
    const struct shmid_ds *ds = &s->ds;

    text_printf(t, "%21llu %5u %5u  %5llu %5u %5u %5u %5u %10lld %10lld "
                "%10lld %21llu %21u\n", (unsigned long long)ds->size,
                ds->cpid, ds->lpid, (unsigned long long)ds->nattch,
                o->perm.uid, o->perm.gid, o->perm.cuid, o->perm.cgid,
                (long long)ds->atime, (long long)ds->dtime,
                (long long)o->ctime, (unsigned long long)resident(s), 0u);
}

static const struct ipc_ops segment_ops = {
    .max = SHMMNI, .stat_by_index = SHM_STAT,
    .ds_size = sizeof(struct shmid_ds),
    .head = "shmid perms                  size  cpid  lpid nattch   uid   gid"
            "  cuid  cgid      atime      dtime      ctime"
            "                   rss                  swap",
    .create = segment_create, .destroy = segment_destroy,
    .fits = segment_fits, .stat = segment_stat, .remove = segment_remove,
    .info = segment_info, .show = segment_show,
};

struct ipc_kind shm__kind = IPC_KIND_INIT(shm__kind, &segment_ops);

long sys_shmget(int key, uint64_t size, uint64_t flags)
{
    if (flags & SHM_HUGETLB)
        return -ENOMEM;         /* no pages are set aside for it */
    return ipc__get(&shm__kind, key, size, flags);
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
    unsigned mode = IPC_READ | (flags & SHM_RDONLY ? 0 : IPC_WRITE) |
                    (flags & SHM_EXEC ? 0111 : 0);
    struct segment *s;
    long r;

    if (!IS_ALIGNED(addr, SHMLBA)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        addr = ALIGN_DOWN(addr, SHMLBA);
    }
    if (!addr && (flags & SHM_REMAP))
        return -EINVAL;
    mutex_lock(&shm__kind.lock);
    s = (struct segment *)ipc__obtain_locked(&shm__kind, id, mode);
    r = IS_ERR(s) ? PTR_ERR(s) : attach(s, addr, flags);
    mutex_unlock(&shm__kind.lock);
    return r;
}

long sys_shmdt(uaddr_t addr)
{
    struct process *p = process_current();
    struct attachment *a, *found = NULL;
    long r = -EINVAL;

    mutex_lock(&shm__kind.lock);
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
    mutex_unlock(&shm__kind.lock);
    return r;
}

/* Nothing is ever swapped; the mark is what a program can see of it. */
static long lock_mark(int id, bool locked)
{
    struct ipc_object *o;

    mutex_lock(&shm__kind.lock);
    o = ipc__own_locked(&shm__kind, id);
    if (!IS_ERR(o))
        o->perm.mode = (o->perm.mode & ~SHM_LOCKED) |
                       (locked ? SHM_LOCKED : 0);
    mutex_unlock(&shm__kind.lock);
    return IS_ERR(o) ? PTR_ERR(o) : 0;
}

long sys_shmctl(int id, int cmd, uaddr_t buf)
{
    if (cmd == SHM_LOCK || cmd == SHM_UNLOCK)
        return lock_mark(id, cmd == SHM_LOCK);
    return ipc__control(&shm__kind, id, cmd, buf);
}

/* Shared memory outlives a process on Linux; the last process takes it along
 * here, since nobody is left to see it. */
void shm__process_exit(void)
{
    struct attachment *a, *tmp;
    struct ipc_object *o;

    mutex_lock(&shm__kind.lock);
    list_for_each_safe(a, tmp, &attachments, link) {
        list_del(&a->link);
        kfree(a);
    }
    for (unsigned n = 0; (o = ipc__next_locked(&shm__kind, &n)) != NULL;) {
        ((struct segment *)o)->ds.nattch = 0;
        segment_remove(o);
    }
    mutex_unlock(&shm__kind.lock);
}
