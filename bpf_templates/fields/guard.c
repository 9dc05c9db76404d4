/* Who is never signalled: the init process, and processes of policyd with what they have started.  `guarded` maps a process's
 * number to the time of its start, in ticks as /proc/PID/stat tells it, so that a number that was given again spares nobody. */
#define PD_TICK_NS 10000000ULL /* USER_HZ is 100 wherever /proc is read (include/asm-generic/param.h) */
#define PD_GENERATIONS 6

PD_INLINE u32 pd_is_guarded(struct task_struct *task, u32 pid)
{
	u64 *started = pd_map_lookup(MAP(guarded), &pid);
	struct task_struct *leader;
	u64 start = 0;

	if (!started)
		return 0;
	leader = pd_leader(task);
	pd_read_kernel(&start, sizeof(start), PD_AT(struct task_struct, leader, start_boottime));
	return start / PD_TICK_NS == *started;
}

PD_INLINE u32 pd_is_spared(void)
{
	struct task_struct *task = (struct task_struct *) pd_task();
	u32 pid = pd_pid_tgid() >> 32;

	if (pid == 1)
		return 1;
	for (u32 i = 0; i < PD_GENERATIONS; i++) {
		if (pd_is_guarded(task, pid))
			return 1;
		task = pd_parent(task);
		if (pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)) || pid <= 1)
			return 0;
	}
	return 0;
}
