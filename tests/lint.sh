#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# usage: tests/lint.sh NAME COMMAND...   one check as one test line
name=$1
shift
if text=$("$@" 2>&1); then
    echo "PASS lint/$name"
else
    echo "FAIL lint/$name"
    echo "$text" | head -n 40 | sed 's/^/    /'
fi
