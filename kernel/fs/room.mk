# SPDX-License-Identifier: BSD-2-Clause
# LZ4's own decoder, from its Debian source package.
LZ4_VERSION := 1.9.4-1
LZ4_SHA256  := 0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b
LZ4_DIR     := $(B)/third/lz4-$(LZ4_VERSION)
LZ4_FLAGS   := -DLZ4_FREESTANDING=1 -DLZ4_memcpy=__builtin_memcpy \
               -DLZ4_memset=__builtin_memset -DLZ4_memmove=__builtin_memmove \
               -D_LIBC_LIMITS_H_

KTHIRD += $(B)/kernel/fs/third/lz4.o

$(LZ4_DIR)/.pinned: kernel/fs/room.mk tools/fetch-source.sh
	$(Q)tools/fetch-source.sh lz4 $(LZ4_VERSION) $(LZ4_SHA256)
	$(Q)touch $@

$(B)/kernel/fs/third/lz4.o: $(LZ4_DIR)/.pinned
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP -Ikernel,$(KFLAGS)) -O3 $(LZ4_FLAGS) \
		-c $(LZ4_DIR)/lib/lz4.c -o $@
