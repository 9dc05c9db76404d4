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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_openat, pd_bccde0f356c0 */
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
#define PD_CANARY_PROGRAM 0xbccde0f356c0ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 5304, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* lib/computed_types.c */

/* lib/computed.c */

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
	s64 c0; /* age */
	u64 c1; /* low */
	s64 c2; /* sign */
	u64 c3; /* shifted */
	u8 c4; /* parent */
	u8 pad0[7];
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
	PD_STRING(4096) v1;
	PD_STRING(16) v2;
	PD_STRING(16) v4;
	PD_STRING(16) v5;
	PD_STRING(200) v7;
	u64 v8;
	u64 v9;
	u64 v10;
	u64 v15;
	u32 queued_0;
	u32 queue_0[1];
	u8 sought[1];
	u32 late_8;
	struct pd_search search;
	u8 state[21]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 5304, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *parent;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* fields/process_parent.c */

/* args.flags */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 32);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.filename */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_string_user(r->s->v1.data, 4096, &r->s->v1.length, &r->s->v1.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.parent.comm */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_parent_comm(r, r->s->v2.data, &r->s->v2.length, &r->s->v2.cut);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.parent.comm .. "none" */
PD_INLINE u8 fetch_4(struct run *r)
{
	need_2(r);
	if ((r->s->state[2] != PD_ABSENT)) {
		if (r->s->state[2] != PD_OK)
			return r->s->state[2];
		pd_copy_string(r->s->v4.data, 16, &r->s->v4.length, &r->s->v4.cut, r->s->v2.data, r->s->v2.length, r->s->v2.cut);
		return PD_OK;
	}
	{
		r->s->v4.length = 4;
		r->s->v4.cut = 0;
		PD_LOAD(u32, r->s->v4.data, 0) = 1701736302;
		PD_LOAD(u8, r->s->v4.data, 4) = 0;
		return PD_OK;
	}
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.comm */
PD_INLINE u8 fetch_5(struct run *r)
{
	return process_comm(r, r->s->v5.data, &r->s->v5.length, &r->s->v5.cut);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.filename.as(string200) */
PD_INLINE u8 fetch_7(struct run *r)
{
	return pd_string_user(r->s->v7.data, 200, &r->s->v7.length, &r->s->v7.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.filename.as(string200).contains(process.comm) */
PD_INLINE u8 fetch_8(struct run *r)
{
	need_7(r);
	need_5(r);
	r->s->v8 = ((r->s->state[7] == PD_OK) && pd_contains(&r->s->search, r->s->v7.data, r->s->v7.length, 200, r->s->v5.data, r->s->v5.length, 16));
	return ((r->s->state[7] == PD_UNREAD) ? PD_UNREAD : PD_OK);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* time */
PD_INLINE u8 fetch_9(struct run *r)
{
	return time_now(r, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* process.start_time */
PD_INLINE u8 fetch_10(struct run *r)
{
	return process_start_time(r, &r->s->v10);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.mode */
PD_INLINE u8 fetch_15(struct run *r)
{
	r->s->v15 = PD_CONTEXT(u16, r->ctx, 40);
	return PD_OK;
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* args.filename.as(string200).contains(process.comm): dear to get, and so got at one place, if a rule wants it by its other tests. */
PD_INLINE void late_8(struct run *r)
{
	if (r->s->late_8 != PD_WANTED)
		return;
	need_8(r);
	r->s->late_8 = PD_SEARCHED;
}

#line 26 "tests/golden/expressions.yaml"
/* args.flags AnyBits */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((r->s->v0 & 3) != 0);
}
#line here "policyd.c"

#line 26 "tests/golden/expressions.yaml"
/* args.filename Prefix */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return (((PD_LOAD(u32, r->s->v1.data, 0) == 1668572463) && (PD_LOAD(u8, r->s->v1.data, 4) == 47)) || ((PD_LOAD(u32, r->s->v1.data, 0) == 1869570607) && (PD_LOAD(u16, r->s->v1.data, 4) == 12148)));
}
#line here "policyd.c"

#line 27 "tests/golden/expressions.yaml"
/* process.parent.comm .. "none" == process.comm Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_4(r);
	need_5(r);
	if (((r->s->state[4] == PD_UNREAD) ? PD_UNREAD : PD_OK) == PD_UNREAD)
		return unread;
	if (((r->s->state[4] == PD_UNREAD) ? PD_UNREAD : PD_OK) != PD_OK)
		return 0;
	return (((r->s->state[4] == PD_OK) && pd_same_strings(r->s->v4.data, r->s->v4.length, 16, r->s->v5.data, r->s->v5.length, 16)) == 1);
}
#line here "policyd.c"

#line 27 "tests/golden/expressions.yaml"
/* args.filename.as(string200).contains(process.comm) Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	if (r->s->late_8 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the value */
	if (r->s->state[8] == PD_UNREAD)
		return unread;
	if (r->s->state[8] != PD_OK)
		return 0;
	return (r->s->v8 == 1);
}
#line here "policyd.c"

#line 23 "tests/golden/expressions.yaml"
/* expressions/open */
PD_INLINE void seek_0(struct run *r)
{
	PD_BARRIER();
	r->s->sought[0] = 0;
	if (!(test_0(r, 1) && test_1(r, 1) && (test_2(r, 1) || test_3(r, 1)))) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[0] = 1;
	if (!r->s->late_8)
		r->s->late_8 = PD_WANTED;
}

PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!r->s->sought[0])
		return;
	if (!(test_0(r, 1) && test_1(r, 1) && (test_2(r, 1) || test_3(r, 1))))
		return;
	if (((r->s->state[1] == PD_UNREAD) || (((r->s->state[4] == PD_UNREAD) ? PD_UNREAD : PD_OK) == PD_UNREAD) || (r->s->state[8] == PD_UNREAD)) && !(test_0(r, 0) && test_1(r, 0) && (test_2(r, 0) || test_3(r, 0))))
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
	need_9(r);
	need_10(r);
	need_15(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1261934725, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[10] == PD_OK ? ((u64) r->s->v9 - r->s->v10) : 0;
	pd_mark(&absent, &unread, r->s->state[10], 0);
	e->f.c1 = ((u64) (~(u64) r->s->v0) & 255);
	e->f.c2 = (0 - (u64) r->s->v15);
	e->f.c3 = pd_shl(1, r->s->v15);
	e->f.c4 = (((r->parent ? PD_OK : PD_UNREAD) == PD_UNREAD) ? PD_UNREAD : PD_OK) == PD_OK ? ((r->parent ? PD_OK : PD_UNREAD) == PD_OK) : 0;
	pd_mark(&absent, &unread, (((r->parent ? PD_OK : PD_UNREAD) == PD_UNREAD) ? PD_UNREAD : PD_OK), 4);
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
	r->parent = pd_process_parent(MAP(processes));
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
	r->s->late_8 = 0;
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	seek_0(r);
	late_8(r);
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_bccde0f356c0(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_write, pd_508024db7298 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2210c2689daeULL
#define PD_CANARY_PROGRAM 0x508024db7298ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_16_352_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 352, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 784, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* lib/computed_types.c */

/* lib/computed.c */

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
	s64 c0; /* age */
	u64 c1; /* mib */
	u8 c2[16]; /* who */
};
struct key_0_0 {
	u8 c0; /* odd */
	u8 pad0[7];
	u64 c1; /* page */
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
	PD_STRING(16) v1;
	u64 v2;
	u64 v3;
	u64 v6;
	u64 v7;
	u64 v11;
	u64 v16;
	u64 v18;
	u64 v19;
	u64 v20;
	u64 v21;
	u64 v24;
	PD_STRING(16) v27;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[34];
	u8 state[33]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 784, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* args.count */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u64, r->ctx, 32);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.comm */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_comm(r, r->s->v1.data, &r->s->v1.length, &r->s->v1.cut);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.uid */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_uid(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.gid */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_gid(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.count % 4096 */
PD_INLINE u8 fetch_6(struct run *r)
{
	r->s->v6 = ((u64) r->s->v0 % 4096);
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* process.kernel_thread */
PD_INLINE u8 fetch_7(struct run *r)
{
	return process_kernel_thread(r, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.count.as(u16) */
PD_INLINE u8 fetch_11(struct run *r)
{
	r->s->v11 = ((u64) (u16) r->s->v0);
	return PD_OK;
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* args.fd */
PD_INLINE u8 fetch_16(struct run *r)
{
	r->s->v16 = PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

/* small in [1, args.fd] */
PD_INLINE u8 fetch_18(struct run *r)
{
	u8 state = PD_OK;

	r->s->v18 = 1; /* once one operand decides, the others are of no matter */
	need_11(r);
	if (((r->s->v11 == 1) != 0))
		return PD_OK;
	need_11(r);
	need_16(r);
	if (((r->s->v11 == r->s->v16) != 0))
		return PD_OK;
	r->s->v18 = !1;
	return state;
}

PD_INLINE void need_18(struct run *r)
{
	if (!r->s->state[18])
		r->s->state[18] = fetch_18(r);
}

/* size(process.comm) > 8 . small == 0 : small in [1, args.fd] */
PD_INLINE u8 fetch_19(struct run *r)
{
	need_1(r);
	if ((8 < r->s->v1.length)) {
		need_11(r);
		r->s->v19 = (r->s->v11 == 0);
		return PD_OK;
	}
	{
		need_18(r);
		r->s->v19 = r->s->v18;
		return PD_OK;
	}
}

PD_INLINE void need_19(struct run *r)
{
	if (!r->s->state[19])
		r->s->state[19] = fetch_19(r);
}

/* time */
PD_INLINE u8 fetch_20(struct run *r)
{
	return time_now(r, &r->s->v20);
}

PD_INLINE void need_20(struct run *r)
{
	if (!r->s->state[20])
		r->s->state[20] = fetch_20(r);
}

/* process.start_time */
PD_INLINE u8 fetch_21(struct run *r)
{
	return process_start_time(r, &r->s->v21);
}

PD_INLINE void need_21(struct run *r)
{
	if (!r->s->state[21])
		r->s->state[21] = fetch_21(r);
}

/* args.count / 1048576 */
PD_INLINE u8 fetch_24(struct run *r)
{
	r->s->v24 = ((u64) r->s->v0 / 1048576);
	return PD_OK;
}

PD_INLINE void need_24(struct run *r)
{
	if (!r->s->state[24])
		r->s->state[24] = fetch_24(r);
}

/* process.uid == 0 . "root" : process.comm */
PD_INLINE u8 fetch_27(struct run *r)
{
	need_2(r);
	if ((r->s->v2 == 0)) {
		r->s->v27.length = 4;
		r->s->v27.cut = 0;
		PD_LOAD(u32, r->s->v27.data, 0) = 1953460082;
		PD_LOAD(u8, r->s->v27.data, 4) = 0;
		return PD_OK;
	}
	{
		need_1(r);
		pd_copy_string(r->s->v27.data, 16, &r->s->v27.length, &r->s->v27.cut, r->s->v1.data, r->s->v1.length, r->s->v1.cut);
		return PD_OK;
	}
}

PD_INLINE void need_27(struct run *r)
{
	if (!r->s->state[27])
		r->s->state[27] = fetch_27(r);
}

#line 17 "tests/golden/expressions.yaml"
/* args.count GreaterOrEqual */
PD_INLINE int test_0(struct run *r, int unread)
{
	struct pd_scalar *scalar = pd_row(MAP(scalars), 0);

	if (!scalar || !scalar->set)
		return 0;
	return (r->s->v0 >= scalar->low);
}
#line here "policyd.c"

#line 18 "tests/golden/expressions.yaml"
/* args.count % 4096 Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_6(r);
	return (r->s->v6 == 0);
}
#line here "policyd.c"

#line 18 "tests/golden/expressions.yaml"
/* process.kernel_thread not Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_7(r);
	if (r->s->state[7] == PD_UNREAD)
		return unread;
	if (r->s->state[7] != PD_OK)
		return 1;
	return !(r->s->v7 == 1);
}
#line here "policyd.c"

#line 17 "tests/golden/expressions.yaml"
/* process.uid != process.gid Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_2(r);
	need_3(r);
	return (!(r->s->v2 == r->s->v3) == 1);
}
#line here "policyd.c"

#line 17 "tests/golden/expressions.yaml"
/* process.comm In */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_1(r);
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->s->v1.data, r->s->v1.length);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 19 "tests/golden/expressions.yaml"
/* size(process.comm) > 8 . small == 0 : small in [1, args.fd] not Equal */
PD_INLINE int test_5(struct run *r, int unread)
{
	need_19(r);
	return !(r->s->v19 == 1);
}
#line here "policyd.c"

#line 10 "tests/golden/expressions.yaml"
/* expressions/write */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && (test_1(r, 1) || test_2(r, 1)) && (test_3(r, 1) || test_4(r, 1)) && test_5(r, 1)))
		return;
	if ((r->s->state[7] == PD_UNREAD) && !(test_0(r, 0) && (test_1(r, 0) || test_2(r, 0)) && (test_3(r, 0) || test_4(r, 0)) && test_5(r, 0)))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_6(r);
	need_24(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = !(r->s->v6 == 0);
	key->c1 = pd_min_uu(((u64) r->s->v0 >> 12), 64);
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_16_352_f1), d->maps[0]);

	return map ? entry_0_0(r, d, counts, map) : 0;
}

PD_INLINE u32 bucket_0_0_0(struct run *r)
{
	u64 value = r->s->v24;
	u32 bits = pd_bits(value);

	return bits > 0 ? bits - 0 : 0;
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
	u32 index;

	slots = slots_0_0(r, d, counts);
	if (!slots)
		return;
	index = bucket_0_0_0(r);
	if (index > 41)
		index = 41;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > 41)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], r->s->v24);
	PD_ADD(&slots[2 + index], 1);
}

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_20(r);
	need_21(r);
	need_24(r);
	need_27(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xc698beafULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[21] == PD_OK ? ((u64) r->s->v20 - r->s->v21) : 0;
	pd_mark(&absent, &unread, r->s->state[21], 0);
	e->f.c1 = r->s->v24;
	if (r->s->state[27] == PD_OK)
		pd_put_string(e->f.c2, sizeof(e->f.c2), r->s->v27.data, r->s->v27.length);
	else
		__builtin_memset(e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[27], 2);
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
		metric_0_0(r, d, counts);
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
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_508024db7298(void *ctx)
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
