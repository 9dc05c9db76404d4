/* The headers of a packet, parsed once.  Reading goes through helpers that reach past the linear part (fragments, jumbo XDP
 * frames) and check every bound; a header that is not whole is absent. */
#define PD_HAS_ETH 1
#define PD_HAS_VLAN 2
#define PD_HAS_IP4 4
#define PD_HAS_IP6 8
#define PD_HAS_PORTS 16
#define PD_HAS_TCP 32
#define PD_HAS_UDP 64
#define PD_HAS_ICMP 128
#define PD_FRAGMENT 256
#define PD_HAS_TYPE 512
#define PD_HAS_TRANSPORT 1024

#define PD_EXTENSIONS 16 /* IPv6 extension headers that are followed: what comes after more of them is absent */

#define PD_SWAP16(value) __builtin_bswap16(value) /* both supported architectures are little endian */
#define PD_SWAP32(value) __builtin_bswap32(value)

struct pd_eth {
	u8 dst[6];
	u8 src[6];
	u16 type;
};

struct pd_tag {
	u16 control;
	u16 type;
};

struct pd_ip4 {
	u8 version_length;
	u8 service;
	u16 length;
	u16 id;
	u16 fragment;
	u8 ttl;
	u8 protocol;
	u16 checksum;
	u32 src;
	u32 dst;
};

struct pd_ip6 {
	u32 version_class_label;
	u16 length;
	u8 next;
	u8 hops;
	u64 src[2];
	u64 dst[2];
};

struct pd_tcp {
	u16 src_port;
	u16 dst_port;
	u32 seq;
	u32 ack;
	u8 offset;
	u8 flags;
	u16 window;
	u16 checksum;
	u16 urgent;
};

struct pd_udp {
	u16 src_port;
	u16 dst_port;
	u16 length;
	u16 checksum;
};

struct pd_packet {
	struct pd_address src;
	struct pd_address dst;
	u32 has;
	u32 length;
	u32 interface;
	u32 tcp_seq;
	u32 tcp_ack;
	u32 flow_label;
	u32 cursor;
	u32 end; /* from the IP header on: no header of what is in the packet reaches beyond */
	u32 fragment_id;
	u16 eth_type;
	u16 vlan;
	u16 src_port;
	u16 dst_port;
	u16 id;
	u16 ip_length;
	u16 window;
	u16 udp_length;
	u16 fragment; /* the offset in bytes, and 1 if more come */
	u8 protocol;
	u8 ttl;
	u8 service;
	u8 tcp_flags;
	u8 icmp_type;
	u8 icmp_code;
	u8 eth_src[6];
	u8 eth_dst[6];
};

/* Keeps a number where the verifier forgets what it knows of it: the paths that led to it become one from here on. */
PD_INLINE u32 pd_any(struct pd_packet *p, u32 offset)
{
	*(volatile u32 *) &p->cursor = offset;
	return *(volatile u32 *) &p->cursor;
}
