/* SPDX-License-Identifier: BSD-2-Clause */
/* Panic's front door; arch provides the body. */
#include "lib.h"

static panic_body_fn *body;

void panic_body_set(panic_body_fn *fn)
{
    body = fn;
}

void panic(const char *fmt, ...)
{
    static char message[512];
    va_list ap;

    log_panic_begin();
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (body)
        body(message);
    log_err("panic: %s", message);
    for (;;)
        __builtin_ia32_pause();
}

void assert_failed(const char *expr, const char *file, int line)
{
    panic("%s:%d: assertion failed: %s", file, line, expr);
}

/* -fstack-protector: the guard and its alarm. The guard is set at boot, from
 * hardware randomness, by code that is itself built without the protector. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda766ull;
__noreturn void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    panic("stack smashing detected, caller %p", __builtin_return_address(0));
}
