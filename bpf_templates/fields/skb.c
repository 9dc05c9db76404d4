/* Packets in the kernel's own buffers (struct sk_buff): their headers where the kernel says that they are, in the linear part.
 * The parser is that of packet hooks. */
#define PD_NO_HEADER 0xffff

PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	return -1;
}

PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	struct pd_linear *linear = ctx;

	if ((u64) offset + length > linear->length)
		return -1;
	return pd_read_kernel(to, length, (void *) (linear->start + offset));
}

/* Where the IP header is.  A packet that has just come in has no network header noted yet: there `data` is at it. */
PD_INLINE int pd_skb_find(struct pd_linear *linear, u64 skb)
{
	u64 head = 0;
	u64 data = 0;
	u32 tail = 0;
	u16 network = 0;
	u64 at;

	if (pd_read_kernel(&head, sizeof(head), PD_AT(struct sk_buff, skb, head)))
		return -1;
	pd_read_kernel(&data, sizeof(data), PD_AT(struct sk_buff, skb, data));
	pd_read_kernel(&tail, sizeof(tail), PD_AT(struct sk_buff, skb, tail));
	pd_read_kernel(&network, sizeof(network), PD_AT(struct sk_buff, skb, network_header));
	at = network && network != PD_NO_HEADER ? network : data - head;
	linear->start = head + at;
	linear->length = at < tail ? tail - at : 0;
	return 0;
}

/* Comes before all fields of the same packet. */
PD_INLINE u8 skb_packet(struct run *r, u64 skb, u64 *out)
{
	struct pd_packet *p = &r->s->packet;
	struct pd_linear *linear = &r->s->linear;
	u64 device = 0;
	u16 type = 0;

	p->has = 0;
	p->interface = 0;
	r->s->packet_of = 0;
	if (pd_skb_find(linear, skb) || pd_read_kernel(&p->length, sizeof(p->length), PD_AT(struct sk_buff, skb, len)))
		return PD_UNREAD;
	pd_read_kernel(&device, sizeof(device), PD_AT(struct sk_buff, skb, dev));
	if (!pd_no_pointer(device))
		pd_read_kernel(&p->interface, sizeof(p->interface), PD_AT(struct net_device, device, ifindex));
	pd_read_kernel(&type, sizeof(type), PD_AT(struct sk_buff, skb, protocol));
	if (!type)
		pd_parse_version(linear, p);
	else
		pd_parse_network(linear, p, 0, PD_SWAP16(type));
	r->s->packet_of = skb;
	*out = 1;
	return PD_OK;
}

/* A field of another packet than the one that was taken apart last is unread. */
#define PD_SKB_FIELD(name)                                                              \
	PD_INLINE u8 skb_##name(struct run *r, u64 skb, u64 *out)                       \
	{                                                                               \
		return r->s->packet_of == skb ? packet_##name(r, out) : PD_UNREAD;      \
	}

#define PD_SKB_ADDRESS(name)                                                            \
	PD_INLINE u8 skb_##name(struct run *r, u64 skb, struct pd_address *out)         \
	{                                                                               \
		return r->s->packet_of == skb ? packet_##name(r, out) : PD_UNREAD;      \
	}

PD_SKB_FIELD(length)
PD_SKB_FIELD(family)
PD_SKB_FIELD(protocol)
PD_SKB_FIELD(src_port)
PD_SKB_FIELD(dst_port)
PD_SKB_FIELD(ip_ttl)
PD_SKB_FIELD(ip_dscp)
PD_SKB_FIELD(ip_ecn)
PD_SKB_FIELD(ip_fragment)
PD_SKB_FIELD(fragment_offset)
PD_SKB_FIELD(fragment_more)
PD_SKB_FIELD(fragment_id)
PD_SKB_FIELD(ip4_id)
PD_SKB_FIELD(ip4_length)
PD_SKB_FIELD(ip6_flow_label)
PD_SKB_FIELD(ip6_length)
PD_SKB_FIELD(tcp_src_port)
PD_SKB_FIELD(tcp_dst_port)
PD_SKB_FIELD(tcp_flags)
PD_SKB_FIELD(tcp_seq)
PD_SKB_FIELD(tcp_ack)
PD_SKB_FIELD(tcp_window)
PD_SKB_FIELD(udp_src_port)
PD_SKB_FIELD(udp_dst_port)
PD_SKB_FIELD(udp_length)
PD_SKB_FIELD(icmp_type)
PD_SKB_FIELD(icmp_code)

PD_SKB_ADDRESS(src_ip)
PD_SKB_ADDRESS(dst_ip)
PD_SKB_ADDRESS(ip4_src)
PD_SKB_ADDRESS(ip4_dst)
PD_SKB_ADDRESS(ip6_src)
PD_SKB_ADDRESS(ip6_dst)

/* The device; 0 in a buffer that is on its way between none. */
PD_INLINE u8 skb_interface(struct run *r, u64 skb, u64 *out)
{
	*out = r->s->packet.interface;
	if (r->s->packet_of != skb)
		return PD_UNREAD;
	return *out ? PD_OK : PD_ABSENT;
}
