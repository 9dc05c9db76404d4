/* A packet at one of netfilter's hooks: struct bpf_nf_ctx has pointers to the kernel's own objects, which are read as such.  The
 * buffer's data begin at the IP header; what is behind its linear part is not reached. */
struct pd_netfilter {
	u64 state;
	u64 skb;
};

struct pd_datagram {
	u64 start;
	u64 length;
};

PD_INLINE long pd_link_load(void *ctx, u32 offset, void *to, u32 length)
{
	return -1;
}

PD_INLINE long pd_net_load(void *ctx, u32 link, u32 offset, void *to, u32 length)
{
	struct pd_datagram *datagram = ctx;

	if ((u64) offset + length > datagram->length)
		return -1;
	return pd_read_kernel(to, length, (void *) (datagram->start + offset));
}

PD_INLINE u32 pd_device_number(u64 device)
{
	u32 number = 0;

	if (!pd_no_pointer(device))
		pd_read_kernel(&number, sizeof(number), PD_AT(struct net_device, device, ifindex));
	return number;
}

PD_INLINE u32 pd_interface_in(void *ctx)
{
	u64 state = ((struct pd_netfilter *) ctx)->state;
	u64 device = 0;

	pd_read_kernel(&device, sizeof(device), PD_AT(struct nf_hook_state, state, in));
	return pd_device_number(device);
}

PD_INLINE u32 pd_interface_out(void *ctx)
{
	u64 state = ((struct pd_netfilter *) ctx)->state;
	u64 device = 0;

	pd_read_kernel(&device, sizeof(device), PD_AT(struct nf_hook_state, state, out));
	return pd_device_number(device);
}

PD_INLINE u8 netfilter_in(struct run *r, u64 *out)
{
	*out = pd_interface_in(r->ctx);
	return *out ? PD_OK : PD_ABSENT;
}

PD_INLINE u8 netfilter_out(struct run *r, u64 *out)
{
	*out = pd_interface_out(r->ctx);
	return *out ? PD_OK : PD_ABSENT;
}

PD_INLINE void pd_parse(void *ctx, struct pd_packet *p)
{
	u64 skb = ((struct pd_netfilter *) ctx)->skb;
	struct pd_datagram datagram = {};
	u16 network = 0;
	u32 tail = 0;

	p->has = 0;
	p->length = 0;
	p->interface = PD_LEAVES ? pd_interface_out(ctx) : pd_interface_in(ctx);
	if (pd_read_kernel(&datagram.start, sizeof(datagram.start), PD_AT(struct sk_buff, skb, head)))
		return;
	pd_read_kernel(&p->length, sizeof(p->length), PD_AT(struct sk_buff, skb, len));
	pd_read_kernel(&tail, sizeof(tail), PD_AT(struct sk_buff, skb, tail));
	pd_read_kernel(&network, sizeof(network), PD_AT(struct sk_buff, skb, network_header));
	datagram.start += network;
	datagram.length = network < tail ? tail - network : 0;
	pd_parse_network(&datagram, p, 0, PD_ETHERTYPE);
}

PD_INLINE int pd_finish(struct run *r)
{
	return r->s->verdict != PD_VERDICT_DROP; /* NF_DROP is 0; 1, NF_ACCEPT, lets the other hooks go on, and is the neutral verdict */
}
