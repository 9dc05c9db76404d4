/* Packets begin with the Ethernet header, in both directions.  The kernel's own idea of where the network header is does not
 * help: in a packet with a tag that comes from a packet socket it is after the tag, in a forwarded one before it; and what is
 * read from there must be in the linear part.  Only where the device has other headers, or none, it is all there is. */
#ifdef PD_NO_ETHERNET
#define PD_START_NET 1
#define PD_BEFORE_NET 64 /* longer than what any such device puts before the network header */

PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	return -1;
}

/* Asks the kernel for a longer linear part where it ends before `offset + length`. */
PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	struct pd_skb *skb = ctx;
	u32 wanted = PD_BEFORE_NET + offset + length;

	if (!pd_skb_load_relative(ctx, offset, to, length, PD_START_NET))
		return 0;
	if (pd_skb_pull(ctx, wanted < skb->len ? wanted : skb->len))
		return -1;
	return pd_skb_load_relative(ctx, offset, to, length, PD_START_NET);
}
#else
PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	return pd_skb_load(ctx, offset, to, length);
}

PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	return pd_skb_load(ctx, link + offset, to, length);
}
#endif

PD_INLINE void pd_parse(void *ctx, struct pd_packet *p)
{
	struct pd_skb *skb = ctx;

	p->has = 0;
	p->interface = skb->ifindex;
	p->length = skb->len;
	if (skb->vlan_present) { /* the hardware, or the kernel before us, took the tag out of the packet */
		p->has |= PD_HAS_VLAN;
		p->vlan = skb->vlan_tci;
	}
#ifdef PD_NO_ETHERNET
	if (skb->protocol == 0 || skb->protocol == PD_SWAP16(0x0800) || skb->protocol == PD_SWAP16(0x86dd))
		pd_parse_version(ctx, p); /* a packet socket may say nothing of what it sends, or what is not so */
	else
		pd_parse_network(ctx, p, 0, PD_SWAP16((u16) skb->protocol));
#else
	pd_parse_ethernet(ctx, p);
#endif
}

PD_INLINE int pd_finish(struct run *r)
{
	u32 verdict = r->s->verdict;

	if (verdict == PD_VERDICT_DROP)
		return 2; /* TCX_DROP */
	if (verdict == PD_VERDICT_MARK)
		((struct pd_skb *) r->ctx)->mark = r->s->number;
	return verdict == PD_VERDICT_PASS ? 0 /* TCX_PASS: ends the chain for others too */ : -1 /* TCX_NEXT */;
}
