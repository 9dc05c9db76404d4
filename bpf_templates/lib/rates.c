/* A bucket is one number: when it will be full again.  What is earned until now may be spent; an event moves it on by the time in
 * which one is earned (`low`), and finds none if that is further away than the time that a whole burst takes (`high`).  One
 * atomic exchange spends it, so that no CPU spends what another has: who is beaten to it looks again, and is held back if that
 * happens too often. */
#define PD_TRIES 8
#define PD_PARTS 1024 /* of a nanosecond (BYTE_PARTS of policyd/policy/rates.py) */

PD_INLINE int pd_spend(u64 *bucket, u64 cost, u64 burst)
{
	u64 now = pd_boot_time();
	u64 seen, full;

#pragma clang loop unroll(full)
	for (u32 i = 0; i < PD_TRIES; i++) {
		seen = *(volatile u64 *) bucket;
		full = seen < now ? now : seen;
		if (full > now + burst) /* the numbers were others then: it is empty, as far as these go */
			full = now + burst;
		full += cost;
		if (full > now + burst)
			return 0;
		if (__sync_val_compare_and_swap(bucket, seen, full) == seen)
			return 1;
	}
	return 0;
}

PD_INLINE int pd_may_spend(u64 *bucket, const struct pd_scalar *rate)
{
	return bucket && rate && pd_spend(bucket, rate->low, rate->high);
}

/* A byte's time is less than a nanosecond on a fast line: it is told in parts of one. */
PD_INLINE int pd_may_spend_bytes(u64 *bucket, const struct pd_scalar *rate, u32 bytes)
{
	return bucket && rate && pd_spend(bucket, (rate->low * bytes + PD_PARTS - 1) / PD_PARTS, rate->high);
}

/* By chance: as many of 2^32 as the threshold says. */
PD_INLINE int pd_is_drawn(const struct pd_scalar *sample)
{
	return sample && (u64) pd_random() < sample->low;
}
