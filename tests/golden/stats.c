/* policyd 0.1.0, raw_tracepoint:sched_process_exec, pd_436c125e6b8c */
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

/* internal/process_exec.c */

PD_ENTRY int pd_436c125e6b8c(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_process_exit, pd_4130f4a30666 */
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

/* internal/process_exit.c */

PD_ENTRY int pd_4130f4a30666(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_process_fork, pd_64dd25eaa618 */
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

/* internal/process_fork.c */

PD_ENTRY int pd_64dd25eaa618(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_46d7be6cf924 */
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
#define PD_CANARY_PROGRAM 0x46d7be6cf924ULL

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

PD_ENTRY int pd_46d7be6cf924(void *ctx)
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
