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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_0f10c3e0a59d */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2a6856047faaULL
#define PD_CANARY_PROGRAM 0xf10c3e0a59dULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_array_4_48_n1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_16_840_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 840, 1);
PD_MAP(rules, 2, 4, 32, 1);
PD_MAP(scratch, 6, 4, 400, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

#define PD_MOST_MAPS 2

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
struct key_0_0 {
	u8 c0[16]; /* process_comm */
};
struct value_0_0 {
	u64 c0; /* calls_count */
	u64 c1; /* bytes_count */
	s64 c2; /* bytes_sum */
	u64 c3; /* read_bytes_count */
	u64 c4; /* read_bytes_sum */
	u64 c5; /* mean_count */
	s64 c6; /* mean_sum */
	u64 c7; /* least_count */
	s64 c8; /* least_value */
	u64 c9; /* most_count */
	s64 c10; /* most_value */
	u64 c11; /* most_bits */
	u64 c12; /* final_time */
	s64 c13; /* final_value */
	u64 c14; /* spread_count */
	u64 c15; /* spread_sum */
	u64 c16; /* spread_b0 */
	u64 c17; /* spread_b1 */
	u64 c18; /* spread_b2 */
	u64 c19; /* spread_b3 */
	u64 c20; /* spread_b4 */
	u64 c21; /* spread_b5 */
	u64 c22; /* spread_b6 */
	u64 c23; /* spread_b7 */
	u64 c24; /* spread_b8 */
	u64 c25; /* spread_b9 */
	u64 c26; /* spread_b10 */
	u64 c27; /* spread_b11 */
	u64 c28; /* spread_b12 */
	u64 c29; /* spread_b13 */
	u64 c30; /* spread_b14 */
	u64 c31; /* spread_b15 */
	u64 c32; /* spread_b16 */
	u64 c33; /* spread_b17 */
	u64 c34; /* spread_b18 */
	u64 c35; /* spread_b19 */
	u64 c36; /* spread_b20 */
	u64 c37; /* spread_b21 */
	u64 c38; /* show_time */
	u64 c39; /* show_bits */
	u32 c40; /* tid */
	u8 c41[256]; /* parent */
	u32 c42; /* pid */
	u8 c43[256]; /* exe */
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	PD_STRING(16) v0;
	u64 v1;
	u64 v2;
	u64 v4;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[2];
	u8 state[6]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 400, "the scratch map is too small");

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

/* process.comm */
PD_INLINE u8 fetch_0(struct run *r)
{
	return process_comm(r, r->s->v0.data, &r->s->v0.length, &r->s->v0.cut);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* ret */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.tid */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_tid(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.pid */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_pid(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

#line 6 "tests/golden/stats.yaml"
/* stats/all */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_0(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	pd_put_string(key->c0, sizeof(key->c0), r->s->v0.data, r->s->v0.length);
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_16_840_f1), d->maps[0]);

	return map ? entry_0_0(r, d, counts, map) : 0;
}

/* calls */
PD_INLINE void stat_0_0_0(struct run *r, u64 *slots, u64 *counts)
{
	PD_ADD(&slots[0], 1);
}

/* bytes */
PD_INLINE void stat_0_0_1(struct run *r, u64 *slots, u64 *counts)
{
	need_1(r);
	PD_ADD(&slots[1], 1);
	PD_ADD(&slots[2], (u64) r->s->v1);
}

/* read_bytes */
PD_INLINE void stat_0_0_2(struct run *r, u64 *slots, u64 *counts)
{
	need_1(r);
	if ((s64) r->s->v1 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	PD_ADD(&slots[3], 1);
	PD_ADD(&slots[4], (u64) r->s->v1);
}

/* mean */
PD_INLINE void stat_0_0_3(struct run *r, u64 *slots, u64 *counts)
{
	need_1(r);
	PD_ADD(&slots[5], 1);
	PD_ADD(&slots[6], (u64) r->s->v1);
}

/* least */
PD_INLINE void stat_0_0_4(struct run *r, u64 *slots, u64 *counts)
{
	need_1(r);
	if (!slots[7] || ((s64) r->s->v1 < (s64) slots[8]))
		slots[8] = r->s->v1;
	PD_ADD(&slots[7], 1);
}

/* most */
PD_INLINE void stat_0_0_5(struct run *r, u64 *slots, u64 *counts)
{
	struct value_0_0 *v = (void *) slots;

	need_1(r);
	need_2(r);
	if (!slots[9] || ((s64) r->s->v1 > (s64) slots[10])) {
		slots[10] = r->s->v1;
		slots[11] = 0;
	if (1) {
	v->c40 = r->s->v2;
		slots[11] |= 1;
	}
	if (((r->parent ? PD_OK : PD_UNREAD) == PD_OK)) {
	pd_put_string(v->c41, sizeof(v->c41), r->parent->exe, r->parent->exe_length);
		slots[11] |= 2;
	}
	}
	PD_ADD(&slots[9], 1);
}

/* final */
PD_INLINE void stat_0_0_6(struct run *r, u64 *slots, u64 *counts)
{
	need_1(r);
	slots[12] = pd_boot_time();
	slots[13] = r->s->v1;
}

PD_INLINE u32 bucket_0_0_7(struct run *r)
{
	u64 value = r->s->v1;

	if ((r->s->v1 <= 0))
		return 0;
	if ((r->s->v1 > 1000)) /* here too, so that no large number is cut to 32 bits */
		return 21;
	return (value - 0 - 1) / 50 + 1;
}

/* spread */
PD_INLINE void stat_0_0_7(struct run *r, u64 *slots, u64 *counts)
{
	u32 index;

	need_1(r);
	if ((s64) r->s->v1 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	index = bucket_0_0_7(r);
	if (index > 21)
		index = 21;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > 21)
		return;
	PD_ADD(&slots[14], 1);
	PD_ADD(&slots[15], r->s->v1);
	PD_ADD(&slots[16 + index], 1);
}

/* show */
PD_INLINE void stat_0_0_8(struct run *r, u64 *slots, u64 *counts)
{
	struct value_0_0 *v = (void *) slots;

	need_4(r);
	slots[38] = pd_boot_time();
	if (1) {
	v->c42 = r->s->v4;
		slots[39] |= 1;
	}
	if (((r->self ? PD_OK : PD_UNREAD) == PD_OK)) {
	pd_put_string(v->c43, sizeof(v->c43), r->self->exe, r->self->exe_length);
		slots[39] |= 2;
	}
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots = slots_0_0(r, d, counts);

	if (!slots)
		return;
	stat_0_0_0(r, slots, counts);
	stat_0_0_1(r, slots, counts);
	stat_0_0_2(r, slots, counts);
	stat_0_0_3(r, slots, counts);
	stat_0_0_4(r, slots, counts);
	stat_0_0_5(r, slots, counts);
	stat_0_0_6(r, slots, counts);
	stat_0_0_7(r, slots, counts);
	stat_0_0_8(r, slots, counts);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_1(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
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

PD_INLINE u64 *slots_0_1(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_48_n1), d->maps[1]);

	return map ? entry_0_1(r, d, counts, map) : 0;
}

/* calls */
PD_INLINE void stat_0_1_0(struct run *r, u64 *slots, u64 *counts)
{
	PD_ADD(&slots[0], 1);
}

PD_INLINE u32 bucket_0_1_1(struct run *r)
{
	u64 value = r->s->v1;
	u32 index = 0;

	index += (r->s->v1 > 1);
	index += (r->s->v1 > 10);
	return index;
}

/* spread */
PD_INLINE void stat_0_1_1(struct run *r, u64 *slots, u64 *counts)
{
	u32 index;

	need_1(r);
	if ((s64) r->s->v1 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	index = bucket_0_1_1(r);
	if (index > 2)
		index = 2;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > 2)
		return;
	PD_ADD(&slots[1], 1);
	PD_ADD(&slots[2], r->s->v1);
	PD_ADD(&slots[3 + index], 1);
}

PD_INLINE void metric_0_1(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots = slots_0_1(r, d, counts);

	if (!slots)
		return;
	stat_0_1_0(r, slots, counts);
	stat_0_1_1(r, slots, counts);
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
	r->parent = pd_process_parent(MAP(processes));
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
		metric_0_0(r, d, counts);
		metric_0_1(r, d, counts);
	}
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

PD_ENTRY int pd_0f10c3e0a59d(void *ctx)
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
