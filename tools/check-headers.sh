#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each header compiles alone (arch_inline.h is the inside of arch.h): the kernel's with the kernel's flags, the tool's
# and the contracts with the host's. Prints each that does not; exit 1 if any.
set -u
bad=0
inc=$(gcc -print-file-name=include)
lwip="-isystem kernel/net/lwip/compat -isystem kernel/net/lwip"
for d in build/third/lwip-*/src/include; do lwip="$lwip -isystem $d"; done
for h in $(git ls-files 'kernel/*.h' ':!kernel/arch/host/*' ':!*/arch_inline.h' ':!kernel/net/lwip/*' ':!kernel/abi/vdso/*'); do
    gcc -std=gnu11 -Wall -Wextra -Wshadow -Werror -ffreestanding -nostdinc \
        -isystem "$inc" -mgeneral-regs-only -Iinclude -Ikernel/arch/x86 \
        -Ikernel $lwip -fsyntax-only -x c "$h" 2>&1 || bad=1
done
for h in $(git ls-files 'include/*.h' 'cli/*.h'); do
    gcc -std=gnu11 -Wall -Wextra -Wshadow -Werror -D_GNU_SOURCE -Iinclude \
        -Icli -fsyntax-only -x c "$h" 2>&1 || bad=1
done
exit $bad
