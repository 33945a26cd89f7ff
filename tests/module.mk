# SPDX-License-Identifier: BSD-2-Clause
# Unit tests: each tests/unit/test_NAME.c becomes build/unit/NAME, linked with
# the rooms it names, built for arch/host with sanitizers and fault injection.
#   make build/unit/NAME    builds one        make unit     builds and runs all
# A test that needs other rooms than UNIT_ROOMS says so:
#   UNIT_ROOMS_NAME := ...   in a line below.
UNIT_ROOMS      := arch/host lib mm sched
UNIT_SRCS  := $(sort $(wildcard tests/unit/test_*.c))
UNIT_NAMES := $(UNIT_SRCS:tests/unit/test_%.c=%)
UNIT_BINS  := $(addprefix $(B)/unit/,$(UNIT_NAMES))

UNIT_ROOMS_io    := arch/host lib mm sched io
UNIT_ROOMS_mm    := arch/host lib mm
UNIT_ROOMS_page  := arch/host lib mm
UNIT_ROOMS_vma   := arch/host lib mm
UNIT_ROOMS_cache := arch/host lib mm
UNIT_ROOMS_erofs := arch/host lib mm sched io fs
UNIT_ROOMS_vfs   := arch/host lib mm sched io fs
UNIT_ROOMS_net   := arch/host lib mm sched io net
UNIT_FILES_net   := $(LWIP_SRCS:$(LWIP_DIR)/src/%.c=kernel/net/lwip/%)
UNIT_ROOMS_dhcp  := $(UNIT_ROOMS_net)
UNIT_FILES_dhcp  := $(UNIT_FILES_net)
UNIT_LZ4         := $(B)/host/third/lz4.o
$(B)/unit/erofs $(B)/unit/vfs: $(UNIT_LZ4)

$(UNIT_LZ4): $(LZ4_DIR)/.pinned
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -fsanitize=address -c $(LZ4_DIR)/lib/lz4.c -o $@
# Single files beside whole rooms, and what tests share.
UNIT_FILES_virtq     := kernel/dev/virtio kernel/dev/virtq \
                        tests/unit/fake_virtio
UNIT_FILES_block     := kernel/dev/virtio kernel/dev/virtq \
                        kernel/dev/virtio_blk kernel/dev/block \
                        tests/unit/fake_virtio
UNIT_FILES_netdev    := kernel/dev/virtio kernel/dev/virtq \
                        kernel/dev/virtio_net kernel/dev/netdev \
                        kernel/dev/random kernel/dev/chacha20 \
                        tests/unit/fake_virtio
UNIT_FILES_mmio_find := kernel/dev/mmio_find
UNIT_FILES_config    := kernel/boot/config kernel/boot/cmdline \
                        kernel/boot/manifest
UNIT_FILES_random    := kernel/dev/random kernel/dev/chacha20
UNIT_FILES_elf       := kernel/abi/elf_check

USAN   := -fsanitize=address,undefined -fno-sanitize-recover=all
UCOMM  := $(STD) -O1 -g -fno-omit-frame-pointer -fno-stack-protector \
          -fno-strict-aliasing $(USAN) -DHULL_FAULT_INJECTION -Iinclude \
          -MMD -MP
# Rooms see no header of the C library, and format with their own functions.
UROOM  := $(UCOMM) -ffreestanding -nostdinc \
          -isystem $(shell $(CC) -print-file-name=include 2> /dev/null) \
          -Ikernel/arch/host -Ikernel -Ibuild/gen \
          -Dsnprintf=hull_snprintf -Dvsnprintf=hull_vsnprintf
# Files that live in both worlds; <limits.h> must stay the C library's.
UHOST  := $(UCOMM) -iquote kernel -iquote kernel/arch/host

$(B)/host/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(UROOM) $(KWARN) -include kernel/lib/banned.h -c $< -o $@

# lwIP, with the room's options; its headers come with its source package.
$(B)/host/kernel/net/%.o: UROOM += $(LWIP_INC)
$(patsubst kernel/%.c,$(B)/host/kernel/%.o,$(wildcard kernel/net/*.c)): \
	| $(LWIP_STAMP)
$(B)/host/kernel/net/lwip/%.o: $(LWIP_STAMP) kernel/net/lwip/lwipopts.h \
		kernel/net/lwip/lwip/priv/tcp_priv.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(UROOM) $(LWIP_DEF) -Wall -Wno-address -Wno-unused \
		-Ikernel/lib -c $(LWIP_DIR)/src/$*.c -o $@

$(B)/host/kernel/arch/host/%.o: kernel/arch/host/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(UHOST) $(KWARN) -c $< -o $@

$(B)/host/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(UHOST) $(KWARN) -c $< -o $@

# lib/mem.c has the C library's names, which the sanitizers watch.
unit_objs = $(filter-out $(B)/host/kernel/lib/mem.o, \
            $(foreach r,$(1),$(patsubst kernel/%.c,$(B)/host/kernel/%.o, \
            $(sort $(wildcard kernel/$(r)/*.c)))))

define unit_rule
$(B)/unit/$(1): $(B)/host/tests/unit/test_$(1).o \
                $(B)/host/tests/unit/harness.o \
                $(UNIT_FILES_$(1):%=$(B)/host/%.o) \
                $(call unit_objs,$(or $(UNIT_ROOMS_$(1)),$(UNIT_ROOMS)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(USAN) -Wl,--gc-sections -o $$@ $$^ -lcmocka
endef
$(foreach n,$(UNIT_NAMES),$(eval $(call unit_rule,$(n))))

.PHONY: unit unit-programs unit-list
# The objects are kept between runs.
.PRECIOUS: $(B)/host/%.o
unit-programs: $(UNIT_BINS)
unit-list:
	@echo $(UNIT_NAMES)
unit:
	$(Q)tests/run-unit.sh

-include $(wildcard $(B)/host/*/*.d $(B)/host/*/*/*.d $(B)/host/*/*/*/*.d)
