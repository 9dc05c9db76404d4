/* An exec writes the process's row: the path of the file by its dentries, as the mounts stand, and the argument block.
 * Of a path that does not fit the last names are kept, and no slash before them: it must not pass for a whole one. */
PD_INLINE u32 pd_exec_path(struct pd_exec *work, struct linux_binprm *bprm, u8 *cut)
{
	struct dentry *dentry = 0;
	struct dentry *root = 0;
	struct dentry *parent = 0;
	struct vfsmount *vfsmount = 0;
	struct mount *mount;
	struct mount *above = 0;
	struct file *file = 0;
	const unsigned char *name = 0;
	u32 at = 255;
	u32 length = 0;

	pd_read_kernel(&file, sizeof(file), PD_AT(struct linux_binprm, bprm, file));
	pd_read_kernel(&dentry, sizeof(dentry), PD_AT(struct file, file, f_path.dentry));
	pd_read_kernel(&vfsmount, sizeof(vfsmount), PD_AT(struct file, file, f_path.mnt));
	mount = (struct mount *) ((char *) vfsmount - (u64) PD_AT(struct mount, 0, mnt));
	*cut = 1;
	for (u32 i = 0; i < 160; i++) { /* 127 names fit, and the rest is for mounts on the way */
		pd_read_kernel(&root, sizeof(root), PD_AT(struct mount, mount, mnt.mnt_root));
		pd_read_kernel(&parent, sizeof(parent), PD_AT(struct dentry, dentry, d_parent));
		if (dentry == root) {
			pd_read_kernel(&above, sizeof(above), PD_AT(struct mount, mount, mnt_parent));
			if (above == mount) {
				*cut = 0;
				break;
			}
			pd_read_kernel(&dentry, sizeof(dentry), PD_AT(struct mount, mount, mnt_mountpoint));
			mount = above;
			continue;
		}
		if (dentry == parent && at != 255) { /* the root of what is not mounted here: a detached mount */
			*cut = 0;
			break;
		}
		pd_read_kernel(&name, sizeof(name), PD_AT(struct dentry, dentry, d_name.name));
		pd_read_kernel(&length, sizeof(length), PD_AT(struct dentry, dentry, d_name.len));
		if (length + 1 > at)
			break;
		at -= length + 1;
		PD_OPAQUE(at);
		at &= 255;
		length &= 255;
		pd_read_kernel(&work->path[at + 1], length, name);
		work->path[at] = '/';
		if (dentry == parent) { /* a file without a directory: memfd */
			*cut = 0;
			break;
		}
		dentry = parent;
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
	u32 pid = 0;
	u32 at;
	u32 length;

	if (!work || pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
		return;
	__builtin_memset(work->row.args, 0, sizeof(work->row.args));
	__builtin_memset(work->row.exe, 0, sizeof(work->row.exe));
	at = pd_exec_path(work, bprm, &work->row.exe_cut) & 255;
	length = (255 - at) & 255;
	pd_read_kernel(work->row.exe, length, &work->path[at]);
	work->row.exe_length = length;
	pd_exec_args(work, task);
	pd_map_update(MAP(processes), &pid, &work->row, 0);
}
