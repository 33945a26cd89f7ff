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
#define CACHE_KEPT_DIV      64      /* RAM / this: pages of files that running
                                     * out of memory does not drop */
#define DISKS_MAX           16
#define DISK_QUEUES_MAX     16u     /* of one disk */
#define NICS_MAX            8
#define CONSOLE_RX_BYTES    4096u   /* typed and not yet read */
#define NET_RX_BUFS_MAX     8192u   /* of one card, held by net included */
#define IRQ_LINES_MAX       32      /* wired interrupt lines in use */
#define PCI_BUSES_MAX       32      /* scanned behind bridges */
#define SOCKETS_MAX         131072  /* of every family */
#define SOMAXCONN           4096    /* listen's backlog is cut to it */
#define NET_RX_BATCH        64      /* frames taken under one net lock */
#define NET_COPYBREAK       256     /* shorter frames are copied at receive */
#define NET_TX_SEGMENTS_MAX 32      /* pieces of one frame */
#define NET_LOOPBACK_BATCH  4096    /* packets to ourselves in one go */
#define NET_TIME_WAIT_MAX   1024    /* the oldest beyond it are dropped */
#define NET_RX_MEMORY_DIV   4       /* received, unread bytes: RAM / this */
#define NET_SOCKBUF_MAX     (4u << 20) /* SO_SNDBUF and SO_RCVBUF */
#define NET_UDP_QUEUE_MAX   4096    /* datagrams in one socket */
#define NET_GROUPS_MAX      64      /* multicast groups of one socket */
#define UNIX_DGRAM_MAX      212992  /* bytes of one message */
#define UNIX_QUEUE_MAX      256     /* datagrams in one socket */
#define UNIX_INFLIGHT_MAX   4096    /* files in messages, all sockets */
#define NETLINK_QUEUE_MAX   64      /* answers in one socket */
#define LOG_BYTES           65536   /* the kernel's log ring */
#define WATCHES_MAX         8192    /* of one inotify */
#define WATCH_EVENTS_MAX    16384   /* queued in one inotify */
#define XATTR_BYTES_MAX     131072  /* names and values of one file */
#define PARTIALS_MAX        32      /* missing options that are told apart */
#define PROC_TEXT_MAX       (32u << 20) /* bytes of one generated file */
#define BOOT_STRINGS_MAX    4096    /* arguments, or variables, of the manifest */
#define STATS_SECONDS_MAX   86400   /* between lines of counters */
#define FILE_SIZE_MAX       (1ull << 62) /* bytes of a file in memory */
#define EROFS_DECODE_BYTES  (256u << 10) /* of one extent at once, if enough */
#define EROFS_PCLUSTER_MAX  (1u << 20)  /* bytes of one compressed cluster */
#define EROFS_EXTENT_MAX    (16u << 20) /* bytes it may expand to */
#define EROFS_COMPLAINTS_MAX 16     /* log lines about one corrupt image */
#define DIR_NEGATIVES_MAX   1024    /* absent names kept in one directory */

#define EARLY_SYNS_MAX      16      /* connections held until DHCP answers */

#endif
