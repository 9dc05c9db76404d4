/* What C does not say, or leaves undefined: every result is that of 64 bits in two's complement. */

/* The worse of two states: unread over absent over fine. */
PD_INLINE u8 pd_worse(u8 first, u8 second)
{
	return first > second ? first : second;
}

PD_INLINE u64 pd_div(u64 number, u64 by)
{
	return by ? number / by : 0;
}

PD_INLINE u64 pd_mod(u64 number, u64 by)
{
	return by ? number % by : 0;
}

PD_INLINE u64 pd_magnitude(u64 number)
{
	return (s64) number < 0 ? 0 - number : number;
}

/* The processor of BPF divides without a sign: by magnitudes, then. */
PD_INLINE u64 pd_div_signed(u64 number, u64 by)
{
	u64 found = pd_div(pd_magnitude(number), pd_magnitude(by));

	return (s64) (number ^ by) < 0 ? 0 - found : found;
}

PD_INLINE u64 pd_mod_signed(u64 number, u64 by)
{
	u64 found = pd_mod(pd_magnitude(number), pd_magnitude(by));

	return (s64) number < 0 ? 0 - found : found;
}

PD_INLINE u64 pd_shl(u64 number, u64 by)
{
	return by < 64 ? number << by : 0;
}

PD_INLINE u64 pd_shr(u64 number, u64 by)
{
	return by < 64 ? number >> by : 0;
}

PD_INLINE u64 pd_shr_signed(u64 number, u64 by)
{
	return (s64) number >> (by < 64 ? by : 63);
}

/* Of numbers of which one has a sign. */
PD_INLINE int pd_signed_below(u64 with_sign, u64 without)
{
	return (s64) with_sign < 0 || with_sign < without;
}

PD_INLINE int pd_below_signed(u64 without, u64 with_sign)
{
	return (s64) with_sign > 0 && without < with_sign;
}

PD_INLINE int pd_signed_same(u64 with_sign, u64 without)
{
	return (s64) with_sign >= 0 && with_sign == without;
}

/* The last letters say which of the two have a sign. */
PD_INLINE u64 pd_min_uu(u64 a, u64 b)
{
	return a < b ? a : b;
}

PD_INLINE u64 pd_min_ss(u64 a, u64 b)
{
	return (s64) a < (s64) b ? a : b;
}

PD_INLINE u64 pd_min_us(u64 a, u64 b)
{
	return pd_below_signed(a, b) ? a : b;
}

PD_INLINE u64 pd_max_uu(u64 a, u64 b)
{
	return a > b ? a : b;
}

PD_INLINE u64 pd_max_ss(u64 a, u64 b)
{
	return (s64) a > (s64) b ? a : b;
}

PD_INLINE u64 pd_max_us(u64 a, u64 b)
{
	return pd_below_signed(a, b) ? b : a;
}

/* Whether `length` bytes are the same; `most` is how many there can be.  Words of eight are compared, the last one in part.  The
 * verifier follows the loop once: nothing in it depends on what was found before.  The rest's place is not what the loop's end
 * was compared with: kernels before 6.8 take a number that cannot be (above 1016 in eights, below 1024) for any number. */
PD_INLINE int pd_same(const void *one, const void *other, u32 length, u32 most)
{
	u64 differ = 0;
	u64 at;

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < most; i += 8) {
		if (i + 8 > length)
			break;
		differ |= PD_LOAD(u64, one, i) ^ PD_LOAD(u64, other, i);
	}
	PD_OPAQUE(length);
	at = length & ~7U;
	PD_OPAQUE(at);
	if (at >= most)
		return !differ;
	return !(differ | ((PD_LOAD(u64, one, at) ^ PD_LOAD(u64, other, at)) & ~(~0ULL << (length & 7) * 8)));
}

PD_INLINE int pd_same_strings(const char *one, u32 length, u32 capacity, const char *other, u32 other_length, u32 other_capacity)
{
	return length == other_length && pd_same(one, other, length, capacity < other_capacity ? capacity : other_capacity);
}

PD_INLINE int pd_starts_with(const char *one, u32 length, u32 capacity, const char *other, u32 other_length, u32 other_capacity)
{
	return length >= other_length && pd_same(one, other, other_length, capacity < other_capacity ? capacity : other_capacity);
}

PD_INLINE int pd_ends_with(const char *one, u32 length, u32 capacity, const char *other, u32 other_length, u32 other_capacity)
{
	return length >= other_length &&
	       pd_same(pd_tail(one, length, other_length, capacity - 1), other, other_length,
		       capacity < other_capacity ? capacity : other_capacity);
}

/* One step of Knuth, Morris and Pratt: from `matched` bytes of the needle, with the next one the same or not, to how many are
 * matched then; `kept[0]` goes on unless it falls back.  Without a branch, and kept in memory: the verifier sees the same at
 * each step. */
PD_INLINE u32 pd_step(struct pd_search *s, u32 at, u32 matched, u8 one, u8 other)
{
	volatile u32 *kept = s->kept;
	u64 same = ((u64) (one ^ other) - 1) >> 63;
	u64 some = (0 - (u64) matched) >> 63;
	u32 next = same * (matched + 1) + (1 - same) * some * s->falls[(matched - 1) & (PD_NEEDLE - 1)];

	kept[0] = at + (same | (1 - some));
	kept[1] = next;
	return next;
}

/* `falls[n]` is how much of the needle is still matched where n + 1 bytes were and the next one is not. */
PD_INLINE void pd_falls(struct pd_search *s, const char *needle, u32 length, u32 capacity)
{
	volatile u32 *kept = s->kept;

	s->falls[0] = 0;
	kept[0] = 1;
	kept[1] = 0;
#pragma clang loop unroll(disable)
	for (u32 step = 0; step < 2 * capacity; step++) {
		u32 at = kept[0];
		u32 matched = kept[1] & (PD_NEEDLE - 1);

		if (at >= length)
			break;
		at &= PD_NEEDLE - 1;
		s->falls[at] = pd_step(s, at, matched, needle[at], needle[matched]);
	}
}

PD_INLINE int pd_contains(struct pd_search *s, const char *one, u32 length, u32 capacity, const char *other, u32 other_length, u32 other_capacity)
{
	volatile u32 *kept = s->kept;
	u64 end = length < capacity ? length : capacity;

	if (other_length > length || other_length >= PD_NEEDLE)
		return 0;
	pd_falls(s, other, other_length, other_capacity);
	kept[0] = 0;
	kept[1] = 0;
#pragma clang loop unroll(disable)
	for (u32 step = 0; step < 2 * capacity; step++) {
		u64 at = kept[0];
		u32 matched = kept[1];
		u64 more = (((u64) matched - other_length) & (at - end)) >> 63;

		if (!more)
			break;
		PD_OPAQUE(at);
		if (at >= capacity)
			break;
		pd_step(s, at, matched, one[at], other[matched & (PD_NEEDLE - 1)]);
	}
	return kept[1] >= other_length;
}
