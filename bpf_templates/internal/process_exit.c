/* The last thread of a process drops its row; rules at this hook have seen it before. */
PD_INLINE void pd_internal(struct run *r)
{
	struct task_struct *task = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 0);
	struct signal_struct *signal = 0;
	u32 pid = 0;
	int live = 1;

	pd_read_kernel(&signal, sizeof(signal), PD_AT(struct task_struct, task, signal));
	if (signal)
		pd_read_kernel(&live, sizeof(live), PD_AT(struct signal_struct, signal, live.counter));
	if (live > 0)
		return;
	if (pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
		return;
	pd_map_delete(MAP(processes), &pid);
/*% if program.trees %*/
	pd_trees_exit(pid);
/*% endif %*/
}
