/* SPDX-License-Identifier: BSD-2-Clause */
/* Says one line, as soon as it runs. */
#include <unistd.h>

int main(void)
{
    return write(1, "first output\n", 13) == 13 ? 0 : 1;
}
