#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Writes docs/ABI.md, the coverage of Linux's system calls, from the one list
# (kernel/abi/syscalls_x86_64.def).
# usage: tools/gen-abi-doc.sh > docs/ABI.md
set -eu
cd "$(dirname "$0")/.."
list=kernel/abi/syscalls_x86_64.def
have=$(grep -c '^CALL(' $list)
miss=$(grep -c '^MISS(' $list)

cat <<HEAD
# System calls

Made by \`tools/gen-abi-doc.sh\` from \`$list\`; change that list and run
the script again.

Of Linux's $((have + miss)) calls (x86-64) Hull has $have. The other $miss return
ENOSYS and are logged by name the first time a program asks. Calls that exist but
can only say no, because there is one process: \`fork\`, \`vfork\`, \`clone\`
without \`CLONE_THREAD\`, \`execve\` and \`execveat\` return ENOSYS with one log
line; \`wait4\` and \`waitid\` return ECHILD. \`rseq\` returns ENOSYS, as the C
libraries expect of a kernel without it.

## Implemented

| nr | call | arguments | done in |
|---:|---|---|---|
HEAD
awk -F'[(,)]' '/^CALL\(/ {
    args = ""
    for (i = 6; i < NF; i++) {
        gsub(/ /, "", $i)
        args = args (args == "" ? "" : ", ") tolower($i)
    }
    gsub(/ /, "", $3); gsub(/ /, "", $4)
    printf "| %d | %s | %s | %s |\n", $2, $3, args, $4
}' $list
cat <<MID

## Not implemented (ENOSYS)

| nr | call |
|---:|---|
MID
awk -F'[(,)]' '/^MISS\(/ { gsub(/ /, "", $3); printf "| %d | %s |\n", $2, $3 }' \
    $list
