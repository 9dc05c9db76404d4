/* Fields of a socket option that is set, or has been read (PD_ANSWERED). */
struct pd_sockopt { /* struct bpf_sockopt, include/uapi/linux/bpf.h */
	u64 sk;
	u64 value;
	u64 end;
	s32 level;
	s32 name;
	s32 length;
	s32 result;
};

#define PD_OF_OPTION(type, r, member) PD_CONTEXT(type, (r)->ctx, __builtin_offsetof(struct pd_sockopt, member))
#define PD_OPTION_TEXT 15

PD_INLINE u8 sockopt_level(struct run *r, u64 *out)
{
	*out = (u32) PD_OF_OPTION(u32, r, level);
	return PD_OK;
}

PD_INLINE u8 sockopt_number(struct run *r, u64 *out)
{
	*out = (u32) PD_OF_OPTION(u32, r, name);
	return PD_OK;
}

PD_INLINE u8 sockopt_name(struct run *r, u64 *out)
{
	*out = PD_OF_OPTION(u32, r, level) << 32 | (u32) PD_OF_OPTION(u32, r, name);
	return PD_OK;
}

PD_INLINE u8 sockopt_length(struct run *r, u64 *out)
{
	*out = (s64) (s32) PD_OF_OPTION(u32, r, length);
	return PD_OK;
}

#ifdef PD_ANSWERED
PD_INLINE u8 sockopt_ret(struct run *r, u64 *out)
{
	*out = (s64) (s32) PD_OF_OPTION(u32, r, result);
	return PD_OK;
}
#endif

/* How many bytes there are: the buffer is at least 16, whatever the caller gave; what the kernel refused to read has none. */
PD_INLINE s32 pd_option_bytes(struct run *r)
{
#ifdef PD_ANSWERED
	if ((s32) PD_OF_OPTION(u32, r, result) < 0)
		return 0;
#endif
	return PD_OF_OPTION(u32, r, length);
}

/* As the kernel reads numbers: four bytes whatever comes after them, and one where there are fewer. */
PD_INLINE u8 sockopt_value(struct run *r, u64 *out)
{
	char *value = (char *) PD_OF_OPTION(u64, r, value);
	char *end = (char *) PD_OF_OPTION(u64, r, end);
	s32 bytes = pd_option_bytes(r);

	if (bytes >= 4 && value + 4 <= end) {
		*out = (s64) *(s32 *) value;
		return PD_OK;
	}
	if (bytes < 1 || value + 1 > end)
		return PD_ABSENT;
	*out = *(u8 *) value;
	return PD_OK;
}

PD_INLINE u8 sockopt_text(struct run *r, char *data, u32 *length, u32 *cut)
{
	char *value = (char *) PD_OF_OPTION(u64, r, value);
	char *end = (char *) PD_OF_OPTION(u64, r, end);
	s32 bytes = pd_option_bytes(r);

	*cut = 0;
	if (bytes < 1 || value + 1 > end)
		return PD_ABSENT;
#pragma clang loop unroll(full)
	for (s32 i = 0; i < PD_OPTION_TEXT; i++) {
		*length = i;
		data[i] = 0;
		if (i >= bytes || value + i + 1 > end || !value[i])
			return PD_OK;
		data[i] = value[i];
	}
	data[PD_OPTION_TEXT] = 0;
	*length = PD_OPTION_TEXT;
	*cut = bytes > PD_OPTION_TEXT && value + PD_OPTION_TEXT + 1 <= end && value[PD_OPTION_TEXT];
	return PD_OK;
}

/* A value that is longer than what programs are shown: a length of 0 has the kernel use the caller's own buffer, as it would
 * without programs (Documentation/bpf/prog_cgroup_sockopt.rst); some kernels fail the call if the length stays. */
#define PD_BEFORE_END(r)                                                \
	do {                                                            \
		if ((s32) PD_OF_OPTION(u32, r, length) > 4096)          \
			((struct pd_sockopt *) (r)->ctx)->length = 0;   \
	} while (0)
