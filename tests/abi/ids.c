/* SPDX-License-Identifier: BSD-2-Clause */
/* User and group ids, capabilities, sessions, prctl's options. */
#include "t.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void show(void)
{
    uid_t r, e, s;
    gid_t a, b, c;

    getresuid(&r, &e, &s);
    getresgid(&a, &b, &c);
    FACT("uid %d %d %d gid %d %d %d", r, e, s, a, b, c);
}

static void options(void)
{
    int v = -1;
    char name[17] = "";

    R(prctl(PR_SET_NAME, ""));
    R(prctl(PR_GET_NAME, name));
    FACT("[%s]", name);
    R(prctl(PR_SET_NAME, "exactly15chars!!"));
    R(prctl(PR_GET_NAME, name));
    FACT("[%s]", name);
    R(prctl(PR_GET_PDEATHSIG, &v));
    FACT("%d", v);
    R(prctl(PR_SET_PDEATHSIG, 65));
    R(prctl(PR_SET_DUMPABLE, 2));
    R(prctl(PR_SET_DUMPABLE, 0));
    R(prctl(PR_GET_DUMPABLE));
    R(prctl(PR_SET_DUMPABLE, 1));
    R(prctl(PR_SET_KEEPCAPS, 2));
    R(prctl(PR_SET_KEEPCAPS, 1));
    R(prctl(PR_GET_KEEPCAPS));
    R(prctl(PR_SET_KEEPCAPS, 0));
    R(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) >= 0);
    R(prctl(PR_CAPBSET_READ, 500));
    R(prctl(PR_GET_TIMERSLACK));
    R(prctl(PR_SET_TIMERSLACK, 1000));
    R(prctl(PR_GET_TIMERSLACK));
    R(prctl(PR_SET_TIMERSLACK, 0));
    R(prctl(PR_GET_TIMERSLACK));
    R(prctl(PR_GET_TIMING));
    R(prctl(PR_GET_SECUREBITS));
    R(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    R(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    R(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    R(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
    R(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0));
    R(prctl(0x53564d41 /* PR_SET_VMA */, 1, 0, 0, 0));
    R(prctl(PR_GET_CHILD_SUBREAPER, &v));
    FACT("%d", v);
    R(prctl(PR_SET_CHILD_SUBREAPER, 1));
    R(prctl(PR_GET_CHILD_SUBREAPER, &v));
    FACT("%d", v);
    R(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    R(prctl(PR_GET_SECCOMP));
    R(prctl(PR_GET_UNALIGN, &v));
    R(prctl(PR_GET_FPEMU, &v));
    R(prctl(PR_GET_ENDIAN, &v));
    R(prctl(PR_GET_TSC, &v));
    FACT("%d", v);
    R(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
    R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    R(prctl(-1));
    R(prctl(PR_GET_NAME, 8));
}

static void vma_names(void)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int r = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 4096, "test");

    /* Kernels may be built without it. */
    YES(r == 0 || errno == EINVAL);
}

static void capabilities(void)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2], keep[2];

    R(syscall(SYS_capget, &h, d));
    YES(d[0].effective != 0 && d[0].permitted != 0);
    memcpy(keep, d, sizeof(d));
    h.version = 1;
    R(syscall(SYS_capget, &h, d));
    FACT("%x", h.version);
    h.version = 1;
    R(syscall(SYS_capget, &h, NULL));
    h.pid = -1;
    R(syscall(SYS_capget, &h, d));
    h.pid = 999999;
    R(syscall(SYS_capget, &h, d));
    R(syscall(SYS_capget, 8, d));
    h.pid = 0;
    d[0] = keep[0];
    d[1] = keep[1];
    d[0].effective &= ~(1u << CAP_NET_RAW);
    R(syscall(SYS_capset, &h, d));
    d[0].permitted &= ~(1u << CAP_NET_RAW);
    R(syscall(SYS_capset, &h, d));
    d[0].permitted |= 1u << CAP_NET_RAW;
    R(syscall(SYS_capset, &h, d));
    h.pid = 1;
    R(syscall(SYS_capset, &h, keep));
}

static void sessions(void)
{
    YES(getpgid(0) == getpgrp() && getpgid(getpid()) == getpgrp());
    R(getpgid(999999));
    R(getpgid(-1));
    YES(getsid(0) > 0 || getsid(0) == 0);
    R(getsid(999999));
    R(setpgid(999999, 0));
    R(setpgid(0, -1));
    YES(getppid() >= 0);
    int status;
    R(waitpid(-1, &status, 0));
    R(waitpid(-1, &status, WNOHANG));
    R(waitpid(12345, &status, 0));
    R(wait4(-1, &status, 0x1000, NULL));
    R(waitid(P_ALL, 0, NULL, WEXITED));
    R(waitid(P_ALL, 0, NULL, 0));
    R(waitid(99, 0, NULL, WEXITED));
}

static void groups(void)
{
    gid_t g[70] = { 5, 4, 10 };

    R(setgroups(3, g));
    R(getgroups(0, NULL));
    R(getgroups(2, g));
    memset(g, 0, sizeof(g));
    R(getgroups(70, g));
    FACT("%d %d %d", g[0], g[1], g[2]);
    R(getgroups(-1, g));
    R(setgroups(70000, g));
    R(setgroups(2, (void *)8));
    R(setgroups(64, g));
    R(setgroups(0, NULL));
    R(getgroups(0, NULL));
}

static void changes(void)
{
    R(setfsuid(7));
    R(setfsuid(-1));
    R(setfsuid(0));
    R(setfsgid(8));
    R(setfsgid(0));
    R(syscall(SYS_setuid, -1));
    R(syscall(SYS_setgid, -1));
    R(syscall(SYS_setregid, 20, 21));
    show();
    R(syscall(SYS_setresgid, 30, -1, 31));
    show();
    R(syscall(SYS_setgid, 0));
    show();
    R(syscall(SYS_setreuid, -1, 1000));
    show();
    R(syscall(SYS_setreuid, 1000, 0));
    show();
    R(syscall(SYS_setresuid, 1001, 0, 1002));
    show();
    R(prctl(PR_SET_KEEPCAPS, 0));
    R(syscall(SYS_setuid, 1003));
    show();
    R(syscall(SYS_setuid, 0));
    R(syscall(SYS_setuid, 1003));
    R(syscall(SYS_setresuid, 0, -1, -1));
    R(syscall(SYS_setreuid, 0, 0));
    R(syscall(SYS_setgid, 5));
    R(syscall(SYS_setgid, 0));
    R(syscall(SYS_setgroups, 0, NULL));
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2];
    R(syscall(SYS_capget, &h, d));
    FACT("%x %x", d[0].effective, d[0].permitted);
    R(setfsuid(0));
    R(setfsuid(-1));
    R(sethostname("x", 1));
    R(syscall(SYS_setpriority, PRIO_PROCESS, 0, -5));
}

int main(void)
{
    t_start();
    show();
    options();
    vma_names();
    capabilities();
    sessions();
    groups();
    R(sethostname("x", 65));
    R(syscall(SYS_sethostname, "x", -1));
    R(syscall(SYS_sethostname, 8, 3));
    R(syscall(SYS_setdomainname, "x", 65));
    changes();
    return 0;
}
