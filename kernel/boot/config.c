/* SPDX-License-Identifier: BSD-2-Clause */
/* struct boot_config: its strings, and the options that both the manifest and
 * the command line know. */
#include "config.h"

void config_init(struct boot_config *c)
{
    memset(c, 0, sizeof(*c));
    c->loglevel = -1;
}

void config_release(struct boot_config *c)
{
    string_list_cut(&c->argv, 0);
    string_list_cut(&c->env, 0);
    string_list_cut(&c->volumes, 0);
    kfree(c->argv.at);
    kfree(c->env.at);
    kfree(c->volumes.at);
    kfree(c->workdir);
    kfree(c->hostname);
    kfree(c->net);
    config_init(c);
}

static char *copy(const char *text, size_t n)
{
    char *s = kmalloc(n + 1);

    if (!s)
        return NULL;
    memcpy(s, text, n);
    s[n] = '\0';
    return s;
}

int string_list_add(struct string_list *l, const char *text, size_t n)
{
    char **grown;
    char *s;

    if (l->count == BOOT_STRINGS_MAX)
        return -E2BIG;
    s = copy(text, n);
    if (!s)
        return -ENOMEM;
    if ((l->count & (l->count + 1)) == 0) {     /* room for 2^k - 1 + NULL */
        grown = krealloc(l->at, (l->count + 1) * 2 * sizeof(*l->at));
        if (!grown) {
            kfree(s);
            return -ENOMEM;
        }
        l->at = grown;
    }
    l->at[l->count++] = s;
    l->at[l->count] = NULL;
    return 0;
}

void string_list_cut(struct string_list *l, unsigned from)
{
    while (l->count > from) {
        kfree(l->at[--l->count]);
        l->at[l->count] = NULL;
    }
}

int string_list_set_env(struct string_list *l, const char *text, size_t n)
{
    const char *eq = memchr(text, '=', n);
    size_t name = eq ? (size_t)(eq - text) + 1 : n;
    char *s;

    for (unsigned i = 0; i < l->count; i++) {
        if (!eq || strncmp(l->at[i], text, name) != 0)
            continue;
        s = copy(text, n);
        if (!s)
            return -ENOMEM;
        kfree(l->at[i]);
        l->at[i] = s;
        return 0;
    }
    return string_list_add(l, text, n);
}

static int replace(char **field, const char *text)
{
    char *s = copy(text, strlen(text));

    if (!s)
        return -ENOMEM;
    kfree(*field);
    *field = s;
    return 0;
}

static int stats_set(struct boot_config *c, const char *text)
{
    uint64_t v;

    if (str_to_u64(text, &v) != 0 || v == 0 || v > STATS_SECONDS_MAX) {
        log_err("stats=%s: a number of seconds is needed", text);
        return -EINVAL;
    }
    c->stats_seconds = (unsigned)v;
    return 0;
}

static int loglevel_set(struct boot_config *c, const char *text)
{
    uint64_t v;

    if (str_to_u64(text, &v) != 0 || v > LOG_DEBUG) {
        log_err("loglevel=%s: a number from 0 to 7 is needed", text);
        return -EINVAL;
    }
    c->loglevel = (int)v;
    return 0;
}

bool config_word(struct boot_config *c, const char *word, int *err)
{
    *err = 0;
    if (strcmp(word, "strace") == 0)
        c->strace = true;
    else if (strcmp(word, "noecho") == 0)
        c->noecho = true;
    else if (strcmp(word, "fixed_layout") == 0)
        c->fixed_layout = true;
    else if (strcmp(word, "panic") == 0)
        c->panic = true;
    else if (strcmp(word, "exit=isa") == 0)
        c->exit_isa = true;
    else if (str_starts(word, "ip=dhcp") && !word[7])
        *err = replace(&c->net, "dhcp");
    else if (str_starts(word, "ip="))
        *err = replace(&c->net, word);
    else if (str_starts(word, "hostname="))
        *err = replace(&c->hostname, word + 9);
    else if (str_starts(word, "cwd="))
        *err = replace(&c->workdir, word + 4);
    else if (str_starts(word, "env="))
        *err = string_list_set_env(&c->env, word + 4, strlen(word + 4));
    else if (str_starts(word, "loglevel="))
        *err = loglevel_set(c, word + 9);
    else if (str_starts(word, "stats="))
        *err = stats_set(c, word + 6);
    else if (!str_starts(word, "virtio_mmio.device="))
        return false;
    return true;
}
