# SPDX-License-Identifier: BSD-2-Clause
# The tool: build/hull from cli/, with the BIOS loader inside.
CLI_SRCS := $(sort $(wildcard cli/*.c cli/*/*.c))
CLI_OBJS := $(CLI_SRCS:%.c=$(B)/%.o) $(B)/cli/image/loader.S.o \
            $(B)/cli/image/somain.S.o
CLI_LIBS := yaml-0.1 jansson libelf libcrypto
CLI_FLAGS = $(STD) -O2 -g $(WARN) -D_GNU_SOURCE -Iinclude -MMD -MP \
            $(shell pkg-config --cflags $(CLI_LIBS))

$(B)/cli/%.o: cli/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CLI_FLAGS) -c $< -o $@

# The system calls that Hull has, for `hull check`: data of the kernel's list.
$(B)/gen/cli/syscalls.inc: kernel/abi/syscalls_x86_64.def
	@mkdir -p $(@D)
	$(Q)sed -n -e 's/^CALL(\([0-9]*\), \([^,]*\),.*/{\1, "\2", true},/p' \
		-e 's/^MISS(\([0-9]*\), \([^,]*\),.*/{\1, "\2", false},/p' $< > $@

$(B)/cli/image/scan.o: $(B)/gen/cli/syscalls.inc
$(B)/cli/image/scan.o: CLI_FLAGS += -I$(B)/gen/cli

$(B)/cli/image/loader.S.o: cli/image/loader.S $(B)/boot/bios.bin
	@mkdir -p $(@D)
	$(Q)$(CC) -DLOADER_BLOB='"$(B)/boot/bios.bin"' -c $< -o $@

# A program for the guest, carried inside the tool.
$(B)/cli/image/guest/somain: cli/image/guest/somain.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) -O2 $(WARN) -s -o $@ $< -ldl

$(B)/cli/image/somain.S.o: cli/image/somain.S $(B)/cli/image/guest/somain
	$(Q)$(CC) -DSOMAIN_BLOB='"$(B)/cli/image/guest/somain"' -c $< -o $@

$(B)/hull: $(CLI_OBJS)
	$(Q)$(CC) -o $@ $(CLI_OBJS) $(shell pkg-config --libs $(CLI_LIBS))

-include $(CLI_OBJS:.o=.d)
