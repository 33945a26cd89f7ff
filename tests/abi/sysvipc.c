/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the three kinds of System V objects have in common: ids and sequence
 * numbers, who may do what, the lists that ipcs reads.
 */
#include "t.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun { int val; struct semid_ds *buf; unsigned short *array;
              struct seminfo *info; };

static int status(int id, struct ipc_perm *perm)
{
    struct msqid_ds ds = { 0 };
    int r = msgctl(id, IPC_STAT, &ds);

    *perm = ds.msg_perm;
    return r;
}

static void ids(void)
{
    struct ipc_perm perm;
    int first = msgget(IPC_PRIVATE, 0600), last = -1, rounds = 0;
    bool fresh = true;

    status(first, &perm);
    YES(first >> 15 == perm.__seq);
    for (int i = 0; i < 200; i++) {
        int id = msgget(IPC_PRIVATE, 0600);

        status(id, &perm);
        fresh = fresh && id > last && id >> 15 == perm.__seq;
        rounds += (id & 0x7fff) < (last & 0x7fff);
        last = id;
        msgctl(id, IPC_RMID, NULL);
    }
    FACT("ids are fresh: %d, several rounds: %d", fresh, rounds > 1);
    R(status(last, &perm));
    R(status(first + (1 << 15), &perm));
    R(status(first, &perm));
    R(msgctl(first, IPC_RMID, NULL));
    R(msgctl(first, IPC_RMID, NULL));
    R(msgctl(first, 77, NULL));
    R(msgctl(first, -1, NULL));
}

/* Each call as another user, of the same group. */
static void queue_of_another(int id)
{
    struct { long type; char text[4]; } m = { 1, "abc" };
    struct msqid_ds ds = { .msg_qbytes = 100, .msg_perm.mode = 0666 };

    R(msgget(0x1111, 0) >= 0);
    R(msgget(0x1111, 0400) >= 0);
    R(msgsnd(id, &m, 4, IPC_NOWAIT));
    R(msgrcv(id, &m, 4, 0, IPC_NOWAIT));
    R(msgctl(id, IPC_STAT, &ds));
    R(msgctl(id, IPC_SET, &ds));
    R(msgctl(id, IPC_RMID, NULL));
}

static void set_of_another(int id)
{
    struct sembuf zero = { 0, 0, IPC_NOWAIT }, up = { 0, 1, 0 };
    struct semid_ds ds;

    R(semget(0x2222, 1, 0600) >= 0);
    R(semop(id, &zero, 1));
    R(semop(id, &up, 1));
    R(semctl(id, 0, GETVAL));
    R(semctl(id, 0, SETVAL, (union semun){ .val = 1 }));
    R(semctl(id, 0, IPC_STAT, (union semun){ .buf = &ds }));
    R(semctl(id, 0, IPC_RMID));
}

static void memory_of_another(int id)
{
    struct shmid_ds ds;
    void *p;

    R(shmget(0x3333, 1, 0600) >= 0);
    p = shmat(id, NULL, 0);
    R(p == (void *)-1 ? -1 : 0);
    errno = 0;
    p = shmat(id, NULL, SHM_RDONLY);
    R(p == (void *)-1 ? -1 : shmdt(p));
    R(shmctl(id, IPC_STAT, &ds));
    R(shmctl(id, SHM_LOCK, NULL));
    R(shmctl(id, IPC_RMID, NULL));
}

static void permissions(int mode)
{
    int m = msgget(0x1111, IPC_CREAT | mode), s, h;

    FACT("--- mode %o", mode);
    s = semget(0x2222, 1, IPC_CREAT | mode);
    h = shmget(0x3333, 100, IPC_CREAT | mode);
    OK(seteuid(1000));
    queue_of_another(m);
    set_of_another(s);
    memory_of_another(h);
    OK(seteuid(0));
    R(msgctl(m, IPC_RMID, NULL));
    R(semctl(s, 0, IPC_RMID));
    R(shmctl(h, IPC_RMID, NULL));
}

static void owner_changes(void)
{
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 100, 0640);

    shmctl(id, IPC_STAT, &ds);
    ds.shm_perm.uid = 1000;
    ds.shm_perm.mode = 01777;
    ds.shm_segsz = 5;
    R(shmctl(id, IPC_SET, &ds));
    R(shmctl(id, SHM_LOCK, NULL));
    R(shmctl(id, IPC_STAT, &ds));
    FACT("uid %d cuid %d mode %o size %ld", (int)ds.shm_perm.uid,
         (int)ds.shm_perm.cuid, ds.shm_perm.mode, (long)ds.shm_segsz);
    R(shmctl(id, SHM_UNLOCK, NULL));
    ds.shm_perm.uid = (uid_t)-1;
    R(shmctl(id, IPC_SET, &ds));
    OK(seteuid(1000));
    R(shmctl(id, IPC_RMID, NULL));
    OK(seteuid(0));
}

/* The row of this id in /proc/sysvipc/NAME, its id and pids as '#'. */
static void row(const char *name, int id, int words)
{
    char path[40], line[300], key[20];
    FILE *f;
    int n = 0;

    snprintf(path, sizeof(path), "/proc/sysvipc/%s", name);
    f = fopen(path, "r");
    if (!f || !fgets(line, sizeof(line), f)) {
        FACT("no %s", path);
        return;
    }
    printf("%s", line);
    snprintf(key, sizeof(key), " %d ", id);
    while (fgets(line, sizeof(line), f)) {
        if (!strstr(line, key))
            continue;
        FACT("a row of %zu bytes", strlen(line));
        for (char *w = strtok(line, " \n"); w && n < words;
             w = strtok(NULL, " \n"), n++)
            printf("%s ", n == 1 || atoi(w) == getpid() ? "#" : w);
        printf("\n");
    }
    fclose(f);
}

static void lists(void)
{
    int m = msgget(0x77, IPC_CREAT | 0600), s = semget(0x78, 7,
        IPC_CREAT | 0644), h = shmget(0x79, 5000, IPC_CREAT | 0666);
    struct shmid_ds hd;
    struct msqid_ds md;
    struct semid_ds sd;
    char *p = shmat(h, NULL, 0);

    *p = 1;
    R(msgsnd(m, &(long[2]){ 1, 2 }, 8, 0));
    row("msg", m, 11);
    row("sem", s, 8);
    row("shm", h, 11);
    YES(msgctl(m & 0x7fff, MSG_STAT, &md) == m && md.msg_qnum == 1);
    YES(semctl(s & 0x7fff, 0, SEM_STAT, (union semun){ .buf = &sd }) == s &&
        sd.sem_nsems == 7);
    YES(shmctl(h & 0x7fff, SHM_STAT, &hd) == h && hd.shm_segsz == 5000);
    YES(shmctl(h & 0x7fff, 15, &hd) == h);
    R(shmctl(4000, SHM_STAT, &hd));
    R(shmctl(h, IPC_RMID, NULL));
    row("shm", h, 11);
    R(shmdt(p));
    row("shm", h, 11);
    R(msgctl(m, IPC_RMID, NULL));
    R(semctl(s, 0, IPC_RMID));
}

static void limits(void)
{
    static const char *const names[] = { "msgmax", "msgmnb", "msgmni", "sem",
                                         "shmmax", "shmall", "shmmni" };
    char path[40], line[100];
    struct seminfo si;
    struct msginfo mi;
    struct shminfo hi;
    struct { struct shm_info i; char after[8]; } used = { .after = "after" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "/proc/sys/kernel/%s", names[i]);
        FILE *f = fopen(path, "r");

        printf("%s: %s", names[i], f && fgets(line, sizeof(line), f) ? line
                                                                     : "?\n");
        if (f)
            fclose(f);
    }
    R(msgctl(0, IPC_INFO, (void *)&mi) >= 0);
    FACT("%d %d %d %d %d %d %d %d", mi.msgpool, mi.msgmap, mi.msgmax,
         mi.msgmnb, mi.msgmni, mi.msgssz, mi.msgtql, mi.msgseg);
    R(semctl(0, 0, IPC_INFO, (union semun){ .info = &si }) >= 0);
    FACT("%d %d %d %d %d %d %d %d %d %d", si.semmap, si.semmni, si.semmns,
         si.semmnu, si.semmsl, si.semopm, si.semume, si.semusz, si.semvmx,
         si.semaem);
    R(shmctl(0, IPC_INFO, (void *)&hi) >= 0);
    FACT("%lx %lx %lx %lx %lx", hi.shmmax, hi.shmmin, hi.shmmni, hi.shmseg,
         hi.shmall);
    int id = shmget(IPC_PRIVATE, 9000, 0600);
    YES(shmctl(0, SHM_INFO, (void *)&used) == (id & 0x7fff));
    FACT("%d segments, %lu pages, %lu resident, %s", used.i.used_ids,
         used.i.shm_tot, used.i.shm_rss, used.after);
    R(shmctl(id, IPC_RMID, NULL));
}

int main(void)
{
    t_start();
    ids();
    permissions(0600);
    permissions(0640);
    permissions(0660);
    permissions(0606);
    owner_changes();
    lists();
    limits();
    return 0;
}
