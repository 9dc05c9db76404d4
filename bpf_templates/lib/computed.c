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

/* Whether `length` bytes are the same; `most` is how many there can be.  Words of eight are compared, the last one in part. */
PD_INLINE int pd_same(const void *one, const void *other, u32 length, u32 most)
{
#pragma clang loop unroll(disable)
	for (u32 i = 0; i < most; i += 8) {
		u64 left = (u64) length - i;
		u64 differ;

		if (i >= length)
			break;
		differ = PD_LOAD(u64, one, i) ^ PD_LOAD(u64, other, i);
		if (left < 8)
			differ &= ~(~0ULL << (left & 7) * 8);
		if (differ)
			return 0;
	}
	return 1;
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

/* At each place where the first word fits, the rest is looked at. */
PD_INLINE int pd_contains(const char *one, u32 length, u32 capacity, const char *other, u32 other_length, u32 other_capacity)
{
	u64 mask = other_length < 8 ? ~(~0ULL << (other_length & 7) * 8) : ~0ULL;
	u64 first = PD_LOAD(u64, other, 0) & mask;

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < capacity; i++) {
		if (i + other_length > length)
			break;
		if ((PD_LOAD(u64, one, i) & mask) == first && pd_same(one + i, other, other_length, other_capacity))
			return 1;
	}
	return 0;
}

/* Copies a string that was fetched; what is too long for its place is cut. */
PD_INLINE void pd_copy_string(char *data, u32 capacity, u32 *length, u32 *cut, const char *from, u32 from_length, u32 from_cut)
{
	u64 kept = from_length < capacity ? from_length : capacity - 1;

	PD_OPAQUE(kept);
	if (kept >= capacity)
		return;
	pd_read_kernel(data, kept, from);
	data[kept] = 0;
	*length = kept;
	*cut = from_cut || from_length >= capacity;
}
