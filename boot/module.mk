# SPDX-License-Identifier: BSD-2-Clause
# The BIOS loader: build/boot/bios.bin, the boot sector and the second stage.
BOOT_FLAGS = $(STD) -m32 -march=i686 -Os -ffreestanding -fno-pic -fno-pie \
             -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
             -fno-asynchronous-unwind-tables -fno-strict-aliasing \
             -fno-delete-null-pointer-checks $(WARN) -Iinclude -MMD -MP
BOOT_OBJS := $(B)/boot/start.S.o $(B)/boot/bios.o $(B)/boot/fwcfg.o \
             $(B)/boot/loader.o

$(B)/boot/%.o: boot/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_FLAGS) -c $< -o $@

$(B)/boot/%.S.o: boot/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -MMD -MP -c $< -o $@

$(B)/boot/mbr.elf: $(B)/boot/mbr.S.o boot/mbr.ld
	$(Q)$(LD) -m elf_i386 --no-warn-rwx-segments -T boot/mbr.ld -o $@ $<

$(B)/boot/stage2.elf: $(BOOT_OBJS) boot/loader.ld
	$(Q)$(LD) -m elf_i386 --no-warn-rwx-segments -T boot/loader.ld -o $@ $(BOOT_OBJS)

$(B)/boot/bios.bin: $(B)/boot/mbr.elf $(B)/boot/stage2.elf
	$(Q)objcopy -O binary $(B)/boot/mbr.elf $(B)/boot/mbr.bin
	$(Q)objcopy -O binary $(B)/boot/stage2.elf $(B)/boot/stage2.bin
	$(Q)cat $(B)/boot/mbr.bin $(B)/boot/stage2.bin >$@

-include $(BOOT_OBJS:.o=.d) $(B)/boot/mbr.S.d
