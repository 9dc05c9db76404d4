/* The programs of any process, from the process table. */
#define PD_ANCESTORS 8

PD_INLINE u8 pd_program_of(u64 p, struct pd_process **row)
{
	struct task_struct *task = (struct task_struct *) p;
	u64 kernel_thread = 0;
	u32 pid = 0;

	if (task_kernel_thread(0, p, &kernel_thread) != PD_OK ||
	    pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
		return PD_UNREAD;
	if (kernel_thread)
		return PD_ABSENT;
	*row = pd_process_of(MAP(processes), pid);
	return *row ? PD_OK : PD_UNREAD;
}

PD_INLINE u8 task_exe(struct run *r, u64 p, char *data, u32 size, u32 *length, u32 *cut)
{
	struct pd_process *row = 0;
	u8 state = pd_program_of(p, &row);

	if (state != PD_OK || !row)
		return state;
	pd_read_kernel(data, sizeof(row->exe), row->exe);
	*length = row->exe_length;
	*cut = row->exe_cut;
	return PD_OK;
}

PD_INLINE u8 task_args(struct run *r, u64 p, char *data, u32 size, u32 *length, u32 *cut)
{
	struct pd_process *row = 0;
	u8 state = pd_program_of(p, &row);

	if (state != PD_OK || !row)
		return state;
	pd_read_kernel(data, sizeof(row->args), row->args);
	*length = row->args_length;
	*cut = row->args_cut;
	return PD_OK;
}

/* The programs of the parent, its parent and so on, a NUL between them; `cut` if there are more of them.  A program that is
 * not in the table is a question mark. */
PD_INLINE u8 task_ancestors(struct run *r, u64 p, char *data, u32 size, u32 *length, u32 *cut)
{
	struct task_struct *task = (struct task_struct *) p;
	struct pd_process *row;
	u64 at = 0;
	u32 pid = 0;
	u8 state;

	*cut = 0;
#pragma clang loop unroll(disable)
	for (u32 i = 0; i <= PD_ANCESTORS; i++) {
		task = pd_parent(task);
		if (!task || pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
			return PD_UNREAD;
		if (!pid)
			break;
		row = 0;
		state = pd_program_of((u64) task, &row);
		if (state == PD_ABSENT)
			continue;
		PD_OPAQUE(at);
		if (i == PD_ANCESTORS || at > (PD_ANCESTORS - 1) * sizeof(row->exe)) {
			*cut = 1;
			break;
		}
		if (row) {
			pd_read_kernel(data + at, sizeof(row->exe), row->exe);
			at += (row->exe_length & 255) + 1;
		} else {
			data[at] = '?';
			at += 2;
		}
	}
	*length = at ? at - 1 : 0;
	return PD_OK;
}
