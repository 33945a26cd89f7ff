# SPDX-License-Identifier: BSD-2-Clause
# net's third part: lwIP, from the pinned Debian source package, built with
# our own options (kernel/net/lwip/lwipopts.h). Left out of it: memp.c, mem.c,
# timeouts.c and dns.c, whose work kernel/net/port.c and config.c do.
LWIP_VERSION := 2.1.3+dfsg1-2
LWIP_SHA256  := 0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24 \
                c5a48413d362cc757032cdd58f528f75eb64ee781ca46ca24f010b49b0e62a90
LWIP_DIR     := $(B)/third/lwip-$(LWIP_VERSION)
LWIP_STAMP   := $(LWIP_DIR)/.pinned

LWIP_CORE := def inet_chksum init ip netif pbuf stats sys tcp tcp_in tcp_out \
             udp ipv4/dhcp ipv4/etharp ipv4/icmp ipv4/igmp ipv4/ip4 \
             ipv4/ip4_addr ipv4/ip4_frag ipv6/ethip6 ipv6/icmp6 ipv6/inet6 \
             ipv6/ip6 ipv6/ip6_addr ipv6/ip6_frag ipv6/mld6 ipv6/nd6
LWIP_SRCS := $(LWIP_CORE:%=$(LWIP_DIR)/src/core/%.c) \
             $(LWIP_DIR)/src/netif/ethernet.c
LWIP_OBJS := $(LWIP_SRCS:$(LWIP_DIR)/src/%.c=$(B)/kernel/net/lwip/%.o)
LWIP_INC  := -isystem kernel/net/lwip/compat -isystem kernel/net/lwip \
             -isystem $(LWIP_DIR)/src/include

KTHIRD += $(LWIP_OBJS)

$(LWIP_STAMP): kernel/net/room.mk tools/fetch-source.sh
	$(Q)tools/fetch-source.sh lwip $(LWIP_VERSION) $(LWIP_SHA256)
	$(Q)touch $@

$(LWIP_SRCS): | $(LWIP_STAMP)

# What runs once a second or less is built for size.
LWIP_COLD := init netif stats sys ipv4/dhcp ipv4/etharp ipv4/icmp ipv4/igmp \
             ipv4/ip4_frag ipv6/icmp6 ipv6/ip6_frag ipv6/mld6 ipv6/nd6 \
             ipv4/ip4_addr ipv6/ip6_addr
$(LWIP_COLD:%=$(B)/kernel/net/lwip/core/%.o): LWIP_OPT := -Os

# The way from IP to TCP leads through kernel/net/tcp_demux.c.
$(foreach t,$(B)/kernel $(B)/host/kernel,$(patsubst %,$(t)/net/lwip/core/%.o, \
    ipv4/ip4 ipv6/ip6)): LWIP_DEF := -Dtcp_input=net__tcp_input

$(LWIP_OBJS): $(B)/kernel/net/lwip/%.o: $(LWIP_STAMP) \
		kernel/net/lwip/lwipopts.h kernel/net/lwip/arch/cc.h \
		kernel/net/lwip/lwip/priv/tcp_priv.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(LWIP_OPT) $(LWIP_DEF) $(LWIP_INC) -Wall -Wno-address \
		-Wno-unused -Ikernel/lib \
		-fmacro-prefix-map=$(LWIP_DIR)/src/= -c $(LWIP_DIR)/src/$*.c -o $@

# Names, options and texts are cold too; what moves data stays at -O2.
NET_COLD := config ifioctl inet inet_opt netlink proc sockopt tcp_opt \
            tcp_listen unix_name
$(NET_COLD:%=$(B)/kernel/net/%.o): KFLAGS += -Os

# Our own files see lwIP's headers as a system's: no warnings of theirs.
$(B)/kernel/net/%.o: KFLAGS += $(LWIP_INC)
$(patsubst kernel/%.c,$(B)/kernel/%.o,$(wildcard kernel/net/*.c)): \
	| $(LWIP_STAMP)
