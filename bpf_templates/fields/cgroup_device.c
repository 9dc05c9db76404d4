/* Fields of a device file that is opened or made. */
#define PD_OF_DEVICE(r, offset) PD_CONTEXT(u32, (r)->ctx, offset) /* struct bpf_cgroup_dev_ctx, include/uapi/linux/bpf.h */

PD_INLINE u8 device_type(struct run *r, u64 *out)
{
	*out = PD_OF_DEVICE(r, 0) & 0xffff;
	return PD_OK;
}

PD_INLINE u8 device_access(struct run *r, u64 *out)
{
	*out = PD_OF_DEVICE(r, 0) >> 16;
	return PD_OK;
}

PD_INLINE u8 device_major(struct run *r, u64 *out)
{
	*out = PD_OF_DEVICE(r, 4);
	return PD_OK;
}

PD_INLINE u8 device_minor(struct run *r, u64 *out)
{
	*out = PD_OF_DEVICE(r, 8);
	return PD_OK;
}
