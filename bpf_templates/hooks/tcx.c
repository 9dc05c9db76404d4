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

#ifdef PD_MAY_BEGIN_AT_NETWORK
/* Behind generic XDP, a packet that the kernel had to copy (those on lo) comes without its Ethernet header: the copy knows no
 * length of it to go back by (mac_len is not copied by skb_copy_header).  Of what a device hands up the type is always the one
 * in its header, so another one there tells.  Not so for what a packet socket sends, which says what it likes. */
PD_INLINE int pd_parse_headless(void *ctx, struct pd_packet *p, u16 type)
{
	struct pd_eth eth = {};
	u8 version;

	if (type != 0x0800 && type != 0x86dd)
		return 0;
	if (pd_skb_load(ctx, 0, &eth, sizeof(eth)) || PD_SWAP16(eth.type) == type)
		return 0;
	version = eth.dst[0] >> 4;
	if (version != (type == 0x0800 ? 4 : 6))
		return 0;
	pd_parse_network(ctx, p, 0, type);
	return 1;
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
#ifdef PD_MAY_BEGIN_AT_NETWORK
	if (pd_parse_headless(ctx, p, PD_SWAP16((u16) skb->protocol)))
		return;
#endif
	pd_parse_ethernet(ctx, p);
#endif
}

PD_INLINE int pd_finish(struct run *r)
{
	u32 verdict = r->s->verdict;

	if (verdict == PD_VERDICT_DROP)
		return 2; /* TCX_DROP */
	if (verdict == PD_VERDICT_REDIRECT) /* the highest bit: as if it came in there (BPF_F_INGRESS); TCX_REDIRECT */
		return pd_redirect(r->s->number & 0x7fffffff, r->s->number >> 31);
	if (verdict == PD_VERDICT_MARK)
		((struct pd_skb *) r->ctx)->mark = r->s->number;
	return verdict == PD_VERDICT_PASS ? 0 /* TCX_PASS: ends the chain for others too */ : -1 /* TCX_NEXT */;
}
