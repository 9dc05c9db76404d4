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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_getppid, pd_4412a273c7da */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xaec604af1935ULL
#define PD_CANARY_PROGRAM 0x4412a273c7daULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 1424, 1);
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
	u32 c1; /* process_tid */
	u32 c2; /* process_uid */
	u32 c3; /* process_gid */
	u8 c4[16]; /* process_comm */
	struct pd_packed c5; /* process_exe */
	struct pd_packed c6; /* process_args */
	u64 c7; /* process_start_time */
	u64 c8; /* process_cgroup */
	u8 c9; /* process_kernel_thread */
	u8 pad0[3];
	u32 c10; /* process_ppid */
	u32 c11; /* process_parent_pid */
	u8 c12[16]; /* process_parent_comm */
	struct pd_packed c13; /* process_parent_exe */
	u64 c14; /* time */
	u32 c15; /* cpu */
	u8 pad1[4];
	s64 c16; /* hook_name */
	u8 c17; /* hook_kind */
	u8 pad2[7];
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
	u64 v2;
	u64 v3;
	u64 v4;
	u64 v5;
	u64 v6;
	PD_STRING(16) v7;
	u64 v9;
	u64 v10;
	u64 v11;
	u64 v12;
	PD_STRING(16) v13;
	u64 v14;
	u64 v15;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[118];
	u8 state[18]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 1424, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
	struct pd_process *parent;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* fields/process_parent.c */

/* process.kernel_thread */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_kernel_thread(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.pid */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_pid(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.tid */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_tid(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.uid */
PD_INLINE u8 fetch_5(struct run *r)
{
	return process_uid(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* process.gid */
PD_INLINE u8 fetch_6(struct run *r)
{
	return process_gid(r, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* process.comm */
PD_INLINE u8 fetch_7(struct run *r)
{
	return process_comm(r, r->s->v7.data, &r->s->v7.length, &r->s->v7.cut);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* process.start_time */
PD_INLINE u8 fetch_9(struct run *r)
{
	return process_start_time(r, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* process.cgroup */
PD_INLINE u8 fetch_10(struct run *r)
{
	return process_cgroup(r, &r->s->v10);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* process.ppid */
PD_INLINE u8 fetch_11(struct run *r)
{
	return process_ppid(r, &r->s->v11);
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* process.parent.pid */
PD_INLINE u8 fetch_12(struct run *r)
{
	return process_parent_pid(r, &r->s->v12);
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* process.parent.comm */
PD_INLINE u8 fetch_13(struct run *r)
{
	return process_parent_comm(r, r->s->v13.data, &r->s->v13.length, &r->s->v13.cut);
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* time */
PD_INLINE u8 fetch_14(struct run *r)
{
	return time_now(r, &r->s->v14);
}

PD_INLINE void need_14(struct run *r)
{
	if (!r->s->state[14])
		r->s->state[14] = fetch_14(r);
}

/* cpu */
PD_INLINE u8 fetch_15(struct run *r)
{
	return cpu_id(r, &r->s->v15);
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

#line 9 "tests/golden/process.yaml"
/* process.exe not In */
PD_INLINE int test_0(struct run *r, int unread)
{
	if ((r->self ? PD_OK : PD_UNREAD) == PD_UNREAD)
		return unread;
	if ((r->self ? PD_OK : PD_UNREAD) != PD_OK)
		return 1;
	return !(((PD_LOAD(u64, r->self->exe, 0) == 0x6e69622f7273752fULL) && (PD_LOAD(u32, r->self->exe, 8) == 1802527791) && (PD_LOAD(u16, r->self->exe, 12) == 103)) || ((PD_LOAD(u64, r->self->exe, 0) == 0x6e69622f7273752fULL) && (PD_LOAD(u32, r->self->exe, 8) == 1953521967) && (PD_LOAD(u8, r->self->exe, 12) == 0)));
}
#line here "policyd.c"

#line 10 "tests/golden/process.yaml"
/* process.parent.exe Under */
PD_INLINE int test_1(struct run *r, int unread)
{
	if ((r->parent ? PD_OK : PD_UNREAD) == PD_UNREAD)
		return unread;
	if ((r->parent ? PD_OK : PD_UNREAD) != PD_OK)
		return 0;
	return ((PD_LOAD(u32, r->parent->exe, 0) == 1920169263) && ((PD_LOAD(u8, r->parent->exe, 4) == 0) || (PD_LOAD(u8, r->parent->exe, 4) == 47)));
}
#line here "policyd.c"

#line 11 "tests/golden/process.yaml"
/* process.kernel_thread Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 0;
	return (r->s->v2 == 0);
}
#line here "policyd.c"

#line 6 "tests/golden/process.yaml"
/* process/everything */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1)))
		return;
	if ((((r->self ? PD_OK : PD_UNREAD) == PD_UNREAD) || ((r->parent ? PD_OK : PD_UNREAD) == PD_UNREAD) || (r->s->state[2] == PD_UNREAD)) && !(test_0(r, 0) && test_1(r, 0) && test_2(r, 0)))
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
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_7(r);
	need_9(r);
	need_10(r);
	need_2(r);
	need_11(r);
	need_12(r);
	need_13(r);
	need_14(r);
	need_15(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xb774bb6dULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v3;
	e->f.c1 = r->s->v4;
	e->f.c2 = r->s->v5;
	e->f.c3 = r->s->v6;
	if (r->s->state[7] == PD_OK)
		pd_put_string(e->f.c4, sizeof(e->f.c4), r->s->v7.data, r->s->v7.length);
	else
		__builtin_memset(e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[7], 4);
	if ((r->self ? PD_OK : PD_UNREAD) == PD_OK) {
		at = pd_append(e, at, 168, &e->f.c5, r->self->exe, r->self->exe_length, r->self->exe_cut, 256);
		if (!at)
			return;
	} else {
		e->f.c5.offset = 0;
		e->f.c5.length = 0;
	}
	pd_mark(&absent, &unread, (r->self ? PD_OK : PD_UNREAD), 5);
	if ((r->self ? PD_OK : PD_UNREAD) == PD_OK) {
		at = pd_append(e, at, 424, &e->f.c6, r->self->args, r->self->args_length, r->self->args_cut, 256);
		if (!at)
			return;
	} else {
		e->f.c6.offset = 0;
		e->f.c6.length = 0;
	}
	pd_mark(&absent, &unread, (r->self ? PD_OK : PD_UNREAD), 6);
	e->f.c7 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 7);
	e->f.c8 = r->s->v10;
	e->f.c9 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 9);
	e->f.c10 = r->s->state[11] == PD_OK ? r->s->v11 : 0;
	pd_mark(&absent, &unread, r->s->state[11], 10);
	e->f.c11 = r->s->state[12] == PD_OK ? r->s->v12 : 0;
	pd_mark(&absent, &unread, r->s->state[12], 11);
	if (r->s->state[13] == PD_OK)
		pd_put_string(e->f.c12, sizeof(e->f.c12), r->s->v13.data, r->s->v13.length);
	else
		__builtin_memset(e->f.c12, 0, sizeof(e->f.c12));
	pd_mark(&absent, &unread, r->s->state[13], 12);
	if ((r->parent ? PD_OK : PD_UNREAD) == PD_OK) {
		at = pd_append(e, at, 680, &e->f.c13, r->parent->exe, r->parent->exe_length, r->parent->exe_cut, 256);
		if (!at)
			return;
	} else {
		e->f.c13.offset = 0;
		e->f.c13.length = 0;
	}
	pd_mark(&absent, &unread, (r->parent ? PD_OK : PD_UNREAD), 13);
	e->f.c14 = r->s->v14;
	e->f.c15 = r->s->v15;
	e->f.c16 = 110;
	e->f.c17 = 0;
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
	r->self = pd_process_self(MAP(processes));
	r->parent = pd_process_parent(MAP(processes));
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_4412a273c7da(void *ctx)
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
