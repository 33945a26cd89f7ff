# SPDX-License-Identifier: BSD-2-Clause
# The programs of tests/abi, each built once as an ordinary Linux program. The
# ones in ABI_STATIC are also built statically, the ones in ABI_MUSL with musl.
ABI_SRCS   := $(sort $(wildcard tests/abi/*.c))
ABI_HDRS   := $(sort $(wildcard tests/abi/*.h))
ABI_NAMES  := $(ABI_SRCS:tests/abi/%.c=%)
ABI_STATIC := hello-static hello-static-pie threads-static
ABI_MUSL   := hello-musl hello-musl-static threads-musl signals-musl
ABI_OUT    := $(B)/tests/abi
ABI_BINS   := $(addprefix $(ABI_OUT)/,$(ABI_NAMES) $(ABI_STATIC) $(ABI_MUSL))
# The programs misuse calls on purpose; the compiler need not repeat that.
ABI_FLAGS  := $(STD) -O1 -g -mno-avx512f -Wall -Wextra -Wno-unused-result \
              -Wno-stringop-overflow -Wno-stringop-overread \
              -Wno-infinite-recursion -Wno-format-zero-length -D_GNU_SOURCE

.PHONY: abi-programs
abi-programs: $(ABI_BINS)

$(ABI_OUT)/%: tests/abi/%.c $(ABI_HDRS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ABI_FLAGS) -o $@ $< -lpthread -lm
$(ABI_OUT)/%-static: tests/abi/%.c $(ABI_HDRS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ABI_FLAGS) -static -o $@ $< -lpthread
$(ABI_OUT)/%-static-pie: tests/abi/%.c $(ABI_HDRS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ABI_FLAGS) -static-pie -o $@ $< -lpthread
$(ABI_OUT)/%-musl: tests/abi/%.c $(ABI_HDRS)
	@mkdir -p $(@D)
	$(Q)musl-gcc $(ABI_FLAGS) -include tests/abi/musl.h -o $@ $<
$(ABI_OUT)/%-musl-static: tests/abi/%.c $(ABI_HDRS)
	@mkdir -p $(@D)
	$(Q)musl-gcc $(ABI_FLAGS) -include tests/abi/musl.h -static -o $@ $<
$(ABI_OUT)/avx: ABI_FLAGS += -mavx2

.PHONY: abi-list
abi-list:
	@echo $(notdir $(ABI_BINS))
