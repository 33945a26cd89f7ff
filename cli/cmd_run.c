/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"
#include "image/build.h"
#include "image/hullfile.h"
#include "image/names.h"
#include "image/source.h"
#include "util/opts.h"
#include "util/path.h"
#include "vmm/session.h"
#include "vmm/waitport.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_MEMORY (128ull << 20)
#define DEFAULT_CPUS 1
/* What the kernel takes, less what vmm/qemu.c adds for the devices. */
#define WORDS_MAX (4095 - 256)

/* What the command line says. */
struct run {
    struct strvec operands, args, ports, env, boot_args;
    const char *memory, *cpus, *accel, *machine, *kernel, *cmd, *wait;
    long wait_port;
    bool bios, strace, no_net, dry_run, quiet, no_build;
};

/* What docker's users try. */
#define ELSEWHERE(letter, name, help) \
    {letter, name, OPT_ELSEWHERE, NULL, NULL, help}

static void parse(struct run *r, int argc, char **argv)
{
    const struct opt opts[] = {
        {'p', "publish", OPT_LIST, &r->ports, "[ADDRESS:]HOST:GUEST[/udp]",
         "forward a port of this host (repeatable)"},
        {'m', "memory", OPT_STRING, &r->memory, "SIZE",
         "memory, such as 64M or 1G"},
        {'c', "cpus", OPT_STRING, &r->cpus, "N", "how many CPUs"},
        {'e', "env", OPT_LIST, &r->env, "NAME=VALUE",
         "set a variable of the program (repeatable)"},
        {0, "wait-port", OPT_STRING, &r->wait, "PORT",
         "return when that port of this host answers; the machine runs on"},
        {0, "accel", OPT_STRING, &r->accel, "ENGINE",
         "auto (the default), kvm, tcg or tcg-single: the CPUs in turn"},
        {0, "machine", OPT_STRING, &r->machine, "TYPE",
         "microvm (the default), q35 or pc"},
        {0, "bios", OPT_FLAG, &r->bios, NULL,
         "boot the disk, as a plain hypervisor would"},
        {0, "kernel", OPT_STRING, &r->kernel, "FILE",
         "boot this kernel, not the image's"},
        {0, "cmd", OPT_STRING, &r->cmd, "PROGRAM",
         "run this program of the image, with ARGs"},
        {0, "strace", OPT_FLAG, &r->strace, NULL, "print each system call"},
        {0, "boot-arg", OPT_LIST, &r->boot_args, "WORD",
         "pass a word to the kernel (repeatable)"},
        {0, "no-net", OPT_FLAG, &r->no_net, NULL, "no network card"},
        {0, "no-build", OPT_FLAG, &r->no_build, NULL,
         "do not run the Hullfile's build command"},
        {0, "dry-run", OPT_FLAG, &r->dry_run, NULL,
         "print the command that would run"},
        {'q', "quiet", OPT_FLAG, &r->quiet, NULL, "say nothing but errors"},
        ELSEWHERE('d', "detach", "'hull run IMAGE &' leaves it in the "
                  "background, --wait-port as soon as it answers"),
        ELSEWHERE('i', "interactive", "stdin goes to the program as it is"),
        ELSEWHERE('t', "tty", "the program's console is a terminal as it is"),
        ELSEWHERE('v', "volume", "files go into the image, by the Hullfile's "
                  "files"),
        ELSEWHERE('w', "workdir", "it is the Hullfile's workdir"),
        ELSEWHERE(0, "rm", "nothing of a run is kept"),
        ELSEWHERE(0, "name", "a run has no name; its image has"),
        {.name = NULL},
    };
    const struct opt_command me = {
        "hull run", "[OPTION]... [IMAGE|DIR|FILE] [-- ARG...]",
        "Runs an image of this host, an image file, or a folder with a\n"
        "Hullfile, which is built first; this one, if none is named. ARGs\n"
        "replace those of the image.\n"
        "Ctrl-C asks the program to stop; twice kills the machine. What is\n"
        "piped in is text: its end is the end of the program's input.", opts,
    };

    strvec_init(&r->operands);
    strvec_init(&r->args);
    strvec_init(&r->ports);
    strvec_init(&r->env);
    strvec_init(&r->boot_args);
    opt_parse(&me, argc, argv, &r->operands, &r->args);
    if (r->operands.nr > 1) {
        usage("run takes one image, folder or image file; the program's "
              "arguments come after '--': hull run %s -- %s ...",
              r->operands.v[0], r->operands.v[1]);
    }
    if (!r->operands.nr && (path_exists(HULLFILE_NAME) ||
                            path_exists("Capstanfile"))) {
        strvec_push(&r->operands, ".");
    }
    if (!r->operands.nr) {
        usage("run takes one image, folder or image file; here is no "
              "Hullfile");
    }
    fail_set_quiet(r->quiet);
}

static void check(struct run *r)
{
    struct name_port port;

    if (r->wait && str_parse_int(r->wait, 1, 65535, &r->wait_port)) {
        usage("--wait-port %s must be a port of this host, from 1 to 65535",
              r->wait);
    }
    if (r->wait && r->no_net) {
        usage("--wait-port needs a network card; take --no-net out");
    }

    for (size_t i = 0; i < r->ports.nr; i++) {
        if (name_parse_port(r->ports.v[i], &port)) {
            usage("-p %s is not understood; write HOST:GUEST, "
                  "ADDRESS:HOST:GUEST or HOST:GUEST/udp, each port from 1 to "
                  "65535, the address such as 127.0.0.1", r->ports.v[i]);
        }
    }
    for (size_t i = 0; i < r->env.nr; i++) {
        if (!strchr(r->env.v[i], '=') || r->env.v[i][0] == '=') {
            usage("-e %s is no NAME=VALUE; -e NAME=\"$NAME\" passes this "
                  "shell's on", r->env.v[i]);
        }
    }
    if (r->bios && r->kernel) {
        usage("with --bios the disk's kernel boots; --kernel cannot be given");
    }
}

/* Sets up what can be told from the command line alone. */
static void decide(const struct run *r, struct vm_config *vm)
{
    const char *machine = r->machine ? r->machine
                                     : r->bios ? "pc" : "microvm";
    enum engine asked;

    if (engine_parse(r->accel ? r->accel : "auto", &asked)) {
        usage("--accel must be auto, kvm, tcg or tcg-single, not '%s'", r->accel);
    }
    vm->machine = qemu_machine_find(machine);
    if (!vm->machine) {
        usage("--machine must be %s, not '%s'", qemu_machine_names(),
              machine);
    }
    if (r->bios && !qemu_machine_has_bios(vm->machine)) {
        usage("a %s cannot boot a disk; use --machine q35 or pc", machine);
    }
    if (r->memory && name_parse_memory(r->memory, &vm->memory)) {
        usage("-m %s is not understood; write 64M, 1G or a number of MiB "
              "from 4", r->memory);
    }
    if (r->cpus && str_parse_int(r->cpus, 1, NAME_CPUS_MAX, &vm->cpus)) {
        usage("-c %s must be a number from 1 to %d", r->cpus, NAME_CPUS_MAX);
    }
    vm->net = !r->no_net;
    vm->engine = asked;
}

static void add_words(const struct run *r, struct strbuf *words)
{
    qemu_add_word(words, "exit=isa");
    if (r->strace) {
        qemu_add_word(words, "strace");
    }
    if (!isatty(STDIN_FILENO)) {        /* a pipe has no echo */
        qemu_add_word(words, "noecho");
    }
    for (size_t i = 0; i < r->env.nr; i++) {
        char *word = xstrfmt("env=%s", r->env.v[i]);

        qemu_add_word(words, word);
        free(word);
    }
    for (size_t i = 0; i < r->boot_args.nr; i++) {
        qemu_add_word(words, r->boot_args.v[i]);
    }
    if (r->cmd) {
        qemu_add_word(words, "--cmd");
        qemu_add_word(words, r->cmd);
    } else if (r->args.nr) {
        qemu_add_word(words, "--");
    }
    for (size_t i = 0; i < r->args.nr; i++) {
        qemu_add_word(words, r->args.v[i]);
    }
    if (words->len > WORDS_MAX) {
        die("arguments and environment take %zu bytes, and the boot command "
            "line holds %d; put them into the Hullfile", words->len,
            WORDS_MAX);
    }
}

/* QEMU's own message would be about its options. */
static void check_twice(const struct strvec *ports)
{
    struct name_port port;

    for (size_t i = 0; i < ports->nr; i++) {
        const char *other;

        if (name_parse_port(ports->v[i], &port)) {
            continue;
        }
        other = name_port_taken(ports, i, &port);
        if (other) {
            usage("-p %s and -p %s both want port %u of this host; change "
                  "one", other, ports->v[i], port.host);
        }
    }
}

/* QEMU's own message for a port in use comes late and names no remedy. */
static void check_port(const char *text)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    struct name_port port;
    int one = 1, fd;

    if (name_parse_port(text, &port)) {
        BUG("port %s was not checked", text);
    }
    fd = socket(AF_INET, (port.udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC,
                0);
    if (fd < 0) {
        return;
    }
    if (!port.udp) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    addr.sin_port = htons(port.host);
    addr.sin_addr = port.address;
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
        (!port.udp && listen(fd, 1))) {
        if (errno == EADDRNOTAVAIL) {
            die("-p %s: this host has no such address; 'ip address' lists "
                "those it has", text);
        }
        if (errno == EACCES) {
            die("port %u of this host may not be used without root; use one "
                "from 1024 on, such as -p %u:%u", port.host,
                port.host + 8000u, port.guest);
        }
        die("port %u of this host is already in use; stop what uses it, or "
            "pick another, such as -p %u:%u", port.host,
            port.host < 55000 ? port.host + 1u : 8080u, port.guest);
    }
    close(fd);
}

/* As a shell reads it back. */
static void print_word(const char *word)
{
    if (*word && !strpbrk(word, " \t\n\"'\\$*?&|;<>()[]#~`!{}")) {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word; word++) {
        if (*word == '\'') {
            fputs("'\\'", stdout);
        }
        putchar(*word);
    }
    putchar('\'');
}

static void print_command(const struct vm_config *vm)
{
    struct strvec argv;

    strvec_init(&argv);
    qemu_command(vm, &argv);
    for (size_t i = 0; i < argv.nr; i++) {
        if (i) {
            putchar(' ');
        }
        print_word(argv.v[i]);
    }
    putchar('\n');
    strvec_release(&argv);
}

static void add_ports(struct strvec *ports, const struct run *r,
                      const struct image_source *src)
{
    strvec_extend(ports, &r->ports);
    if (!r->ports.nr) {
        strvec_extend(ports, &src->meta.ports);
    }
}

static struct in_addr check_waited(const struct run *r,
                                   const struct strvec *ports)
{
    struct name_port port;

    for (size_t i = 0; i < ports->nr; i++) {
        if (!name_parse_port(ports->v[i], &port) && !port.udp &&
            port.host == r->wait_port) {
            return port.address;
        }
    }
    usage("--wait-port %ld is not forwarded; add -p %ld:GUEST", r->wait_port,
          r->wait_port);
}

static int start(const struct run *r, struct vm_config *vm)
{
    char *runtime = path_runtime_dir();
    char *qmp = path_join(runtime, "qmp");
    struct image_source src;
    struct strvec ports;
    int status = 0;

    image_source_open(&src, r->operands.v[0], r->no_build);
    strvec_init(&ports);
    add_ports(&ports, r, &src);
    vm->ports = &ports;
    vm->qmp_path = r->dry_run ? NULL : qmp;   /* gone when it is run */
    vm->disk = src.disk;
    vm->disk_format = src.meta.format;
    vm->kernel = r->bios ? NULL : r->kernel ? r->kernel : src.kernel;
    vm->memory = vm->memory ? vm->memory : src.meta.memory;
    vm->memory = vm->memory ? vm->memory : DEFAULT_MEMORY;
    vm->cpus = vm->cpus ? vm->cpus : src.meta.cpus;
    vm->cpus = vm->cpus ? vm->cpus : DEFAULT_CPUS;
    vm->engine = engine_choose(vm->engine);
    if (r->dry_run) {
        print_command(vm);
    } else {
        check_twice(&ports);
        for (size_t i = 0; vm->net && i < ports.nr; i++) {
            check_port(ports.v[i]);
        }
        if (r->wait) {
            waitport_split(check_waited(r, &ports), (uint16_t)r->wait_port);
        }
        status = session_run(vm, runtime);
    }
    image_source_release(&src);
    strvec_release(&ports);
    free(qmp);
    free(runtime);
    return status;
}

int cmd_run(int argc, char **argv)
{
    struct vm_config vm = {0};
    struct run r = {0};
    int status;

    parse(&r, argc, argv);
    check(&r);
    decide(&r, &vm);
    fail_set_status(FAIL_VM);
    strbuf_init(&vm.words);
    add_words(&r, &vm.words);
    status = start(&r, &vm);
    strbuf_release(&vm.words);
    strvec_release(&r.operands);
    strvec_release(&r.args);
    strvec_release(&r.ports);
    strvec_release(&r.env);
    strvec_release(&r.boot_args);
    return status;
}
