/* Numbers of processes in pid namespaces.  A `struct pid` has one in each namespace from the host's (level 0) to its own; that of a
 * process is pids[PIDTYPE_TGID] (include/linux/pid_types.h). */

PD_INLINE struct upid *pd_upid(struct pid *pid, u32 level)
{
	return (struct upid *) ((u64) PD_AT(struct pid, pid, numbers) + level * sizeof(struct upid));
}

PD_INLINE struct pid *pd_thread_pid(u64 p)
{
	struct task_struct *task = (struct task_struct *) p;
	struct pid *pid = 0;

	pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, thread_pid));
	return pid;
}

PD_INLINE u8 task_pid_in_namespace(struct run *r, u64 p, u64 *out)
{
	struct task_struct *task = (struct task_struct *) p;
	struct signal_struct *signal = 0;
	struct pid *pid = 0;
	struct upid *upid;
	u32 level = 0;
	u32 number = 0;

	if (pd_read_kernel(&signal, sizeof(signal), PD_AT(struct task_struct, task, signal)))
		return PD_UNREAD;
	if (!signal)
		return PD_ABSENT;
	if (pd_read_kernel(&pid, sizeof(pid), PD_AT(struct signal_struct, signal, pids[1])))
		return PD_UNREAD;
	if (!pid)
		return PD_ABSENT;
	if (pd_read_kernel(&level, sizeof(level), PD_AT(struct pid, pid, level)))
		return PD_UNREAD;
	upid = pd_upid(pid, level);
	if (pd_read_kernel(&number, sizeof(number), PD_AT(struct upid, upid, nr)))
		return PD_UNREAD;
	*out = number;
	return PD_OK;
}

PD_INLINE u8 task_pid_namespace(struct run *r, u64 p, u64 *out)
{
	struct pid *pid = pd_thread_pid(p);
	struct pid_namespace *namespace = 0;
	struct upid *upid;
	u32 level = 0;
	u32 number = 0;

	if (!pid)
		return PD_ABSENT;
	if (pd_read_kernel(&level, sizeof(level), PD_AT(struct pid, pid, level)))
		return PD_UNREAD;
	upid = pd_upid(pid, level);
	if (pd_read_kernel(&namespace, sizeof(namespace), PD_AT(struct upid, upid, ns)) ||
	    pd_read_kernel(&number, sizeof(number), PD_AT(struct pid_namespace, namespace, ns.inum)))
		return PD_UNREAD;
	*out = number;
	return PD_OK;
}

PD_INLINE u8 task_pid_is_host(struct run *r, u64 p, u64 *out)
{
	struct pid *pid = pd_thread_pid(p);
	u32 level = 0;

	if (!pid)
		return PD_ABSENT;
	if (pd_read_kernel(&level, sizeof(level), PD_AT(struct pid, pid, level)))
		return PD_UNREAD;
	*out = level == 0;
	return PD_OK;
}

/* The host's init: the namespace of level 0 has it as the reaper of its children. */
PD_INLINE struct task_struct *pd_host_init(u64 p)
{
	struct pid *pid = pd_thread_pid(p);
	struct pid_namespace *namespace = 0;
	struct task_struct *init = 0;
	struct upid *upid = pd_upid(pid, 0);

	if (!pid)
		return 0;
	pd_read_kernel(&namespace, sizeof(namespace), PD_AT(struct upid, upid, ns));
	pd_read_kernel(&init, sizeof(init), PD_AT(struct pid_namespace, namespace, child_reaper));
	return init;
}
