/* Fields that walk from the current task. */
#define PD_PF_KTHREAD 0x00200000 /* include/linux/sched.h */

PD_INLINE struct task_struct *pd_leader(struct task_struct *task)
{
	struct task_struct *leader = 0;

	pd_read_kernel(&leader, sizeof(leader), PD_AT(struct task_struct, task, group_leader));
	return leader;
}

PD_INLINE struct task_struct *pd_parent(struct task_struct *task)
{
	struct task_struct *parent = 0;

	pd_read_kernel(&parent, sizeof(parent), PD_AT(struct task_struct, task, real_parent));
	return parent;
}

PD_INLINE u8 process_start_time(struct run *r, u64 *out)
{
	struct task_struct *leader = pd_leader((struct task_struct *) pd_task());

	return leader && !pd_read_kernel(out, sizeof(*out), PD_AT(struct task_struct, leader, start_boottime)) ? PD_OK : PD_UNREAD;
}

PD_INLINE u8 process_kernel_thread(struct run *r, u64 *out)
{
	struct task_struct *task = (struct task_struct *) pd_task();
	u32 flags = 0;

	if (pd_read_kernel(&flags, sizeof(flags), PD_AT(struct task_struct, task, flags)))
		return PD_UNREAD;
	*out = !!(flags & PD_PF_KTHREAD);
	return PD_OK;
}

PD_INLINE u8 process_ppid(struct run *r, u64 *out)
{
	struct task_struct *parent = pd_parent((struct task_struct *) pd_task());
	u32 pid = 0;

	if (!parent || pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, parent, tgid)))
		return PD_UNREAD;
	*out = pid;
	return PD_OK;
}

PD_INLINE u8 process_parent_pid(struct run *r, u64 *out)
{
	return process_ppid(r, out);
}

PD_INLINE u8 process_parent_comm(struct run *r, char *data, u32 *length, u32 *cut)
{
	struct task_struct *parent = pd_parent((struct task_struct *) pd_task());
	struct task_struct *leader = parent ? pd_leader(parent) : 0;

	return leader ? pd_string_array(data, 16, length, cut, (u64) PD_AT(struct task_struct, leader, comm)) : PD_UNREAD;
}
