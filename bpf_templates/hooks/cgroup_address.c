struct pd_sock_addr { /* struct bpf_sock_addr, include/uapi/linux/bpf.h */
	u32 user_family;
	u32 user_ip4;
	u32 user_ip6[4];
	u32 user_port;
	u32 family;
	u32 type;
	u32 protocol;
};

PD_INLINE int pd_finish(struct run *r)
{
	if (r->s->verdict != PD_VERDICT_DROP)
		return 1; /* go on, also the neutral verdict */
	if (r->s->number != 1)
		pd_set_retval(-(int) r->s->number); /* any errno but EPERM, which is what returning 0 means */
	return 0;
}
