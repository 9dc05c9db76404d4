/* The argument block of a program that was just put in place.  While `mm` is set, the arguments are in memory that is not the
 * current process's yet. */
#define PD_LOW_BITS 0x7f7f7f7f7f7f7f7fULL

PD_INLINE u8 binprm_argv(struct run *r, u64 bprm, char *data, u32 size, u32 *length, u32 *cut)
{
	u64 task = pd_task();
	u64 mm = 1;
	u64 start = 0;
	u64 end = 0;
	u64 *words = (u64 *) data;
	u64 left, zeros;

	if (pd_read_kernel(&mm, sizeof(mm), PD_AT(struct linux_binprm, bprm, mm)) || mm)
		return PD_UNREAD;
	if (pd_read_kernel(&mm, sizeof(mm), PD_AT(struct task_struct, task, mm)) || !mm)
		return PD_UNREAD;
	pd_read_kernel(&start, sizeof(start), PD_AT(struct mm_struct, mm, arg_start));
	pd_read_kernel(&end, sizeof(end), PD_AT(struct mm_struct, mm, arg_end));
	if (end <= start)
		return PD_ABSENT;
	left = end - start - 1;
	*cut = left > size - 1;
	if (left > size - 1)
		left = size - 1;
	PD_OPAQUE(left);
	if (left > size - 1 || pd_read_user(data, left, (void *) start))
		return PD_UNREAD;
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < size / 8; i++) { /* every NUL becomes a space, eight bytes at once */
		PD_OPAQUE(i);
		if (i * 8 >= left)
			break;
		zeros = ~(((words[i] & PD_LOW_BITS) + PD_LOW_BITS) | words[i] | PD_LOW_BITS);
		words[i] |= zeros >> 2;
	}
	data[left] = 0;
	*length = left;
	return PD_OK;
}
