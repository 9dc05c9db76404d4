/* Fields of a setting that is read or written: struct bpf_sysctl is whether it is written, and where in the file. */
#define PD_SYSCTL_TEXT 128

/* What a helper has copied: its length, or that it was cut; the newline at the end is no part of it. */
PD_INLINE u8 pd_sysctl_text(long copied, char *data, u32 *length, u32 *cut)
{
	u64 last;

	*cut = copied == -7; /* E2BIG */
	if (*cut)
		copied = PD_SYSCTL_TEXT - 1;
	if (copied < 0)
		return PD_ABSENT;
	last = (u64) copied - 1;
	PD_OPAQUE(last);
	if (last < PD_SYSCTL_TEXT && data[last] == '\n') {
		data[last] = 0;
		copied = last;
	}
	*length = copied;
	return PD_OK;
}

PD_INLINE u8 sysctl_name(struct run *r, char *data, u32 *length, u32 *cut)
{
	u8 state = pd_sysctl_text(pd_sysctl_path(r->ctx, data, PD_SYSCTL_TEXT, 0), data, length, cut);

	return state == PD_ABSENT ? PD_UNREAD : state;
}

PD_INLINE u8 sysctl_value(struct run *r, char *data, u32 *length, u32 *cut)
{
	return pd_sysctl_text(pd_sysctl_current(r->ctx, data, PD_SYSCTL_TEXT), data, length, cut);
}

PD_INLINE u8 sysctl_new_value(struct run *r, char *data, u32 *length, u32 *cut)
{
	return pd_sysctl_text(pd_sysctl_new(r->ctx, data, PD_SYSCTL_TEXT), data, length, cut);
}

PD_INLINE u8 sysctl_write(struct run *r, u64 *out)
{
	*out = PD_CONTEXT(u32, r->ctx, 0) != 0;
	return PD_OK;
}
