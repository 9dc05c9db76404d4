/* Events of TCP connections: they see, and cannot decide. */
struct pd_connection { /* struct bpf_sock_ops, include/uapi/linux/bpf.h */
	u32 event;
	u32 args[4];
	u32 family;
	u32 dst_ip4; /* addresses and the far port in network byte order */
	u32 src_ip4;
	u32 dst_ip6[4];
	u32 src_ip6[4];
	u32 dst_port;
	u32 src_port; /* host byte order */
	u32 is_whole;
	u32 snd_cwnd;
	u32 srtt; /* microseconds, times 8 */
	u32 callbacks;
	u32 state;
	u32 rtt_min; /* microseconds */
	u32 snd_ssthresh;
	u32 rcv_nxt;
	u32 snd_nxt;
	u32 snd_una;
	u32 mss;
	u32 ecn_flags;
	u32 rate_delivered;
	u32 rate_interval;
	u32 packets_out;
	u32 retrans_out;
	u32 retransmits;
	u32 segments_in;
	u32 data_segments_in;
	u32 segments_out;
	u32 data_segments_out;
	u32 lost_out;
	u32 sacked_out;
	u32 txhash;
	u64 bytes_received;
	u64 bytes_acked;
};

#define PD_OF_CONNECTION(type, r, offset) PD_CONTEXT(type, (r)->ctx, offset)
#define PD_IN_CONNECTION(member) __builtin_offsetof(struct pd_connection, member)

PD_INLINE u8 connection_family(struct run *r, u64 *out)
{
	*out = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(family));
	return PD_OK;
}

#define PD_CONNECTION_IP(name, ip4, ip6)                                                                         \
	PD_INLINE u8 name(struct run *r, struct pd_address *out)                                                 \
	{                                                                                                        \
		if (PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(family)) == 2) {                                   \
			pd_ip4(out, PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(ip4)));                            \
			return PD_OK;                                                                            \
		}                                                                                                \
		out->high = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(ip6) + 4) << 32 |                          \
			    (u32) PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(ip6));                               \
		out->low = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(ip6) + 12) << 32 |                          \
			   (u32) PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(ip6) + 8);                            \
		return PD_OK;                                                                                    \
	}

PD_CONNECTION_IP(connection_src_ip, src_ip4, src_ip6)
PD_CONNECTION_IP(connection_dst_ip, dst_ip4, dst_ip6)

PD_INLINE u8 connection_src_port(struct run *r, u64 *out)
{
	*out = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(src_port));
	return PD_OK;
}

/* The kernel shifts the two bytes up, so that all four can be swapped. */
PD_INLINE u8 connection_dst_port(struct run *r, u64 *out)
{
	*out = __builtin_bswap32(PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(dst_port)));
	return PD_OK;
}

PD_INLINE u8 connection_state(struct run *r, u64 *out)
{
	*out = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(state));
	return PD_OK;
}

PD_INLINE u8 connection_srtt(struct run *r, u64 *out)
{
	*out = (u64) (u32) PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(srtt)) * 125; /* ns */
	return *out ? PD_OK : PD_ABSENT;
}

PD_INLINE u8 connection_rtt_min(struct run *r, u64 *out)
{
	u32 microseconds = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(rtt_min));

	*out = (u64) microseconds * 1000;
	return microseconds && microseconds != (u32) -1 ? PD_OK : PD_ABSENT;
}

#define PD_CONNECTION_NUMBER(type, member)                                                  \
	PD_INLINE u8 connection_##member(struct run *r, u64 *out)                           \
	{                                                                                   \
		*out = PD_OF_CONNECTION(type, r, PD_IN_CONNECTION(member));                 \
		return PD_OK;                                                               \
	}

PD_CONNECTION_NUMBER(u32, snd_cwnd)
PD_CONNECTION_NUMBER(u32, mss)
PD_CONNECTION_NUMBER(u32, retransmits)
PD_CONNECTION_NUMBER(u32, segments_out)
PD_CONNECTION_NUMBER(u32, segments_in)
PD_CONNECTION_NUMBER(u64, bytes_acked)
PD_CONNECTION_NUMBER(u64, bytes_received)

PD_INLINE int pd_finish(struct run *r)
{
#if PD_CALLBACKS
	u32 event = PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(event));

	/* a socket connects, listens or is established: have the kernel call for more, and leave what others have asked for */
	if (event == 3 || event == 4 || event == 5 || event == 11)
		pd_want_callbacks(r->ctx, PD_OF_CONNECTION(u32, r, PD_IN_CONNECTION(callbacks)) | PD_CALLBACKS);
#endif
	return 1;
}
