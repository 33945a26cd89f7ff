/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot command line: words split at blanks, "..." with \" and \\. */
#include "config.h"

/* Takes the next word off *s into buf[CMDLINE_MAX]. False: no more. A quote
 * without an end: *err = -EINVAL. */
static bool word_next(const char **s, char *buf, int *err)
{
    const char *p = *s;
    size_t n = 0;
    bool quoted = false;

    while (*p == ' ' || *p == '\t' || *p == '\n')
        p++;
    if (!*p)
        return false;
    for (; *p && (quoted || (*p != ' ' && *p != '\t' && *p != '\n')); p++) {
        if (*p == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        if (n < CMDLINE_MAX - 1)
            buf[n++] = *p;
    }
    buf[n] = '\0';
    *s = p;
    if (quoted) {
        log_err("boot command line: a quote has no end");
        *err = -EINVAL;
        return false;
    }
    return true;
}

/* All further words are arguments. keep: how many of argv stay. */
static int arguments_read(struct boot_config *c, const char **s, char *buf,
                          unsigned keep)
{
    int err = 0;

    string_list_cut(&c->argv, MIN(keep, c->argv.count));
    while (!err && word_next(s, buf, &err))
        err = string_list_add(&c->argv, buf, strlen(buf));
    return err;
}

int config_read_cmdline(struct boot_config *c, const char *cmdline)
{
    char *buf = kmalloc(CMDLINE_MAX);
    int err = 0;

    if (!buf)
        return -ENOMEM;
    while (!err && word_next(&cmdline, buf, &err)) {
        if (strcmp(buf, "--") == 0)
            err = arguments_read(c, &cmdline, buf, 1);
        else if (strcmp(buf, "--cmd") == 0)
            err = arguments_read(c, &cmdline, buf, 0);
        else if (!config_word(c, buf, &err))
            log_info("boot command line: %s is not known, skipped", buf);
    }
    kfree(buf);
    return err;
}
