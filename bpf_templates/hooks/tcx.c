#define PD_START_MAC 0
#define PD_START_NET 1

PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	return pd_skb_load_relative(ctx, offset, to, length, PD_START_MAC);
}

/* The network header is known to the kernel here, whatever the device puts before it. */
PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	return pd_skb_load_relative(ctx, link + offset, to, length, PD_START_NET);
}

PD_INLINE void pd_parse(void *ctx, struct pd_packet *p)
{
	struct pd_skb *skb = ctx;
	struct pd_eth eth = {};
	struct pd_tag tag = {};
	u16 type = PD_SWAP16((u16) skb->protocol);
	u32 link = 0;

	p->has = 0;
	p->interface = skb->ifindex;
	p->length = skb->len;
	if (skb->vlan_present) { /* the hardware, or the kernel before us, took the tag out of the packet */
		p->has |= PD_HAS_VLAN;
		p->vlan = skb->vlan_tci;
	}
#ifndef PD_NO_ETHERNET
	if (!pd_link_load(ctx, 0, &eth, sizeof(eth))) {
		p->has |= PD_HAS_ETH;
		__builtin_memcpy(p->eth_src, eth.src, 6);
		__builtin_memcpy(p->eth_dst, eth.dst, 6);
	}
#endif
	for (u32 i = 0; i < 2; i++) { /* tags that are still in it: the network header then points at the first */
		if (type != 0x8100 && type != 0x88a8)
			break;
		if (pd_net_load(ctx, link, 0, &tag, sizeof(tag)))
			return;
		if (!(p->has & PD_HAS_VLAN)) {
			p->has |= PD_HAS_VLAN;
			p->vlan = PD_SWAP16(tag.control);
		}
		type = PD_SWAP16(tag.type);
		link += sizeof(tag);
	}
	pd_parse_network(ctx, p, link, type);
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
