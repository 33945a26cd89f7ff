/* SPDX-License-Identifier: BSD-2-Clause */
/* Identity, limits, prctl, scheduling, randomness, names of the system. */
#include "t.h"
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void identity(void)
{
    uid_t r, e, s;

    YES(getpid() > 0);
    YES(getpgrp() >= 0);
    FACT("%d %d %d %d", getuid(), geteuid(), getgid(), getegid());
    R(getresuid(&r, &e, &s));
    FACT("%d %d %d", r, e, s);
    R(setuid(0));
    R(setgid(0));
    YES(getgroups(0, NULL) >= 0);
    FACT("umask %o", umask(027));
    FACT("umask %o", umask(022));
}

static void limits(void)
{
    struct rlimit rl;
    struct utsname u;
    struct sysinfo si;

    R(getrlimit(RLIMIT_NOFILE, &rl));
    YES(rl.rlim_cur >= 1024 && rl.rlim_max >= rl.rlim_cur);
    R(prlimit(0, RLIMIT_CORE, NULL, &rl));
    R(uname(&u));
    FACT("%s %s", u.sysname, u.machine);
    R(sysinfo(&si));
    YES(si.totalram > 0 && si.freeram <= si.totalram && si.mem_unit >= 1);
    YES(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    YES(get_nprocs() == sysconf(_SC_NPROCESSORS_CONF));
    YES(sysconf(_SC_PHYS_PAGES) > 0);
    FACT("%ld %ld", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK));
    YES(getauxval(AT_RANDOM) != 0 && getauxval(AT_PHDR) != 0);
    FACT("%lu %lu", getauxval(AT_PAGESZ), getauxval(AT_SECURE));
    YES(getauxval(AT_SYSINFO_EHDR) != 0);
    R(getpriority(PRIO_PROCESS, 0));
    R(setpriority(PRIO_PROCESS, 0, 5));
    R(getpriority(PRIO_PROCESS, 0));
    R(getpriority(9, 0));
}

static void control(void)
{
    char name[16] = "";
    unsigned char buf[64];

    R(prctl(PR_SET_NAME, "a-long-thread-name"));
    R(prctl(PR_GET_NAME, name));
    FACT("%s", name);
    R(prctl(PR_GET_DUMPABLE));
    R(prctl(PR_SET_PDEATHSIG, 0));
    R(prctl(PR_GET_KEEPCAPS));
    R(prctl(9999));
    R(syscall(SYS_arch_prctl, 0x9999, 0));
    R(getrandom(buf, 64, 0));
    R(getrandom(buf, 64, GRND_NONBLOCK));
    R(getrandom(buf, 64, 0x100));
    R(getentropy(buf, 64));
    int zeros = 0;
    for (int i = 0; i < 64; i++)
        zeros += buf[i] == 0;
    YES(zeros < 16);
    R(syscall(SYS_membarrier, 0, 0, 0) >= 0);
    R(syscall(9999));
    R(syscall(-1));
}

static void scheduling(void)
{
    cpu_set_t set;
    struct sched_param sp = { 0 };
    struct timespec ts;

    R(sched_yield());
    YES(sched_getaffinity(0, sizeof(set), &set) == 0);
    R(sched_getaffinity(-1, sizeof(set), &set));
    R(sched_getaffinity(0, 9, &set));
    YES(CPU_COUNT(&set) == sysconf(_SC_NPROCESSORS_ONLN));
    YES(sched_getcpu() >= 0);
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    R(sched_setaffinity(0, sizeof(set), &set));
    R(sched_getcpu());
    CPU_ZERO(&set);
    R(sched_setaffinity(0, sizeof(set), &set));
    R(sched_getscheduler(0));
    R(sched_getparam(0, &sp));
    R(sched_get_priority_max(SCHED_FIFO));
    R(sched_get_priority_min(SCHED_RR));
    R(sched_get_priority_max(77));
    R(sched_rr_get_interval(0, &ts));
}

int main(void)
{
    t_start();
    identity();
    limits();
    control();
    scheduling();
    return 0;
}
