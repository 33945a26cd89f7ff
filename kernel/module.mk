# SPDX-License-Identifier: BSD-2-Clause
# The kernel: one ELF from every room, and the rooms' third-party parts.
# Per-file objects under build/kernel/, so `make build/kernel/net/tcp.o` works.

KROOMS := lib arch/$(ARCH) mm sched io dev fs net abi observe boot
KSRCS  := $(sort $(foreach r,$(KROOMS),$(wildcard kernel/$(r)/*.c)))
KASMS  := $(sort $(foreach r,$(KROOMS),$(wildcard kernel/$(r)/*.S)))
KOBJS  := $(KSRCS:%.c=$(B)/%.o) $(KASMS:%.S=$(B)/%.S.o)

KWARN  := $(WARN)
KFLAGS := $(STD) -O2 -g -ffreestanding -fbuiltin -fno-pic -fno-pie -mcmodel=kernel \
          -mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer \
          -fstack-protector-strong -mstack-protector-guard=global \
          -fno-asynchronous-unwind-tables -fno-strict-aliasing \
          -fno-delete-null-pointer-checks -fcf-protection=none \
          -ffunction-sections -fdata-sections -nostdinc \
          -isystem $(shell $(CC) -print-file-name=include 2> /dev/null) \
          -Iinclude -Ikernel/arch/$(ARCH) -Ikernel -MMD -MP
KLDFLAGS := -nostdlib -static -no-pie -z max-page-size=4096 -z noexecstack \
            --gc-sections --build-id=none

# Rooms add third-party objects here (lwIP, LZ4), built with their own flags.
KTHIRD :=
-include $(sort $(wildcard kernel/*/room.mk))

$(B)/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(KWARN) -include kernel/lib/banned.h -c $< -o $@

# Its own functions must not be turned into calls of themselves.
$(B)/kernel/lib/mem.o: KFLAGS += -fno-builtin

$(B)/kernel/%.S.o: kernel/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) -D__ASSEMBLER__ -c $< -o $@

KLINK = $(LD) $(KLDFLAGS) -T kernel/arch/$(ARCH)/kernel.ld

# Twice: the names for panics come from the first link. They lie behind all
# code, so it does not move.
$(B)/ksyms: tools/ksyms.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) -O1 $(WARN) $< -o $@

$(B)/hull.debug: $(KOBJS) $(KTHIRD) $(B)/ksyms kernel/arch/$(ARCH)/kernel.ld
	$(Q)$(KLINK) -o $@.first $(KOBJS) $(KTHIRD)
	$(Q)nm -n $@.first | $(B)/ksyms > $(B)/ksyms.s
	$(Q)$(CC) -c $(B)/ksyms.s -o $(B)/ksyms.o
	$(Q)$(KLINK) -o $@ $(KOBJS) $(KTHIRD) $(B)/ksyms.o
	$(Q)rm $@.first

$(B)/hull.elf: $(B)/hull.debug
	$(Q)objcopy --strip-all $< $@
	@echo "hull.elf: $$(stat -c %s $@) bytes"

-include $(KOBJS:.o=.d)
