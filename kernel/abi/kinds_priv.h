/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of arguments in the list of system calls: KIND(name, C type).
 * From one line each come the handler's parameter type (KTYPE_x), the enum
 * that the tracer decodes by (KIND_x), and the prototypes of all handlers.
 */
#ifndef HULL_ABI_KINDS_PRIV_H
#define HULL_ABI_KINDS_PRIV_H

#include "abi.h"

#define SYSCALL_MAX 512     /* numbers beyond are refused unseen */

#define KIND_LIST(KIND) \
    KIND(INT, int) KIND(UINT, uint32_t) KIND(LONG, int64_t) \
    KIND(HEX, uint64_t) KIND(FD, int) KIND(DIRFD, int) \
    KIND(PTR, uaddr_t) KIND(ADDR, uaddr_t) KIND(PATH, uaddr_t) \
    KIND(BUF, uaddr_t) KIND(OUTBUF, uaddr_t) KIND(SIZE, uint64_t) \
    KIND(OFF, int64_t) KIND(WHENCE, int) KIND(MODE, uint32_t) \
    KIND(OFLAGS, int) KIND(PROT, uint64_t) KIND(MAPFLAGS, uint64_t) \
    KIND(ADVICE, int) KIND(SIG, int) KIND(SIGHOW, int) \
    KIND(SIGSET, uaddr_t) KIND(IOCTL, uint32_t) KIND(FCNTL, int) \
    KIND(FAMILY, int) KIND(SOCKTYPE, int) KIND(SOCKADDR, uaddr_t) \
    KIND(MSGFLAGS, uint32_t) KIND(CLONEFLAGS, uint64_t) \
    KIND(TIMESPEC, uaddr_t) KIND(CLOCK, int) KIND(FUTEXOP, int) \
    KIND(EPOLLOP, int) KIND(ATFLAGS, int)

#define KIND_ENUM(kind, type) KIND_##kind,
enum arg_kind { KIND_NONE, KIND_LIST(KIND_ENUM) };

#define KTYPE_INT int
#define KTYPE_UINT uint32_t
#define KTYPE_LONG int64_t
#define KTYPE_HEX uint64_t
#define KTYPE_FD int
#define KTYPE_DIRFD int
#define KTYPE_PTR uaddr_t
#define KTYPE_ADDR uaddr_t
#define KTYPE_PATH uaddr_t
#define KTYPE_BUF uaddr_t
#define KTYPE_OUTBUF uaddr_t
#define KTYPE_SIZE uint64_t
#define KTYPE_OFF int64_t
#define KTYPE_WHENCE int
#define KTYPE_MODE uint32_t
#define KTYPE_OFLAGS int
#define KTYPE_PROT uint64_t
#define KTYPE_MAPFLAGS uint64_t
#define KTYPE_ADVICE int
#define KTYPE_SIG int
#define KTYPE_SIGHOW int
#define KTYPE_SIGSET uaddr_t
#define KTYPE_IOCTL uint32_t
#define KTYPE_FCNTL int
#define KTYPE_FAMILY int
#define KTYPE_SOCKTYPE int
#define KTYPE_SOCKADDR uaddr_t
#define KTYPE_MSGFLAGS uint32_t
#define KTYPE_CLONEFLAGS uint64_t
#define KTYPE_TIMESPEC uaddr_t
#define KTYPE_CLOCK int
#define KTYPE_FUTEXOP int
#define KTYPE_EPOLLOP int
#define KTYPE_ATFLAGS int

/* Each type above is the one in KIND_LIST. */
#define KIND_CHECK(kind, type) \
    _Static_assert(__builtin_types_compatible_p(KTYPE_##kind, type), #kind);
KIND_LIST(KIND_CHECK)

#define PARAMS_0() void
#define PARAMS_1(a) KTYPE_##a
#define PARAMS_2(a, ...) KTYPE_##a, PARAMS_1(__VA_ARGS__)
#define PARAMS_3(a, ...) KTYPE_##a, PARAMS_2(__VA_ARGS__)
#define PARAMS_4(a, ...) KTYPE_##a, PARAMS_3(__VA_ARGS__)
#define PARAMS_5(a, ...) KTYPE_##a, PARAMS_4(__VA_ARGS__)
#define PARAMS_6(a, ...) KTYPE_##a, PARAMS_5(__VA_ARGS__)

#define ENUMS_0() KIND_NONE
#define ENUMS_1(a) KIND_##a
#define ENUMS_2(a, ...) KIND_##a, ENUMS_1(__VA_ARGS__)
#define ENUMS_3(a, ...) KIND_##a, ENUMS_2(__VA_ARGS__)
#define ENUMS_4(a, ...) KIND_##a, ENUMS_3(__VA_ARGS__)
#define ENUMS_5(a, ...) KIND_##a, ENUMS_4(__VA_ARGS__)
#define ENUMS_6(a, ...) KIND_##a, ENUMS_5(__VA_ARGS__)

/* The handlers' prototypes. A handler returns what the program sees: a value
 * or -Exxx; -ERESTARTSYS and -ERESTARTNOHAND ask for a restart. */
#define CALL(nr, name, room, n, ...) \
    long sys_##name(PARAMS_##n(__VA_ARGS__));
#define MISS(nr, name, room, n, ...)
#include "syscalls_x86_64.def"
#undef CALL
#undef MISS

struct call_desc {
    const char *name;
    uint8_t args;
    uint8_t kinds[6];
    bool missing;
};
extern const struct call_desc abi_call_descs[SYSCALL_MAX];

#endif
