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

/* policyd 0.1.0, raw_tracepoint:sched_process_exit, pd_960d2ff8e021 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x7319b122a1f1ULL
#define PD_CANARY_PROGRAM 0x960d2ff8e021ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(lru_hash_16_8, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 400, 1);
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
struct write_key_0 {
	s32 c0; /* task */
	u8 pad0[4];
	u64 c1; /* task_started */
};
struct write_row_0 {
	u64 c0; /* at */
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[2];
	u64 row[1];
	u32 writing;
	u8 writes[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 400, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args[0].signal.live.counter */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, signal)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct signal_struct, p, live.counter)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args[0].tgid */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, tgid)))
		return PD_UNREAD;
	r->s->v1 = found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args[0].group_leader.start_boottime */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, group_leader)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, start_boottime)))
		return PD_UNREAD;
	r->s->v2 = found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 8 "tests/golden/tables.yaml"
/* args[0].signal.live.counter LessOrEqual */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 0;
	return ((s64) r->s->v0 <= 0LL);
}
#line here "policyd.c"

#line 8 "tests/golden/tables.yaml"
/* tables/began-ends */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!test_0(r, 1))
		return;
	if ((r->s->state[0] == PD_UNREAD) && !test_0(r, 0))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[0] = 1;
}
#line here "policyd.c"

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

/* What is written is taken before any rule writes. */
PD_INLINE void take_0(struct run *r)
{
	if (!r->s->writes[0])
		return;
	need_1(r);
	need_2(r);
}

/* tables/began-ends: unset began */
PD_INLINE void write_0(struct run *r)
{
	struct write_key_0 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[0])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_16_8), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!((r->s->state[1] == PD_OK) && (r->s->state[2] == PD_OK))) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v2;
	pd_map_delete(map, key);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	write_0(r);
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
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->writing = 0;
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
	take_0(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_960d2ff8e021(void *ctx)
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

/* policyd 0.1.0, tracepoint:sock/inet_sock_set_state, pd_cbe54d178142 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xea205c550662ULL
#define PD_CANARY_PROGRAM 0xcbe54d178142ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_280_24_f1, 12, 4, 4, 4096);
PD_MAP(lru_hash_8_32, 12, 4, 4, 4096);
PD_MAP(lru_hash_16_8, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 3);
PD_MAP(scratch, 6, 4, 904, 1);
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
struct layout_1_0 {
	u8 c0[16]; /* comm */
	s64 c1; /* lived */
	struct pd_address c2; /* from */
};
struct event_1_0 {
	struct pd_header h;
	struct layout_1_0 f;
};
struct row_key_9 {
	u64 c0; /* sk */
};
struct row_key_12 {
	u32 c0; /* uid */
	u8 c1[256]; /* exe */
	u8 pad0[4];
	struct pd_address c2; /* from */
};
struct write_key_0 {
	u64 c0; /* sk */
};
struct write_row_0 {
	u64 c0; /* born */
	s32 c1; /* pid */
	u8 c2[16]; /* comm */
	u8 pad0[4];
};
struct write_key_1 {
	u32 c0; /* uid */
	u8 c1[256]; /* exe */
	u8 pad0[4];
	struct pd_address c2; /* from */
};
struct write_row_1 {
	u64 c0; /* first */
	struct pd_address c1; /* peer */
};
struct write_key_2 {
	s32 c0; /* task */
	u8 pad0[4];
	u64 c1; /* task_started */
};
struct write_row_2 {
	u64 c0; /* at */
};
struct write_key_3 {
	u64 c0; /* sk */
};
struct write_row_3 {
	u64 c0; /* born */
	s32 c1; /* pid */
	u8 c2[16]; /* comm */
	u8 pad0[4];
};
struct write_key_4 {
	u64 c0; /* sk */
};
struct write_row_4 {
	u64 c0; /* born */
	s32 c1; /* pid */
	u8 c2[16]; /* comm */
	u8 pad0[4];
};
struct write_key_5 {
	u64 c0; /* sk */
};
struct write_row_5 {
	u64 c0; /* born */
	s32 c1; /* pid */
	u8 c2[16]; /* comm */
	u8 pad0[4];
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
	PD_STRING(16) v4;
	u64 v5;
	struct pd_address v7;
	u64 v8;
	u8 v9[32] __attribute__((aligned(8)));
	PD_STRING(16) v10;
	struct pd_address v11;
	u8 v12[24] __attribute__((aligned(8)));
	u64 v13;
	struct pd_address v15;
	u64 v16;
	u32 queued_0;
	u32 queue_0[2];
	u32 queued_1;
	u32 queue_1[1];
	u64 key[35];
	u64 row[4];
	u32 writing;
	u8 writes[3];
	u8 state[17]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 904, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* args.newstate */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 20);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.skaddr */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* time */
PD_INLINE u8 fetch_2(struct run *r)
{
	return time_now(r, &r->s->v2);
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

/* process.comm */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_comm(r, r->s->v4.data, &r->s->v4.length, &r->s->v4.cut);
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

/* args.daddr_v6 */
PD_INLINE u8 fetch_7(struct run *r)
{
	return pd_read_kernel(&r->s->v7, 16, (void *) ((char *) r->ctx + 56)) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* process.start_time */
PD_INLINE u8 fetch_8(struct run *r)
{
	return process_start_time(r, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* births[args.skaddr] */
PD_INLINE u8 fetch_9(struct run *r)
{
	need_1(r);
	struct row_key_9 *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(lru_hash_8_32), 0);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(r->s->v9, 32, row) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* births[args.skaddr].comm */
PD_INLINE u8 fetch_10(struct run *r)
{
	need_9(r);
	if (r->s->state[9] != PD_OK)
		return r->s->state[9];
	return pd_string_array(r->s->v10.data, 16, &r->s->v10.length, &r->s->v10.cut, (u64) (r->s->v9 + 12));
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.saddr_v6 */
PD_INLINE u8 fetch_11(struct run *r)
{
	return pd_read_kernel(&r->s->v11, 16, (void *) ((char *) r->ctx + 40)) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* seen[process.uid, process.exe, args.saddr_v6] */
PD_INLINE u8 fetch_12(struct run *r)
{
	need_5(r);
	if ((r->self ? PD_OK : PD_UNREAD) != PD_OK)
		return (r->self ? PD_OK : PD_UNREAD);
	need_11(r);
	struct row_key_12 *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(hash_280_24_f1), 0);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v5;
	pd_put_string(key->c1, sizeof(key->c1), r->self->exe, r->self->exe_length);
	__builtin_memcpy(&key->c2, &r->s->v11, sizeof(key->c2));
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(r->s->v12, 24, row) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* births[args.skaddr].born */
PD_INLINE u8 fetch_13(struct run *r)
{
	need_9(r);
	if (r->s->state[9] != PD_OK)
		return r->s->state[9];
	r->s->v13 = PD_LOAD(u64, r->s->v9, 0);
	return PD_OK;
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* seen[process.uid, process.exe, args.saddr_v6].peer */
PD_INLINE u8 fetch_15(struct run *r)
{
	need_12(r);
	if (r->s->state[12] != PD_OK)
		return r->s->state[12];
	__builtin_memcpy(&r->s->v15, r->s->v12 + 8, 16);
	return PD_OK;
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* births[args.skaddr].pid */
PD_INLINE u8 fetch_16(struct run *r)
{
	need_9(r);
	if (r->s->state[9] != PD_OK)
		return r->s->state[9];
	r->s->v16 = (s64) PD_LOAD(s32, r->s->v9, 8);
	return PD_OK;
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

#line 13 "tests/golden/tables.yaml"
/* args.newstate Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 2LL);
}
#line here "policyd.c"

#line 21 "tests/golden/tables.yaml"
/* args.newstate Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 7LL);
}
#line here "policyd.c"

#line 22 "tests/golden/tables.yaml"
/* births[args.skaddr].comm Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_10(r);
	if (r->s->state[10] != PD_OK)
		return 0;
	return ((PD_LOAD(u32, r->s->v10.data, 0) == 1819440483) && (PD_LOAD(u8, r->s->v10.data, 4) == 0));
}
#line here "policyd.c"

#line 22 "tests/golden/tables.yaml"
/* seen[process.uid, process.exe, args.saddr_v6] Exists */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_12(r);
	if (r->s->state[12] == PD_UNREAD)
		return unread;
	if (r->s->state[12] != PD_OK)
		return 0;
	return 1;
}
#line here "policyd.c"

#line 10 "tests/golden/tables.yaml"
/* tables/begins */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!test_0(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 1] = 0 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[0] = 1;
}
#line here "policyd.c"

#line 18 "tests/golden/tables.yaml"
/* tables/ends */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[1] = 0;
	if (!(test_1(r, 1) && (test_2(r, 1) || test_3(r, 1))))
		return;
	if ((r->s->state[12] == PD_UNREAD) && !(test_1(r, 0) && (test_2(r, 0) || test_3(r, 0))))
		flags = PD_FLAG_UNREAD;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[1] = 1;
}
#line here "policyd.c"

#line 6 "tests/golden/tables.yaml"
/* tables/births-ends */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[2] = 0;
	if (!test_1(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 1] = 2 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[2] = 1;
}
#line here "policyd.c"

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

PD_INLINE void event_1_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_1_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_10(r);
	need_2(r);
	need_13(r);
	need_15(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 490561879, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[10] == PD_OK)
		pd_put_string(e->f.c0, sizeof(e->f.c0), r->s->v10.data, r->s->v10.length);
	else
		__builtin_memset(e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[10], 0);
	e->f.c1 = r->s->state[13] == PD_OK ? ((u64) r->s->v2 - r->s->v13) : 0;
	pd_mark(&absent, &unread, r->s->state[13], 1);
	if (r->s->state[15] == PD_OK)
		__builtin_memcpy(&e->f.c2, &r->s->v15, sizeof(e->f.c2));
	else
		__builtin_memset(&e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[15], 2);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = sizeof(*e);
	pd_ring_submit(e, 0);
	PD_ADD(&counts[1], 1);
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
	}
	event_1_0(r, d, counts, flags, verdict);
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

/* What is written is taken before any rule writes. */
PD_INLINE void take_0(struct run *r)
{
	if (!r->s->writes[0])
		return;
	need_1(r);
	need_2(r);
	need_3(r);
	need_4(r);
}

/* tables/begins: set births */
PD_INLINE void write_0(struct run *r)
{
	struct write_key_0 *key = (void *) r->s->key;
	struct write_row_0 *row = (void *) r->s->row;
	void *old;
	long failed;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[0])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_32), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	row->c0 = r->s->v2;
	row->c1 = r->s->v3;
	pd_put_string(row->c2, sizeof(row->c2), r->s->v4.data, r->s->v4.length);
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_1(struct run *r)
{
	if (!r->s->writes[0])
		return;
	need_5(r);
	need_7(r);
	need_2(r);
}

/* tables/begins: set seen */
PD_INLINE void write_1(struct run *r)
{
	struct write_key_1 *key = (void *) r->s->key;
	struct write_row_1 *row = (void *) r->s->row;
	void *old;
	long failed;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[0])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(hash_280_24_f1), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!((r->self ? PD_OK : PD_UNREAD) == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v5;
	pd_put_string(key->c1, sizeof(key->c1), r->self->exe, r->self->exe_length);
	__builtin_memcpy(&key->c2, &r->s->v7, sizeof(key->c2));
	old = pd_map_lookup(map, key);
	if (old)
		return;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	row->c0 = r->s->v2;
	failed = pd_map_update(map, key, row, 1 /* BPF_NOEXIST */);
	if (failed && failed != -17 /* EEXIST: another CPU was first */)
		PD_ADD(&counts[13], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_2(struct run *r)
{
	if (!r->s->writes[0])
		return;
	need_3(r);
	need_8(r);
	need_2(r);
}

/* tables/begins: set began */
PD_INLINE void write_2(struct run *r)
{
	struct write_key_2 *key = (void *) r->s->key;
	struct write_row_2 *row = (void *) r->s->row;
	void *old;
	long failed;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[0])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_16_8), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[8] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v3;
	key->c1 = r->s->v8;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	row->c0 = r->s->v2;
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_3(struct run *r)
{
	if (!r->s->writes[1])
		return;
	need_1(r);
	need_16(r);
}

/* tables/ends: set births */
PD_INLINE void write_3(struct run *r)
{
	struct write_key_3 *key = (void *) r->s->key;
	struct write_row_3 *row = (void *) r->s->row;
	void *old;
	long failed;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[1])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_32), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[16] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	old = pd_map_lookup(map, key);
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	row->c1 = r->s->v16;
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_4(struct run *r)
{
	if (!r->s->writes[1])
		return;
	need_1(r);
}

/* tables/ends: unset births */
PD_INLINE void write_4(struct run *r)
{
	struct write_key_4 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[1])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_32), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	pd_map_delete(map, key);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_5(struct run *r)
{
	if (!r->s->writes[2])
		return;
	need_1(r);
}

/* tables/births-ends: unset births */
PD_INLINE void write_5(struct run *r)
{
	struct write_key_5 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[2])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_32), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	pd_map_delete(map, key);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	r->self = pd_process_self(MAP(processes));
	write_0(r);
	write_1(r);
	write_2(r);
	write_3(r);
	write_4(r);
	write_5(r);
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->writing = 0;
	r->self = pd_process_self(MAP(processes));
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	match_0(r);
	match_1(r);
	match_2(r);
	take_effects_0(r, 2);
	take_effects_1(r, 1);
	take_0(r);
	take_1(r);
	take_2(r);
	take_3(r);
	take_4(r);
	take_5(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_cbe54d178142(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 3);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
