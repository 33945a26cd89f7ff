/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that C and assembly share: selectors, offsets into struct cpu,
 * struct arch_thread and struct regs. cpu.c proves the offsets.
 */
#ifndef HULL_X86_ASM_PRIV_H
#define HULL_X86_ASM_PRIV_H

#define KERNEL_BASE     0xffffffff80000000
#define DIRECT_BASE     0xffff800000000000
#define KERNEL_PHYS     0x100000

/* SYSCALL takes CS, SS from 0x08; SYSRET CS, SS from 0x18 + 16, + 8. */
#define SEL_KERNEL_CS   0x08
#define SEL_KERNEL_SS   0x10
#define SEL_USER_SS     0x23
#define SEL_USER_CS     0x2b
#define SEL_TSS         0x30

/* struct cpu, by GS base */
#define CPU_SELF        0
#define CPU_CURRENT     8
#define CPU_KSTACK      16
#define CPU_SCRATCH     24
#define CPU_ID          32
#define CPU_RESCHED     36
#define CPU_DF_STACK    40

/* struct arch_thread */
#define THREAD_WORK     0
#define THREAD_KSTACK   8
#define THREAD_SP       16

/* struct regs */
#define REGS_RAX        80
#define REGS_RIP        128
#define REGS_CS         136
#define REGS_RFLAGS     144
#define REGS_RSP        152
#define REGS_CHANGED    164
#define REGS_SIZE       168

#define FLAGS_IF        0x200
#define SYSCALL_LENGTH  2

/* struct arch_hooks */
#define HOOKS_SYSCALL   32

/* Interrupt vectors. Devices get VEC_DEVICE_FIRST..LAST but not 0x80. */
#define VEC_DEVICE_FIRST 0x30
#define VEC_DEVICE_LAST  0xef
#define VEC_INT80        0x80
#define VEC_TIMER        0xf0
#define VEC_RESCHED      0xf1
#define VEC_CALL         0xf2
#define VEC_ERROR        0xfe
#define VEC_SPURIOUS     0xff

#define IST_TRAP        1
#define IST_NMI         2
#define IST_DF          3
#define IST_MC          4

#endif
