# SPDX-License-Identifier: BSD-2-Clause
# make            the tool build/hull and the kernel build/hull.elf
# make demo       install what is missing, build, run examples/c-http, ask it
# make check      unit, abi and system tests; T=name runs one
# make bench      Hull and a Linux guest side by side; B=name runs one
# make check-kvm  whole images under a real KVM
# make gdb        the demo image under QEMU's gdb stub
# make format     clang-format over everything of ours
# `make bench B=name` gives B another meaning than the folder's name
BENCH := $(if $(filter command,$(firstword $(origin B))),$(B))
override B := build
ARCH ?= x86
V    ?= 0
Q    := $(if $(filter 1,$(V)),,@)
CC   ?= gcc

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wvla -Werror
STD  := -std=gnu11

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all kernel tool check check-kvm demo gdb bench format clean lint

include kernel/module.mk
-include boot/module.mk
-include cli/module.mk
-include tests/module.mk
-include tests/abi.mk

all: kernel tool
kernel: $(B)/hull.elf
tool: $(B)/hull

format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(B)

# Everything, or with T=unit/NAME, abi/NAME, system/NAME, cli/NAME, lint one.
check: all
	$(Q)tests/run.sh $(T)

# The same under a real KVM, in an emulated machine where this one has none.
check-kvm: all
	$(Q)tests/run-kvm.sh $(T)

lint:
	$(Q)tests/run.sh lint

demo:
	$(Q)tools/install-deps.sh
	$(Q)$(MAKE) --no-print-directory -j2 all
	$(Q)tools/demo.sh

# The demo image, stopped at its first instruction: attach with
#   gdb build/hull.debug -ex 'target remote :1234'
gdb: all
	$(Q)cmd=$$($(B)/hull run examples/c-http -p 8080:80 --dry-run) && \
	    eval "$$cmd -s -S"

# Hull and Linux side by side; B=name for some of it (bench/run.py --help).
bench: all
	$(Q)bench/run.py $(BENCH)
