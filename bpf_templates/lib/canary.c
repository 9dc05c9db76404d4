/* A canary is an event that the agent makes itself, to see whether events come all the way through.  While the reserved row of
 * the config map names the thread that is running, its events are left to no rule: each policy whose last rule was reached gets
 * a count, and a record that is only a header, with the attach point and the program in it.  The row ends by itself: `flags`
 * is the second since boot until which it holds, so that an agent that was killed leaves nobody unseen. */
PD_INLINE u32 pd_is_canary(void)
{
	struct pd_config *row = pd_row(MAP(config), PD_CANARY_ROW);

	return row && row->flags && row->thread == PD_THREAD() && pd_boot_time() / 1000000000ULL < row->flags;
}

PD_INLINE void pd_canary_of(u32 policy)
{
	u64 *counts = pd_row(MAP(account), policy);
	void *ring = pd_row(MAP(rings), policy);
	struct pd_header *h = ring ? pd_ring_reserve(ring, sizeof(*h), 0) : 0;

	if (counts)
		PD_ADD(&counts[PD_CANARY_COLUMN], 1);
	if (!h)
		return;
	pd_fill_header(h, PD_CANARY_LAYOUT, policy, 0, 0, 0, 0);
	h->length = sizeof(*h);
	h->absent = PD_CANARY_POINT;
	h->unread = PD_CANARY_PROGRAM;
	pd_ring_submit(h, 0);
}

PD_INLINE void pd_canary(u64 first, u64 end)
{
	const struct pd_rule *d;

#pragma clang loop unroll(disable)
	for (u64 i = first; i < end; i++) {
		PD_OPAQUE(i);
		d = pd_row(MAP(rules), i);
		if (d && d->last)
			pd_canary_of(d->policy);
	}
}
