/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one CPU needs before it may take a trap: its struct cpu at GS base,
 * descriptor tables, IST stacks, control registers, SYSCALL. Also switching
 * between threads, and the spin lock's slow path.
 */
#include "x86_priv.h"

#define OFFSET_IS(type, member, value) \
    _Static_assert(offsetof(type, member) == (value), #member)
OFFSET_IS(struct cpu, self, CPU_SELF);
OFFSET_IS(struct cpu, current, CPU_CURRENT);
OFFSET_IS(struct cpu, kstack, CPU_KSTACK);
OFFSET_IS(struct cpu, scratch, CPU_SCRATCH);
OFFSET_IS(struct cpu, id, CPU_ID);
OFFSET_IS(struct cpu, resched, CPU_RESCHED);
OFFSET_IS(struct cpu, df_stack, CPU_DF_STACK);
OFFSET_IS(struct arch_thread, work, THREAD_WORK);
OFFSET_IS(struct arch_thread, kstack, THREAD_KSTACK);
OFFSET_IS(struct arch_thread, sp, THREAD_SP);
OFFSET_IS(struct regs, rax, REGS_RAX);
OFFSET_IS(struct regs, rip, REGS_RIP);
OFFSET_IS(struct regs, cs, REGS_CS);
OFFSET_IS(struct regs, rflags, REGS_RFLAGS);
OFFSET_IS(struct regs, rsp, REGS_RSP);
OFFSET_IS(struct regs, changed, REGS_CHANGED);
_Static_assert(sizeof(struct regs) == REGS_SIZE, "regs");
OFFSET_IS(struct arch_hooks, syscall, HOOKS_SYSCALL);
_Static_assert(sizeof(struct cpu) <= PAGE_SIZE, "a CPU's area is one frame");

struct cpu *x86_cpus[CPUS_MAX];
const struct arch_hooks *arch_hooks;

struct idt_entry {
    uint16_t offset0;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset1;
    uint32_t offset2;
    uint32_t reserved;
};
_Static_assert(sizeof(struct idt_entry) == 16, "IDT layout");

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __packed;

static struct idt_entry idt[256] __aligned(4096);

#define GATE_INTERRUPT      0x8e
#define GATE_INTERRUPT_USER 0xee
#define STUB_SIZE 16

static void idt_init(void)
{
    for (unsigned v = 0; v < 256; v++) {
        uint64_t at = (uint64_t)trap_stubs + v * STUB_SIZE;
        struct idt_entry *e = &idt[v];

        e->offset0 = (uint16_t)at;
        e->offset1 = (uint16_t)(at >> 16);
        e->offset2 = (uint32_t)(at >> 32);
        e->selector = SEL_KERNEL_CS;
        e->ist = IST_TRAP;
        e->type = v == 3 || v == 4 ? GATE_INTERRUPT_USER : GATE_INTERRUPT;
    }
    idt[2].ist = IST_NMI;
    idt[8].ist = IST_DF;
    idt[18].ist = IST_MC;
}

static void gdt_init(struct cpu *c)
{
    uint64_t tss = (uint64_t)&c->tss;
    struct table_pointer gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };
    struct table_pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };

    c->gdt[0] = 0;
    c->gdt[SEL_KERNEL_CS / 8] = 0x00af9b000000ffff;
    c->gdt[SEL_KERNEL_SS / 8] = 0x00cf93000000ffff;
    c->gdt[3] = 0x00cffb000000ffff;         /* 32-bit code: a placeholder */
    c->gdt[SEL_USER_SS / 8] = 0x00cff3000000ffff;
    c->gdt[SEL_USER_CS / 8] = 0x00affb000000ffff;
    c->gdt[SEL_TSS / 8] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 |
                          0x89ull << 40 | (tss >> 24 & 0xff) << 56;
    c->gdt[SEL_TSS / 8 + 1] = tss >> 32;
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2"
                     : : "m"(gdtr), "m"(idtr), "r"(SEL_TSS) : "memory");
}

static void syscall_init(void)
{
    wrmsr(MSR_STAR, (uint64_t)SEL_KERNEL_CS << 32 | 0x1bull << 48);
    wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    wrmsr(MSR_SFMASK, FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC);
}

/* c's stacks are set: tss.ist[IST_NMI..IST_MC] and df_stack. */
void x86_cpu_init(struct cpu *c, unsigned id)
{
    c->self = c;
    c->id = id;
    c->tss.iomap = sizeof(c->tss);
    c->tss.ist[IST_TRAP - 1] = (uint64_t)c->trap_stack + TRAP_STACK_SIZE;
    c->df_stack = c->tss.ist[IST_DF - 1];
    if (id == 0)
        idt_init();
    gdt_init(c);
    wrmsr(MSR_GS_BASE, (uint64_t)c);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    wrmsr(MSR_FS_BASE, 0);
    syscall_init();
    x86_cpus[id] = c;
}

void x86_spin_contended(struct spinlock *l)
{
    ASSERT(!spin_held(l));
    do {
        while (__atomic_load_n(&l->word, __ATOMIC_RELAXED))
            cpu_relax();
    } while (!spin_trylock(l));
}
