struct pd_xdp { /* struct xdp_md */
	u32 data;
	u32 data_end;
	u32 data_meta;
	u32 ingress_ifindex;
	u32 rx_queue_index;
};

/* Straight from the linear part where the bytes are there (nearly always), by the helper where a jumbo frame goes on. */
PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	struct pd_xdp *xdp = ctx;
	char *end = (char *) (u64) xdp->data_end;
	char *from = (char *) (u64) xdp->data;

	if (offset < 2048) {
		from += offset;
		if (from + length <= end) {
			__builtin_memcpy(to, from, length);
			return 0;
		}
	}
	return pd_xdp_load(ctx, offset, to, length);
}

PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	return pd_link_load(ctx, link + offset, to, length);
}

PD_INLINE void pd_parse(void *ctx, struct pd_packet *p)
{
	struct pd_xdp *xdp = ctx;

	p->has = 0;
	p->interface = xdp->ingress_ifindex;
	p->length = pd_xdp_length(ctx);
#ifdef PD_NO_ETHERNET
	pd_parse_version(ctx, p);
#else
	pd_parse_ethernet(ctx, p);
#endif
}

PD_INLINE int pd_finish(struct run *r)
{
	if (r->s->verdict == PD_VERDICT_REDIRECT)
		return pd_redirect(r->s->number, 0); /* XDP_REDIRECT; the kernel drops what it cannot send there */
	return r->s->verdict == PD_VERDICT_DROP ? 1 /* XDP_DROP */ : 2 /* XDP_PASS, also the neutral verdict */;
}
