/* SPDX-License-Identifier: BSD-2-Clause */
/* System V shared memory, semaphores and message queues. */
#include "t.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun { int val; struct semid_ds *buf; unsigned short *array; };

static void memory(void)
{
    struct shmid_ds ds;
    int id = OK(shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600));
    char *a, *b;

    R(shmget(IPC_PRIVATE, 0, 0600));
    R(shmget(0x1234567, 4096, 0600));
    int key = OK(shmget(0x1234567, 4096, IPC_CREAT | IPC_EXCL | 0640));
    R(shmget(0x1234567, 4096, IPC_CREAT | IPC_EXCL | 0640));
    R(shmget(0x1234567, 8192, 0));
    YES(shmget(0x1234567, 100, 0) == key);
    a = shmat(id, NULL, 0);
    b = shmat(id, NULL, SHM_RDONLY);
    strcpy(a, "both see it");
    FACT("%s", b);
    R(shmctl(id, IPC_STAT, &ds));
    FACT("size %ld attached %ld mode %o", (long)ds.shm_segsz,
         (long)ds.shm_nattch, ds.shm_perm.mode & 0777);
    YES(ds.shm_cpid == getpid() && ds.shm_lpid == getpid());
    R(shmdt(b));
    R(shmdt(b));
    R(shmdt(a + 1));
    R(shmctl(id, IPC_RMID, NULL));
    R(shmctl(id, IPC_STAT, &ds));
    FACT("attached %ld dest %d", (long)ds.shm_nattch,
         !!(ds.shm_perm.mode & SHM_DEST));
    FACT("%s", a);
    R(shmdt(a));
    R(shmctl(id, IPC_STAT, &ds));
    R(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0);
    R(shmat(key, (void *)0x1001, 0) == (void *)-1 ? -1 : 0);
    a = shmat(key, (void *)0x200000001ul, SHM_RND);
    YES(a == (char *)0x200000000ul);
    R(shmctl(key, IPC_SET, &(struct shmid_ds){ .shm_perm.mode = 0600 }));
    R(shmctl(key, 99, NULL));
    R(shmctl(key, IPC_RMID, NULL));
    R(shmdt(a));
    R(shmctl(-1, IPC_STAT, &ds));
}

static int op(int id, int n, int value, int flags)
{
    struct sembuf b = { (unsigned short)n, (short)value, (short)flags };

    return semop(id, &b, 1);
}

static int sem;
static void *taker(void *arg)
{
    (void)arg;
    return (void *)(long)(op(sem, 0, -2, 0) ? errno : 0);
}

static void *zero_waiter(void *arg)
{
    (void)arg;
    return (void *)(long)(op(sem, 1, 0, 0) ? errno : 0);
}

static void counts(void)
{
    unsigned short v[3] = { 1, 2, 3 };
    struct semid_ds ds;
    union semun u = { .array = v };

    R(semctl(sem, 0, SETALL, u));
    memset(v, 0, sizeof(v));
    R(semctl(sem, 0, GETALL, u));
    FACT("%d %d %d", v[0], v[1], v[2]);
    R(semctl(sem, 1, GETVAL));
    R(semctl(sem, 1, SETVAL, (union semun){ .val = 0 }));
    R(semctl(sem, 1, SETVAL, (union semun){ .val = 32768 }));
    R(semctl(sem, 1, SETVAL, (union semun){ .val = -1 }));
    R(semctl(sem, 3, GETVAL));
    R(semctl(sem, -1, GETVAL));
    R(semctl(sem, 0, IPC_STAT, (union semun){ .buf = &ds }));
    FACT("nsems %ld mode %o", (long)ds.sem_nsems, ds.sem_perm.mode & 0777);
    R(op(sem, 0, -5, IPC_NOWAIT));
    R(op(sem, 0, 0, IPC_NOWAIT));
    R(op(sem, 1, 0, IPC_NOWAIT));
    R(op(sem, 0, 32767, 0));
    R(op(sem, 9, 1, 0));
    struct sembuf both[2] = { { 0, 5, 0 }, { 2, -9, IPC_NOWAIT } };
    R(semop(sem, both, 2));
    R(semctl(sem, 0, GETVAL));
    both[1].sem_op = -3;
    R(semop(sem, both, 2));
    R(semctl(sem, 0, GETVAL));
    R(semctl(sem, 2, GETVAL));
    YES(semctl(sem, 2, GETPID) == getpid());
    R(semop(sem, both, 0));
    R(semop(sem, both, 100000));
    R(semop(sem, (void *)8, 1));
}

static void blocking(void)
{
    struct sembuf b = { 2, -1, 0 };
    struct timespec ts = { 0, 30000000 };
    pthread_t t;
    void *r;

    R(semtimedop(sem, &b, 1, &ts));
    ts.tv_nsec = 2000000000;
    R(semtimedop(sem, &b, 1, &ts));
    R(semctl(sem, 0, SETVAL, (union semun){ .val = 0 }));
    t = t_thread(taker, NULL);
    while (semctl(sem, 0, GETNCNT) != 1)
        t_sleep_ms(1);
    R(op(sem, 0, 1, 0));
    R(op(sem, 0, 1, SEM_UNDO));
    pthread_join(t, &r);
    FACT("taken %ld, left %d", (long)r, semctl(sem, 0, GETVAL));
    R(op(sem, 1, 1, 0));
    t = t_thread(zero_waiter, NULL);
    while (semctl(sem, 1, GETZCNT) != 1)
        t_sleep_ms(1);
    R(op(sem, 1, -1, 0));
    pthread_join(t, &r);
    FACT("zero %ld", (long)r);
    t = t_thread(taker, NULL);
    while (semctl(sem, 0, GETNCNT) != 1)
        t_sleep_ms(1);
    R(semctl(sem, 0, IPC_RMID));
    pthread_join(t, &r);
    FACT("removed %s", strerrorname_np((int)(long)r));
    R(op(sem, 0, 1, 0));
}

static void semaphores(void)
{
    R(semget(0x7654321, 1, 0));
    sem = OK(semget(0x7654321, 3, IPC_CREAT | IPC_EXCL | 0600));
    R(semget(0x7654321, 3, IPC_CREAT | IPC_EXCL | 0600));
    R(semget(0x7654321, 4, 0));
    YES(semget(0x7654321, 0, 0) == sem);
    R(semget(IPC_PRIVATE, 0, 0600));
    R(semget(IPC_PRIVATE, 100000, 0600));
    counts();
    blocking();
    R(semctl(-1, 0, IPC_RMID));
}

struct message { long type; char text[20]; };
static int queue;

static void *receiver(void *arg)
{
    struct message m = { 0 };
    ssize_t n = msgrcv(queue, &m, 20, (long)arg, 0);

    return (void *)(n < 0 ? -(long)errno : n);
}

static void messages(void)
{
    struct message m = { 1, "one" };
    struct msqid_ds ds;

    R(msgget(0x5555555, 0));
    queue = OK(msgget(0x5555555, IPC_CREAT | 0600));
    R(msgget(0x5555555, IPC_CREAT | IPC_EXCL | 0600));
    R(msgsnd(queue, &m, 4, 0));
    m = (struct message){ 3, "three" };
    R(msgsnd(queue, &m, 6, 0));
    m = (struct message){ 2, "two" };
    R(msgsnd(queue, &m, 4, 0));
    R(msgctl(queue, IPC_STAT, &ds));
    FACT("%ld messages, %ld bytes", (long)ds.msg_qnum, (long)ds.__msg_cbytes);
    m.type = 0;
    R(msgsnd(queue, &m, 4, 0));
    m.type = -1;
    R(msgsnd(queue, &m, 4, 0));
    m.type = 1;
    R(msgsnd(queue, &m, 100000, 0));
    R(msgrcv(queue, &m, 20, 2, 0));
    FACT("%ld %s", m.type, m.text);
    R(msgrcv(queue, &m, 20, 9, IPC_NOWAIT));
    R(msgrcv(queue, &m, 3, -3, 0));
    R(msgrcv(queue, &m, 3, -3, MSG_NOERROR));
    FACT("%ld %.3s", m.type, m.text);
    R(msgrcv(queue, &m, 20, 3, MSG_EXCEPT | IPC_NOWAIT));
    R(msgrcv(queue, &m, 20, 1, MSG_EXCEPT));
    FACT("%ld %s", m.type, m.text);
    R(msgrcv(queue, &m, 20, 0, IPC_NOWAIT));
    R(msgrcv(queue, (void *)8, 20, 0, IPC_NOWAIT));
    long sent = 0;
    m.type = 7;
    while (!msgsnd(queue, &m, 20, IPC_NOWAIT))
        sent++;
    FACT("full %s after %d", strerrorname_np(errno), sent > 100);
    while (msgrcv(queue, &m, 20, 0, IPC_NOWAIT) == 20)
        sent--;
    FACT("left %ld", sent);
}

static void waiting_messages(void)
{
    struct message m = { 5, "five" };
    pthread_t t = t_thread(receiver, (void *)5);
    void *r;

    t_sleep_ms(30);
    m.type = 4;
    R(msgsnd(queue, &m, 2, 0));
    t_sleep_ms(30);
    m.type = 5;
    R(msgsnd(queue, &m, 5, 0));
    pthread_join(t, &r);
    FACT("received %ld", (long)r);
    t = t_thread(receiver, (void *)5);
    t_sleep_ms(50);
    R(msgctl(queue, IPC_RMID, NULL));
    pthread_join(t, &r);
    FACT("removed %s", strerrorname_np(-(int)(long)r));
    R(msgsnd(queue, &m, 5, 0));
    R(msgctl(-1, IPC_RMID, NULL));
}

int main(void)
{
    t_start();
    memory();
    semaphores();
    messages();
    waiting_messages();
    return 0;
}
