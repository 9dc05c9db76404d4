/* An exec writes the process's row: the path of the file by its dentries, as the mounts stand, and the argument block.
 * Of a path that does not fit the last names are kept, and no slash before them: it must not pass for a whole one. */
PD_INLINE u32 pd_exec_path(struct run *r, struct pd_exec *work, struct linux_binprm *bprm, u8 *cut)
{
	struct pd_climb *climb = &r->s->climb;
	u64 file = PD_FOLLOW(struct linux_binprm, bprm, file);
	u64 dentry = PD_FOLLOW(struct file, file, f_path.dentry);
	u64 vfsmount = PD_FOLLOW(struct file, file, f_path.mnt);
	u32 end = pd_climb(climb, dentry, vfsmount, 0, PD_NAMES);
	u64 length = 0;
	u64 name;
	u32 at = 255;

	*cut = end != PD_AT_ROOT && end != PD_AT_END;
	if (end == PD_AT_END && !climb->count) { /* a file without a directory: memfd */
		climb->names[0] = dentry;
		climb->count = 1;
	}
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < PD_NAMES; i++) {
		PD_OPAQUE(i);
		if (i >= climb->count)
			break;
		dentry = climb->names[i];
		name = PD_FOLLOW(struct dentry, dentry, d_name.name);
		pd_read_kernel(&length, sizeof(u32), PD_AT(struct dentry, dentry, d_name.len));
		if (length + 1 > at) {
			*cut = 1;
			break;
		}
		at -= length + 1;
		PD_OPAQUE(at);
		at &= 255;
		length &= 255;
		pd_read_kernel(&work->path[at + 1], length, (void *) name);
		work->path[at] = '/';
	}
	return *cut && at != 255 ? at + 1 : at;
}

PD_INLINE void pd_exec_args(struct pd_exec *work, struct task_struct *task)
{
	struct mm_struct *mm = 0;
	u64 start = 0;
	u64 end = 0;
	u64 length;

	work->row.args_length = 0;
	work->row.args_cut = 0;
	pd_read_kernel(&mm, sizeof(mm), PD_AT(struct task_struct, task, mm));
	if (!mm)
		return;
	pd_read_kernel(&start, sizeof(start), PD_AT(struct mm_struct, mm, arg_start));
	pd_read_kernel(&end, sizeof(end), PD_AT(struct mm_struct, mm, arg_end));
	if (end <= start + 1)
		return;
	length = end - start - 1;
	if (length > 255) {
		length = 255;
		work->row.args_cut = 1;
	}
	PD_OPAQUE(length);
	if (length > 255 || pd_read_user(work->row.args, length, (void *) start))
		return;
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < 255; i++) {
		PD_OPAQUE(i); /* one step after the other: a newer compiler takes many at once, and checks the end once */
		if (i >= length)
			break;
		if (!work->row.args[i])
			work->row.args[i] = ' ';
	}
	work->row.args_length = length;
}

PD_INLINE void pd_internal(struct run *r)
{
	struct task_struct *task = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 0);
	struct linux_binprm *bprm = (struct linux_binprm *) PD_CONTEXT(u64, r->ctx, 16);
	struct pd_exec *work = pd_row(MAP(exec_work), 0);
	struct pd_process *before;
	u32 pid = 0;
	u32 at;
	u32 length;

	if (!work || pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
		return;
	__builtin_memset(work->row.args, 0, sizeof(work->row.args));
	__builtin_memset(work->row.exe, 0, sizeof(work->row.exe));
	at = pd_exec_path(r, work, bprm, &work->row.exe_cut) & 255;
	length = (255 - at) & 255;
	pd_read_kernel(work->row.exe, length, &work->path[at]);
	work->row.exe_length = length;
	pd_exec_args(work, task);
	before = pd_process_of(MAP(processes), pid);
	work->row.began.origin = pd_origin(task, 0, before ? before->began.origin : 0);
	pd_begin(task, &work->row.began);
	pd_map_update(MAP(processes), &pid, &work->row, 0);
/*% if program.trees %*/
	pd_trees_exec(pid, &work->row, work->path);
/*% endif %*/
}
