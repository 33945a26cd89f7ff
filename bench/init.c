/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The init of the Linux guest that Hull is measured against: mounts what a
 * program needs, loads the modules in /modules in their order, sets up eth0
 * and lo, runs the program and powers the machine off. Nothing else runs.
 *
 *   init [-dm] [-a ADDRESS] [-C FOLDER] [-e NAME=VALUE]... PROGRAM [ARG]...
 *
 * -d: the root is the EROFS file system on the first disk, read-only with
 * memory where programs write, and not what we were started from. -m: says
 * every two seconds how much memory is available. -a: another address than
 * that of QEMU's user network. The kernel passes what follows "--" on its
 * command line as our arguments.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <net/route.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void load_modules(void)
{
    FILE *list = fopen("/modules/order", "r");
    char name[128], path[160];

    while (list && fscanf(list, "%127s", name) == 1) {
        int fd;

        snprintf(path, sizeof(path), "/modules/%s", name);
        fd = open(path, O_RDONLY);
        if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
            perror(path);
        close(fd);
    }
}

static void up(int s, const char *name, const char *ip, const char *mask)
{
    struct ifreq r = { 0 };
    struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

    strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
    a->sin_family = AF_INET;
    inet_pton(AF_INET, ip, &a->sin_addr);
    ioctl(s, SIOCSIFADDR, &r);
    inet_pton(AF_INET, mask, &a->sin_addr);
    ioctl(s, SIOCSIFNETMASK, &r);
    ioctl(s, SIOCGIFFLAGS, &r);
    r.ifr_flags |= IFF_UP | IFF_RUNNING;
    ioctl(s, SIOCSIFFLAGS, &r);
}

static void network(const char *address)
{
    struct rtentry rt = { .rt_flags = RTF_UP | RTF_GATEWAY };
    struct sockaddr_in *gw = (struct sockaddr_in *)&rt.rt_gateway;
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    up(s, "lo", "127.0.0.1", "255.0.0.0");
    up(s, "eth0", address, "255.255.255.0");
    gw->sin_family = rt.rt_dst.sa_family = rt.rt_genmask.sa_family = AF_INET;
    inet_pton(AF_INET, "10.0.2.2", &gw->sin_addr);
    ioctl(s, SIOCADDRT, &rt);
    close(s);
}

static void mount_or_say(const char *source, const char *at, const char *type,
                         unsigned long flags)
{
    if (mount(source, at, type, flags, NULL))
        perror(at);
}

/* Below the current folder, which becomes the root. */
static void mount_all(void)
{
    mkdir("proc", 0755);
    mkdir("sys", 0755);
    mkdir("dev", 0755);
    mkdir("tmp", 01777);
    mount_or_say("proc", "proc", "proc", 0);
    mount_or_say("sysfs", "sys", "sysfs", 0);
    mount_or_say("dev", "dev", "devtmpfs", 0);
    mount_or_say("tmp", "tmp", "tmpfs", 0);
    mkdir("dev/shm", 01777);
    mount_or_say("shm", "dev/shm", "tmpfs", 0);
}

static void change_root(void)
{
    mkdir("/new", 0755);
    mkdir("/dev", 0755);
    mount_or_say("dev", "/dev", "devtmpfs", 0);
    mount_or_say("/dev/vda", "/new", "erofs", MS_RDONLY);
    if (chdir("/new"))
        perror("/new");
    mount_all();
    mount_or_say("run", "run", "tmpfs", 0);
    mount_or_say("root", "root", "tmpfs", 0);
    mount_or_say("var-tmp", "var/tmp", "tmpfs", 0);
    if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
        perror("chroot");
}

/* From a handler, but of a process that does nothing else. */
static void say_memory(int sig)
{
    FILE *f = fopen("/proc/meminfo", "r");
    unsigned long kib;
    char line[128];

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "MemAvailable: %lu kB", &kib) == 1)
            printf("guest-memory:%lu\n", kib);
    }
    if (f)
        fclose(f);
    fflush(stdout);
    alarm(sig ? 2 : 0);
}

static void end(int status)
{
    printf("\nguest-exit:%d\n", WIFEXITED(status) ? WEXITSTATUS(status)
                                : 128 + WTERMSIG(status));
    fflush(stdout);
    reboot(LINUX_REBOOT_CMD_RESTART);
}

int main(int argc, char **argv)
{
    struct rlimit many = { 65536, 65536 };
    const char *folder = "/", *address = "10.0.2.15";
    bool disk = false, memory = false;
    pid_t child;
    int status, opt;

    while ((opt = getopt(argc, argv, "+dma:C:e:")) != -1) {
        if (opt == 'd')
            disk = true;
        if (opt == 'm')
            memory = true;
        if (opt == 'a')
            address = optarg;
        if (opt == 'C')
            folder = optarg;
        if (opt == 'e')
            putenv(optarg);
    }
    load_modules();
    if (disk)
        change_root();
    else
        mount_all();
    network(address);
    setrlimit(RLIMIT_NOFILE, &many);
    child = fork();
    if (child == 0) {
        if (chdir(folder))
            perror(folder);
        execvp(argv[optind], argv + optind);
        perror(argc > optind ? argv[optind] : "no program");
        _exit(127);
    }
    if (memory && signal(SIGALRM, say_memory) != SIG_ERR)
        alarm(2);
    while (waitpid(-1, &status, 0) != child)
        ;
    end(status);
    return 0;
}
