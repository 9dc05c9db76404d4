/* Arguments of 32-bit callers: 4 bytes of a register that the kernel has put away at `p` (struct pt_regs, of a caller whose
 * registers can hold more), or of the caller's own memory (vocabulary/compat.py). */
PD_INLINE u8 pd_register(u64 p, u32 *out)
{
	return pd_read_kernel(out, sizeof(*out), (void *) p) ? PD_UNREAD : PD_OK;
}

PD_INLINE u8 compat_number(struct run *r, u64 p, u64 *out)
{
	u32 found = 0;
	u8 state = pd_register(p, &found);

	*out = found;
	return state;
}

PD_INLINE u8 compat_signed(struct run *r, u64 p, u64 *out)
{
	u32 found = 0;
	u8 state = pd_register(p, &found);

	*out = (s64) (s32) found;
	return state;
}

PD_INLINE u8 compat_short(struct run *r, u64 p, u64 *out)
{
	u32 found = 0;
	u8 state = pd_register(p, &found);

	*out = found & 0xffff;
	return state;
}

PD_INLINE u8 compat_string(struct run *r, u64 p, char *data, u32 size, u32 *length, u32 *cut)
{
	u32 address = 0;
	u8 state = pd_register(p, &address);

	return state == PD_OK ? pd_string_user(data, size, length, cut, address) : state;
}

/* Argument `index` of what socketcall() makes: at `p` itself, or where the register at `p` points. */
PD_INLINE u8 pd_word(u64 p, u32 index, u32 *out)
{
	return pd_read_user(out, sizeof(*out), (void *) (p + 4 * index)) ? PD_UNREAD : PD_OK;
}

#define PD_WORD(index)                                                          \
	PD_INLINE u8 compat_word_##index(struct run *r, u64 p, u64 *out)        \
	{                                                                       \
		u32 found = 0;                                                  \
		u8 state = pd_word(p, index, &found);                           \
                                                                                \
		*out = found;                                                   \
		return state;                                                   \
	}                                                                       \
	PD_INLINE u8 compat_signed_word_##index(struct run *r, u64 p, u64 *out) \
	{                                                                       \
		u32 found = 0;                                                  \
		u8 state = pd_word(p, index, &found);                           \
                                                                                \
		*out = (s64) (s32) found;                                       \
		return state;                                                   \
	}                                                                       \
	PD_INLINE u8 compat_far_word_##index(struct run *r, u64 p, u64 *out)    \
	{                                                                       \
		u32 at = 0;                                                     \
		u8 state = pd_register(p, &at);                                 \
                                                                                \
		return state == PD_OK ? compat_word_##index(r, at, out) : state; \
	}                                                                       \
	PD_INLINE u8 compat_signed_far_word_##index(struct run *r, u64 p, u64 *out) \
	{                                                                       \
		u32 at = 0;                                                     \
		u8 state = pd_register(p, &at);                                 \
                                                                                \
		return state == PD_OK ? compat_signed_word_##index(r, at, out) : state; \
	}

PD_WORD(0)
PD_WORD(1)
PD_WORD(2)
PD_WORD(3)
PD_WORD(4)
PD_WORD(5)
