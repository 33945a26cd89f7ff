/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the address sanitizer, where it is built in, of a change of stacks. */
#ifndef HULL_FIBER_PRIV_H
#define HULL_FIBER_PRIV_H

#include <stddef.h>

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_start_switch_fiber(void **save, const void *bottom,
                                    size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **bottom,
                                     size_t *size);
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) ((void)(bottom))
#define __sanitizer_finish_switch_fiber(save, bottom, size) ((void)(bottom))
#endif

#endif
