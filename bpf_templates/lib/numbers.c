/* The number of bits that a value needs: 0 for 0, 1 for 1, 2 for 2 and 3, 64 for the largest.  Without a branch, so that the
 * verifier sees one path: every bit below the highest is set, and the ones are counted. */
PD_INLINE u32 pd_bits(u64 value)
{
	value |= value >> 1;
	value |= value >> 2;
	value |= value >> 4;
	value |= value >> 8;
	value |= value >> 16;
	value |= value >> 32;
	value -= value >> 1 & 0x5555555555555555ULL;
	value = (value & 0x3333333333333333ULL) + (value >> 2 & 0x3333333333333333ULL);
	value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return value * 0x0101010101010101ULL >> 56;
}

/* An IPv4 address as all addresses are kept: ::ffff:a.b.c.d in network order, seen as a little-endian word. */
PD_INLINE void pd_ip4(struct pd_address *to, u32 address)
{
	to->high = 0;
	to->low = (u64) address << 32 | 0xffff0000ULL;
}
