/* Fields of the process that is running: what helpers and the current task tell without a look-up. */
PD_INLINE u8 process_pid(struct run *r, u64 *out)
{
	*out = pd_pid_tgid() >> 32;
	return PD_OK;
}

PD_INLINE u8 process_tid(struct run *r, u64 *out)
{
	*out = (u32) pd_pid_tgid();
	return PD_OK;
}

PD_INLINE u8 process_uid(struct run *r, u64 *out)
{
	*out = (u32) pd_uid_gid();
	return PD_OK;
}

PD_INLINE u8 process_gid(struct run *r, u64 *out)
{
	*out = pd_uid_gid() >> 32;
	return PD_OK;
}

PD_INLINE u8 process_cgroup(struct run *r, u64 *out)
{
	*out = pd_cgroup();
	return PD_OK;
}

PD_INLINE u8 process_comm(struct run *r, char *data, u32 *length, u32 *cut)
{
	u32 found = 0;

	if (pd_comm(data, 16))
		return PD_UNREAD;
#pragma unroll
	for (u32 i = 0; i < 16; i++)
		found += found == i && data[i] != 0;
	*length = found;
	*cut = 0;
	return PD_OK;
}

PD_INLINE u8 time_now(struct run *r, u64 *out)
{
	*out = pd_boot_time();
	return PD_OK;
}

PD_INLINE u8 cpu_id(struct run *r, u64 *out)
{
	*out = pd_cpu();
	return PD_OK;
}
