/* The packet begins with its IP header here; a cgroup's programs all run, and each can only refuse. */
PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	return -1;
}

PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	return pd_skb_load(ctx, offset, to, length);
}

PD_INLINE void pd_parse(void *ctx, struct pd_packet *p)
{
	struct pd_skb *skb = ctx;

	p->has = 0;
	p->interface = skb->ifindex;
	p->length = skb->len;
	pd_parse_version(ctx, p);
}

PD_INLINE int pd_finish(struct run *r)
{
	return r->s->verdict != PD_VERDICT_DROP; /* 1: go on, also the neutral verdict */
}
