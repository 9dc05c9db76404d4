/* Scratch places of a CPU, for programs that can be preempted by themselves: a bit each, taken and given back atomically.
 * Migration is off while a program runs, so that both happen on one CPU. */
#define PD_SLOTS 16

PD_INLINE u32 pd_claim(void *busy)
{
	u64 *bits = pd_row(busy, 0);

	if (!bits)
		return PD_SLOTS;
	for (u32 slot = 0; slot < PD_SLOTS; slot++) {
		if (!(__sync_fetch_and_or(bits, 1ULL << slot) >> slot & 1))
			return slot;
	}
	return PD_SLOTS;
}

/* The place that an earlier program of the chain claimed for this run: a context's address is its own while it runs. */
PD_INLINE struct subject *pd_find(void *scratch, void *ctx)
{
	for (u32 slot = 0; slot < PD_SLOTS; slot++) {
		struct subject *s = pd_row(scratch, slot);

		if (s && s->ctx == (u64) ctx)
			return s;
	}
	return 0;
}

PD_INLINE void pd_release(void *busy, u32 slot)
{
	u64 *bits = pd_row(busy, 0);

	if (bits && slot < PD_SLOTS)
		__sync_fetch_and_and(bits, ~(1ULL << slot));
}
