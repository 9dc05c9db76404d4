/* Whether a task is a thread of the kernel: it has no program. */
PD_INLINE u8 task_kernel_thread(struct run *r, u64 p, u64 *out)
{
	struct task_struct *task = (struct task_struct *) p;
	u32 flags = 0;

	if (pd_read_kernel(&flags, sizeof(flags), PD_AT(struct task_struct, task, flags)))
		return PD_UNREAD;
	*out = !!(flags & PD_PF_KTHREAD);
	return PD_OK;
}
