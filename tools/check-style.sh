#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The rules that a script can hold: no function over 70 lines (a pure table or
# switch says "long: table" on the line before its opening brace's function),
# the SPDX line first, no #if in .c files, no tabs for indentation.
# usage: tools/check-style.sh [FILE...]; prints each breach, exit 1 if any.
set -u
[ $# -gt 0 ] || set -- $(git ls-files '*.c' '*.h')
awk '
function say(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
FNR == 1 { start = 0; waived = 0
           if ($0 !~ /SPDX-License-Identifier: BSD-2-Clause/) say("no SPDX line") }
/long: table/ { waived = FNR }
/^\{/ { start = FNR }
/^\}/ { if (start && FNR - start - 1 > 70 && !(waived && start - waived < 8))
            say("a function of " (FNR - start - 1) " lines (70 at most)")
        start = 0 }
/^\t/ && FILENAME !~ /\.(mk|S)$/ { say("a tab") }
/^[ ]*#[ ]*(if|ifdef|ifndef)/ && FILENAME ~ /\.c$/ { say("#if in a .c file") }
END { exit bad }
' "$@"
