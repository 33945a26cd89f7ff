/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended attributes of files in memory. */
#include "t.h"
#include <sys/xattr.h>

static void list(const char *path)
{
    char names[1000];
    ssize_t n = listxattr(path, names, sizeof(names));
    int seen = 0;

    FACT("list %ld %s", (long)n, n < 0 ? strerrorname_np(errno) : "");
    for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1)
        seen += !strncmp(names + i, "user.", 5);
    FACT("user's %d", seen);
}

int main(void)
{
    char v[64] = "";
    int fd;

    t_start();
    unlink("/tmp/xa");
    fd = open("/tmp/xa", O_CREAT | O_RDWR, 0600);
    symlink("xa", "/tmp/xl");
    list("/tmp/xa");
    R(getxattr("/tmp/xa", "user.one", v, sizeof(v)));
    R(setxattr("/tmp/xa", "user.one", "first", 5, XATTR_REPLACE));
    R(setxattr("/tmp/xa", "user.one", "first", 5, XATTR_CREATE));
    R(setxattr("/tmp/xa", "user.one", "first", 5, XATTR_CREATE));
    R(setxattr("/tmp/xa", "user.one", "second", 6, 0));
    R(setxattr("/tmp/xa", "user.one", "x", 1, 4));
    R(getxattr("/tmp/xa", "user.one", v, sizeof(v)));
    FACT("%s", v);
    R(getxattr("/tmp/xa", "user.one", NULL, 0));
    R(getxattr("/tmp/xa", "user.one", v, 3));
    R(fsetxattr(fd, "user.two", "", 0, 0));
    R(fgetxattr(fd, "user.two", v, sizeof(v)));
    R(fgetxattr(fd, "user.one", v, sizeof(v)));
    list("/tmp/xa");
    R(flistxattr(fd, v, 3));
    R(flistxattr(fd, NULL, 0) > 0);
    R(getxattr("/tmp/xl", "user.one", v, sizeof(v)));
    R(lgetxattr("/tmp/xl", "user.one", v, sizeof(v)));
    R(lsetxattr("/tmp/xl", "user.one", "x", 1, 0));
    R(llistxattr("/tmp/xl", v, sizeof(v)));
    R(removexattr("/tmp/xa", "user.two"));
    R(removexattr("/tmp/xa", "user.two"));
    R(lremovexattr("/tmp/xa", "user.one"));
    R(fremovexattr(fd, "user.none"));
    list("/tmp/xa");
    R(setxattr("/tmp/xa", "user.", "x", 1, 0));
    R(setxattr("/tmp/xa", "", "x", 1, 0));
    R(setxattr("/tmp/xa", "other.x", "x", 1, 0));
    R(getxattr("/tmp/xa", "other.x", v, 1));
    char name[300];
    memset(name, 'a', sizeof(name));
    memcpy(name, "user.", 5);
    name[256] = 0;
    R(setxattr("/tmp/xa", name, "x", 1, 0));
    name[255] = 0;
    R(setxattr("/tmp/xa", name, "x", 1, 0));
    R(setxattr("/tmp/xa", "user.big", v, 70000, 0));
    R(setxattr("/tmp/xa", (void *)8, "x", 1, 0));
    R(setxattr("/tmp/xa", "user.x", (void *)8, 10, 0));
    R(getxattr("/tmp/none", "user.x", v, 1));
    R(fgetxattr(-1, "user.x", v, 1));
    R(flistxattr(-1, v, 1));
    R(setxattr("/tmp", "user.dir", "d", 1, 0));
    R(getxattr("/tmp", "user.dir", v, 1));
    R(removexattr("/tmp", "user.dir"));
    R(setxattr("/proc/self/stat", "user.x", "x", 1, 0));
    R(getxattr("/proc/self/stat", "user.x", v, 1));
    int p[2];
    pipe(p);
    R(fgetxattr(p[0], "user.x", v, 1));
    R(getxattr("/tmp/xa", "security.capability", v, 1));
    R(getxattr("/tmp/xa", "system.posix_acl_access", v, 1));
    R(setxattr("/tmp/xa", "trusted.t", "t", 1, 0));
    R(getxattr("/tmp/xa", "trusted.t", v, 1));
    return 0;
}
