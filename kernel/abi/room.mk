# SPDX-License-Identifier: BSD-2-Clause
# The vDSO: a shared object of its own, carried inside the kernel.
VDSO := $(B)/kernel/abi/vdso/vdso.so
VDSO_FLAGS := $(STD) -O2 -fPIC -ffreestanding -nostdinc -mgeneral-regs-only \
              -fno-stack-protector -fno-asynchronous-unwind-tables \
              -fvisibility=default -fcf-protection=none $(KWARN) \
              -isystem $(shell $(CC) -print-file-name=include)

$(VDSO): kernel/abi/vdso/vdso.c kernel/abi/vdso/vdso_data.h \
         kernel/abi/vdso/vdso.ld
	@mkdir -p $(@D)
	$(Q)$(CC) $(VDSO_FLAGS) -c $< -o $(@:.so=.o)
	$(Q)$(LD) -shared -soname linux-vdso.so.1 --hash-style=both \
		-Bsymbolic --no-undefined --eh-frame-hdr -z noexecstack \
		-z max-page-size=4096 -T kernel/abi/vdso/vdso.ld \
		-o $@.full $(@:.so=.o)
	$(Q)objcopy -S $@.full $@

$(B)/kernel/abi/vdso_image.S.o: $(VDSO)
$(B)/kernel/abi/vdso_image.S.o: KFLAGS += -Wa,-I$(B)/kernel/abi/vdso
