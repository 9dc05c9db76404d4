/* Strings are NUL-terminated in buffers with slack behind them, so that words can be compared without asking for the end. */

#define PD_STRING(capacity)                        \
	struct {                                   \
		u32 length; /* without the NUL */  \
		u32 cut;                           \
		char data[capacity];               \
	} __attribute__((aligned(8)))

/* Finishes a string that a helper has copied: `copied` is what it returned, `cut` is found by looking one byte further. */
PD_INLINE u8 pd_string_done(long copied, u32 capacity, u32 *length, u32 *cut)
{
	if (copied <= 0)
		return PD_UNREAD;
	*length = (u32) copied - 1;
	*cut = 0;
	return PD_OK;
}

PD_INLINE u8 pd_string_user(char *data, u32 capacity, u32 *length, u32 *cut, u64 address)
{
	u8 next = 0;
	u8 state;

	if (!address)
		return PD_ABSENT;
	state = pd_string_done(pd_read_user_str(data, capacity, (void *) address), capacity, length, cut);
	if (state == PD_OK && *length == capacity - 1) {
		pd_read_user(&next, 1, (void *) (address + capacity - 1));
		*cut = next != 0;
	}
	return state;
}

PD_INLINE u8 pd_string_kernel(char *data, u32 capacity, u32 *length, u32 *cut, u64 address)
{
	u8 next = 0;
	u8 state;

	if (!address)
		return PD_ABSENT;
	state = pd_string_done(pd_read_kernel_str(data, capacity, (void *) address), capacity, length, cut);
	if (state == PD_OK && *length == capacity - 1) {
		pd_read_kernel(&next, 1, (void *) (address + capacity - 1));
		*cut = next != 0;
	}
	return state;
}

/* Where a pointer's type does not tell whose memory it leads to: the kernel's addresses have the highest bit set. */
PD_INLINE u8 pd_string_either(char *data, u32 capacity, u32 *length, u32 *cut, u64 address)
{
	return address >> 63 ? pd_string_kernel(data, capacity, length, cut, address) :
			       pd_string_user(data, capacity, length, cut, address);
}

/* Where a number does not tell whose memory it leads to. */
PD_INLINE long pd_read_either(void *to, u32 size, const volatile void *from)
{
	return (u64) from >> 63 ? pd_read_kernel(to, size, from) : pd_read_user(to, size, from);
}

/* Bytes of which there are `count`: as many as fit, with a NUL behind them, for they are kept as strings are. */
#define PD_BUFFER(space)                                                                                               \
	PD_INLINE u8 pd_buffer_##space(char *data, u32 capacity, u32 *length, u32 *cut, u64 address, u64 count)        \
	{                                                                                                              \
		u64 kept = count < capacity ? count : capacity - 1;                                                    \
                                                                                                                       \
		PD_OPAQUE(kept);                                                                                       \
		if (kept >= capacity)                                                                                  \
			return PD_UNREAD;                                                                              \
		if (pd_read_##space(data, kept, (void *) address))                                                     \
			return PD_UNREAD;                                                                              \
		data[kept] = 0;                                                                                        \
		*length = kept;                                                                                        \
		*cut = count >= capacity;                                                                              \
		return PD_OK;                                                                                          \
	}

PD_BUFFER(user)
PD_BUFFER(kernel)
PD_BUFFER(either)

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

/* A char array inside a record: ends at a NUL or at its own size, never beyond. */
PD_INLINE u8 pd_string_array(char *data, u32 capacity, u32 *length, u32 *cut, u64 address)
{
	return pd_string_done(pd_read_kernel_str(data, capacity, (void *) address), capacity, length, cut);
}

/* The last `size` bytes of a string that has them; `last` is where they begin in the longest one. */
PD_INLINE const char *pd_tail(const char *data, u32 length, u32 size, u32 last)
{
	u64 at = (u64) length - size; /* 64 bits: no instruction comes between the bound and its use, whatever the compiler */

	PD_OPAQUE(at);
	return data + (at > last ? last : at);
}

/* NULL, or an error number dressed as a pointer (include/linux/err.h). */
PD_INLINE int pd_no_pointer(u64 address)
{
	return !address || address >= (u64) -4095;
}
