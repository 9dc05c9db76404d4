/* Fields of a socket as it is made, bound and closed.  Only a bound one's address may be read, and only that of its family. */
struct pd_sock { /* struct bpf_sock, include/uapi/linux/bpf.h */
	u32 bound_dev_if;
	u32 family;
	u32 type;
	u32 protocol;
	u32 mark;
	u32 priority;
	u32 src_ip4;
	u32 src_ip6[4];
	u32 src_port; /* host byte order */
};

#define PD_OF_SOCKET(r, offset) PD_CONTEXT(u32, (r)->ctx, offset)

PD_INLINE u8 socket_family(struct run *r, u64 *out)
{
	*out = PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, family));
	return PD_OK;
}

PD_INLINE u8 socket_type(struct run *r, u64 *out)
{
	*out = PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, type));
	return PD_OK;
}

PD_INLINE u8 socket_protocol(struct run *r, u64 *out)
{
	*out = PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, protocol));
	return PD_OK;
}

PD_INLINE u8 socket_src_port(struct run *r, u64 *out)
{
	*out = PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, src_port));
	return PD_OK;
}

PD_INLINE u8 socket_src_ip(struct run *r, struct pd_address *out)
{
	if (PD_FAMILY == 2) {
		pd_ip4(out, PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, src_ip4)));
	} else {
		out->high = PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, src_ip6) + 4) << 32 |
			    PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, src_ip6));
		out->low = PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, src_ip6) + 12) << 32 |
			   PD_OF_SOCKET(r, __builtin_offsetof(struct pd_sock, src_ip6) + 8);
	}
	return PD_OK;
}
