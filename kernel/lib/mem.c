/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions that the compiler may call by name, and C's strings. The
 * host build takes them from the C library instead of this file.
 */
#include "lib.h"

size_t mem_string_from = 512;

static inline uint64_t load(const unsigned char *p)
{
    uint64_t word;

    __builtin_memcpy(&word, p, 8);
    return word;
}

static inline void store(unsigned char *p, uint64_t word)
{
    __builtin_memcpy(p, &word, 8);
}

/* The last word of 8 bytes or more may overlap the one before; it is loaded
 * first, so that d may lie within what is copied, below s. */
static void copy_forwards(unsigned char *d, const unsigned char *s, size_t n)
{
    bool words = n >= 8;
    uint64_t last = words ? load(s + n - 8) : 0;

    for (; n >= 64; n -= 64, d += 64, s += 64) {
        store(d, load(s));
        store(d + 8, load(s + 8));
        store(d + 16, load(s + 16));
        store(d + 24, load(s + 24));
        store(d + 32, load(s + 32));
        store(d + 40, load(s + 40));
        store(d + 48, load(s + 48));
        store(d + 56, load(s + 56));
    }
    for (; n > 8; n -= 8, d += 8, s += 8)
        store(d, load(s));
    if (words)
        store(d + n - 8, last);
    else
        for (; n > 0; n--)
            *d++ = *s++;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    void *d = dst;
    size_t words = n / 8;

    if (n < mem_string_from) {
        copy_forwards(dst, src, n);
        return dst;
    }
    __asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words)
                     : : "memory");
    n &= 7;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
    return dst;
}

static void copy_backwards(unsigned char *d, const unsigned char *s, size_t n)
{
    while (n >= 8) {
        n -= 8;
        store(d + n, load(s + n));
    }
    while (n > 0) {
        n--;
        d[n] = s[n];
    }
}

void *memmove(void *dst, const void *src, size_t n)
{
    uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;

    if (d - s >= n)
        return memcpy(dst, src, n);
    copy_backwards(dst, src, n);
    return dst;
}

static void fill(unsigned char *d, uint64_t word, size_t n)
{
    bool words = n >= 8;

    for (; n >= 64; n -= 64, d += 64) {
        store(d, word);
        store(d + 8, word);
        store(d + 16, word);
        store(d + 24, word);
        store(d + 32, word);
        store(d + 40, word);
        store(d + 48, word);
        store(d + 56, word);
    }
    for (; n > 8; n -= 8, d += 8)
        store(d, word);
    if (words)
        store(d + n - 8, word);
    else
        for (; n > 0; n--)
            *d++ = (unsigned char)word;
}

void *memset(void *dst, int c, size_t n)
{
    uint64_t word = 0x0101010101010101ull * (unsigned char)c;
    void *d = dst;
    size_t words = n / 8;

    if (n < mem_string_from) {
        fill(dst, word, n);
        return dst;
    }
    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(word)
                     : "memory");
    n &= 7;
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(word) : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n > 0; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const unsigned char *p = s;

    for (; n > 0; n--, p++)
        if (*p == (unsigned char)c)
            return (void *)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (!*s)
            return (char *)last;
    }
}
