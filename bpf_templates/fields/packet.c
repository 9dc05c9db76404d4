/* What a hook's template provides: `length` bytes at `offset` from the Ethernet header (link) or from the IP header (net). */
PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length);
PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length);

/* By the IP header's own account the packet ends here: what comes after is padding, whatever it looks like.  0 is what packets of
 * more than 64 KiB say (BIG TCP).  In a buffer that the kernel is still putting a packet into, the header may say nothing yet. */
#define PD_NO_END 0xffffffff
#ifdef PD_LENGTH_COMES_LATE
#define PD_END(length) PD_NO_END
#else
#define PD_END(length) ((length) ? (length) : PD_NO_END)
#endif

/* What the packet carries: it ends where the IP header says, and an Ethernet frame goes on behind that (to 60 bytes at the least). */
PD_INLINE long pd_inner_load(void *ctx, struct pd_packet *p, u32 link, u32 offset, void *to, u32 length)
{
	if (offset + length > p->end)
		return -1;
	return pd_net_load(ctx, link, offset, to, length);
}

/* Ports of a header that is not whole: a first fragment may be that short, so that filters on flags are stepped around. */
PD_INLINE void pd_parse_ports(void *ctx, struct pd_packet *p, u32 link, u32 offset)
{
	u16 ports[2] = {};

	if (pd_inner_load(ctx, p, link, offset, ports, sizeof(ports)))
		return;
	p->has |= PD_HAS_PORTS;
	p->src_port = PD_SWAP16(ports[0]);
	p->dst_port = PD_SWAP16(ports[1]);
}

PD_INLINE void pd_parse_transport(void *ctx, struct pd_packet *p, u32 link, u32 offset)
{
	struct pd_tcp tcp = {};
	struct pd_udp udp = {};
	u8 icmp[2] = {};

	p->has |= PD_HAS_TRANSPORT;
	if (p->protocol == 6) {
		if (pd_inner_load(ctx, p, link, offset, &tcp, sizeof(tcp))) {
			pd_parse_ports(ctx, p, link, offset);
			return;
		}
		p->has |= PD_HAS_TCP | PD_HAS_PORTS;
		p->src_port = PD_SWAP16(tcp.src_port);
		p->dst_port = PD_SWAP16(tcp.dst_port);
		p->tcp_seq = PD_SWAP32(tcp.seq);
		p->tcp_ack = PD_SWAP32(tcp.ack);
		p->window = PD_SWAP16(tcp.window);
		p->tcp_flags = tcp.flags;
	} else if (p->protocol == 17 || p->protocol == 136 || p->protocol == 132 || p->protocol == 33) {
		if (pd_inner_load(ctx, p, link, offset, &udp, sizeof(udp))) {
			pd_parse_ports(ctx, p, link, offset);
			return;
		}
		p->has |= PD_HAS_PORTS | (p->protocol == 17 ? PD_HAS_UDP : 0);
		p->src_port = PD_SWAP16(udp.src_port);
		p->dst_port = PD_SWAP16(udp.dst_port);
		p->udp_length = PD_SWAP16(udp.length);
	} else if (p->protocol == 1 || p->protocol == 58) {
		if (pd_inner_load(ctx, p, link, offset, icmp, sizeof(icmp)))
			return;
		p->has |= PD_HAS_ICMP;
		p->icmp_type = icmp[0];
		p->icmp_code = icmp[1];
	}
}

PD_INLINE void pd_parse_ip4(void *ctx, struct pd_packet *p, u32 link)
{
	struct pd_ip4 ip = {};
	u16 fragment;

	if (pd_net_load(ctx, link, 0, &ip, sizeof(ip)) || ip.version_length < 0x45 || ip.version_length > 0x4f)
		return; /* not version 4, or shorter than its fixed part */
	p->has |= PD_HAS_IP4;
	pd_ip4(&p->src, ip.src);
	pd_ip4(&p->dst, ip.dst);
	p->protocol = ip.protocol;
	p->ttl = ip.ttl;
	p->service = ip.service;
	p->id = PD_SWAP16(ip.id);
	p->ip_length = PD_SWAP16(ip.length);
	p->end = PD_END(p->ip_length);
	fragment = PD_SWAP16(ip.fragment);
	if (fragment & 0x3fff) {
		p->has |= PD_FRAGMENT;
		p->fragment = fragment << 3 | (fragment >> 13 & 1);
		p->fragment_id = p->id;
	}
	if (fragment & 0x1fff) /* a later fragment begins in the middle of its payload */
		p->has |= PD_HAS_TRANSPORT;
	else
		pd_parse_transport(ctx, p, link, pd_any(p, (ip.version_length & 15) * 4));
}

/* IPv6 headers that another one follows: hop by hop, routing, fragment, AH, destination options (ipv6_ext_hdr in the kernel). */
PD_INLINE int pd_is_extension(u8 next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

PD_INLINE void pd_parse_ip6(void *ctx, struct pd_packet *p, u32 link)
{
	struct pd_ip6 ip = {};
	u8 extension[8] = {};
	u32 offset = sizeof(ip);
	u32 later = 0;
	u8 kind, next;

	if (pd_net_load(ctx, link, 0, &ip, sizeof(ip)) || (ip.version_class_label & 0xf0) != 0x60)
		return;
	p->has |= PD_HAS_IP6;
	p->src.high = ip.src[0];
	p->src.low = ip.src[1];
	p->dst.high = ip.dst[0];
	p->dst.low = ip.dst[1];
	p->ttl = ip.hops;
	p->service = PD_SWAP32(ip.version_class_label) >> 20;
	p->flow_label = PD_SWAP32(ip.version_class_label) & 0xfffff;
	p->ip_length = PD_SWAP16(ip.length);
	p->end = PD_END(p->ip_length ? sizeof(ip) + p->ip_length : 0);
	next = ip.next;
	for (u64 i = 0; i < PD_EXTENSIONS; i++) {
		PD_OPAQUE(i);
		kind = next;
		if (!pd_is_extension(kind))
			break;
		if (pd_inner_load(ctx, p, link, offset, extension, sizeof(extension)))
			return;
		next = extension[0];
		if (kind == 44) {
			p->has |= PD_FRAGMENT;
			p->fragment = (u16) extension[2] << 8 | (extension[3] & 0xf9);
			p->fragment_id = (u32) extension[4] << 24 | (u32) extension[5] << 16 | (u32) extension[6] << 8 | extension[7];
			offset += 8;
			if (extension[2] || extension[3] & 0xf8) { /* a later fragment: no header follows */
				later = 1;
				break;
			}
		} else if (kind == 51) {
			offset += (extension[1] + 2) * 4;
		} else {
			offset += (extension[1] + 1) * 8;
		}
		offset = pd_any(p, offset);
	}
	if (pd_is_extension(next))
		return;
	p->protocol = next;
	if (later)
		p->has |= PD_HAS_TRANSPORT;
	else
		pd_parse_transport(ctx, p, link, offset);
}

/* `link` is the length of what stands before the IP header; `type` is what follows, in host order. */
PD_INLINE void pd_parse_network(void *ctx, struct pd_packet *p, u32 link, u16 type)
{
	link = pd_any(p, link);
	p->has |= PD_HAS_TYPE;
	p->eth_type = type;
	if (type == 0x0800)
		pd_parse_ip4(ctx, p, link);
	else if (type == 0x86dd)
		pd_parse_ip6(ctx, p, link);
}

PD_INLINE void pd_parse_version(void *ctx, struct pd_packet *p)
{
	u8 version = 0;

	if (pd_net_load(ctx, 0, 0, &version, 1))
		return;
	if (version >> 4 == 4)
		pd_parse_network(ctx, p, 0, 0x0800);
	else if (version >> 4 == 6)
		pd_parse_network(ctx, p, 0, 0x86dd);
}

/* Tags that are still in the packet: up to two, after `*link` bytes; the outer one is kept unless one is known already. */
PD_INLINE int pd_parse_tags(void *ctx, struct pd_packet *p, u32 *link, u16 *type)
{
	struct pd_tag tag = {};

	for (u32 i = 0; i < 2; i++) {
		if (*type != 0x8100 && *type != 0x88a8)
			break;
		if (pd_link_load(ctx, *link, &tag, sizeof(tag)))
			return -1;
		if (!(p->has & PD_HAS_VLAN)) {
			p->has |= PD_HAS_VLAN;
			p->vlan = PD_SWAP16(tag.control);
		}
		*type = PD_SWAP16(tag.type);
		*link += sizeof(tag);
	}
	return 0;
}

PD_INLINE void pd_parse_ethernet(void *ctx, struct pd_packet *p)
{
	struct pd_eth eth = {};
	u32 link = sizeof(eth);
	u16 type;

	if (pd_link_load(ctx, 0, &eth, sizeof(eth)))
		return;
	p->has |= PD_HAS_ETH;
	__builtin_memcpy(p->eth_src, eth.src, 6);
	__builtin_memcpy(p->eth_dst, eth.dst, 6);
	type = PD_SWAP16(eth.type);
	if (!pd_parse_tags(ctx, p, &link, &type))
		pd_parse_network(ctx, p, link, type);
}

#define PD_PACKET_FIELD(name, needs, expression)           \
	PD_INLINE u8 packet_##name(struct run *r, u64 *out) \
	{                                                  \
		struct pd_packet *p = &r->s->packet;       \
                                                           \
		if ((p->has & (needs)) != (needs))         \
			return PD_ABSENT;                  \
		*out = (expression);                       \
		return PD_OK;                              \
	}

#define PD_PACKET_ADDRESS(name, needs, member)                            \
	PD_INLINE u8 packet_##name(struct run *r, struct pd_address *out) \
	{                                                                 \
		struct pd_packet *p = &r->s->packet;                      \
                                                                          \
		if (!(p->has & (needs)))                                  \
			return PD_ABSENT;                                 \
		*out = p->member;                                         \
		return PD_OK;                                             \
	}

#define PD_PACKET_MAC(name, member)                               \
	PD_INLINE u8 packet_##name(struct run *r, u8 *out)        \
	{                                                         \
		if (!(r->s->packet.has & PD_HAS_ETH))             \
			return PD_ABSENT;                         \
		__builtin_memcpy(out, r->s->packet.member, 6);    \
		return PD_OK;                                     \
	}

PD_PACKET_FIELD(length, 0, p->length)
PD_PACKET_FIELD(interface, 0, p->interface)
PD_PACKET_FIELD(protocol, PD_HAS_TRANSPORT, p->protocol)
PD_PACKET_FIELD(src_port, PD_HAS_PORTS, p->src_port)
PD_PACKET_FIELD(dst_port, PD_HAS_PORTS, p->dst_port)
PD_PACKET_FIELD(eth_type, PD_HAS_TYPE, p->eth_type)
PD_PACKET_FIELD(vlan_id, PD_HAS_VLAN, p->vlan & 0xfff)
PD_PACKET_FIELD(vlan_priority, PD_HAS_VLAN, p->vlan >> 13)
PD_PACKET_FIELD(fragment_offset, PD_FRAGMENT, p->fragment & 0xfff8)
PD_PACKET_FIELD(fragment_more, PD_FRAGMENT, p->fragment & 1)
PD_PACKET_FIELD(fragment_id, PD_FRAGMENT, p->fragment_id)
PD_PACKET_FIELD(ip4_id, PD_HAS_IP4, p->id)
PD_PACKET_FIELD(ip4_length, PD_HAS_IP4, p->ip_length)
PD_PACKET_FIELD(ip6_flow_label, PD_HAS_IP6, p->flow_label)
PD_PACKET_FIELD(ip6_length, PD_HAS_IP6, p->ip_length)
PD_PACKET_FIELD(tcp_src_port, PD_HAS_TCP, p->src_port)
PD_PACKET_FIELD(tcp_dst_port, PD_HAS_TCP, p->dst_port)
PD_PACKET_FIELD(tcp_flags, PD_HAS_TCP, p->tcp_flags)
PD_PACKET_FIELD(tcp_seq, PD_HAS_TCP, p->tcp_seq)
PD_PACKET_FIELD(tcp_ack, PD_HAS_TCP, p->tcp_ack)
PD_PACKET_FIELD(tcp_window, PD_HAS_TCP, p->window)
PD_PACKET_FIELD(udp_src_port, PD_HAS_UDP, p->src_port)
PD_PACKET_FIELD(udp_dst_port, PD_HAS_UDP, p->dst_port)
PD_PACKET_FIELD(udp_length, PD_HAS_UDP, p->udp_length)
PD_PACKET_FIELD(icmp_type, PD_HAS_ICMP, p->icmp_type)
PD_PACKET_FIELD(icmp_code, PD_HAS_ICMP, p->icmp_code)

PD_PACKET_ADDRESS(src_ip, PD_HAS_IP4 | PD_HAS_IP6, src)
PD_PACKET_ADDRESS(dst_ip, PD_HAS_IP4 | PD_HAS_IP6, dst)
PD_PACKET_ADDRESS(ip4_src, PD_HAS_IP4, src)
PD_PACKET_ADDRESS(ip4_dst, PD_HAS_IP4, dst)
PD_PACKET_ADDRESS(ip6_src, PD_HAS_IP6, src)
PD_PACKET_ADDRESS(ip6_dst, PD_HAS_IP6, dst)
PD_PACKET_MAC(eth_src, eth_src)
PD_PACKET_MAC(eth_dst, eth_dst)

PD_INLINE u8 packet_family(struct run *r, u64 *out)
{
	u32 has = r->s->packet.has;

	if (!(has & (PD_HAS_IP4 | PD_HAS_IP6)))
		return PD_ABSENT;
	*out = has & PD_HAS_IP4 ? 2 : 10;
	return PD_OK;
}

/* For fields that both versions of IP have. */
#define PD_PACKET_IP(name, expression)                             \
	PD_INLINE u8 packet_##name(struct run *r, u64 *out)        \
	{                                                          \
		struct pd_packet *p = &r->s->packet;               \
                                                                   \
		if (!(p->has & (PD_HAS_IP4 | PD_HAS_IP6)))         \
			return PD_ABSENT;                          \
		*out = (expression);                               \
		return PD_OK;                                      \
	}

PD_PACKET_IP(ip_ttl, p->ttl)
PD_PACKET_IP(ip_dscp, p->service >> 2)
PD_PACKET_IP(ip_ecn, p->service & 3)
PD_PACKET_IP(ip_fragment, !!(p->has & PD_FRAGMENT))
