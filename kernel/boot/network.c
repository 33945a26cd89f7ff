/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network's start, and what it says of names: /etc/resolv.conf,
 * /etc/hosts and the host name follow DHCP or the manifest. net never sees
 * the file system, so its settings come here by a hook, in net's thread.
 */
#include "../abi/abi.h"
#include "../net/net.h"
#include "boot_priv.h"

#define HOSTS_MAX  16384        /* of the image's own /etc/hosts */
#define TEXT_MAX   512
#define WAIT_FOR_ADDRESS (5 * NSEC_PER_SEC)

static char hostname[64];           /* [I] of the manifest, "": DHCP's */
static char *hosts;                 /* [I] the image's own, or NULL */
static size_t hosts_size;           /* [I] */
static struct fs_ctx ctx;           /* [I] */
static bool named;                  /* [a] the files are written */
static struct waitq named_wait = WAITQ_INIT(named_wait);

int boot_network_start(const struct boot_config *c)
{
    struct net_config nc = { .dhcp = true };

    if (c->hostname)
        strlcpy(hostname, c->hostname, sizeof(hostname));
    strlcpy(nc.hostname, hostname, sizeof(nc.hostname));
    if (c->net && strcmp(c->net, "dhcp") != 0) {
        nc.dhcp = false;
        nc.static_spec = c->net + (str_starts(c->net, "ip=") ? 3 : 0);
    }
    return net_init(&nc);
}

static void file_replace(const char *path, const char *head, size_t head_size,
                         const char *text, size_t size)
{
    struct file *f = fs_open(&ctx, NULL, path, O_WRONLY | O_CREAT | O_TRUNC,
                             0644);
    struct iovec iov;
    struct iov_iter it;
    ssize_t n = 0;

    if (IS_ERR(f)) {
        log_warn("%s: cannot be written (error %ld)", path, -PTR_ERR(f));
        return;
    }
    if (head_size) {
        iov_iter_kernel(&it, &iov, (void *)head, head_size);
        n = file_write(f, &it);
    }
    if (n >= 0 && size) {
        iov_iter_kernel(&it, &iov, (void *)text, size);
        n = file_write(f, &it);
    }
    if (n < 0)
        log_warn("%s: cannot be written (error %ld)", path, -(long)n);
    file_unref(f);
}

static void resolv_write(const struct net_settings *s)
{
    char text[TEXT_MAX];
    int n = 0;

    if (s->domain[0])
        n = scnprintf(text, sizeof(text), "search %s\n", s->domain);
    for (unsigned i = 0; i < s->dns_count; i++)
        n += scnprintf(text + n, sizeof(text) - (size_t)n, "nameserver %s\n",
                       s->dns[i]);
    if (s->dns_count > 0)
        file_replace("/etc/resolv.conf", NULL, 0, text, (size_t)n);
}

/* The image's own lines, then this machine's. */
static void hosts_write(const struct net_settings *s, const char *name)
{
    static const char usual[] = "127.0.0.1\tlocalhost\n"
                                "::1\tlocalhost ip6-localhost\n";
    char text[TEXT_MAX];
    int n;

    if (!name[0])
        return;
    n = scnprintf(text, sizeof(text), "%s\t",
                  s->address[0] ? s->address : "127.0.1.1");
    if (s->domain[0])
        n += scnprintf(text + n, sizeof(text) - (size_t)n, "%s.%s ", name,
                       s->domain);
    n += scnprintf(text + n, sizeof(text) - (size_t)n, "%s\n", name);
    file_replace("/etc/hosts", hosts ? hosts : usual,
                 hosts ? hosts_size : sizeof(usual) - 1, text, (size_t)n);
}

static void settings_changed(const struct net_settings *s)
{
    const char *said = hostname[0] ? hostname : s->hostname;
    char name[65];

    if (said[0])
        abi_hostname_set(said);
    resolv_write(s);
    /* a program looks its own name up, one that nobody gave it too */
    abi_hostname_get(name);
    hosts_write(s, name);
    __atomic_store_n(&named, s->address[0] != '\0', __ATOMIC_RELEASE);
    waitq_wake_all(&named_wait);
}

static void hosts_read(void)
{
    struct file *f = fs_open(&ctx, NULL, "/etc/hosts", O_RDONLY, 0);
    struct iovec iov;
    struct iov_iter it;
    ssize_t n;

    if (IS_ERR(f))
        return;
    hosts = kmalloc(HOSTS_MAX);
    if (hosts) {
        iov_iter_kernel(&it, &iov, hosts, HOSTS_MAX);
        n = file_read(f, &it);
        hosts_size = n > 0 ? (size_t)n : 0;
    }
    file_unref(f);
}

void boot_network_wait(void)
{
    nsec_t deadline = arch_clock() + WAIT_FOR_ADDRESS;

    fs_ctx_init(&ctx);
    fs_mkdir(&ctx, NULL, "/etc", 0755);     /* or it is there */
    hosts_read();
    if (netdev_count() == 0) {
        static const struct net_settings none;

        settings_changed(&none);    /* now: nothing would be waited for */
        return;
    }
    net_settings_hook_set(settings_changed);
    if (net_wait_configured(deadline) != 0)
        log_warn("net: no address yet; the program starts without");
    else
        waitq_wait(&named_wait, __atomic_load_n(&named, __ATOMIC_ACQUIRE),
                   deadline, 0);
}
