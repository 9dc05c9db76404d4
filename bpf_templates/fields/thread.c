/* The thread that runs, where the helper that tells it is not for every program type before 6.10. */
PD_INLINE u32 pd_thread(void)
{
	struct task_struct *task = (struct task_struct *) pd_task();
	u32 thread = 0;

	pd_read_kernel(&thread, sizeof(thread), PD_AT(struct task_struct, task, pid));
	return thread;
}
