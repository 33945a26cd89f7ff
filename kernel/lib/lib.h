/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ground every room stands on: types, errors, strings, formatting, the
 * log, assertions. No state but the log; nothing here blocks or allocates.
 */
#ifndef HULL_LIB_H
#define HULL_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../limits.h"
#include "errno.h"

/* Numbers that must not mix. */
typedef uint64_t paddr_t;   /* physical address */
typedef uint64_t uaddr_t;   /* an address in the program's half */
typedef uint64_t nsec_t;    /* nanoseconds, of a clock or a duration */
typedef int64_t  ssize_t;
typedef int64_t  off_t;

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull
#define NSEC_FOREVER  UINT64_MAX    /* as a deadline: none */

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define HUGE_SHIFT 21
#define HUGE_SIZE  (1ull << HUGE_SHIFT)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)   (((x) + ((a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)
#define MIN(a, b) ({ __typeof__(a) min_a_ = (a); __typeof__(b) min_b_ = (b); \
                     min_a_ < min_b_ ? min_a_ : min_b_; })
#define MAX(a, b) ({ __typeof__(a) max_a_ = (a); __typeof__(b) max_b_ = (b); \
                     max_a_ > max_b_ ? max_a_ : max_b_; })
#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __printf_like(f, a) __attribute__((format(printf, f, a)))
#define __noreturn __attribute__((noreturn))
#define __must_check __attribute__((warn_unused_result))
#define __unused __attribute__((unused))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))

/* A pointer that may be an error, as one value: -4095..-1 are errors. */
static inline void *ERR_PTR(long err) { return (void *)err; }
static inline long PTR_ERR(const void *p) { return (long)p; }
static inline bool IS_ERR(const void *p)
{
    return (unsigned long)p >= (unsigned long)-4095l;
}

/* --- strings (lib/string.c); the mem* ones as in C --- */
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
/* From how many bytes on copying and filling use the CPU's string
 * instructions; arch sets it at start-up where those are slow. */
extern size_t mem_string_from;
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copies at most size-1 bytes and always terminates (size > 0). Returns the
 * length of src; >= size means it was cut. */
size_t strlcpy(char *dst, const char *src, size_t size);
bool str_starts(const char *s, const char *prefix);

/* Parses an unsigned number that fills all of s: decimal, or hexadecimal
 * after 0x, with an optional K, M or G (powers of 1024). 0 or -EINVAL,
 * -ERANGE; *out is set only on 0. */
int str_to_u64(const char *s, uint64_t *out);

/* --- formatting (lib/format.c) ---
 * %d %i %u %x %X %o %c %s %p %% with flags "-0 +#", width, precision (also
 * as *), lengths hh h l ll z t j. No floating point. Returns the length
 * the full text has; the output is cut and terminated (size > 0). */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
    __printf_like(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...)
    __printf_like(3, 4);
/* As snprintf, but returns what is in buf without the NUL (0..size-1). */
int scnprintf(char *buf, size_t size, const char *fmt, ...)
    __printf_like(3, 4);

/* --- CRC-32, IEEE 802.3 reflected; start with crc = 0, chain results --- */
uint32_t crc32(uint32_t crc, const void *data, size_t n);

/* --- the log (lib/log.c) ---
 * Every line starts with LOG_PREFIX, which tells it from the program's output
 * on a shared console, and goes to a ring of LOG_BYTES and, up to the console
 * level, to the sink. Callable from any context, also with interrupts off;
 * takes only its own spin lock, and none after log_panic_begin. */
#define LOG_PREFIX "hull: "
enum log_level { LOG_ERR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

void log_printf(enum log_level level, const char *fmt, ...)
    __printf_like(2, 3);
void log_vprintf(enum log_level level, const char *fmt, va_list ap)
    __printf_like(2, 0);
#define log_err(...)   log_printf(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_printf(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_printf(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_printf(LOG_DEBUG, __VA_ARGS__)

/* Where lines go; called with interrupts off, must not block or log. */
typedef void log_sink_fn(const char *text, size_t n);
void log_sink_set(log_sink_fn *sink);
void log_level_set(int level);      /* lines above it stay in the ring */
int log_level_get(void);
/* Copies the newest bytes of the ring, oldest first; returns how many. */
size_t log_ring_read(char *buf, size_t size);
/* From now on only this CPU logs, without locks. For panic only. */
void log_panic_begin(void);

/* --- assertions and panic (lib/assert.c) ---
 * For our own bugs only (STYLE 15). arch installs the panic body. */
__noreturn void panic(const char *fmt, ...) __printf_like(1, 2);
__noreturn void assert_failed(const char *expr, const char *file, int line);
#define ASSERT(e) \
    (likely(e) ? (void)0 : assert_failed(#e, __FILE__, __LINE__))
#define UNREACHABLE() panic("unreachable: %s:%d", __FILE__, __LINE__)

/* Called by panic() with the formatted message: prints registers, backtrace,
 * and ends the machine. Set once by arch. */
typedef void panic_body_fn(const char *message);
void panic_body_set(panic_body_fn *body);

/* --- fault injection (lib/fault.c) ---
 * Tests make the n-th call of a kind fail; 0 turns it off. Each allocator or
 * I/O path asks fault_should_fail() once per attempt. Compiled to false in
 * the kernel that ships. */
enum fault_kind { FAULT_ALLOC, FAULT_BLOCK, FAULT_NET, FAULT_KINDS };
#ifdef HULL_FAULT_INJECTION
void fault_arm(enum fault_kind kind, unsigned nth);
bool fault_should_fail(enum fault_kind kind);
unsigned fault_calls(enum fault_kind kind);     /* seen since fault_arm */
#else
static inline bool fault_should_fail(enum fault_kind kind)
{
    (void)kind;
    return false;
}
#endif

/* --- 64-bit hashing of integers, for tables --- */
static inline uint64_t hash_u64(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    x ^= x >> 32;
    return x;
}

#endif
