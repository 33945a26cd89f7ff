/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console as a terminal: line discipline, termios, window size. One
 * terminal exists; fds 0, 1 and 2, /dev/tty and /dev/console are it. A kernel
 * thread takes what is typed, echoes it, edits lines and raises signals, so
 * that ^C works while nobody reads.
 *
 * What is ready to be read is a ring of chunks { 2 bytes length, bytes }: a
 * line each (length 0: end of file) in canonical mode, what came together
 * otherwise. Output is not translated unless the program sets OPOST: the
 * reader of the console, not the console, knows what a line end needs.
 */
#include "abi_priv.h"

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b
#define TIOCNOTTY 0x5422
#define TCSBRKP 0x5425
#define TIOCGSID 0x5429
enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };

#define IGNCR 0200u
#define ICRNL 0400u
#define INLCR 0100u
#define OPOST 1u
#define ONLCR 4u
#define ISIG 1u
#define ICANON 2u
#define ECHO 010u
#define ECHOE 020u
#define ECHONL 0100u
#define ECHOCTL 01000u
enum { VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSUSP = 10, VEOL = 11,
       VWERASE = 14, VEOL2 = 16, NCCS = 19 };

#define TTY_LINE 4096           /* longest line; Linux's bound as well */
#define TTY_READY 8192

struct termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[NCCS];
};
_Static_assert(sizeof(struct termios) == 36, "termios layout");

static struct tty {
    struct mutex lock;
    struct termios termios;     /* [lock] */
    char line[TTY_LINE];        /* [lock] being edited */
    unsigned line_len;
    uint8_t ready_buf[TTY_READY];
    struct ring ready;          /* [lock] chunks */
    unsigned ready_bytes;       /* [lock] in all the chunks */
    unsigned chunk_left;        /* [lock] of the chunk being read */
    bool in_chunk;              /* [lock] its length is taken off already */
    bool stopped;               /* [lock] output flow control, unused */
    uint16_t rows, cols;        /* [lock] 0: ask the console */
    struct mutex out_lock;
    struct waitq wait;
    struct waitq space;         /* a reader made room in ready */
} tty;

static void out(const char *s, size_t n)
{
    abi__boot->console_write(s, n);
}

/* ---------------- input, in the tty's thread ---------------- */

static void chunk_put(const char *s, unsigned n)
{
    uint8_t head[2] = { (uint8_t)n, (uint8_t)(n >> 8) };

    if (ring_free(&tty.ready) < n + 2)
        return;                 /* not after has_room() */
    ring_write(&tty.ready, head, 2);
    ring_write(&tty.ready, s, n);
    tty.ready_bytes += n;
}

/* What was typed and not read is gone, with the lock held. */
static void input_flush(void)
{
    tty.ready.head = tty.ready.tail;
    tty.ready_bytes = 0;
    tty.in_chunk = false;
    tty.line_len = 0;
}

static void echo(uint8_t c)
{
    char text[3] = { (char)c, 0, 0 };
    uint32_t lf = tty.termios.lflag;

    if (!(lf & ECHO) && !(c == '\n' && (lf & ECHONL) && (lf & ICANON)))
        return;
    if (c == '\n') {
        out("\r\n", 2);
    } else if (c < 32 && c != '\t' && (lf & ECHOCTL)) {
        text[0] = '^';
        text[1] = (char)(c + '@');
        out(text, 2);
    } else {
        out(text, 1);
    }
}

static void erase_one(void)
{
    if (!tty.line_len)
        return;
    tty.line_len--;
    /* Bytes inside one UTF-8 character go together. */
    while (tty.line_len && (tty.line[tty.line_len] & 0xc0) == 0x80)
        tty.line_len--;
    if (tty.termios.lflag & ECHO)
        out("\b \b", 3);
}

static bool is_cc(uint8_t c, unsigned which)
{
    return tty.termios.cc[which] && c == tty.termios.cc[which];
}

/* True: c was an editing or line-ending character. */
static bool edit(uint8_t c)
{
    if (is_cc(c, VERASE) || c == 0x7f || c == '\b') {
        erase_one();
    } else if (is_cc(c, VWERASE)) {
        while (tty.line_len && tty.line[tty.line_len - 1] == ' ')
            erase_one();
        while (tty.line_len && tty.line[tty.line_len - 1] != ' ')
            erase_one();
    } else if (is_cc(c, VKILL)) {
        while (tty.line_len)
            erase_one();
    } else if (is_cc(c, VEOF)) {
        chunk_put(tty.line, tty.line_len);
        tty.line_len = 0;
    } else {
        return false;
    }
    return true;
}

static int signal_of(uint8_t c)
{
    if (!(tty.termios.lflag & ISIG))
        return 0;
    if (is_cc(c, VINTR))
        return SIGINT;
    if (is_cc(c, VQUIT))
        return SIGQUIT;
    return is_cc(c, VSUSP) ? SIGTSTP : 0;
}

static void input(uint8_t c)
{
    struct termios *t = &tty.termios;
    int signo;

    if (c == '\r') {
        if (t->iflag & IGNCR)
            return;
        if (t->iflag & ICRNL)
            c = '\n';
    } else if (c == '\n' && (t->iflag & INLCR)) {
        c = '\r';
    }
    signo = signal_of(c);
    if (signo) {
        echo(c);
        tty.line_len = 0;
        process__signal(signo);
        return;
    }
    if (!(t->lflag & ICANON)) {
        echo(c);
        chunk_put((char *)&c, 1);
        return;
    }
    if (edit(c))
        return;
    echo(c);
    if (tty.line_len < TTY_LINE - 1)
        tty.line[tty.line_len++] = (char)c;
    if (c == '\n' || is_cc(c, VEOL) || is_cc(c, VEOL2)) {
        chunk_put(tty.line, tty.line_len);
        tty.line_len = 0;
    }
}

/* Whether the next byte can be taken. If not it stays where it is, and so
 * does all that comes after it, up to whoever sends: a pipe into the console
 * must not lose lines because the program is slow. */
static bool has_room(void)
{
    return ring_free(&tty.ready) >= tty.line_len + 1 + 2;
}

static void input_all(const char *buf, size_t n)
{
    mutex_lock(&tty.lock);
    for (size_t i = 0; i < n; i++) {
        while (!has_room()) {
            mutex_unlock(&tty.lock);
            waitq_wake(&tty.wait, ~0u, POLLIN | POLLRDNORM);
            waitq_wait(&tty.space, has_room(), NSEC_FOREVER, 0);
            mutex_lock(&tty.lock);
        }
        input((uint8_t)buf[i]);
    }
    mutex_unlock(&tty.lock);
    waitq_wake(&tty.wait, ~0u, POLLIN | POLLRDNORM);
}

static void tty_thread(void *arg)
{
    char buf[64];
    size_t n = 0;

    (void)arg;
    for (;;) {
        waitq_wait(abi__boot->console_rx_wait,
                   (n = abi__boot->console_read(buf, sizeof(buf))) > 0,
                   NSEC_FOREVER, 0);
        input_all(buf, n);
    }
}

/* ---------------- reading and writing ---------------- */

/* Takes the length off the next chunk. False: nothing is there. */
static bool chunk_begin(void)
{
    uint8_t head[2];

    if (tty.in_chunk)
        return true;
    if (ring_used(&tty.ready) < 2)
        return false;
    ring_read(&tty.ready, head, 2);
    tty.chunk_left = head[0] | (unsigned)head[1] << 8;
    tty.in_chunk = true;
    return true;
}

static ssize_t take(struct iov_iter *it, bool canonical)
{
    char buf[128];
    ssize_t done = 0;

    while (it->left && chunk_begin()) {
        size_t n = MIN((size_t)tty.chunk_left, it->left);
        ssize_t r;

        n = MIN(n, sizeof(buf));
        ring_read(&tty.ready, buf, (uint32_t)n);
        tty.chunk_left -= (unsigned)n;
        tty.ready_bytes -= (unsigned)n;
        r = n ? copy_to_iter(it, buf, n) : 0;
        if (tty.chunk_left == 0)
            tty.in_chunk = false;
        if (r < 0)
            return done ? done : r;
        done += r;
        if (!tty.in_chunk && canonical)
            break;              /* one line a read */
    }
    return done;
}

static bool readable(void)
{
    return tty.in_chunk || ring_used(&tty.ready) >= 2;
}

static ssize_t tty_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    bool canonical = tty.termios.lflag & ICANON;
    uint8_t vmin = tty.termios.cc[VMIN], vtime = tty.termios.cc[VTIME];
    nsec_t deadline = NSEC_FOREVER;
    ssize_t r;
    int err;

    (void)pos;
    if (!it->left)
        return 0;
    if (!canonical && !vmin)
        deadline = clock_monotonic() + vtime * 100 * NSEC_PER_MSEC;
    for (;;) {
        bool any;

        mutex_lock(&tty.lock);
        any = readable();
        r = any ? take(it, canonical) : 0;
        mutex_unlock(&tty.lock);
        if (any)
            waitq_wake_all(&tty.space);
        if (r || (any && canonical))
            return r;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        err = waitq_wait(&tty.wait, readable(), deadline,
                         WAIT_INTERRUPTIBLE);
        if (err)
            return err == -ETIMEDOUT ? 0 : -ERESTARTSYS;
    }
}

static void write_translated(const char *s, size_t n)
{
    for (size_t i = 0, from = 0; i <= n; i++) {
        if (i < n && s[i] != '\n')
            continue;
        if (i > from)
            out(s + from, i - from);
        if (i < n)
            out("\r\n", 2);
        from = i + 1;
    }
}

static ssize_t tty_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    bool translate = (tty.termios.oflag & (OPOST | ONLCR)) ==
                     (OPOST | ONLCR);
    char buf[256];
    ssize_t done = 0;

    (void)f;
    (void)pos;
    mutex_lock(&tty.out_lock);
    while (it->left) {
        ssize_t n = copy_from_iter(it, buf, sizeof(buf));

        if (n <= 0) {
            if (!done)
                done = n;
            break;
        }
        if (translate)
            write_translated(buf, (size_t)n);
        else
            out(buf, (size_t)n);
        done += n;
    }
    mutex_unlock(&tty.out_lock);
    return done;
}

static uint32_t tty_poll(struct file *f, struct poll_table *pt)
{
    (void)f;
    poll_wait(pt, &tty.wait);
    return (readable() ? POLLIN | POLLRDNORM : 0) | POLLOUT | POLLWRNORM;
}

/* ---------------- ioctl ---------------- */

static long set_termios(uaddr_t arg, bool flush)
{
    struct termios t;
    bool raw;

    if (copy_from_user(&t, arg, sizeof(t)))
        return -EFAULT;
    mutex_lock(&tty.lock);
    raw = (tty.termios.lflag & ICANON) && !(t.lflag & ICANON);
    tty.termios = t;
    if (flush) {
        input_flush();
    } else if (raw && tty.line_len) {
        chunk_put(tty.line, tty.line_len);  /* typed so far, no newline */
        tty.line_len = 0;
    }
    mutex_unlock(&tty.lock);
    waitq_wake_all(&tty.wait);
    waitq_wake_all(&tty.space);
    return 0;
}

static long get_size(uaddr_t arg)
{
    uint16_t size[4] = { tty.rows, tty.cols, 0, 0 };
    unsigned cols, rows;

    if (!size[0] && !size[1]) {
        abi__boot->console_size(&cols, &rows);
        size[0] = (uint16_t)rows;
        size[1] = (uint16_t)cols;
    }
    return copy_to_user(arg, size, sizeof(size));
}

static long set_size(uaddr_t arg)
{
    uint16_t size[4];

    if (copy_from_user(size, arg, sizeof(size)))
        return -EFAULT;
    mutex_lock(&tty.lock);
    tty.rows = size[0];
    tty.cols = size[1];
    mutex_unlock(&tty.lock);
    process__signal(SIGWINCH);
    return 0;
}

static long bytes_ready(uaddr_t arg)
{
    int n;

    mutex_lock(&tty.lock);
    n = (int)tty.ready_bytes;
    mutex_unlock(&tty.lock);
    return put_user(arg, n);
}

/* TCFLSH. Output is never kept here, so there is none to drop. */
static long flush(uaddr_t which)
{
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which == TCOFLUSH)
        return 0;
    mutex_lock(&tty.lock);
    input_flush();
    mutex_unlock(&tty.lock);
    waitq_wake_all(&tty.space);
    return 0;
}

static long tty_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct process *p = process_current();

    (void)f;
    switch (cmd) {
    case TCGETS:
        return copy_to_user(arg, &tty.termios, sizeof(tty.termios));
    case TCSETS:
    case TCSETSW:
        return set_termios(arg, false);
    case TCSETSF:
        return set_termios(arg, true);
    case TIOCGWINSZ:
        return get_size(arg);
    case TIOCSWINSZ:
        return set_size(arg);
    case FIONREAD:
        return bytes_ready(arg);
    case TIOCOUTQ:
        return put_user(arg, 0);
    case TIOCGPGRP:
        return put_user(arg, p->pgid);
    case TIOCGSID:
        return put_user(arg, p->sid);
    case TIOCSPGRP:
    case TIOCSCTTY:
    case TCXONC:
    case TCSBRK:
    case TCSBRKP:
        return 0;
    case TCFLSH:
        return flush(arg);
    default:
        return -ENOTTY;
    }
}

static int tty_stat(struct file *f, struct kstat *st)
{
    (void)f;
    memset(st, 0, sizeof(*st));
    st->dev = 5;
    st->ino = 11;
    st->rdev = TTY_MAJOR << 8 | 1;
    st->mode = S_IFCHR | 0620;
    st->nlink = 1;
    st->gid = 5;
    st->blksize = 1024;
    st->atime = st->mtime = st->ctime = (int64_t)clock_realtime();
    return 0;
}

static int tty_name(struct file *f, char *buf, size_t size)
{
    (void)f;
    return snprintf(buf, size, "/dev/console");
}

static const struct file_ops tty_ops = {
    .type = "tty",
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .stat = tty_stat,
    .name = tty_name,
};

struct file *tty__open(uint32_t flags)
{
    struct file *f = file_create(&tty_ops, NULL, flags &
                                 (O_ACCMODE | O_NONBLOCK | O_APPEND));

    return f ? f : ERR_PTR(-ENOMEM);
}

static void termios_default(struct termios *t)
{
    static const uint8_t cc[NCCS] = { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26,
                                      0, 18, 15, 23, 22, 0, 0, 0 };

    t->iflag = ICRNL | 02000;               /* IXON is shown, not done */
    t->oflag = 0;
    t->cflag = 0xbf;                        /* 38400, 8 bits, read */
    t->lflag = ISIG | ICANON | ECHO | ECHOE | 040 | ECHOCTL | 04000 | 0100000;
    memcpy(t->cc, cc, sizeof(cc));
}

int tty__start(bool echo)
{
    struct thread *t;

    if (!echo)
        tty.termios.lflag &= ~ECHO;
    t = kthread_create("tty", tty_thread, NULL);
    return IS_ERR(t) || !t ? -ENOMEM : 0;
}

int tty__init(void)
{
    static const struct { const char *name; uint32_t minor; } devs[] = {
        { "tty", 0 }, { "console", 1 },
    };

    mutex_init(&tty.lock);
    mutex_init(&tty.out_lock);
    waitq_init(&tty.wait);
    waitq_init(&tty.space);
    ring_init(&tty.ready, tty.ready_buf, TTY_READY);
    termios_default(&tty.termios);
    for (unsigned i = 0; i < ARRAY_LEN(devs); i++) {
        int err = devfs_register(devs[i].name, 0620,
                                 TTY_MAJOR << 8 | devs[i].minor, tty__open);

        if (err)
            return err;
    }
    return 0;
}
