/* policyd 0.1.0, raw_tracepoint:sched_process_exec, pd_045440bc0489 */
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
}

PD_ENTRY int pd_045440bc0489(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_process_exit, pd_35bfe8fad4cc */
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
}

PD_ENTRY int pd_35bfe8fad4cc(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_process_fork, pd_6826551c18ae */
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

PD_ENTRY int pd_6826551c18ae(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_execve, pd_5b2ac65c8436 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x70e58231c90dULL
#define PD_CANARY_PROGRAM 0x5b2ac65c8436ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 13184, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/path_types.c */

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
	struct pd_packed c0; /* process_ancestors */
	u32 c1; /* process_parent_parent_pid */
	u8 c2[16]; /* process_parent_parent_comm */
	struct pd_packed c3; /* process_parent_parent_exe */
	struct pd_packed c4; /* process_parent_parent_parent_args */
	struct pd_packed c5; /* process_cwd */
	struct pd_packed c6; /* process_parent_cwd */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	PD_STRING(256) v0;
	PD_STRING(256) v1;
	PD_STRING(256) v2;
	PD_STRING(256) v3;
	PD_STRING(256) v4;
	PD_STRING(256) v5;
	PD_STRING(256) v6;
	PD_STRING(256) v7;
	PD_STRING(2048) v8;
	u64 v9;
	PD_STRING(16) v10;
	PD_STRING(256) v11;
	PD_STRING(256) v12;
	PD_STRING(1024) v13;
	PD_STRING(1024) v14;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_climb climb;
	u64 key[34];
	u64 event[588];
	u8 state[15]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 13184, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/task.c */

/* fields/task_kernel.c */

/* fields/task_program.c */

/* fields/path.c */

/* process.ancestors[0] */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v0.data, 256, &r->s->v0.length, &r->s->v0.cut);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.ancestors[1] */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v1.data, 256, &r->s->v1.length, &r->s->v1.cut);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.ancestors[2] */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v2.data, 256, &r->s->v2.length, &r->s->v2.cut);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.ancestors[3] */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v3.data, 256, &r->s->v3.length, &r->s->v3.cut);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.ancestors[4] */
PD_INLINE u8 fetch_4(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v4.data, 256, &r->s->v4.length, &r->s->v4.cut);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.ancestors[5] */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v5.data, 256, &r->s->v5.length, &r->s->v5.cut);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* process.ancestors[6] */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v6.data, 256, &r->s->v6.length, &r->s->v6.cut);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* process.ancestors[7] */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v7.data, 256, &r->s->v7.length, &r->s->v7.cut);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* process.ancestors */
PD_INLINE u8 fetch_8(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_ancestors(r, p, r->s->v8.data, 2048, &r->s->v8.length, &r->s->v8.cut);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* process.parent.parent.pid */
PD_INLINE u8 fetch_9(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, tgid)))
		return PD_UNREAD;
	r->s->v9 = found;
	return PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* process.parent.parent.comm */
PD_INLINE u8 fetch_10(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, group_leader)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v10.data, 16, &r->s->v10.length, &r->s->v10.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* process.parent.parent.exe */
PD_INLINE u8 fetch_11(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v11.data, 256, &r->s->v11.length, &r->s->v11.cut);
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* process.parent.parent.parent.args */
PD_INLINE u8 fetch_12(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_args(r, p, r->s->v12.data, 256, &r->s->v12.length, &r->s->v12.cut);
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* process.cwd */
PD_INLINE u8 fetch_13(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, fs)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct fs_struct, p, pwd);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return path_path(r, p, r->s->v13.data, 1024, &r->s->v13.length, &r->s->v13.cut);
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* process.parent.cwd */
PD_INLINE u8 fetch_14(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, group_leader)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, fs)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct fs_struct, p, pwd);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return path_path(r, p, r->s->v14.data, 1024, &r->s->v14.length, &r->s->v14.cut);
}

PD_INLINE void need_14(struct run *r)
{
	if (!r->s->state[14])
		r->s->state[14] = fetch_14(r);
}

#line 12 "tests/golden/task.yaml"
/* process.ancestors[0] not Under */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v0.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v0.data, 4) == 0) || (PD_LOAD(u8, r->s->v0.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[1] not Under */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v1.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v1.data, 4) == 0) || (PD_LOAD(u8, r->s->v1.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[2] not Under */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v2.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v2.data, 4) == 0) || (PD_LOAD(u8, r->s->v2.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[3] not Under */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_3(r);
	if (r->s->state[3] == PD_UNREAD)
		return unread;
	if (r->s->state[3] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v3.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v3.data, 4) == 0) || (PD_LOAD(u8, r->s->v3.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[4] not Under */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v4.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v4.data, 4) == 0) || (PD_LOAD(u8, r->s->v4.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[5] not Under */
PD_INLINE int test_5(struct run *r, int unread)
{
	need_5(r);
	if (r->s->state[5] == PD_UNREAD)
		return unread;
	if (r->s->state[5] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v5.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v5.data, 4) == 0) || (PD_LOAD(u8, r->s->v5.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[6] not Under */
PD_INLINE int test_6(struct run *r, int unread)
{
	need_6(r);
	if (r->s->state[6] == PD_UNREAD)
		return unread;
	if (r->s->state[6] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v6.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v6.data, 4) == 0) || (PD_LOAD(u8, r->s->v6.data, 4) == 47)));
}
#line here "policyd.c"

#line 12 "tests/golden/task.yaml"
/* process.ancestors[7] not Under */
PD_INLINE int test_7(struct run *r, int unread)
{
	need_7(r);
	if (r->s->state[7] == PD_UNREAD)
		return unread;
	if (r->s->state[7] != PD_OK)
		return 1;
	return !((PD_LOAD(u32, r->s->v7.data, 0) == 1953525551) && ((PD_LOAD(u8, r->s->v7.data, 4) == 0) || (PD_LOAD(u8, r->s->v7.data, 4) == 47)));
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[0] In */
PD_INLINE int test_8(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v0.data, r->s->v0.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[1] In */
PD_INLINE int test_9(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v1.data, r->s->v1.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[2] In */
PD_INLINE int test_10(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v2.data, r->s->v2.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[3] In */
PD_INLINE int test_11(struct run *r, int unread)
{
	need_3(r);
	if (r->s->state[3] == PD_UNREAD)
		return unread;
	if (r->s->state[3] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v3.data, r->s->v3.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[4] In */
PD_INLINE int test_12(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v4.data, r->s->v4.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[5] In */
PD_INLINE int test_13(struct run *r, int unread)
{
	need_5(r);
	if (r->s->state[5] == PD_UNREAD)
		return unread;
	if (r->s->state[5] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v5.data, r->s->v5.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[6] In */
PD_INLINE int test_14(struct run *r, int unread)
{
	need_6(r);
	if (r->s->state[6] == PD_UNREAD)
		return unread;
	if (r->s->state[6] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v6.data, r->s->v6.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 11 "tests/golden/task.yaml"
/* process.ancestors[7] In */
PD_INLINE int test_15(struct run *r, int unread)
{
	need_7(r);
	if (r->s->state[7] == PD_UNREAD)
		return unread;
	if (r->s->state[7] != PD_OK)
		return 0;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v7.data, r->s->v7.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 8 "tests/golden/task.yaml"
/* task/ancestors */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!((test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1) && test_4(r, 1) && test_5(r, 1) && test_6(r, 1) && test_7(r, 1)) && (test_8(r, 1) || test_9(r, 1) || test_10(r, 1) || test_11(r, 1) || test_12(r, 1) || test_13(r, 1) || test_14(r, 1) || test_15(r, 1))))
		return;
	if (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD) || (r->s->state[2] == PD_UNREAD) || (r->s->state[3] == PD_UNREAD) || (r->s->state[4] == PD_UNREAD) || (r->s->state[5] == PD_UNREAD) || (r->s->state[6] == PD_UNREAD) || (r->s->state[7] == PD_UNREAD)) && !((test_0(r, 0) && test_1(r, 0) && test_2(r, 0) && test_3(r, 0) && test_4(r, 0) && test_5(r, 0) && test_6(r, 0) && test_7(r, 0)) && (test_8(r, 0) || test_9(r, 0) || test_10(r, 0) || test_11(r, 0) || test_12(r, 0) || test_13(r, 0) || test_14(r, 0) || test_15(r, 0))))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
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
	need_8(r);
	need_9(r);
	need_10(r);
	need_11(r);
	need_12(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xbb7af599ULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[8] == PD_OK) {
		at = pd_append(e, at, 88, &e->f.c0, r->s->v8.data, r->s->v8.length, r->s->v8.cut, 2048);
		if (!at)
			return;
	} else {
		e->f.c0.offset = 0;
		e->f.c0.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[8], 0);
	e->f.c1 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 1);
	if (r->s->state[10] == PD_OK)
		pd_put_string(e->f.c2, sizeof(e->f.c2), r->s->v10.data, r->s->v10.length);
	else
		__builtin_memset(e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[10], 2);
	if (r->s->state[11] == PD_OK) {
		at = pd_append(e, at, 2136, &e->f.c3, r->s->v11.data, r->s->v11.length, r->s->v11.cut, 256);
		if (!at)
			return;
	} else {
		e->f.c3.offset = 0;
		e->f.c3.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[11], 3);
	if (r->s->state[12] == PD_OK) {
		at = pd_append(e, at, 2392, &e->f.c4, r->s->v12.data, r->s->v12.length, r->s->v12.cut, 256);
		if (!at)
			return;
	} else {
		e->f.c4.offset = 0;
		e->f.c4.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[12], 4);
	if (r->s->state[13] == PD_OK) {
		at = pd_append(e, at, 2648, &e->f.c5, r->s->v13.data, r->s->v13.length, r->s->v13.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c5.offset = 0;
		e->f.c5.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[13], 5);
	if (r->s->state[14] == PD_OK) {
		at = pd_append(e, at, 3672, &e->f.c6, r->s->v14.data, r->s->v14.length, r->s->v14.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c6.offset = 0;
		e->f.c6.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[14], 6);
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

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->queued_0 = 0;
	match_0(r);
	if (r->s->queued_0)
		need_13(r);
	if (r->s->queued_0)
		need_14(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_5b2ac65c8436(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_mount, pd_34f9f98e2344 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x757120b1e80eULL
#define PD_CANARY_PROGRAM 0x34f9f98e2344ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 560, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

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
	u32 c0; /* process_pid_in_namespace */
	u32 c1; /* process_namespaces_pid */
	u32 c2; /* process_namespaces_mnt */
	u32 c3; /* process_namespaces_net */
	u32 c4; /* process_namespaces_user */
	u32 c5; /* process_namespaces_uts */
	u32 c6; /* process_namespaces_ipc */
	u32 c7; /* process_namespaces_cgroup */
	u64 c8; /* process_capabilities_effective */
	u64 c9; /* process_capabilities_permitted */
	u64 c10; /* process_capabilities_inheritable */
	u64 c11; /* process_capabilities_bounding */
	u64 c12; /* process_capabilities_ambient */
	u32 c13; /* process_parent_uid */
	u8 c14; /* process_namespaces_pid_is_host */
	u8 c15; /* process_namespaces_mnt_is_host */
	u8 c16; /* process_namespaces_net_is_host */
	u8 c17; /* process_namespaces_user_is_host */
	u8 c18; /* process_namespaces_uts_is_host */
	u8 c19; /* process_namespaces_ipc_is_host */
	u8 c20; /* process_namespaces_cgroup_is_host */
	u8 c21; /* process_parent_kernel_thread */
	u8 pad0[4];
	u64 c22; /* process_task_mm_total_vm */
	u8 c23[16]; /* process_parent_task_comm */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
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
	u64 v6;
	u64 v7;
	u64 v8;
	u64 v9;
	u64 v10;
	u64 v11;
	u64 v12;
	u64 v13;
	u64 v14;
	u64 v15;
	u64 v16;
	u64 v17;
	u64 v18;
	u64 v19;
	u64 v20;
	u64 v21;
	u64 v22;
	PD_STRING(16) v23;
	u32 queued_0;
	u32 queue_0[1];
	u8 state[24]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 560, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* fields/task_kernel.c */

/* fields/task_pids.c */

/* fields/task_host.c */

/* process.namespaces.mnt.is_host */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_mnt_is_host(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.namespaces.mnt */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, nsproxy)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct nsproxy, p, mnt_ns)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct mnt_namespace, p, ns.inum)))
		return PD_UNREAD;
	r->s->v1 = found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.capabilities.effective */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_effective)))
		return PD_UNREAD;
	r->s->v2 = found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.pid_in_namespace */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_pid_in_namespace(r, p, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.namespaces.pid */
PD_INLINE u8 fetch_4(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_pid_namespace(r, p, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.namespaces.net */
PD_INLINE u8 fetch_5(struct run *r)
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
	r->s->v5 = found;
	return PD_OK;
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* process.namespaces.user */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct cred, p, user_ns)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct user_namespace, p, ns.inum)))
		return PD_UNREAD;
	r->s->v6 = found;
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* process.namespaces.uts */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, nsproxy)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct nsproxy, p, uts_ns)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct uts_namespace, p, ns.inum)))
		return PD_UNREAD;
	r->s->v7 = found;
	return PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* process.namespaces.ipc */
PD_INLINE u8 fetch_8(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, nsproxy)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct nsproxy, p, ipc_ns)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct ipc_namespace, p, ns.inum)))
		return PD_UNREAD;
	r->s->v8 = found;
	return PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* process.namespaces.cgroup */
PD_INLINE u8 fetch_9(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, nsproxy)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct nsproxy, p, cgroup_ns)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cgroup_namespace, p, ns.inum)))
		return PD_UNREAD;
	r->s->v9 = found;
	return PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* process.capabilities.permitted */
PD_INLINE u8 fetch_10(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_permitted)))
		return PD_UNREAD;
	r->s->v10 = found;
	return PD_OK;
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* process.capabilities.inheritable */
PD_INLINE u8 fetch_11(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_inheritable)))
		return PD_UNREAD;
	r->s->v11 = found;
	return PD_OK;
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* process.capabilities.bounding */
PD_INLINE u8 fetch_12(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_bset)))
		return PD_UNREAD;
	r->s->v12 = found;
	return PD_OK;
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* process.capabilities.ambient */
PD_INLINE u8 fetch_13(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_ambient)))
		return PD_UNREAD;
	r->s->v13 = found;
	return PD_OK;
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* process.parent.uid */
PD_INLINE u8 fetch_14(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, group_leader)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, uid.val)))
		return PD_UNREAD;
	r->s->v14 = found;
	return PD_OK;
}

PD_INLINE void need_14(struct run *r)
{
	if (!r->s->state[14])
		r->s->state[14] = fetch_14(r);
}

/* process.namespaces.pid.is_host */
PD_INLINE u8 fetch_15(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_pid_is_host(r, p, &r->s->v15);
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* process.namespaces.net.is_host */
PD_INLINE u8 fetch_16(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_net_is_host(r, p, &r->s->v16);
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

/* process.namespaces.user.is_host */
PD_INLINE u8 fetch_17(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_user_is_host(r, p, &r->s->v17);
}

PD_INLINE void need_17(struct run *r)
{
	if (!r->s->state[17])
		r->s->state[17] = fetch_17(r);
}

/* process.namespaces.uts.is_host */
PD_INLINE u8 fetch_18(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_uts_is_host(r, p, &r->s->v18);
}

PD_INLINE void need_18(struct run *r)
{
	if (!r->s->state[18])
		r->s->state[18] = fetch_18(r);
}

/* process.namespaces.ipc.is_host */
PD_INLINE u8 fetch_19(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_ipc_is_host(r, p, &r->s->v19);
}

PD_INLINE void need_19(struct run *r)
{
	if (!r->s->state[19])
		r->s->state[19] = fetch_19(r);
}

/* process.namespaces.cgroup.is_host */
PD_INLINE u8 fetch_20(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_cgroup_is_host(r, p, &r->s->v20);
}

PD_INLINE void need_20(struct run *r)
{
	if (!r->s->state[20])
		r->s->state[20] = fetch_20(r);
}

/* process.parent.kernel_thread */
PD_INLINE u8 fetch_21(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, group_leader)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_kernel_thread(r, p, &r->s->v21);
}

PD_INLINE void need_21(struct run *r)
{
	if (!r->s->state[21])
		r->s->state[21] = fetch_21(r);
}

/* process.task.mm.total_vm */
PD_INLINE u8 fetch_22(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, mm)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct mm_struct, p, total_vm)))
		return PD_UNREAD;
	r->s->v22 = found;
	return PD_OK;
}

PD_INLINE void need_22(struct run *r)
{
	if (!r->s->state[22])
		r->s->state[22] = fetch_22(r);
}

/* process.parent.task.comm */
PD_INLINE u8 fetch_23(struct run *r)
{
	u64 p = pd_task();

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, group_leader)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v23.data, 16, &r->s->v23.length, &r->s->v23.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_23(struct run *r)
{
	if (!r->s->state[23])
		r->s->state[23] = fetch_23(r);
}

#line 19 "tests/golden/task.yaml"
/* process.capabilities.effective AnyBits */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 0;
	return ((r->s->v2 & 2101248) != 0);
}
#line here "policyd.c"

#line 18 "tests/golden/task.yaml"
/* process.namespaces.mnt.is_host not Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 1;
	return !(r->s->v0 == 1);
}
#line here "policyd.c"

#line 18 "tests/golden/task.yaml"
/* process.namespaces.mnt not In */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 1;
	return !(r->s->v1 == 0xf0000000ULL);
}
#line here "policyd.c"

#line 15 "tests/golden/task.yaml"
/* task/contained */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && (test_1(r, 1) && test_2(r, 1))))
		return;
	if (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD) || (r->s->state[2] == PD_UNREAD)) && !(test_0(r, 0) && (test_1(r, 0) && test_2(r, 0))))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_3(r);
	need_4(r);
	need_1(r);
	need_5(r);
	need_6(r);
	need_7(r);
	need_8(r);
	need_9(r);
	need_2(r);
	need_10(r);
	need_11(r);
	need_12(r);
	need_13(r);
	need_14(r);
	need_15(r);
	need_0(r);
	need_16(r);
	need_17(r);
	need_18(r);
	need_19(r);
	need_20(r);
	need_21(r);
	need_22(r);
	need_23(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 993544201, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[3] == PD_OK ? r->s->v3 : 0;
	pd_mark(&absent, &unread, r->s->state[3], 0);
	e->f.c1 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 1);
	e->f.c2 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 2);
	e->f.c3 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 3);
	e->f.c4 = r->s->state[6] == PD_OK ? r->s->v6 : 0;
	pd_mark(&absent, &unread, r->s->state[6], 4);
	e->f.c5 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 5);
	e->f.c6 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 6);
	e->f.c7 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 7);
	e->f.c8 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 8);
	e->f.c9 = r->s->state[10] == PD_OK ? r->s->v10 : 0;
	pd_mark(&absent, &unread, r->s->state[10], 9);
	e->f.c10 = r->s->state[11] == PD_OK ? r->s->v11 : 0;
	pd_mark(&absent, &unread, r->s->state[11], 10);
	e->f.c11 = r->s->state[12] == PD_OK ? r->s->v12 : 0;
	pd_mark(&absent, &unread, r->s->state[12], 11);
	e->f.c12 = r->s->state[13] == PD_OK ? r->s->v13 : 0;
	pd_mark(&absent, &unread, r->s->state[13], 12);
	e->f.c13 = r->s->state[14] == PD_OK ? r->s->v14 : 0;
	pd_mark(&absent, &unread, r->s->state[14], 13);
	e->f.c14 = r->s->state[15] == PD_OK ? r->s->v15 : 0;
	pd_mark(&absent, &unread, r->s->state[15], 14);
	e->f.c15 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 15);
	e->f.c16 = r->s->state[16] == PD_OK ? r->s->v16 : 0;
	pd_mark(&absent, &unread, r->s->state[16], 16);
	e->f.c17 = r->s->state[17] == PD_OK ? r->s->v17 : 0;
	pd_mark(&absent, &unread, r->s->state[17], 17);
	e->f.c18 = r->s->state[18] == PD_OK ? r->s->v18 : 0;
	pd_mark(&absent, &unread, r->s->state[18], 18);
	e->f.c19 = r->s->state[19] == PD_OK ? r->s->v19 : 0;
	pd_mark(&absent, &unread, r->s->state[19], 19);
	e->f.c20 = r->s->state[20] == PD_OK ? r->s->v20 : 0;
	pd_mark(&absent, &unread, r->s->state[20], 20);
	e->f.c21 = r->s->state[21] == PD_OK ? r->s->v21 : 0;
	pd_mark(&absent, &unread, r->s->state[21], 21);
	e->f.c22 = r->s->state[22] == PD_OK ? r->s->v22 : 0;
	pd_mark(&absent, &unread, r->s->state[22], 22);
	if (r->s->state[23] == PD_OK)
		pd_put_string(e->f.c23, sizeof(e->f.c23), r->s->v23.data, r->s->v23.length);
	else
		__builtin_memset(e->f.c23, 0, sizeof(e->f.c23));
	pd_mark(&absent, &unread, r->s->state[23], 23);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = sizeof(*e);
	pd_ring_submit(e, 0);
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

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_34f9f98e2344(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
