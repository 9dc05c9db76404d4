/* Sockets by their common part (struct sock_common), which request and time-wait sockets have too. */
#define PD_INET 2
#define PD_INET6 10
#define PD_TIME_WAIT 6
#define PD_NEW_SYN_RECV 12

PD_INLINE u16 pd_sock_family(u64 sock)
{
	u16 family = 0;

	pd_read_kernel(&family, sizeof(family), PD_AT(struct sock, sock, __sk_common.skc_family));
	return family;
}

PD_INLINE int pd_sock_is_ip(u64 sock)
{
	u16 family = pd_sock_family(sock);

	return family == PD_INET || family == PD_INET6;
}

PD_INLINE u8 sock_state(struct run *r, u64 sock, u64 *out)
{
	u8 state = 0;

	if (pd_read_kernel(&state, sizeof(state), (void *) PD_AT(struct sock, sock, __sk_common.skc_state)))
		return PD_UNREAD;
	*out = state;
	return PD_OK;
}

PD_INLINE u8 sock_family(struct run *r, u64 sock, u64 *out)
{
	u16 family = 0;

	if (pd_read_kernel(&family, sizeof(family), PD_AT(struct sock, sock, __sk_common.skc_family)))
		return PD_UNREAD;
	*out = family;
	return PD_OK;
}

/* Small sockets, which are in these two states, end before the protocol; they are TCP's. */
PD_INLINE u8 sock_protocol(struct run *r, u64 sock, u64 *out)
{
	u16 protocol = 6;
	u64 state = 0;

	if (!pd_sock_is_ip(sock))
		return PD_ABSENT;
	if (sock_state(r, sock, &state) != PD_OK)
		return PD_UNREAD;
	if (state != PD_TIME_WAIT && state != PD_NEW_SYN_RECV &&
	    pd_read_kernel(&protocol, sizeof(protocol), PD_AT(struct sock, sock, sk_protocol)))
		return PD_UNREAD;
	*out = protocol;
	return PD_OK;
}

PD_INLINE u8 pd_sock_address(u64 sock, u64 ip4, u64 ip6, struct pd_address *out)
{
	u16 family = pd_sock_family(sock);
	u32 address = 0;

	if (family == PD_INET6)
		return pd_read_kernel(out, sizeof(*out), (void *) ip6) ? PD_UNREAD : PD_OK;
	if (family != PD_INET)
		return PD_ABSENT;
	if (pd_read_kernel(&address, sizeof(address), (void *) ip4))
		return PD_UNREAD;
	pd_ip4(out, address);
	return PD_OK;
}

PD_INLINE u8 sock_src_ip(struct run *r, u64 sock, struct pd_address *out)
{
	return pd_sock_address(sock, (u64) PD_AT(struct sock, sock, __sk_common.skc_rcv_saddr),
			       (u64) PD_AT(struct sock, sock, __sk_common.skc_v6_rcv_saddr), out);
}

PD_INLINE u8 sock_dst_ip(struct run *r, u64 sock, struct pd_address *out)
{
	return pd_sock_address(sock, (u64) PD_AT(struct sock, sock, __sk_common.skc_daddr),
			       (u64) PD_AT(struct sock, sock, __sk_common.skc_v6_daddr), out);
}

PD_INLINE u8 sock_src_port(struct run *r, u64 sock, u64 *out)
{
	u16 port = 0;

	if (!pd_sock_is_ip(sock))
		return PD_ABSENT;
	if (pd_read_kernel(&port, sizeof(port), PD_AT(struct sock, sock, __sk_common.skc_num)))
		return PD_UNREAD;
	*out = port;
	return PD_OK;
}

PD_INLINE u8 sock_dst_port(struct run *r, u64 sock, u64 *out)
{
	u16 port = 0;

	if (!pd_sock_is_ip(sock))
		return PD_ABSENT;
	if (pd_read_kernel(&port, sizeof(port), PD_AT(struct sock, sock, __sk_common.skc_dport)))
		return PD_UNREAD;
	*out = __builtin_bswap16(port);
	return PD_OK;
}
