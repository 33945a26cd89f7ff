# SPDX-License-Identifier: BSD-2-Clause
# The BIOS loader: build/boot/bios.bin, boot sector and second stage. Until
# it is written, 512 zero bytes: such an image boots by its kernel only.
$(B)/boot/bios.bin:
	@mkdir -p $(@D)
	$(Q)head -c 512 /dev/zero > $@
