/* A bucket is one number: when it will be full again.  What is earned until now may be spent; an event moves it on by the time in
 * which one is earned (`low`), and finds none if that is further away than the time that a whole burst takes (`high`).  One
 * atomic exchange spends it, so that no CPU spends what another has: who is beaten to it looks again, and is held back if that
 * happens too often. */
#define PD_TRIES 8

PD_INLINE int pd_may_spend(u64 *bucket, const struct pd_scalar *rate)
{
	u64 now, seen, full;

	if (!bucket || !rate)
		return 0;
	now = pd_boot_time();
#pragma clang loop unroll(full)
	for (u32 i = 0; i < PD_TRIES; i++) {
		seen = *(volatile u64 *) bucket;
		full = seen < now ? now : seen;
		if (full > now + rate->high) /* the numbers were others then: it is empty, as far as these go */
			full = now + rate->high;
		full += rate->low;
		if (full > now + rate->high)
			return 0;
		if (__sync_val_compare_and_swap(bucket, seen, full) == seen)
			return 1;
	}
	return 0;
}

/* By chance: as many of 2^32 as the threshold says. */
PD_INLINE int pd_is_drawn(const struct pd_scalar *sample)
{
	return sample && (u64) pd_random() < sample->low;
}
