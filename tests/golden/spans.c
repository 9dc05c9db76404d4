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

/* policyd 0.1.0, raw_tracepoint:sched_process_exit, pd_cbdd01ba848c */
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
#define PD_CANARY_PROGRAM 0xcbdd01ba848cULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_16_312_f1, 12, 4, 4, 4096);
PD_MAP(lru_hash_8_24, 12, 4, 4, 4096);
PD_MAP(lru_hash_16_5112, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 3);
PD_MAP(scratch, 6, 4, 5520, 1);
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
	s32 c0; /* args_p_pid */
	u8 pad0[4];
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	u32 c2; /* cpu */
	u8 pad0[4];
};
struct write_key_1 {
	s32 c0; /* process_tid_as_thread */
	u8 pad0[4];
	u64 c1; /* process_tid_as_thread_started */
};
struct write_row_1 {
	u64 c0; /* started */
	u64 c1; /* there */
	u64 c2; /* args_count */
	u8 c3[16]; /* process_comm */
	u32 c4; /* process_pid */
	u32 c5; /* process_ppid */
	u32 c6; /* process_uid */
	u8 c7[256]; /* process_exe */
	u8 pad0[4];
};
struct write_key_2 {
	s32 c0; /* args_prev_as_thread */
	u8 pad0[4];
	u64 c1; /* args_prev_as_thread_started */
};
struct write_row_2 {
	u64 c0; /* started */
	u64 c1; /* there */
	u8 c2[1024]; /* kernel_stack */
	u8 c3[4072]; /* user_stack */
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
	u32 queue_0[4];
	u64 key[2];
	u64 row[639];
	u32 writing;
	u8 writes[3];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 5520, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.p.pid */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args[0].pid */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v1 = found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args[0].start_boottime */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

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

#line 6 "tests/golden/spans.yaml"
/* golden-spans/run-queue-span-cancel */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 3] = 0 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[0] = 1;
}
#line here "policyd.c"

#line 22 "tests/golden/spans.yaml"
/* golden-spans/reads-span-key-ends */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[1] = 0;
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 3] = 1 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[1] = 1;
}
#line here "policyd.c"

#line 40 "tests/golden/spans.yaml"
/* golden-spans/off-cpu-span-key-ends */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[2] = 0;
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 3] = 2 | flags << 16;
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

/* What is written is taken before any rule writes. */
PD_INLINE void take_0(struct run *r)
{
	if (!r->s->writes[0])
		return;
	need_0(r);
}

/* golden-spans/run-queue-span-cancel: unset run-queue-span */
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
	map = pd_row(MAP(lru_hash_8_24), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[0] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v0;
	pd_map_delete(map, key);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_1(struct run *r)
{
	if (!r->s->writes[1])
		return;
	need_1(r);
	need_2(r);
}

/* golden-spans/reads-span-key-ends: unset reads-span */
PD_INLINE void write_1(struct run *r)
{
	struct write_key_1 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[1])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(hash_16_312_f1), 0);
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

/* What is written is taken before any rule writes. */
PD_INLINE void take_2(struct run *r)
{
	if (!r->s->writes[2])
		return;
	need_1(r);
	need_2(r);
}

/* golden-spans/off-cpu-span-key-ends: unset off-cpu-span */
PD_INLINE void write_2(struct run *r)
{
	struct write_key_2 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[2])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_16_5112), 0);
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
	write_1(r);
	write_2(r);
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
	match_1(r);
	match_2(r);
	take_effects_0(r, 3);
	take_0(r);
	take_1(r);
	take_2(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_cbdd01ba848c(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_switch, pd_43f7c010f65c */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x778958c9a345ULL
#define PD_CANARY_PROGRAM 0x43f7c010f65cULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(lru_hash_8_24, 12, 4, 4, 4096);
PD_MAP(lru_hash_16_5112, 12, 4, 4, 4096);
PD_MAP(percpu_array_4_352_n1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_5112_16_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 352, 1);
PD_MAP(rules, 2, 4, 28, 6);
PD_MAP(scratch, 6, 4, 21032, 1);
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
	u8 c0[16]; /* end_args_next_comm */
	u32 c1; /* start_cpu */
	u8 pad0[4];
	s64 c2; /* span_duration */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct key_1_0 {
	u8 c0[16]; /* args_next_comm */
	u8 c1[1024]; /* kernel.stack */
	u8 c2[4072]; /* user.stack */
};
struct row_key_2 {
	s32 c0; /* args_p_pid */
	u8 pad0[4];
};
struct row_key_8 {
	s32 c0; /* args_prev_as_thread */
	u8 pad0[4];
	u64 c1; /* args_prev_as_thread_started */
};
struct write_key_0 {
	s32 c0; /* args_p_pid */
	u8 pad0[4];
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	u32 c2; /* cpu */
	u8 pad0[4];
};
struct write_key_1 {
	s32 c0; /* args_p_pid */
	u8 pad0[4];
};
struct write_row_1 {
	u64 c0; /* started */
	u64 c1; /* there */
	u32 c2; /* cpu */
	u8 pad0[4];
};
struct write_key_2 {
	s32 c0; /* args_prev_as_thread */
	u8 pad0[4];
	u64 c1; /* args_prev_as_thread_started */
};
struct write_row_2 {
	u64 c0; /* started */
	u64 c1; /* there */
	u8 c2[1024]; /* kernel_stack */
	u8 c3[4072]; /* user_stack */
};
struct write_key_3 {
	s32 c0; /* args_prev_as_thread */
	u8 pad0[4];
	u64 c1; /* args_prev_as_thread_started */
};
struct write_row_3 {
	u64 c0; /* started */
	u64 c1; /* there */
	u8 c2[1024]; /* kernel_stack */
	u8 c3[4072]; /* user_stack */
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
	u8 v2[24] __attribute__((aligned(8)));
	u64 v3;
	u64 v4;
	PD_STRING(16) v5;
	u64 v6;
	u64 v7;
	u8 v8[5112] __attribute__((aligned(8)));
	u64 v9;
	u64 v10;
	u64 v13;
	u64 v14;
	u64 v15;
	u64 v16;
	PD_STRING(1032) v17;
	PD_STRING(4104) v18;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u32 queued_2;
	u32 queue_2[4];
	u64 key[639];
	u64 row[639];
	u32 writing;
	u8 writes[4];
	u8 state[19]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 21032, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/stack.c */

/* time */
PD_INLINE u8 fetch_0(struct run *r)
{
	return time_now(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.next.pid */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v1 = found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* run-queue-span[args.next.pid] */
PD_INLINE u8 fetch_2(struct run *r)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return r->s->state[1];
	struct row_key_2 *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(lru_hash_8_24), 0);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(r->s->v2, 24, row) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* start.time */
PD_INLINE u8 fetch_3(struct run *r)
{
	need_2(r);
	if (r->s->state[2] != PD_OK)
		return r->s->state[2];
	r->s->v3 = PD_LOAD(u64, r->s->v2, 0);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* span.duration */
PD_INLINE u8 fetch_4(struct run *r)
{
	need_0(r);
	need_3(r);
	r->s->v4 = ((u64) r->s->v0 - r->s->v3);
	return r->s->state[3];
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.next.comm */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v5.data, 16, &r->s->v5.length, &r->s->v5.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* start.cpu */
PD_INLINE u8 fetch_6(struct run *r)
{
	need_2(r);
	if (r->s->state[2] != PD_OK)
		return r->s->state[2];
	r->s->v6 = PD_LOAD(u32, r->s->v2, 16);
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.next.start_boottime */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, start_boottime)))
		return PD_UNREAD;
	r->s->v7 = found;
	return PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* off-cpu-span[args.next.pid, args.next.start_boottime] */
PD_INLINE u8 fetch_8(struct run *r)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return r->s->state[1];
	need_7(r);
	if (r->s->state[7] != PD_OK)
		return r->s->state[7];
	struct row_key_8 *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(lru_hash_16_5112), 0);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v7;
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(r->s->v8, 5112, row) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* start.time */
PD_INLINE u8 fetch_9(struct run *r)
{
	need_8(r);
	if (r->s->state[8] != PD_OK)
		return r->s->state[8];
	r->s->v9 = PD_LOAD(u64, r->s->v8, 0);
	return PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* span.duration */
PD_INLINE u8 fetch_10(struct run *r)
{
	need_0(r);
	need_9(r);
	r->s->v10 = ((u64) r->s->v0 - r->s->v9);
	return r->s->state[9];
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.prev.__state */
PD_INLINE u8 fetch_13(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, __state)))
		return PD_UNREAD;
	r->s->v13 = found;
	return PD_OK;
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* args.prev.pid */
PD_INLINE u8 fetch_14(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v14 = found;
	return PD_OK;
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

/* args.prev.start_boottime */
PD_INLINE u8 fetch_16(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, start_boottime)))
		return PD_UNREAD;
	r->s->v16 = found;
	return PD_OK;
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

/* kernel.stack */
PD_INLINE u8 fetch_17(struct run *r)
{
	return pd_kernel_stack(r->ctx, r->s->v17.data, 127, 125, 2, &r->s->v17.length, &r->s->v17.cut);
}

PD_INLINE void need_17(struct run *r)
{
	if (!r->s->state[17])
		r->s->state[17] = fetch_17(r);
}

/* user.stack */
PD_INLINE u8 fetch_18(struct run *r)
{
	return pd_user_stack(r->ctx, r->s->v18.data, 127, 127, 0, &r->s->v18.length, &r->s->v18.cut);
}

PD_INLINE void need_18(struct run *r)
{
	if (!r->s->state[18])
		r->s->state[18] = fetch_18(r);
}

#line 14 "tests/golden/spans.yaml"
/* span.duration Greater */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 0;
	return ((s64) r->s->v4 > 1000000LL);
}
#line here "policyd.c"

/* span.duration GreaterOrEqual */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 0;
	return ((s64) r->s->v4 >= 0LL);
}

/* span.duration GreaterOrEqual */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_10(r);
	if (r->s->state[10] == PD_UNREAD)
		return unread;
	if (r->s->state[10] != PD_OK)
		return 0;
	return ((s64) r->s->v10 >= 0LL);
}

#line 11 "tests/golden/spans.yaml"
/* args.prev.__state Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_13(r);
	if (r->s->state[13] == PD_UNREAD)
		return unread;
	if (r->s->state[13] != PD_OK)
		return 0;
	return (r->s->v13 == 0);
}
#line here "policyd.c"

#line 40 "tests/golden/spans.yaml"
/* args.prev.pid not Equal */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_14(r);
	if (r->s->state[14] == PD_UNREAD)
		return unread;
	if (r->s->state[14] != PD_OK)
		return 1;
	return !((s64) r->s->v14 == 0LL);
}
#line here "policyd.c"

#line 6 "tests/golden/spans.yaml"
/* golden-spans/run-queue */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	if ((r->s->state[4] == PD_UNREAD) && !(test_0(r, 0) && test_1(r, 0)))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 37 "tests/golden/spans.yaml"
/* golden-spans/off-cpu */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_2(r, 1))
		return;
	if ((r->s->state[10] == PD_UNREAD) && !test_2(r, 0))
		flags = PD_FLAG_UNREAD;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
}
#line here "policyd.c"

#line 6 "tests/golden/spans.yaml"
/* golden-spans/run-queue-span-end */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!1)
		return;
	r->s->queue_2[r->s->queued_2++ & 3] = 2 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[0] = 1;
}
#line here "policyd.c"

#line 6 "tests/golden/spans.yaml"
/* golden-spans/run-queue-span-start */
PD_INLINE void match_3(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[1] = 0;
	if (!test_3(r, 1))
		return;
	if ((r->s->state[13] == PD_UNREAD) && !test_3(r, 0))
		flags = PD_FLAG_UNREAD;
	r->s->queue_2[r->s->queued_2++ & 3] = 3 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[1] = 1;
}
#line here "policyd.c"

#line 37 "tests/golden/spans.yaml"
/* golden-spans/off-cpu-span-end */
PD_INLINE void match_4(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[2] = 0;
	if (!1)
		return;
	r->s->queue_2[r->s->queued_2++ & 3] = 4 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[2] = 1;
}
#line here "policyd.c"

#line 37 "tests/golden/spans.yaml"
/* golden-spans/off-cpu-span-start */
PD_INLINE void match_5(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[3] = 0;
	if (!test_4(r, 1))
		return;
	if ((r->s->state[14] == PD_UNREAD) && !test_4(r, 0))
		flags = PD_FLAG_UNREAD;
	r->s->queue_2[r->s->queued_2++ & 3] = 5 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[3] = 1;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_4(r);
	if (!(r->s->state[4] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	entry = pd_row(map, 0);
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_352_n1), d->maps[0]);

	return map ? entry_0_0(r, d, counts, map) : 0;
}

PD_INLINE u32 bucket_0_0_0(struct run *r)
{
	u64 value = r->s->v4;
	u32 bits = pd_bits(value);

	return bits > 0 ? bits - 0 : 0;
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
	u32 index;

	need_4(r);
	if ((r->s->state[4] == PD_OK) && (s64) r->s->v4 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
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
	PD_ADD(&slots[1], r->s->v4);
	PD_ADD(&slots[2 + index], 1);
}

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_5(r);
	need_6(r);
	need_4(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1685929013, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[5] == PD_OK)
		pd_put_string(e->f.c0, sizeof(e->f.c0), r->s->v5.data, r->s->v5.length);
	else
		__builtin_memset(e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[5], 0);
	e->f.c1 = r->s->state[6] == PD_OK ? r->s->v6 : 0;
	pd_mark(&absent, &unread, r->s->state[6], 1);
	e->f.c2 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 2);
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

/* The entry of this event's stack, or NULL if there is no room.  With the first one that of what is lost is made. */
PD_INLINE u64 *stack_entry_1_0(struct run *r, void *map, struct key_1_0 *key)
{
	void *blank = pd_row(MAP(zeros), 0);
	u64 *entry;

	pd_read_kernel(key, sizeof(*key), 0); /* clears it, as in pd_put_stack */
	pd_put_string(key->c0, sizeof(key->c0), r->s->v5.data, r->s->v5.length);
	pd_put_stack(key->c1, sizeof(key->c1), (r->s->v8 + 16), ((r->s->state[8] == PD_OK ? (PD_LOAD(u64, r->s->v8, 8) & 4 ? PD_OK : PD_ABSENT) : r->s->state[8]) == PD_OK ? 1024 : 0));
	pd_put_stack(key->c2, sizeof(key->c2), (r->s->v8 + 1040), ((r->s->state[8] == PD_OK ? (PD_LOAD(u64, r->s->v8, 8) & 8 ? PD_OK : PD_ABSENT) : r->s->state[8]) == PD_OK ? 4072 : 0));
	entry = pd_map_lookup(map, key);
	if (entry || !blank)
		return entry;
	entry = pd_entry(map, key, blank);
	pd_read_kernel(key, sizeof(*key), 0);
	key->c1[6] = PD_STACK_LOST;
	pd_map_update(map, key, blank, 1 /* BPF_NOEXIST */);
	return entry;
}

PD_INLINE void metric_1_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_5112_16_f1), d->maps[0]);
	struct key_1_0 *key = (void *) r->s->key;
	u64 *slots;

	if (!map)
		return;
	need_5(r);
	need_8(r);
	need_10(r);
	if (!((r->s->state[5] == PD_OK) && (r->s->state[10] == PD_OK))) {
		PD_ADD(&counts[4], 1);
		return;
	}
	if ((s64) r->s->v10 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	slots = stack_entry_1_0(r, map, key);
	if (!slots) {
		PD_ADD(&counts[3], 1);
		slots = pd_map_lookup(map, key); /* the key is that of what is lost */
		if (slots)
			PD_ADD(&slots[0], 1);
		return;
	}
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], (u64) r->s->v10);
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

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_2(struct run *r, const struct pd_rule *d, u16 flags)
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

PD_INLINE void take_effects_2(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_2)
			break;
		item = r->s->queue_2[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_2(r, d, item >> 16);
	}
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_0(struct run *r)
{
	if (!r->s->writes[0])
		return;
	need_1(r);
	need_4(r);
}

/* golden-spans/run-queue-span-end: end run-queue-span */
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
	map = pd_row(MAP(lru_hash_8_24), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[1] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	if (pd_map_delete(map, key) || !(r->s->state[4] == PD_OK))
		PD_ADD(&counts[15], 1);
	else if (((s64) r->s->v4 < 0LL))
		PD_ADD(&counts[5], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_1(struct run *r)
{
	if (!r->s->writes[1])
		return;
	need_14(r);
	need_0(r);
	need_15(r);
}

/* golden-spans/run-queue-span-start: start run-queue-span */
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
	if (!r->s->writes[1])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_24), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[14] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v14;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	if (1) {
	row->c0 = r->s->v0;
		row->c1 |= 1;
	}
	if (1) {
	row->c2 = r->s->v15;
		row->c1 |= 4;
	}
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_2(struct run *r)
{
	if (!r->s->writes[2])
		return;
	need_1(r);
	need_7(r);
	need_10(r);
}

/* golden-spans/off-cpu-span-end: end off-cpu-span */
PD_INLINE void write_2(struct run *r)
{
	struct write_key_2 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[2])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_16_5112), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!((r->s->state[1] == PD_OK) && (r->s->state[7] == PD_OK))) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v7;
	if (pd_map_delete(map, key) || !(r->s->state[10] == PD_OK))
		PD_ADD(&counts[15], 1);
	else if (((s64) r->s->v10 < 0LL))
		PD_ADD(&counts[5], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_3(struct run *r)
{
	if (!r->s->writes[3])
		return;
	need_14(r);
	need_16(r);
	need_0(r);
}

/* golden-spans/off-cpu-span-start: start off-cpu-span */
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
	if (!r->s->writes[3])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_16_5112), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!((r->s->state[14] == PD_OK) && (r->s->state[16] == PD_OK))) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v14;
	key->c1 = r->s->v16;
	old = 0;
	pd_read_kernel(row, sizeof(*row), old); /* with nothing there it clears the row */
	if (1) {
	row->c0 = r->s->v0;
		row->c1 |= 1;
	}
	if ((r->s->state[17] == PD_OK)) {
	pd_put_stack(row->c2, sizeof(row->c2), r->s->v17.data, r->s->v17.length);
		row->c1 |= 4;
	}
	if ((r->s->state[18] == PD_OK)) {
	pd_put_stack(row->c3, sizeof(row->c3), r->s->v18.data, r->s->v18.length);
		row->c1 |= 8;
	}
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	write_0(r);
	write_1(r);
	write_2(r);
	write_3(r);
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->writing = 0;
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	r->s->queued_2 = 0;
	match_0(r);
	match_1(r);
	match_2(r);
	match_3(r);
	match_4(r);
	match_5(r);
	if (r->s->queued_2)
		need_17(r);
	if (r->s->queued_2)
		need_18(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
	take_effects_2(r, 4);
	take_0(r);
	take_1(r);
	take_2(r);
	take_3(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_43f7c010f65c(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 6);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, raw_tracepoint:sched_wakeup, pd_bfb391d2c1f1 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xe678e9fbdd33ULL
#define PD_CANARY_PROGRAM 0xbfb391d2c1f1ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(lru_hash_8_24, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 408, 1);
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
struct write_key_0 {
	s32 c0; /* args_p_pid */
	u8 pad0[4];
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	u32 c2; /* cpu */
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u64 row[3];
	u32 writing;
	u8 writes[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 408, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.p.pid */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* time */
PD_INLINE u8 fetch_1(struct run *r)
{
	return time_now(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* cpu */
PD_INLINE u8 fetch_2(struct run *r)
{
	return cpu_id(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 6 "tests/golden/spans.yaml"
/* golden-spans/run-queue-span-start */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!1)
		return;
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
	need_0(r);
	need_1(r);
	need_2(r);
}

/* golden-spans/run-queue-span-start: start run-queue-span */
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
	map = pd_row(MAP(lru_hash_8_24), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[0] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v0;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	if (1) {
	row->c0 = r->s->v1;
		row->c1 |= 1;
	}
	if (1) {
	row->c2 = r->s->v2;
		row->c1 |= 4;
	}
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	write_0(r);
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

PD_ENTRY int pd_bfb391d2c1f1(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_wakeup_new, pd_7fb870f8490c */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x769943186f88ULL
#define PD_CANARY_PROGRAM 0x7fb870f8490cULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(lru_hash_8_24, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 408, 1);
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
struct write_key_0 {
	s32 c0; /* args_p_pid */
	u8 pad0[4];
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	u32 c2; /* cpu */
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u64 row[3];
	u32 writing;
	u8 writes[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 408, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.p.pid */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* time */
PD_INLINE u8 fetch_1(struct run *r)
{
	return time_now(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* cpu */
PD_INLINE u8 fetch_2(struct run *r)
{
	return cpu_id(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 6 "tests/golden/spans.yaml"
/* golden-spans/run-queue-span-start */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!1)
		return;
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
	need_0(r);
	need_1(r);
	need_2(r);
}

/* golden-spans/run-queue-span-start: start run-queue-span */
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
	map = pd_row(MAP(lru_hash_8_24), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[0] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v0;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	if (1) {
	row->c0 = r->s->v1;
		row->c1 |= 1;
	}
	if (1) {
	row->c2 = r->s->v2;
		row->c1 |= 4;
	}
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	write_0(r);
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

PD_ENTRY int pd_7fb870f8490c(void *ctx)
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

/* policyd 0.1.0, tracepoint:sock/inet_sock_set_state, pd_9522aec0a1be */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xea205c550662ULL
#define PD_CANARY_PROGRAM 0x9522aec0a1beULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(lru_hash_8_40, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 4);
PD_MAP(scratch, 6, 4, 560, 1);
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
	struct pd_address c0; /* start_args_daddr */
	u16 c1; /* start_args_dport */
	u8 pad0[6];
	s64 c2; /* span_duration */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct row_key_3 {
	u64 c0; /* args_skaddr_as_sock */
};
struct write_key_0 {
	u64 c0; /* args_skaddr_as_sock */
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	struct pd_address c2; /* args_daddr */
	u16 c3; /* args_dport */
	u8 pad0[6];
};
struct write_key_1 {
	u64 c0; /* args_skaddr_as_sock */
};
struct write_row_1 {
	u64 c0; /* started */
	u64 c1; /* there */
	struct pd_address c2; /* args_daddr */
	u16 c3; /* args_dport */
	u8 pad0[6];
};
struct write_key_2 {
	u64 c0; /* args_skaddr_as_sock */
};
struct write_row_2 {
	u64 c0; /* started */
	u64 c1; /* there */
	struct pd_address c2; /* args_daddr */
	u16 c3; /* args_dport */
	u8 pad0[6];
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
	u8 v3[40] __attribute__((aligned(8)));
	u64 v4;
	u64 v5;
	struct pd_address v6;
	u64 v7;
	struct pd_address v8;
	u64 v9;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[4];
	u64 key[1];
	u64 row[5];
	u32 writing;
	u8 writes[3];
	u8 state[10]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
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

/* time */
PD_INLINE u8 fetch_1(struct run *r)
{
	return time_now(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.skaddr */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* connects-span[args.skaddr] */
PD_INLINE u8 fetch_3(struct run *r)
{
	need_2(r);
	struct row_key_3 *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(lru_hash_8_40), 0);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v2;
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(r->s->v3, 40, row) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* start.time */
PD_INLINE u8 fetch_4(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	r->s->v4 = PD_LOAD(u64, r->s->v3, 0);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* span.duration */
PD_INLINE u8 fetch_5(struct run *r)
{
	need_1(r);
	need_4(r);
	r->s->v5 = ((u64) r->s->v1 - r->s->v4);
	return r->s->state[4];
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* start.args.daddr */
PD_INLINE u8 fetch_6(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	__builtin_memcpy(&r->s->v6, r->s->v3 + 16, 16);
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* start.args.dport */
PD_INLINE u8 fetch_7(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	r->s->v7 = PD_LOAD(u16, r->s->v3, 32);
	return PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.daddr */
PD_INLINE u8 fetch_8(struct run *r)
{
	u32 address = 0;

	if (pd_read_kernel(&address, sizeof(address), (void *) ((char *) r->ctx + 36)))
		return PD_UNREAD;
	pd_ip4(&r->s->v8, address);
	return PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* args.dport */
PD_INLINE u8 fetch_9(struct run *r)
{
	r->s->v9 = PD_CONTEXT(u16, r->ctx, 26);
	return PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

#line 35 "tests/golden/spans.yaml"
/* args.newstate Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 1LL);
}
#line here "policyd.c"

/* span.duration GreaterOrEqual */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_5(r);
	if (r->s->state[5] != PD_OK)
		return 0;
	return ((s64) r->s->v5 >= 0LL);
}

#line 34 "tests/golden/spans.yaml"
/* args.newstate Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 2LL);
}
#line here "policyd.c"

#line 34 "tests/golden/spans.yaml"
/* args.newstate Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 7LL);
}
#line here "policyd.c"

#line 31 "tests/golden/spans.yaml"
/* golden-spans/connects */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 31 "tests/golden/spans.yaml"
/* golden-spans/connects-span-end */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!test_0(r, 1))
		return;
	r->s->queue_1[r->s->queued_1++ & 3] = 1 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[0] = 1;
}
#line here "policyd.c"

#line 31 "tests/golden/spans.yaml"
/* golden-spans/connects-span-start */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[1] = 0;
	if (!test_2(r, 1))
		return;
	r->s->queue_1[r->s->queued_1++ & 3] = 2 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[1] = 1;
}
#line here "policyd.c"

#line 34 "tests/golden/spans.yaml"
/* golden-spans/connects-span-key-ends */
PD_INLINE void match_3(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[2] = 0;
	if (!test_3(r, 1))
		return;
	r->s->queue_1[r->s->queued_1++ & 3] = 3 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[2] = 1;
}
#line here "policyd.c"

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_6(r);
	need_7(r);
	need_5(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0x88fa09dfULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[6] == PD_OK)
		__builtin_memcpy(&e->f.c0, &r->s->v6, sizeof(e->f.c0));
	else
		__builtin_memset(&e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[6], 0);
	e->f.c1 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 1);
	e->f.c2 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 2);
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
	need_2(r);
	need_5(r);
}

/* golden-spans/connects-span-end: end connects-span */
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
	map = pd_row(MAP(lru_hash_8_40), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v2;
	if (pd_map_delete(map, key) || !(r->s->state[5] == PD_OK))
		PD_ADD(&counts[15], 1);
	else if (((s64) r->s->v5 < 0LL))
		PD_ADD(&counts[5], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_1(struct run *r)
{
	if (!r->s->writes[1])
		return;
	need_2(r);
	need_1(r);
	need_8(r);
	need_9(r);
}

/* golden-spans/connects-span-start: start connects-span */
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
	if (!r->s->writes[1])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_40), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v2;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	if (1) {
	row->c0 = r->s->v1;
		row->c1 |= 1;
	}
	if (1) {
	__builtin_memcpy(&row->c2, &r->s->v8, sizeof(row->c2));
		row->c1 |= 4;
	}
	if (1) {
	row->c3 = r->s->v9;
		row->c1 |= 8;
	}
	failed = pd_map_update(map, key, row, 0 /* BPF_ANY */);
	if (failed)
		PD_ADD(&counts[13], 1);
}

/* What is written is taken before any rule writes. */
PD_INLINE void take_2(struct run *r)
{
	if (!r->s->writes[2])
		return;
	need_2(r);
}

/* golden-spans/connects-span-key-ends: unset connects-span */
PD_INLINE void write_2(struct run *r)
{
	struct write_key_2 *key = (void *) r->s->key;
	struct pd_config *settings;
	u64 *counts;
	void *map;

	PD_BARRIER();
	if (!r->s->writes[2])
		return;
	settings = pd_row(MAP(config), 0);
	counts = pd_row(MAP(account), 0);
	map = pd_row(MAP(lru_hash_8_40), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v2;
	pd_map_delete(map, key);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	write_0(r);
	write_1(r);
	write_2(r);
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->writing = 0;
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	match_0(r);
	match_1(r);
	match_2(r);
	match_3(r);
	take_effects_0(r, 1);
	take_effects_1(r, 3);
	take_0(r);
	take_1(r);
	take_2(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_9522aec0a1be(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 4);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_read, pd_0c97b7154211 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xf29b8ed85d5ULL
#define PD_CANARY_PROGRAM 0xc97b7154211ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_16_312_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 776, 1);
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
	s32 c0; /* process_tid_as_thread */
	u8 pad0[4];
	u64 c1; /* process_tid_as_thread_started */
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	u64 c2; /* args_count */
	u8 c3[16]; /* process_comm */
	u32 c4; /* process_pid */
	u32 c5; /* process_ppid */
	u32 c6; /* process_uid */
	u8 c7[256]; /* process_exe */
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
	u64 v4;
	PD_STRING(16) v5;
	u64 v6;
	u64 v7;
	u64 v8;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[2];
	u64 row[39];
	u32 writing;
	u8 writes[1];
	u8 state[10]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 776, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* args.fd */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.tid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_tid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.task.start_boottime */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = pd_task();

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

/* time */
PD_INLINE u8 fetch_3(struct run *r)
{
	return time_now(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.count */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = PD_CONTEXT(u64, r->ctx, 32);
	return PD_OK;
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

/* process.pid */
PD_INLINE u8 fetch_6(struct run *r)
{
	return process_pid(r, &r->s->v6);
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

#line 28 "tests/golden/spans.yaml"
/* args.fd Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (r->s->v0 == 0);
}
#line here "policyd.c"

#line 18 "tests/golden/spans.yaml"
/* golden-spans/reads-span-start */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!test_0(r, 1))
		return;
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
	r->self = pd_process_self(MAP(processes));
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
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_7(r);
	need_8(r);
}

/* golden-spans/reads-span-start: start reads-span */
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
	map = pd_row(MAP(hash_16_312_f1), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[2] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v2;
	old = pd_map_lookup(map, key);
	if (old)
		return;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	if (1) {
	row->c0 = r->s->v3;
		row->c1 |= 1;
	}
	if (1) {
	row->c2 = r->s->v4;
		row->c1 |= 4;
	}
	if (1) {
	pd_put_string(row->c3, sizeof(row->c3), r->s->v5.data, r->s->v5.length);
		row->c1 |= 8;
	}
	if (1) {
	row->c4 = r->s->v6;
		row->c1 |= 16;
	}
	if ((r->s->state[7] == PD_OK)) {
	row->c5 = r->s->v7;
		row->c1 |= 32;
	}
	if (1) {
	row->c6 = r->s->v8;
		row->c1 |= 64;
	}
	if (((r->self ? PD_OK : PD_UNREAD) == PD_OK)) {
	pd_put_string(row->c7, sizeof(row->c7), r->self->exe, r->self->exe_length);
		row->c1 |= 128;
	}
	failed = pd_map_update(map, key, row, 1 /* BPF_NOEXIST */);
	if (failed && failed != -17 /* EEXIST: another CPU was first */)
		PD_ADD(&counts[13], 1);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	r->self = pd_process_self(MAP(processes));
	write_0(r);
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->writing = 0;
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
	take_0(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_0c97b7154211(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_b0612c474715 */
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
#define PD_CANARY_PROGRAM 0xb0612c474715ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_16_312_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 2);
PD_MAP(scratch, 6, 4, 1728, 1);
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
	u32 c0; /* start_process_pid */
	u32 c1; /* start_process_ppid */
	u32 c2; /* start_process_uid */
	u8 c3[16]; /* start_process_comm */
	struct pd_packed c4; /* start_process_exe */
	s64 c5; /* ret */
	u64 c6; /* start_args_count */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct row_key_3 {
	s32 c0; /* process_tid_as_thread */
	u8 pad0[4];
	u64 c1; /* process_tid_as_thread_started */
};
struct write_key_0 {
	s32 c0; /* process_tid_as_thread */
	u8 pad0[4];
	u64 c1; /* process_tid_as_thread_started */
};
struct write_row_0 {
	u64 c0; /* started */
	u64 c1; /* there */
	u64 c2; /* args_count */
	u8 c3[16]; /* process_comm */
	u32 c4; /* process_pid */
	u32 c5; /* process_ppid */
	u32 c6; /* process_uid */
	u8 c7[256]; /* process_exe */
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
	u8 v3[312] __attribute__((aligned(8)));
	u64 v4;
	u64 v5;
	u64 v6;
	u64 v7;
	u64 v8;
	u64 v9;
	u64 v10;
	PD_STRING(16) v11;
	PD_STRING(256) v12;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u64 key[2];
	u64 row[39];
	u32 writing;
	u8 writes[1];
	u64 event[45];
	u8 state[13]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 1728, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* ret */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.tid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_tid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.task.start_boottime */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = pd_task();

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

/* reads-span[process.tid, process.task.start_boottime] */
PD_INLINE u8 fetch_3(struct run *r)
{
	need_1(r);
	need_2(r);
	if (r->s->state[2] != PD_OK)
		return r->s->state[2];
	struct row_key_3 *key = (void *) r->s->key;
	void *map;
	void *row;

	map = pd_row(MAP(hash_16_312_f1), 0);
	if (!map)
		return PD_ABSENT;
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v2;
	row = pd_map_lookup(map, key);
	if (!row)
		return PD_ABSENT;
	return pd_read_kernel(r->s->v3, 312, row) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* start.args.count */
PD_INLINE u8 fetch_4(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	r->s->v4 = PD_LOAD(u64, r->s->v3, 16);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* time */
PD_INLINE u8 fetch_5(struct run *r)
{
	return time_now(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* start.time */
PD_INLINE u8 fetch_6(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	r->s->v6 = PD_LOAD(u64, r->s->v3, 0);
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* span.duration */
PD_INLINE u8 fetch_7(struct run *r)
{
	need_5(r);
	need_6(r);
	r->s->v7 = ((u64) r->s->v5 - r->s->v6);
	return r->s->state[6];
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* start.process.pid */
PD_INLINE u8 fetch_8(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	r->s->v8 = PD_LOAD(u32, r->s->v3, 40);
	return PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* start.process.ppid */
PD_INLINE u8 fetch_9(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	if (!(PD_LOAD(u64, r->s->v3, 8) & 32))
		return PD_ABSENT;
	r->s->v9 = PD_LOAD(u32, r->s->v3, 44);
	return PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* start.process.uid */
PD_INLINE u8 fetch_10(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	r->s->v10 = PD_LOAD(u32, r->s->v3, 48);
	return PD_OK;
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* start.process.comm */
PD_INLINE u8 fetch_11(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	return pd_string_array(r->s->v11.data, 16, &r->s->v11.length, &r->s->v11.cut, (u64) (r->s->v3 + 24));
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* start.process.exe */
PD_INLINE u8 fetch_12(struct run *r)
{
	need_3(r);
	if (r->s->state[3] != PD_OK)
		return r->s->state[3];
	if (!(PD_LOAD(u64, r->s->v3, 8) & 128))
		return PD_ABSENT;
	return pd_string_array(r->s->v12.data, 256, &r->s->v12.length, &r->s->v12.cut, (u64) (r->s->v3 + 52));
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

#line 29 "tests/golden/spans.yaml"
/* ret Greater */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 > 0LL);
}
#line here "policyd.c"

#line 29 "tests/golden/spans.yaml"
/* start.args.count Greater */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 0;
	return (r->s->v4 > 4096);
}
#line here "policyd.c"

/* span.duration GreaterOrEqual */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_7(r);
	if (r->s->state[7] == PD_UNREAD)
		return unread;
	if (r->s->state[7] != PD_OK)
		return 0;
	return ((s64) r->s->v7 >= 0LL);
}

#line 18 "tests/golden/spans.yaml"
/* golden-spans/reads */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1)))
		return;
	if (((r->s->state[4] == PD_UNREAD) || (r->s->state[7] == PD_UNREAD)) && !(test_0(r, 0) && test_1(r, 0) && test_2(r, 0)))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 18 "tests/golden/spans.yaml"
/* golden-spans/reads-span-end */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	r->s->writes[0] = 0;
	if (!1)
		return;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
	if (!flags)
		r->s->writing = r->s->writes[0] = 1;
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
	need_4(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xb5ce460fULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 0);
	e->f.c1 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 1);
	e->f.c2 = r->s->state[10] == PD_OK ? r->s->v10 : 0;
	pd_mark(&absent, &unread, r->s->state[10], 2);
	if (r->s->state[11] == PD_OK)
		pd_put_string(e->f.c3, sizeof(e->f.c3), r->s->v11.data, r->s->v11.length);
	else
		__builtin_memset(e->f.c3, 0, sizeof(e->f.c3));
	pd_mark(&absent, &unread, r->s->state[11], 3);
	if (r->s->state[12] == PD_OK) {
		at = pd_append(e, at, 96, &e->f.c4, r->s->v12.data, r->s->v12.length, r->s->v12.cut, 256);
		if (!at)
			return;
	} else {
		e->f.c4.offset = 0;
		e->f.c4.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[12], 4);
	e->f.c5 = r->s->v0;
	e->f.c6 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 6);
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
	need_7(r);
}

/* golden-spans/reads-span-end: end reads-span */
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
	map = pd_row(MAP(hash_16_312_f1), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!(r->s->state[2] == PD_OK)) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v2;
	if (pd_map_delete(map, key) || !(r->s->state[7] == PD_OK))
		PD_ADD(&counts[15], 1);
	else if (((s64) r->s->v7 < 0LL))
		PD_ADD(&counts[5], 1);
}

/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
	write_0(r);
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->writing = 0;
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	match_0(r);
	match_1(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
	take_0(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_b0612c474715(void *ctx)
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
