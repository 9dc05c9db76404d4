/* Fields of the socket-address hooks: what the caller asks to connect, send or bind to, or what the kernel tells it. */
#define sockaddr_src_ip pd_sockaddr_ip
#define sockaddr_dst_ip pd_sockaddr_ip
#define sockaddr_src_port pd_sockaddr_port
#define sockaddr_dst_port pd_sockaddr_port
#define sockaddr_local_ip pd_sockaddr_ip
#define sockaddr_local_port pd_sockaddr_port
#define sockaddr_remote_ip pd_sockaddr_ip
#define sockaddr_remote_port pd_sockaddr_port
#define sockaddr_sender_ip pd_sockaddr_ip
#define sockaddr_sender_port pd_sockaddr_port

PD_INLINE u8 sockaddr_family(struct run *r, u64 *out)
{
	*out = PD_FAMILY;
	return PD_OK;
}

PD_INLINE u8 sockaddr_protocol(struct run *r, u64 *out)
{
	*out = ((struct pd_sock_addr *) r->ctx)->protocol;
	return PD_OK;
}

PD_INLINE u8 sockaddr_type(struct run *r, u64 *out)
{
	*out = ((struct pd_sock_addr *) r->ctx)->type;
	return PD_OK;
}

PD_INLINE u8 pd_sockaddr_port(struct run *r, u64 *out)
{
	*out = __builtin_bswap16(((struct pd_sock_addr *) r->ctx)->user_port);
	return PD_OK;
}

PD_INLINE u8 pd_sockaddr_ip(struct run *r, struct pd_address *out)
{
	struct pd_sock_addr *ctx = r->ctx;

	if (PD_FAMILY == 2) {
		out->high = 0;
		out->low = (u64) ctx->user_ip4 << 32 | 0xffff0000ULL;
	} else {
		out->high = (u64) ctx->user_ip6[1] << 32 | ctx->user_ip6[0];
		out->low = (u64) ctx->user_ip6[3] << 32 | ctx->user_ip6[2];
	}
	return PD_OK;
}
