/* policyd 0.1.0, raw_tracepoint:cgroup_mkdir, pd_1fce13a9588a */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 320, 1);
PD_MAP(made_work, 6, 4, 512, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 320, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/cgroup_of_process.c */

/* fields/below.c */

/* A cgroup that is made: where a scope names it, it is on the scope's list from its first process on.  The kernel has one of them
 * made at a time (cgroup_mutex). */
struct pd_made {
	char path[256];
	char key[256];
};

PD_INLINE void pd_enter_cgroup(void *list, u64 id, u32 level, u32 policy)
{
	u64 key = PD_LEVELS;
	u64 *levels;
	u64 in = 1;

	if (!list)
		return;
	levels = pd_map_lookup(list, &key);
	if (!levels)
		return;
	if (pd_map_update(list, &id, &in, 0))
		pd_account(MAP(account), policy, 3);
	else
		*levels |= 1ULL << level;
}

PD_INLINE void pd_internal(struct run *r)
{
	u64 cgroup = PD_CONTEXT(u64, r->ctx, 0);
	u64 path = PD_CONTEXT(u64, r->ctx, 8);
	struct pd_made *made = pd_row(MAP(made_work), 0);
	u64 root = PD_FOLLOW(struct cgroup, cgroup, root);
	u64 node = PD_FOLLOW(struct cgroup, cgroup, kn);
	int hierarchy = 1;
	u32 level = 0;
	u64 id = 0;
	long length;

	pd_read_kernel(&hierarchy, sizeof(hierarchy), PD_AT(struct cgroup_root, root, hierarchy_id));
	if (!made || hierarchy) /* the others are cgroup v1's */
		return;
	if (pd_read_kernel(&id, sizeof(id), PD_AT(struct kernfs_node, node, id)) ||
	    pd_read_kernel(&level, sizeof(level), PD_AT(struct cgroup, cgroup, level)) || level > PD_DEEPEST)
		return;
	length = pd_read_kernel_str(made->path, sizeof(made->path), (void *) path);
	if (length < 2 || length > 255) /* a scope's are shorter */
		return;
	if (pd_in_strings(MAP(hash_256_8_f1), 2, made->key, 256, made->path, length - 1) == 1)
		pd_enter_cgroup(pd_row(MAP(hash_8_8_f1), 3), id, level, 0);
}

PD_ENTRY int pd_1fce13a9588a(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, raw_tracepoint:sched_process_exec, pd_0ff9f5abe628 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 1400, 1);
PD_MAP(exec_work, 6, 4, 1368, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/path_types.c */

/* fields/process_table.c */

/* internal/process_exec_types.c */

struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	struct pd_climb climb;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 1400, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/task_began.c */

/* fields/path.c */

/* The processes of trees, by number.  The value says why a process is in one. */
#define PD_BY_PROGRAM 1
#define PD_BY_PID 2

PD_INLINE u64 pd_tree_get(void *tree, u64 pid)
{
	u64 *why = pd_map_lookup(tree, &pid);

	return why ? *why : 0;
}

PD_INLINE void pd_tree_set(void *tree, u64 pid, u64 why, u32 policy)
{
	if (!why)
		pd_map_delete(tree, &pid);
	else if (pd_map_update(tree, &pid, &why, 0))
		pd_account(MAP(account), policy, 3);
}

/* A child runs its parent's program; that its parent was named says nothing of it, unless children are followed. */
PD_INLINE void pd_trees_fork(u32 from, u32 pid)
{
	void *tree;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from), 0);
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from) & PD_BY_PROGRAM, 0);
}

/* `key` is room for a program's path. */
PD_INLINE void pd_trees_exec(u32 pid, const struct pd_process *process, char *key)
{
	void *tree;
	u64 why;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree) {
		why = pd_tree_get(tree, pid);
		if (pd_in_strings(MAP(hash_256_8_f1), 0, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
		pd_tree_set(tree, pid, why, 0);
	}
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree) {
		why = pd_tree_get(tree, pid);
		why &= ~PD_BY_PROGRAM;
		if (pd_in_strings(MAP(hash_256_8_f1), 1, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
		pd_tree_set(tree, pid, why, 0);
	}
}

PD_INLINE void pd_trees_exit(u32 pid)
{
	void *tree;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree)
		pd_tree_set(tree, pid, 0, 0);
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree)
		pd_tree_set(tree, pid, 0, 0);
}

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
	pd_trees_exec(pid, &work->row, work->path);
}

PD_ENTRY int pd_0ff9f5abe628(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, raw_tracepoint:sched_process_exit, pd_53618365dd65 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 320, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 320, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* The processes of trees, by number.  The value says why a process is in one. */
#define PD_BY_PROGRAM 1
#define PD_BY_PID 2

PD_INLINE u64 pd_tree_get(void *tree, u64 pid)
{
	u64 *why = pd_map_lookup(tree, &pid);

	return why ? *why : 0;
}

PD_INLINE void pd_tree_set(void *tree, u64 pid, u64 why, u32 policy)
{
	if (!why)
		pd_map_delete(tree, &pid);
	else if (pd_map_update(tree, &pid, &why, 0))
		pd_account(MAP(account), policy, 3);
}

/* A child runs its parent's program; that its parent was named says nothing of it, unless children are followed. */
PD_INLINE void pd_trees_fork(u32 from, u32 pid)
{
	void *tree;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from), 0);
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from) & PD_BY_PROGRAM, 0);
}

/* `key` is room for a program's path. */
PD_INLINE void pd_trees_exec(u32 pid, const struct pd_process *process, char *key)
{
	void *tree;
	u64 why;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree) {
		why = pd_tree_get(tree, pid);
		if (pd_in_strings(MAP(hash_256_8_f1), 0, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
		pd_tree_set(tree, pid, why, 0);
	}
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree) {
		why = pd_tree_get(tree, pid);
		why &= ~PD_BY_PROGRAM;
		if (pd_in_strings(MAP(hash_256_8_f1), 1, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
		pd_tree_set(tree, pid, why, 0);
	}
}

PD_INLINE void pd_trees_exit(u32 pid)
{
	void *tree;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree)
		pd_tree_set(tree, pid, 0, 0);
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree)
		pd_tree_set(tree, pid, 0, 0);
}

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
	pd_trees_exit(pid);
}

PD_ENTRY int pd_53618365dd65(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, raw_tracepoint:sched_process_fork, pd_b4ac040ae026 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 320, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 320, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/task_began.c */

/* The processes of trees, by number.  The value says why a process is in one. */
#define PD_BY_PROGRAM 1
#define PD_BY_PID 2

PD_INLINE u64 pd_tree_get(void *tree, u64 pid)
{
	u64 *why = pd_map_lookup(tree, &pid);

	return why ? *why : 0;
}

PD_INLINE void pd_tree_set(void *tree, u64 pid, u64 why, u32 policy)
{
	if (!why)
		pd_map_delete(tree, &pid);
	else if (pd_map_update(tree, &pid, &why, 0))
		pd_account(MAP(account), policy, 3);
}

/* A child runs its parent's program; that its parent was named says nothing of it, unless children are followed. */
PD_INLINE void pd_trees_fork(u32 from, u32 pid)
{
	void *tree;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from), 0);
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree)
		pd_tree_set(tree, pid, pd_tree_get(tree, from) & PD_BY_PROGRAM, 0);
}

/* `key` is room for a program's path. */
PD_INLINE void pd_trees_exec(u32 pid, const struct pd_process *process, char *key)
{
	void *tree;
	u64 why;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree) {
		why = pd_tree_get(tree, pid);
		if (pd_in_strings(MAP(hash_256_8_f1), 0, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
		pd_tree_set(tree, pid, why, 0);
	}
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree) {
		why = pd_tree_get(tree, pid);
		why &= ~PD_BY_PROGRAM;
		if (pd_in_strings(MAP(hash_256_8_f1), 1, key, 256, process->exe, process->exe_length) == 1)
			why |= PD_BY_PROGRAM;
		pd_tree_set(tree, pid, why, 0);
	}
}

PD_INLINE void pd_trees_exit(u32 pid)
{
	void *tree;

	tree = pd_row(MAP(hash_8_8_f1), 0);
	if (tree)
		pd_tree_set(tree, pid, 0, 0);
	tree = pd_row(MAP(hash_8_8_f1), 2);
	if (tree)
		pd_tree_set(tree, pid, 0, 0);
}

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
	pd_trees_fork(from, pid);
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

PD_ENTRY int pd_b4ac040ae026(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_openat, pd_280ab834f5ee */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x543f7ea4cb28ULL
#define PD_CANARY_PROGRAM 0x280ab834f5eeULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(percpu_array_4_8_n1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(automaton_0, 2, 4, 1600, 1);
PD_MAP(rules, 2, 4, 28, 2);
PD_MAP(scratch, 6, 4, 5168, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

#define PD_MOST_MAPS 1

/* lib/rules.c */

struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};
struct layout_0_0 {
	u32 c0; /* process_pid */
	u32 c1; /* process_ppid */
	u32 c2; /* process_uid */
	u8 c3[16]; /* process_comm */
	struct pd_packed c4; /* process_exe */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct automaton_0 {
	u8 classes[256];
	u32 table[320];
	u64 matches[8];
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	u64 v1;
	u64 v2;
	u64 v3;
	u64 v4;
	u64 v5;
	PD_STRING(4096) v6;
	u64 v7;
	u64 v8;
	PD_STRING(16) v9;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u8 sought[2];
	u64 found_0[1];
	u32 search_0;
	u8 scopes[3];
	u64 key[34];
	u64 event[43];
	u8 state[11]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 5168, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/cgroup_of_process.c */

/* fields/below.c */

/* fields/task.c */

/* fields/task_pids.c */

/* fields/task_host.c */

/* process.cgroup */
PD_INLINE u8 fetch_0(struct run *r)
{
	return process_cgroup(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.namespaces.pid.is_host */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_pid_is_host(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.namespaces.net.is_host */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_net_is_host(r, p, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.namespaces.net */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, nsproxy)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct nsproxy, p, net_ns)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct net, p, ns.inum)))
		return PD_UNREAD;
	r->s->v3 = found;
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.namespaces.mnt.is_host */
PD_INLINE u8 fetch_4(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_mnt_is_host(r, p, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.pid */
PD_INLINE u8 fetch_5(struct run *r)
{
	return process_pid(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.filename */
PD_INLINE u8 fetch_6(struct run *r)
{
	return pd_string_user(r->s->v6.data, 4096, &r->s->v6.length, &r->s->v6.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* process.ppid */
PD_INLINE u8 fetch_7(struct run *r)
{
	return process_ppid(r, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* process.uid */
PD_INLINE u8 fetch_8(struct run *r)
{
	return process_uid(r, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* process.comm */
PD_INLINE u8 fetch_9(struct run *r)
{
	return process_comm(r, r->s->v9.data, &r->s->v9.length, &r->s->v9.cut);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* 1 patterns in args.filename: one pass over the string, whatever the number of patterns, if a rule wants it. */
PD_INLINE void search_0(struct run *r)
{
	struct automaton_0 *a;
	u64 *found = r->s->found_0;
	const char *data;
	u32 row = 8;
	u32 length;

	if (r->s->search_0 != PD_WANTED)
		return;
	need_6(r);
	if (r->s->state[6] != PD_OK)
		return;
	r->s->search_0 = PD_SEARCHED;
	found[0] = 0;
	a = pd_row(MAP(automaton_0), 0);
	if (!a)
		return;
	data = r->s->v6.data;
	length = r->s->v6.length;
	for (u32 i = 0; i < 512; i++) {
		if (i * 8 > length) /* the NUL is read too: it ends the string for the machine */
			break;
#pragma unroll
		for (u32 j = 0; j < 8; j++) {
			row = a->table[(row & 63) + a->classes[(u8) data[i * 8 + j]]];
			found[0] |= a->matches[(row >> 3 & 7) * 1 + 0];
		}
	}
}

#line 7 "tests/golden/scope.yaml"
/* process.namespaces.pid.is_host Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return (r->s->v1 == 1);
}
#line here "policyd.c"

/* process.cgroup Below */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_0(r);
	int found = pd_below(r, MAP(hash_8_8_f1), 3);

	return found == PD_EMPTY ? 0 : found;
}

#line 13 "tests/golden/scope.yaml"
/* process.namespaces.mnt.is_host Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 0;
	return (r->s->v4 == 1);
}
#line here "policyd.c"

#line 13 "tests/golden/scope.yaml"
/* process.namespaces.net.is_host Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 0;
	return (r->s->v2 == 1);
}
#line here "policyd.c"

#line 13 "tests/golden/scope.yaml"
/* process.namespaces.net In */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_3(r);
	if (r->s->state[3] == PD_UNREAD)
		return unread;
	if (r->s->state[3] != PD_OK)
		return 0;
	return (r->s->v3 == 0xf0000000ULL);
}
#line here "policyd.c"

/* process.pid In */
PD_INLINE int test_5(struct run *r, int unread)
{
	need_5(r);
	int found = pd_in_numbers(MAP(hash_8_8_f1), 0, r->s->v5);

	return found == PD_EMPTY ? 0 : found;
}

/* process.cgroup not Below */
PD_INLINE int test_6(struct run *r, int unread)
{
	need_0(r);
	int found = pd_below(r, MAP(hash_8_8_f1), 1);

	return found == PD_EMPTY ? 1 : !found;
}

/* process.pid In */
PD_INLINE int test_7(struct run *r, int unread)
{
	need_5(r);
	int found = pd_in_numbers(MAP(hash_8_8_f1), 2, r->s->v5);

	return found == PD_EMPTY ? 0 : found;
}

#line 16 "tests/golden/scope.yaml"
/* process.pid GreaterOrEqual */
PD_INLINE int test_8(struct run *r, int unread)
{
	need_5(r);
	return (r->s->v5 >= 2);
}
#line here "policyd.c"

#line 17 "tests/golden/scope.yaml"
/* args.filename Contains */
PD_INLINE int test_9(struct run *r, int unread)
{
	need_6(r);
	if (r->s->state[6] == PD_UNREAD)
		return unread;
	if (r->s->state[6] != PD_OK)
		return 0;
	if (r->s->search_0 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the search */
	return (r->s->found_0[0] & 1);
}
#line here "policyd.c"

/* whom scope is about */
PD_INLINE u8 scope_0(struct run *r)
{
	return (test_0(r, 0) && test_1(r, 0)) != 0;
}

/* whom scope is about */
PD_INLINE u8 scope_1(struct run *r)
{
	return ((test_2(r, 1) && (test_3(r, 1) || test_4(r, 1))) && test_5(r, 1)) != 0;
}

/* whom scope is about */
PD_INLINE u8 scope_2(struct run *r)
{
	return (test_6(r, 0) && test_7(r, 0)) != 0;
}

#line 9 "tests/golden/scope.yaml"
/* scope/a-tree */
PD_INLINE void seek_0(struct run *r)
{
	PD_BARRIER();
	r->s->sought[0] = 0;
	if (!(r->s->scopes[0] && r->s->scopes[1]))
		return;
	if (!(test_8(r, 1) && test_9(r, 1))) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[0] = 1;
	if (!r->s->search_0)
		r->s->search_0 = PD_WANTED;
}

PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!r->s->sought[0])
		return;
	if (!(test_8(r, 1) && test_9(r, 1)))
		return;
	if ((r->s->state[6] == PD_UNREAD) && !(test_8(r, 0) && test_9(r, 0)))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 20 "tests/golden/scope.yaml"
/* scope/by-number */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(r->s->scopes[0] && r->s->scopes[2]))
		return;
	if (!1)
		return;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
}
#line here "policyd.c"

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_5(r);
	need_7(r);
	need_8(r);
	need_9(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 1834409077, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v5;
	e->f.c1 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 1);
	e->f.c2 = r->s->v8;
	if (r->s->state[9] == PD_OK)
		pd_put_string(e->f.c3, sizeof(e->f.c3), r->s->v9.data, r->s->v9.length);
	else
		__builtin_memset(e->f.c3, 0, sizeof(e->f.c3));
	pd_mark(&absent, &unread, r->s->state[9], 3);
	if ((r->self ? PD_OK : PD_UNREAD) == PD_OK) {
		at = pd_append(e, at, 80, &e->f.c4, r->self->exe, r->self->exe_length, r->self->exe_cut, 256);
		if (!at)
			return;
	} else {
		e->f.c4.offset = 0;
		e->f.c4.length = 0;
	}
	pd_mark(&absent, &unread, (r->self ? PD_OK : PD_UNREAD), 4);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = at;
	if (!ring || pd_ring_output(ring, e, at, 0)) {
		PD_ADD(&counts[2], 1);
		return;
	}
	PD_ADD(&counts[1], 1);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_0(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	r->self = pd_process_self(MAP(processes));
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
	}
	event_0_0(r, d, counts, flags, verdict);
}

PD_INLINE void take_effects_0(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_0)
			break;
		item = r->s->queue_0[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_0(r, d, item >> 16);
	}
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_1_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	entry = pd_row(map, 0);
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_1_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_8_n1), d->maps[0]);

	return map ? entry_1_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_1_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_1_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_1(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
		metric_1_0(r, d, counts);
	}
}

PD_INLINE void take_effects_1(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_1)
			break;
		item = r->s->queue_1[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_1(r, d, item >> 16);
	}
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->search_0 = 0;
	r->s->scopes[0] = scope_0(r);
	r->s->scopes[1] = scope_1(r);
	r->s->scopes[2] = scope_2(r);
	if (!((r->s->scopes[0] && r->s->scopes[1]) || (r->s->scopes[0] && r->s->scopes[2])))
		return;
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	seek_0(r);
	search_0(r);
	match_0(r);
	match_1(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
}

PD_ENTRY int pd_280ab834f5ee(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 2);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
