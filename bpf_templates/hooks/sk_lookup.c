/* A packet looks for whoever listens. */
struct pd_lookup { /* struct bpf_sk_lookup, include/uapi/linux/bpf.h */
	u64 sk;
	u32 family;
	u32 protocol;
	u32 src_ip4; /* addresses and the far port in network byte order */
	u32 src_ip6[4];
	u16 src_port;
	u16 pad;
	u32 dst_ip4;
	u32 dst_ip6[4];
	u32 dst_port; /* host byte order */
	u32 interface;
};

#define PD_OF_LOOKUP(type, r, offset) PD_CONTEXT(type, (r)->ctx, offset)
#define PD_IN_LOOKUP(member) __builtin_offsetof(struct pd_lookup, member)

#define PD_LOOKUP_NUMBER(member)                                            \
	PD_INLINE u8 lookup_##member(struct run *r, u64 *out)               \
	{                                                                   \
		*out = PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(member));          \
		return PD_OK;                                               \
	}

PD_LOOKUP_NUMBER(family)
PD_LOOKUP_NUMBER(protocol)
PD_LOOKUP_NUMBER(dst_port)
PD_LOOKUP_NUMBER(interface)

PD_INLINE u8 lookup_src_port(struct run *r, u64 *out)
{
	*out = __builtin_bswap16(PD_OF_LOOKUP(u16, r, PD_IN_LOOKUP(src_port)));
	return PD_OK;
}

#define PD_LOOKUP_IP(name, ip4, ip6)                                                                     \
	PD_INLINE u8 name(struct run *r, struct pd_address *out)                                         \
	{                                                                                                \
		if (PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(family)) == 2) {                                   \
			pd_ip4(out, PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(ip4)));                            \
			return PD_OK;                                                                    \
		}                                                                                        \
		out->high = PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(ip6) + 4) << 32 |                          \
			    (u32) PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(ip6));                               \
		out->low = PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(ip6) + 12) << 32 |                          \
			   (u32) PD_OF_LOOKUP(u32, r, PD_IN_LOOKUP(ip6) + 8);                            \
		return PD_OK;                                                                            \
	}

PD_LOOKUP_IP(lookup_src_ip, src_ip4, src_ip6)
PD_LOOKUP_IP(lookup_dst_ip, dst_ip4, dst_ip6)

PD_INLINE int pd_finish(struct run *r)
{
	return r->s->verdict != PD_VERDICT_DROP; /* SK_PASS: the kernel looks on, also the neutral verdict; SK_DROP: nobody listens */
}
