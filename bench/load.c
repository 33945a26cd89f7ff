/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load generator for the host:
 *
 *   load HOST PORT CONNECTIONS SECONDS PIPELINE EXPECT < REQUEST
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static char request[65536];
    struct load_result r = { 0 };
    struct load l = { .request = request };

    if (argc != 7) {
        fprintf(stderr, "usage: load HOST PORT CONNECTIONS SECONDS PIPELINE "
                "EXPECT < REQUEST\n");
        return 2;
    }
    l.host = argv[1];
    l.port = (int)strtol(argv[2], NULL, 10);
    l.connections = (int)strtol(argv[3], NULL, 10);
    l.seconds = strtod(argv[4], NULL);
    l.pipeline = (int)strtol(argv[5], NULL, 10);
    l.expect = argv[6];
    l.request_len = fread(request, 1, sizeof(request), stdin);
    if (l.connections < 1 || l.pipeline < 1 || l.request_len == 0)
        return 2;
    if (load_run(&l, &r))
        return 1;
    load_print(&r);
    return 0;
}
