PD_INLINE struct pd_process *pd_process_parent(void *processes)
{
	u64 pid = 0;

	process_ppid(0, &pid);
	return pd_process_of(processes, pid);
}
