/* A new process begins with its parent's program; a new thread changes nothing. */
PD_INLINE void pd_internal(struct run *r)
{
	struct task_struct *parent = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 0);
	struct task_struct *child = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 8);
	struct pd_process *row;
	u32 pid = 0;
	u32 tid = 0;
	u32 from = 0;

	if (pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, child, tgid)) ||
	    pd_read_kernel(&tid, sizeof(tid), PD_AT(struct task_struct, child, pid)) || pid != tid)
		return;
	if (pd_read_kernel(&from, sizeof(from), PD_AT(struct task_struct, parent, tgid)))
		return;
/*% if program.trees %*/
	pd_trees_fork(from, pid);
/*% endif %*/
	row = pd_process_of(MAP(processes), from);
	if (!row) {
		pd_map_delete(MAP(processes), &pid); /* the number may have been another's */
		return;
	}
	pd_map_update(MAP(processes), &pid, row, 0);
	row = pd_process_of(MAP(processes), pid);
	if (!row)
		return;
	row->began.origin = pd_origin(child, parent, row->began.origin);
	pd_begin(child, &row->began);
}
