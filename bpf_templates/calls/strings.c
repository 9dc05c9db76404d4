/* A string from one place to another, which may be smaller. */
PD_INLINE void pd_copy_string(char *to, u32 size, u32 *length, u32 *cut, const char *data, u64 count, u32 was_cut)
{
	*cut = was_cut || count > size - 1;
	if (count > size - 1)
		count = size - 1;
	PD_OPAQUE(count);
	if (count > size - 1)
		return;
	*length = count;
	pd_read_kernel(to, count, data);
	to[count] = 0;
}
