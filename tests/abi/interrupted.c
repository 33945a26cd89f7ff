/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer's signals fall everywhere around the SYSCALL instruction, before
 * and behind it too: the call happens once, its registers and the red zone
 * below the stack stay, and the handler sees an address of the program.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGNALS 400
#define CALLS_MAX 200000000l

static volatile sig_atomic_t signals, strange;

static void on_alarm(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    (void)sig;
    (void)info;
    if ((uint64_t)uc->uc_mcontext.gregs[REG_RIP] >> 47 ||
        (uint64_t)uc->uc_mcontext.gregs[REG_RSP] >> 47)
        strange++;
    signals++;
}

/* write(fd, "x", 1) with a value in every register it must keep. */
static bool call(int fd)
{
    long result = SYS_write;
    bool good;
    static const char byte[] = "x";

    __asm__ volatile(
        "movq $0x1234567, -120(%%rsp)\n\t"
        "movl $0x11, %%ebx\n\t"
        "movl $0x22, %%r8d\n\t"
        "movl $0x33, %%r9d\n\t"
        "movl $0x44, %%r10d\n\t"
        "movl $0x55, %%r12d\n\t"
        "movl $0x66, %%r15d\n\t"
        "stc\n\t"
        "syscall\n\t"
        "setc %1\n\t"
        "cmpq $0x1234567, -120(%%rsp)\n\t"
        "jne 1f\n\t"
        "cmpl $0x11, %%ebx\n\t"
        "jne 1f\n\t"
        "cmpl $0x22, %%r8d\n\t"
        "jne 1f\n\t"
        "cmpl $0x33, %%r9d\n\t"
        "jne 1f\n\t"
        "cmpl $0x44, %%r10d\n\t"
        "jne 1f\n\t"
        "cmpl $0x55, %%r12d\n\t"
        "jne 1f\n\t"
        "cmpl $0x66, %%r15d\n\t"
        "je 2f\n"
        "1: movb $0, %1\n"
        "2:"
        : "+a"(result), "=&r"(good)
        : "D"((long)fd), "S"(byte), "d"(1l)
        : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r15", "cc",
          "memory");
    return good && result == 1;
}

int main(void)
{
    struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { 0 };
    struct sigaction sa = { .sa_sigaction = on_alarm,
                            .sa_flags = SA_SIGINFO | SA_RESTART };
    char out[4096];
    long calls = 0, bad = 0, seen = 0;
    int ends[2];
    ssize_t n;

    if (pipe(ends))
        return 1;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (signals < SIGNALS && calls < CALLS_MAX) {
        bad += !call(ends[1]);
        if (++calls % sizeof(out) == 0) {
            n = read(ends[0], out, sizeof(out));
            seen += n > 0 ? n : 0;
        }
    }
    setitimer(ITIMER_REAL, &never, NULL);
    close(ends[1]);
    while ((n = read(ends[0], out, sizeof(out))) > 0)
        seen += n;
    printf("signals: %s\n", signals >= SIGNALS ? "enough" : "too few");
    printf("calls that went wrong: %ld\n", bad);
    printf("written once each: %s\n", seen == calls ? "yes" : "no");
    printf("strange addresses: %d\n", (int)strange);
    return 0;
}
