/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load generator: connections that each send a request, wait for the whole
 * answer, and send it again. All connections are open, and each has been
 * answered once, before the clock starts: QEMU's forwarding has a backlog of
 * one, so that a burst of connects would measure retransmission.
 *
 * An answer is whole by its length, which must always be that of the first.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct load {
    const char *host;
    int port;
    int connections;
    double seconds;
    int pipeline;               /* requests sent at once */
    const char *request;
    size_t request_len;
    const char *expect;         /* what an answer begins with */
};

struct load_result {
    uint64_t requests;
    double seconds;
    double p50_us, p99_us, max_us;  /* of a batch of `pipeline` requests */
};

/* Blocks for the time of the load. 0, or -1 after a message on stderr. */
int load_run(const struct load *l, struct load_result *r);

/* "requests N rate R p50 US p99 US max US" on stdout. */
void load_print(const struct load_result *r);

#endif
