/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From entry.S to kernel_main: the boot CPU's area, the boot data of either
 * protocol copied into boot_info, and the one list of this room's start-up.
 */
#include "x86_priv.h"

struct boot_info boot_info;

/* hvm_start_info, Xen's public/arch-x86/hvm/start_info.h, version 1. */
struct pvh_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modules;
    uint64_t cmdline;
    uint64_t rsdp;
    uint64_t memmap;            /* from version 1 on */
    uint32_t memmap_entries;
    uint32_t reserved;
};
#define PVH_MAGIC 0x336ec578
struct pvh_module {
    uint64_t start, size, cmdline, reserved;
};
struct pvh_memmap {
    uint64_t start, size;
    uint32_t type, reserved;
};

/* Linux's boot_params ("zero page"), the offsets that matter. */
#define ZP_RSDP         0x070   /* 8 */
#define ZP_E820_COUNT   0x1e8   /* 1 */
#define ZP_RAMDISK      0x218   /* 4 */
#define ZP_RAMDISK_SIZE 0x21c   /* 4 */
#define ZP_CMDLINE      0x228   /* 4 */
#define ZP_E820         0x2d0   /* 20 bytes each */

static struct cpu boot_cpu __aligned(64);
static uint8_t boot_nmi_stack[4096] __aligned(16);
static uint8_t boot_df_stack[8192] __aligned(16);

extern uint8_t image_start[], image_end[];
extern uintptr_t __stack_chk_guard;

static void memmap_add(uint64_t start, uint64_t size, uint32_t type)
{
    struct memmap_range *r;

    if (size == 0 || start + size < start)
        return;
    if (boot_info.map_count == MEMMAP_MAX) {
        log_warn("memory map: more than %d ranges, some left out",
                 MEMMAP_MAX);
        return;
    }
    r = &boot_info.map[boot_info.map_count++];
    r->start = start;
    r->size = size;
    r->type = type >= MEMMAP_RAM && type <= MEMMAP_NVS ? type
                                                       : MEMMAP_RESERVED;
}

static void boot_info_from_pvh(paddr_t at)
{
    const struct pvh_info *info = phys_to_virt(at);
    const struct pvh_memmap *map = phys_to_virt(info->memmap);
    const struct pvh_module *module = phys_to_virt(info->modules);

    if (info->magic != PVH_MAGIC || info->version < 1)
        panic("boot: no PVH start info, version 1");
    for (uint32_t i = 0; i < info->memmap_entries; i++)
        memmap_add(map[i].start, map[i].size, map[i].type);
    if (info->cmdline)
        strlcpy(boot_info.cmdline, phys_to_virt(info->cmdline), CMDLINE_MAX);
    if (info->nr_modules > 0) {
        boot_info.module = module->start;
        boot_info.module_size = module->size;
    }
    boot_info.acpi_rsdp = info->rsdp;
}

static void boot_info_from_linux(paddr_t at)
{
    const uint8_t *zp = phys_to_virt(at);
    uint32_t field[3];
    unsigned n = zp[ZP_E820_COUNT];

    for (unsigned i = 0; i < MIN(n, 128u); i++) {
        uint64_t range[2];
        uint32_t type;

        memcpy(range, zp + ZP_E820 + i * 20, 16);
        memcpy(&type, zp + ZP_E820 + i * 20 + 16, 4);
        memmap_add(range[0], range[1], type);
    }
    memcpy(&field[0], zp + ZP_CMDLINE, 4);
    memcpy(&field[1], zp + ZP_RAMDISK, 4);
    memcpy(&field[2], zp + ZP_RAMDISK_SIZE, 4);
    if (field[0])
        strlcpy(boot_info.cmdline, phys_to_virt(field[0]), CMDLINE_MAX);
    boot_info.module = field[2] ? field[1] : 0;
    boot_info.module_size = field[2];
    memcpy(&boot_info.acpi_rsdp, zp + ZP_RSDP, 8);
}

static void boot_cpu_init(void)
{
    boot_cpu.tss.ist[IST_NMI - 1] = (uint64_t)boot_nmi_stack +
                                    sizeof(boot_nmi_stack);
    boot_cpu.tss.ist[IST_DF - 1] = (uint64_t)boot_df_stack +
                                   sizeof(boot_df_stack);
    boot_cpu.tss.ist[IST_MC - 1] = boot_cpu.tss.ist[IST_DF - 1];
    x86_cpu_init(&boot_cpu, 0);
}

/* Without a protector of its own: it changes the guard. */
__attribute__((optimize("no-stack-protector")))
static void guard_init(void)
{
    uint64_t random = arch_cycles() * 0x9e3779b97f4a7c15ull;

    arch_random_u64(&random);
    __stack_chk_guard ^= random & ~0xffull;     /* a NUL stops strings */
}

/* The start-up list of arch. Each line's needs are the lines above it. */
__attribute__((optimize("no-stack-protector")))
void x86_start(unsigned kind, paddr_t data)
{
    boot_cpu_init();            /* traps */
    x86_early_console_init();   /* the log can be seen */
    x86_panic_init();
    x86_features_init();
    guard_init();
    if (kind == 0)
        boot_info_from_pvh(data);
    else
        boot_info_from_linux(data);
    x86_pagetable_init();       /* all of RAM, W^X */
    x86_fpu_cpu_init();         /* also what CR4 may offer */
    x86_acpi_init();
    x86_apic_init();
    if (x86_madt.cpu_count == 0)
        x86_mptable_init();
    x86_ioapic_init();
    x86_clock_init();           /* also this CPU's timer */
    kernel_main();
}
