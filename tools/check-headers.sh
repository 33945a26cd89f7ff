#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each header compiles alone: the kernel's with the kernel's flags, the tool's
# and the contracts with the host's. Prints each that does not; exit 1 if any.
set -u
bad=0
inc=$(gcc -print-file-name=include)
for h in $(git ls-files 'kernel/*.h' ':!kernel/arch/host/*' ':!kernel/net/lwip/*' ':!kernel/abi/vdso/*'); do
    gcc -std=gnu11 -Wall -Wextra -Wshadow -Werror -ffreestanding -nostdinc \
        -isystem "$inc" -mgeneral-regs-only -Iinclude -Ikernel/arch/x86 \
        -Ikernel -fsyntax-only -x c "$h" 2>&1 || bad=1
done
for h in $(git ls-files 'include/*.h' 'cli/*.h'); do
    gcc -std=gnu11 -Wall -Wextra -Wshadow -Werror -D_GNU_SOURCE -Iinclude \
        -Icli -fsyntax-only -x c "$h" 2>&1 || bad=1
done
exit $bad
