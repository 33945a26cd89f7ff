/* SPDX-License-Identifier: BSD-2-Clause */
/* Fault injection for tests; empty in the kernel that ships. */
#include "fault_priv.h"
