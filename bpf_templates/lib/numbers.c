/* The number of bits that a value needs: 0 for 0, 1 for 1, 2 for 2 and 3, 64 for the largest. */
PD_INLINE u32 pd_bits(u64 value)
{
	u32 bits = 0;

	if (value >> 32) {
		bits += 32;
		value >>= 32;
	}
	if (value >> 16) {
		bits += 16;
		value >>= 16;
	}
	if (value >> 8) {
		bits += 8;
		value >>= 8;
	}
	if (value >> 4) {
		bits += 4;
		value >>= 4;
	}
	if (value >> 2) {
		bits += 2;
		value >>= 2;
	}
	if (value >> 1) {
		bits += 1;
		value >>= 1;
	}
	return bits + value;
}

/* An IPv4 address as all addresses are kept: ::ffff:a.b.c.d in network order, seen as a little-endian word. */
PD_INLINE void pd_ip4(struct pd_address *to, u32 address)
{
	to->high = 0;
	to->low = (u64) address << 32 | 0xffff0000ULL;
}
