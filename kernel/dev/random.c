/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Randomness (K10): one ChaCha20 key that every use replaces.
 *
 * A request takes 64 bytes of key stream under a short lock: half becomes the
 * next key, so that what was given out cannot be computed later from memory;
 * the other half is the answer, or the key of the answer when more is wanted.
 * Seeds are folded into the key. It never blocks; without a real source the
 * key comes from timing alone, random_seeded() says so, and a warning is
 * logged.
 */
#include "dev_priv.h"

#define RESEED_AFTER (300 * NSEC_PER_SEC)
#define SOURCE_WAIT  (NSEC_PER_SEC / 2)

static struct spinlock lock;
static uint32_t key[8];         /* [lock] */
static uint64_t blocks;         /* [lock] the nonce: no state repeats */
static bool seeded;             /* [a] */
static struct waitq seeded_wait = WAITQ_INIT(seeded_wait);
static nsec_t seeded_at;        /* [lock] */
static void (*source_ask)(void);    /* [a] */

/* Makes 64 bytes from `k` and a counter. */
static void stream(const uint32_t k[8], uint64_t counter, uint32_t out[16])
{
    uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

    memcpy(in + 4, k, 32);
    in[12] = counter;
    in[13] = counter >> 32;
    chacha20__block(out, in);
}

/* The key becomes one half of its own stream; the other half is returned. */
static void step_locked(uint32_t out[8])
{
    uint32_t block[16];

    ASSERT(spin_held(&lock));
    stream(key, blocks++, block);
    memcpy(key, block, 32);
    memcpy(out, block + 8, 32);
}

static void wipe(void *p, size_t n)
{
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory");     /* not a dead store */
}

void random_add(const void *seed, size_t n)
{
    const uint8_t *p = seed;
    uint32_t chunk[8], out[8];
    uint64_t flags = spin_lock_irqsave(&lock);
    size_t part;
    unsigned i;

    do {
        part = MIN(n, sizeof(chunk));
        memset(chunk, 0, sizeof(chunk));
        memcpy(chunk, p, part);
        /* When it arrived is worth mixing, too. */
        chunk[7] ^= (uint32_t)arch_cycles();
        for (i = 0; i < 8; i++)
            key[i] ^= chunk[i];
        step_locked(out);
        p += part;
        n -= part;
    } while (n);
    spin_unlock_irqrestore(&lock, flags);
    wipe(chunk, sizeof(chunk));
    wipe(out, sizeof(out));
}

void random__seeded(void)
{
    uint64_t flags = spin_lock_irqsave(&lock);

    seeded_at = arch_clock();
    spin_unlock_irqrestore(&lock, flags);
    __atomic_store_n(&seeded, true, __ATOMIC_RELEASE);
    waitq_wake_all(&seeded_wait);
}

static bool hardware_add(void)
{
    uint64_t words[4];
    unsigned i;

    for (i = 0; i < ARRAY_LEN(words); i++)
        if (!arch_random_u64(&words[i]))
            return false;
    random_add(words, sizeof(words));
    wipe(words, sizeof(words));
    return true;
}

void random_init(void)
{
    uint64_t timing[4] = { arch_cycles(), arch_clock(),
                           boot_info.wall_at_boot, (uintptr_t)&timing };

    random_add(timing, sizeof(timing));
    if (hardware_add())
        random__seeded();
    /* No RDRAND: an entropy device that was asked may answer soon. */
    else if (__atomic_load_n(&source_ask, __ATOMIC_ACQUIRE))
        waitq_wait(&seeded_wait, random_seeded(),
                   clock_monotonic() + SOURCE_WAIT, 0);
    if (!random_seeded())
        log_warn("random numbers come from timing alone: there is neither "
                 "RDRAND nor a virtio entropy device");
}

bool random_seeded(void)
{
    return __atomic_load_n(&seeded, __ATOMIC_ACQUIRE);
}

void random__source_set(void (*ask)(void))
{
    __atomic_store_n(&source_ask, ask, __ATOMIC_RELEASE);
    ask();
}

/* Sources are asked again from time to time, by whoever needs bytes then. */
static void reseed(void)
{
    void (*ask)(void) = __atomic_load_n(&source_ask, __ATOMIC_ACQUIRE);

    if (hardware_add())
        random__seeded();
    if (ask)
        ask();
}

void random_bytes(void *buf, size_t n)
{
    uint32_t first[8], block[16];
    uint64_t flags, counter = 0;
    nsec_t now = arch_clock();
    uint8_t *p = buf;
    size_t part;
    bool stale;

    flags = spin_lock_irqsave(&lock);
    stale = now - seeded_at > RESEED_AFTER && now > seeded_at;
    if (stale)
        seeded_at = now;
    spin_unlock_irqrestore(&lock, flags);
    if (stale)
        reseed();
    flags = spin_lock_irqsave(&lock);
    step_locked(first);
    spin_unlock_irqrestore(&lock, flags);
    if (n <= sizeof(first)) {
        memcpy(buf, first, n);
        wipe(first, sizeof(first));
        return;
    }
    while (n) {
        stream(first, counter++, block);
        part = MIN(n, sizeof(block));
        memcpy(p, block, part);
        p += part;
        n -= part;
    }
    wipe(first, sizeof(first));
    wipe(block, sizeof(block));
}
