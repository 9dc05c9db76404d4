/* What is asked of a block device: the low 8 bits of its flags (REQ_OP_MASK, include/linux/blk_types.h). */
PD_INLINE u8 pd_operation(const void *flags, u64 *out)
{
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), flags))
		return PD_UNREAD;
	*out = found & 0xff;
	return PD_OK;
}

PD_INLINE u8 request_operation(struct run *r, u64 request, u64 *out)
{
	return pd_operation(PD_AT(struct request, request, cmd_flags), out);
}

PD_INLINE u8 bio_operation(struct run *r, u64 bio, u64 *out)
{
	return pd_operation(PD_AT(struct bio, bio, bi_opf), out);
}
