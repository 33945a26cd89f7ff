/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every bound of the kernel, in one place. Hitting one is an error to the
 * caller and is counted or logged there; none of them is silent.
 */
#ifndef HULL_LIMITS_H
#define HULL_LIMITS_H

#define CPUS_MAX            64      /* per-CPU areas, bits in a cpu_mask */
#define THREADS_MAX         32768   /* of all kinds */
#define DEAD_THREADS_MAX    64      /* waiting for the reaper */
#define KSTACK_SIZE         16384   /* a thread's kernel stack, bytes */
#define PATH_MAX            4096    /* with the terminating NUL */
#define NAME_MAX            255     /* one component, without NUL */
#define SYMLINKS_MAX        40      /* followed in one walk */
#define FDS_MAX             1048576 /* RLIMIT_NOFILE's hard ceiling */
#define IOV_MAX             1024    /* segments of one readv/writev */
#define VMAS_MAX            262144  /* mappings of one address space */
#define ARG_BYTES_MAX       (1u << 20) /* argv + envp of one program */
#define CMDLINE_MAX         4096    /* boot command line, with NUL */
#define DEVICES_MAX         64      /* devices of one bus */
#define MEMMAP_MAX          128     /* ranges of the boot memory map */
#define PIPE_BYTES          65536   /* a pipe holds at first */
#define PIPE_BYTES_MAX      1048576 /* F_SETPIPE_SZ's ceiling */
#define EPOLL_NEST_MAX      4       /* epoll sets inside epoll sets */
#define SIGQUEUE_MAX        1024    /* queued realtime signals a process */
#define VIRTIO_QUEUES_MAX   34u     /* of one device */
#define VIRTQ_SIZE_MAX      256u    /* entries of one queue */
#define VIRTQ_TABLES        32u     /* indirect tables of one queue */
#define VIRTQ_TABLE_LEN     20u     /* descriptors in one of them */
#define DISKS_MAX           16
#define DISK_QUEUES_MAX     16u     /* of one disk */
#define NICS_MAX            8
#define CONSOLE_RX_BYTES    4096u   /* typed and not yet read */
#define NET_RX_BUFS_MAX     8192u   /* of one card, held by net included */
#define IRQ_LINES_MAX       32      /* wired interrupt lines in use */
#define PCI_BUSES_MAX       32      /* scanned behind bridges */
#define LOG_BYTES           65536   /* the kernel's log ring */
#define BOOT_STRINGS_MAX    4096    /* arguments, or variables, of the manifest */
#define FILE_SIZE_MAX       (1ull << 62) /* bytes of a file in memory */
#define EROFS_DECODE_BYTES  (256u << 10) /* of one extent at once, if enough */
#define EROFS_PCLUSTER_MAX  (1u << 20)  /* bytes of one compressed cluster */
#define EROFS_EXTENT_MAX    (16u << 20) /* bytes it may expand to */
#define EROFS_COMPLAINTS_MAX 16     /* log lines about one corrupt image */
#define DIR_NEGATIVES_MAX   1024    /* absent names kept in one directory */

#endif
