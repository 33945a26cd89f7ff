/* SPDX-License-Identifier: BSD-2-Clause */
#include "qemu.h"
#include "../image/names.h"

#include <arpa/inet.h>
#include <hull/exit.h>

/*
 * microvm puts virtio devices at fixed places, 512 bytes and one interrupt
 * apart, which the kernel is told in the words it knows for that. One IO-APIC
 * has room for eight devices.
 */
#define MMIO_BASE 0xfeb00000ul
#define MMIO_STEP 512ul
#define MMIO_IRQ  16u

struct qemu_machine {
    const char *name;
    const char *options;        /* for -machine */
    const char *suffix;         /* of virtio device names */
    const char *device_options; /* for each virtio device */
    const char *global;         /* NULL: none */
    bool mmio;
    bool bios;
};

static const struct qemu_machine machines[] = {
    {
        .name = "microvm",
        .options = "microvm,acpi=on,ioapic2=off,pic=off,isa-serial=on,"
                   "auto-kernel-cmdline=off",
        .suffix = "device",
        .device_options = "",
        .global = "virtio-mmio.force-legacy=false",
        .mmio = true,
    },
    {
        .name = "q35",
        .options = "q35,usb=off,vmport=off,smbus=off,sata=off",
        .suffix = "pci",
        .device_options = ",disable-legacy=on,romfile=",
        .bios = true,
    },
    {
        .name = "pc",
        .options = "pc,usb=off,vmport=off",
        .suffix = "pci",
        .device_options = ",disable-legacy=on,romfile=",
        .bios = true,
    },
};
#define NMACHINES (sizeof(machines) / sizeof(*machines))

const struct qemu_machine *qemu_machine_find(const char *name)
{
    for (size_t i = 0; i < NMACHINES; i++) {
        if (!strcmp(machines[i].name, name)) {
            return &machines[i];
        }
    }
    return NULL;
}

const char *qemu_machine_names(void)
{
    return "microvm, q35 or pc";
}

bool qemu_machine_has_bios(const struct qemu_machine *m)
{
    return m->bios;
}

void qemu_add_word(struct strbuf *words, const char *word)
{
    if (words->len) {
        strbuf_addch(words, ' ');
    }
    if (*word && !strpbrk(word, " \t\n\"\\")) {
        strbuf_addstr(words, word);
        return;
    }
    strbuf_addch(words, '"');
    for (; *word; word++) {
        if (*word == '"' || *word == '\\') {
            strbuf_addch(words, '\\');
        }
        strbuf_addch(words, *word);
    }
    strbuf_addch(words, '"');
}

/* QEMU takes a comma inside a value as two. */
static char *escape(const char *value)
{
    struct strbuf sb;

    strbuf_init(&sb);
    for (; *value; value++) {
        strbuf_addch(&sb, *value);
        if (*value == ',') {
            strbuf_addch(&sb, ',');
        }
    }
    return strbuf_detach(&sb);
}

static void add(struct strvec *argv, const char *option, const char *value)
{
    strvec_push(argv, option);
    strvec_push(argv, value);
}

struct builder {
    const struct vm_config *vm;
    struct strvec *argv;
    struct strbuf mmio;         /* words for the devices so far */
    unsigned devices;
};

/* One virtio device; options start with a comma. */
static void add_virtio(struct builder *b, const char *kind,
                       const char *options)
{
    const struct qemu_machine *m = b->vm->machine;
    struct strbuf sb;

    strbuf_init(&sb);
    strbuf_addf(&sb, "virtio-%s-%s%s%s", kind, m->suffix, options,
                m->device_options);
    if (m->mmio) {
        char *word = xstrfmt("virtio_mmio.device=%lu@0x%lx:%u", MMIO_STEP,
                             MMIO_BASE + b->devices * MMIO_STEP,
                             MMIO_IRQ + b->devices);

        strbuf_addf(&sb, ",bus=virtio-mmio-bus.%u", b->devices);
        qemu_add_word(&b->mmio, word);
        free(word);
    }
    b->devices++;
    add(b->argv, "-device", sb.buf);
    strbuf_release(&sb);
}

static void add_disk(struct builder *b)
{
    char *file = escape(b->vm->disk);
    char *drive = xstrfmt("id=root,if=none,format=%s,file=%s,read-only=on,"
                          "file.locking=off", b->vm->disk_format, file);

    add(b->argv, "-drive", drive);
    add_virtio(b, "blk", b->vm->kernel ? ",drive=root"
                                       : ",drive=root,bootindex=1");
    free(drive);
    free(file);
}

static void add_net(struct builder *b)
{
    const struct strvec *ports = b->vm->ports;
    char address[INET_ADDRSTRLEN];
    struct name_port port;
    struct strbuf sb;

    if (!b->vm->net) {
        add(b->argv, "-nic", "none");
        return;
    }
    strbuf_init(&sb);
    strbuf_addstr(&sb, "user,id=net0");
    for (size_t i = 0; i < ports->nr; i++) {
        if (name_parse_port(ports->v[i], &port)) {
            BUG("port %s was not checked", ports->v[i]);
        }
        inet_ntop(AF_INET, &port.address, address, sizeof(address));
        strbuf_addf(&sb, ",hostfwd=%s:%s:%u-:%u", port.udp ? "udp" : "tcp",
                    port.address.s_addr ? address : "", port.host,
                    port.guest);
    }
    add(b->argv, "-netdev", sb.buf);
    strbuf_release(&sb);
    add_virtio(b, "net", ",netdev=net0");
}

static void add_devices(struct builder *b)
{
    char *exit_port = xstrfmt("isa-debug-exit,iobase=%#x,iosize=4",
                              HULL_EXIT_PORT);

    add_disk(b);
    add_net(b);
    add_virtio(b, "rng", "");
    add(b->argv, "-device", exit_port);
    free(exit_port);
}

static void add_boot(struct builder *b)
{
    struct strbuf words;

    if (!b->vm->kernel) {
        char *text = escape(b->vm->words.buf);
        char *item = xstrfmt("name=opt/hull/cmdline,string=%s", text);

        add(b->argv, "-fw_cfg", item);      /* boot/fwcfg.c reads it */
        free(item);
        free(text);
        return;
    }
    strbuf_init(&words);
    strbuf_addstr(&words, b->mmio.buf);
    if (words.len && b->vm->words.len) {
        strbuf_addch(&words, ' ');
    }
    strbuf_addstr(&words, b->vm->words.buf);
    add(b->argv, "-kernel", b->vm->kernel);
    add(b->argv, "-append", words.buf);
    strbuf_release(&words);
}

static void add_qmp(const struct vm_config *vm, struct strvec *argv)
{
    char *path, *qmp;

    if (!vm->qmp_path) {
        return;
    }
    path = escape(vm->qmp_path);
    qmp = xstrfmt("unix:%s,server=on,wait=off", path);
    add(argv, "-qmp", qmp);
    free(path);
    free(qmp);
}

static const char *const accels[] = {
    [ENGINE_KVM] = "kvm",
    [ENGINE_TCG] = "tcg,thread=multi",
    [ENGINE_TCG_SINGLE] = "tcg,thread=single",
};

void qemu_command(const struct vm_config *vm, struct strvec *argv)
{
    struct builder b = {.vm = vm, .argv = argv};
    bool kvm = vm->engine == ENGINE_KVM;
    char *memory = xstrfmt("%lluK", (unsigned long long)vm->memory / 1024);
    char *cpus = xstrfmt("%ld", vm->cpus);

    strbuf_init(&b.mmio);
    strvec_push(argv, QEMU_PROGRAM);
    add(argv, "-machine", vm->machine->options);
    add(argv, "-accel", accels[vm->engine]);
    /* With erms the C library copies by "rep movsb", which TCG emulates byte
     * by byte: 64 KiB take it eight times as long. */
    add(argv, "-cpu", kvm ? "host" : "max,-erms");
    add(argv, "-m", memory);
    add(argv, "-smp", cpus);
    strvec_push(argv, "-nodefaults");
    strvec_push(argv, "-no-user-config");
    strvec_push(argv, "-no-reboot");
    add(argv, "-display", "none");
    if (vm->machine->global) {
        add(argv, "-global", vm->machine->global);
    }
    add(argv, "-chardev", "stdio,id=console,signal=off");
    add(argv, "-serial", "chardev:console");
    add_qmp(vm, argv);
    add_devices(&b);
    add_boot(&b);
    strbuf_release(&b.mmio);
    free(memory);
    free(cpus);
}
