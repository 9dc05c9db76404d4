/* policyd 0.1.0, tracepoint:raw_syscalls/sys_enter, pd_090bb647cdb9 */
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
PD_MAP(calls, 1, 24, 24, 65536);
PD_MAP(zeros, 2, 4, 24, 1);
PD_MAP(scratch, 6, 4, 360, 1);
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

struct pd_call {
	u64 time;
	u64 v0;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 24, "the map of calls is of another size");

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
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 360, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that begins, in place of one that was never fetched; NULL if the map is full. */
PD_INLINE struct pd_call *pd_new_call(void *map, void *ctx, const void *zeros)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	if (!zeros)
		return 0;
	if (pd_map_update(map, &key, zeros, 0)) {
		pd_map_delete(map, &key); /* an older call's must not pass for this one's */
		return 0;
	}
	return pd_map_lookup(map, &key);
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/syscall_abi.c */

/* hook.abi */
PD_INLINE u8 fetch_0(struct run *r)
{
	return syscall_abi(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* hook.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* hook.name */
PD_INLINE u8 fetch_2(struct run *r)
{
	return syscall_number(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.pid */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* hook.name In */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_1(r);
	return (((s64) r->s->v1 == 121LL) || ((s64) r->s->v1 == 124LL));
}

/* hook.abi Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 0);
}

/* hook.abi Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 1);
}

/* hook.name In */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_2(r);
	return ((s64) r->s->v2 == 4294967428LL);
}

/* hook.name In */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_2(r);
	return ((s64) r->s->v2 == 4294967443LL);
}

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

	if (!((test_0(r, 1) && test_1(r, 1)) || (test_2(r, 1) && test_3(r, 1)) || (test_2(r, 1) && test_4(r, 1))))
		return;
	need_3(r);
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
	call->state[0] = r->s->state[3];
	call->v0 = r->s->v3;
}

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	save_call(r);
}

PD_ENTRY int pd_090bb647cdb9(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:raw_syscalls/sys_exit, pd_08b3d80e80fb */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x70ffe41f86b3ULL
#define PD_CANARY_PROGRAM 0x8b3d80e80fbULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(calls, 1, 24, 24, 65536);
PD_MAP(zeros, 2, 4, 24, 1);
PD_MAP(rules, 2, 4, 28, 3);
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
struct key_0_0 {
	s64 c0; /* hook_name */
};
struct key_1_0 {
	s64 c0; /* hook_name */
};
struct key_2_0 {
	s64 c0; /* hook_name */
};

struct pd_call {
	u64 time;
	u64 v0;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 24, "the map of calls is of another size");

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
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u32 queued_2;
	u32 queue_2[1];
	u64 unpaired;
	u64 key[1];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 408, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_call *call;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that ends; NULL if its beginning was not seen.  One that is older than the thread was left by another
 * thread, whose task was at the same address and which died in its call. */
PD_INLINE struct pd_call *pd_resume(void *map, void *ctx)
{
	struct pd_call_key key;
	struct pd_call *call;
	u64 born = 0;

	pd_call_key(&key, ctx);
	call = pd_map_lookup(map, &key);
	if (!call)
		return 0;
	pd_read_kernel(&born, sizeof(born), PD_AT(struct task_struct, pd_task(), start_boottime));
	if (call->time >= born)
		return call;
	pd_map_delete(map, &key);
	return 0;
}

PD_INLINE void pd_end_call(void *map, void *ctx)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	pd_map_delete(map, &key);
}

/* What was kept of the call; that a rule wanted it, and it is not there, is counted. */
PD_INLINE struct pd_call *pd_call(struct run *r)
{
	if (!r->call)
		r->s->unpaired = 1;
	return r->call;
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/syscall_abi.c */

/* hook.abi */
PD_INLINE u8 fetch_0(struct run *r)
{
	return syscall_abi(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* hook.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.pid */
PD_INLINE u8 fetch_2(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v2 = call->v0;
	return call->state[0];
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* hook.name */
PD_INLINE u8 fetch_3(struct run *r)
{
	return syscall_number(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.pid */
PD_INLINE u8 fetch_4(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v4 = call->v0;
	return call->state[0];
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* hook.name In */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (((s64) r->s->v1 == 121LL) || ((s64) r->s->v1 == 124LL));
}

/* hook.abi Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 0);
}

#line 29 "tests/golden/calls.yaml"
/* args.pid Less */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] != PD_OK)
		return 0;
	return ((s64) r->s->v2 < 3LL);
}
#line here "policyd.c"

/* hook.abi Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 1);
}

/* hook.name In */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_3(r);
	return ((s64) r->s->v3 == 4294967428LL);
}

#line 29 "tests/golden/calls.yaml"
/* args.pid Less */
PD_INLINE int test_5(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] != PD_OK)
		return 0;
	return ((s64) r->s->v4 < 3LL);
}
#line here "policyd.c"

/* hook.name In */
PD_INLINE int test_6(struct run *r, int unread)
{
	need_3(r);
	return ((s64) r->s->v3 == 4294967443LL);
}

#line 27 "tests/golden/calls.yaml"
/* calls/every */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 27 "tests/golden/calls.yaml"
/* calls/every */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_3(r, 1) && test_4(r, 1) && test_5(r, 1)))
		return;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
}
#line here "policyd.c"

#line 27 "tests/golden/calls.yaml"
/* calls/every */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_3(r, 1) && test_6(r, 1) && test_5(r, 1)))
		return;
	r->s->queue_2[r->s->queued_2++ & 0] = 2 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_8_f1), d->maps[0]);

	return map ? entry_0_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
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
	struct key_1_0 *key = (void *) r->s->key;
	u64 *entry;

	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = 121;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_1_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_8_f1), d->maps[0]);

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

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_2_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_2_0 *key = (void *) r->s->key;
	u64 *entry;

	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = 124;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_2_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_8_f1), d->maps[0]);

	return map ? entry_2_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_2_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_2_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
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
		metric_2_0(r, d, counts);
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

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	r->s->queued_2 = 0;
	match_0(r);
	match_1(r);
	match_2(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
	take_effects_2(r, 1);
}

PD_ENTRY int pd_08b3d80e80fb(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	r.s->unpaired = 0;
	r.call = pd_resume(MAP(calls), ctx);
	if (pd_is_canary())
		pd_canary(0, 3);
	else
		run_0(&r);
	if (r.call)
		pd_end_call(MAP(calls), ctx);
	if (r.s->unpaired) {
		pd_account(MAP(account), 0, 15);
	}
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_accept4, pd_fc3eedcafa11 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 1, 24, 48, 65536);
PD_MAP(zeros, 2, 4, 48, 1);
PD_MAP(scratch, 6, 4, 360, 1);
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

struct pd_call {
	u64 time;
	u64 v0;
	u64 v1;
	u64 v2;
	u64 v3;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 48, "the map of calls is of another size");

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
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 360, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that begins, in place of one that was never fetched; NULL if the map is full. */
PD_INLINE struct pd_call *pd_new_call(void *map, void *ctx, const void *zeros)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	if (!zeros)
		return 0;
	if (pd_map_update(map, &key, zeros, 0)) {
		pd_map_delete(map, &key); /* an older call's must not pass for this one's */
		return 0;
	}
	return pd_map_lookup(map, &key);
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.upeer_sockaddr.address.family */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u64, r->ctx, 24);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.upeer_sockaddr.address.ip */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = PD_CONTEXT(u64, r->ctx, 24);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.upeer_sockaddr.address.path */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = PD_CONTEXT(u64, r->ctx, 24);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.upeer_sockaddr.address.port */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = PD_CONTEXT(u64, r->ctx, 24);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

	need_0(r);
	need_1(r);
	need_2(r);
	need_3(r);
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
	call->state[0] = r->s->state[0];
	call->v0 = r->s->v0;
	call->state[1] = r->s->state[1];
	call->v1 = r->s->v1;
	call->state[2] = r->s->state[2];
	call->v2 = r->s->v2;
	call->state[3] = r->s->state[3];
	call->v3 = r->s->v3;
}

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	save_call(r);
}

PD_ENTRY int pd_fc3eedcafa11(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_newfstatat, pd_85bb50c347d9 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 1, 24, 32, 65536);
PD_MAP(zeros, 2, 4, 32, 1);
PD_MAP(scratch, 6, 4, 344, 1);
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

struct pd_call {
	u64 time;
	u64 v0;
	u64 v1;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 32, "the map of calls is of another size");

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	u64 v1;
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 344, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that begins, in place of one that was never fetched; NULL if the map is full. */
PD_INLINE struct pd_call *pd_new_call(void *map, void *ctx, const void *zeros)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	if (!zeros)
		return 0;
	if (pd_map_update(map, &key, zeros, 0)) {
		pd_map_delete(map, &key); /* an older call's must not pass for this one's */
		return 0;
	}
	return pd_map_lookup(map, &key);
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.statbuf.st_size */
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

/* args.statbuf.st_size */
PD_INLINE u8 fetch_1(struct run *r)
{
	s64 found = 0;

	if (!PD_CONTEXT(u64, r->ctx, 32))
		return PD_ABSENT;
	if (pd_read_user(&found, sizeof(found), (void *) (PD_CONTEXT(u64, r->ctx, 32) + 48)))
		return PD_UNREAD;
	r->s->v1 = (s64) found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

	need_0(r);
	need_1(r);
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
	call->state[0] = r->s->state[0];
	call->v0 = r->s->v0;
	call->state[1] = r->s->state[1];
	call->v1 = r->s->v1;
}

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	save_call(r);
}

PD_ENTRY int pd_85bb50c347d9(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_openat, pd_061a501371d2 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 1, 24, 4128, 65536);
PD_MAP(zeros, 2, 4, 4128, 1);
PD_MAP(scratch, 6, 4, 4440, 1);
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

struct pd_call {
	u64 time;
	PD_STRING(4096) v0;
	u64 v1;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 4128, "the map of calls is of another size");

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	PD_STRING(4096) v0;
	u64 v1;
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 4440, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that begins, in place of one that was never fetched; NULL if the map is full. */
PD_INLINE struct pd_call *pd_new_call(void *map, void *ctx, const void *zeros)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	if (!zeros)
		return 0;
	if (pd_map_update(map, &key, zeros, 0)) {
		pd_map_delete(map, &key); /* an older call's must not pass for this one's */
		return 0;
	}
	return pd_map_lookup(map, &key);
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.filename */
PD_INLINE u8 fetch_0(struct run *r)
{
	return pd_string_user(r->s->v0.data, 4096, &r->s->v0.length, &r->s->v0.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.flags */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 32);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

	need_0(r);
	need_1(r);
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
	call->state[0] = r->s->state[0];
	if (r->s->state[0] == PD_OK)
		pd_copy_string(call->v0.data, 4096, &call->v0.length, &call->v0.cut,
			       r->s->v0.data, r->s->v0.length, r->s->v0.cut);
	call->state[1] = r->s->state[1];
	call->v1 = r->s->v1;
}

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	save_call(r);
}

PD_ENTRY int pd_061a501371d2(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_accept4, pd_5ba185099c50 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2192a3f3eaf0ULL
#define PD_CANARY_PROGRAM 0x5ba185099c50ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 1, 24, 48, 65536);
PD_MAP(zeros, 2, 4, 48, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 744, 1);
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
	struct pd_address c0; /* ip */
	u16 c1; /* family */
	struct pd_packed c2; /* path */
	u8 pad0[2];
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};

struct pd_call {
	u64 time;
	u64 v0;
	u64 v1;
	u64 v2;
	u64 v3;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 48, "the map of calls is of another size");

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
	struct pd_address v3;
	u64 v4;
	u64 v5;
	u64 v6;
	PD_STRING(128) v7;
	u32 queued_0;
	u32 queue_0[1];
	u64 unpaired;
	u64 event[26];
	u8 state[8]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 744, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_call *call;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that ends; NULL if its beginning was not seen.  One that is older than the thread was left by another
 * thread, whose task was at the same address and which died in its call. */
PD_INLINE struct pd_call *pd_resume(void *map, void *ctx)
{
	struct pd_call_key key;
	struct pd_call *call;
	u64 born = 0;

	pd_call_key(&key, ctx);
	call = pd_map_lookup(map, &key);
	if (!call)
		return 0;
	pd_read_kernel(&born, sizeof(born), PD_AT(struct task_struct, pd_task(), start_boottime));
	if (call->time >= born)
		return call;
	pd_map_delete(map, &key);
	return 0;
}

PD_INLINE void pd_end_call(void *map, void *ctx)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	pd_map_delete(map, &key);
}

/* What was kept of the call; that a rule wanted it, and it is not there, is counted. */
PD_INLINE struct pd_call *pd_call(struct run *r)
{
	if (!r->call)
		r->s->unpaired = 1;
	return r->call;
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/address.c */

/* args.upeer_sockaddr.address.port */
PD_INLINE u8 fetch_0(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v0 = call->v3;
	return call->state[3];
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* late(args.upeer_sockaddr.address.port) */
PD_INLINE u8 fetch_1(struct run *r)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return r->s->state[0];
	u64 p = r->s->v0;

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return user_address_port(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.upeer_sockaddr.address.ip */
PD_INLINE u8 fetch_2(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v2 = call->v1;
	return call->state[1];
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* late(args.upeer_sockaddr.address.ip) */
PD_INLINE u8 fetch_3(struct run *r)
{
	need_2(r);
	if (r->s->state[2] != PD_OK)
		return r->s->state[2];
	u64 p = r->s->v2;

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return user_address_ip(r, p, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.upeer_sockaddr.address.family */
PD_INLINE u8 fetch_4(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v4 = call->v0;
	return call->state[0];
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* late(args.upeer_sockaddr.address.family) */
PD_INLINE u8 fetch_5(struct run *r)
{
	need_4(r);
	if (r->s->state[4] != PD_OK)
		return r->s->state[4];
	u64 p = r->s->v4;

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return user_address_family(r, p, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.upeer_sockaddr.address.path */
PD_INLINE u8 fetch_6(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v6 = call->v2;
	return call->state[2];
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* late(args.upeer_sockaddr.address.path) */
PD_INLINE u8 fetch_7(struct run *r)
{
	need_6(r);
	if (r->s->state[6] != PD_OK)
		return r->s->state[6];
	u64 p = r->s->v6;

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return user_address_path(r, p, r->s->v7.data, 128, &r->s->v7.length, &r->s->v7.cut);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

#line 14 "tests/golden/calls.yaml"
/* late(args.upeer_sockaddr.address.port) Less */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return (r->s->v1 < 1024);
}
#line here "policyd.c"

#line 12 "tests/golden/calls.yaml"
/* calls/peers */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	if ((r->s->state[1] == PD_UNREAD) && !test_0(r, 0))
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
	need_5(r);
	need_7(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xeba8a099ULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[3] == PD_OK)
		__builtin_memcpy(&e->f.c0, &r->s->v3, sizeof(e->f.c0));
	else
		__builtin_memset(&e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[3], 0);
	e->f.c1 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 1);
	if (r->s->state[7] == PD_OK) {
		at = pd_append(e, at, 72, &e->f.c2, r->s->v7.data, r->s->v7.length, r->s->v7.cut, 128);
		if (!at)
			return;
	} else {
		e->f.c2.offset = 0;
		e->f.c2.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[7], 2);
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
	take_effects_0(r, 1);
}

PD_ENTRY int pd_5ba185099c50(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	r.s->unpaired = 0;
	r.call = pd_resume(MAP(calls), ctx);
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	if (r.call)
		pd_end_call(MAP(calls), ctx);
	if (r.s->unpaired) {
		pd_account(MAP(account), 0, 15);
	}
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_newfstatat, pd_b57e6728303b */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x54187ca82e29ULL
#define PD_CANARY_PROGRAM 0xb57e6728303bULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 1, 24, 32, 65536);
PD_MAP(zeros, 2, 4, 32, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 368, 1);
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
	s64 c0; /* size */
	s64 c1; /* before */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};

struct pd_call {
	u64 time;
	u64 v0;
	u64 v1;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 32, "the map of calls is of another size");

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
	u64 unpaired;
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 368, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_call *call;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that ends; NULL if its beginning was not seen.  One that is older than the thread was left by another
 * thread, whose task was at the same address and which died in its call. */
PD_INLINE struct pd_call *pd_resume(void *map, void *ctx)
{
	struct pd_call_key key;
	struct pd_call *call;
	u64 born = 0;

	pd_call_key(&key, ctx);
	call = pd_map_lookup(map, &key);
	if (!call)
		return 0;
	pd_read_kernel(&born, sizeof(born), PD_AT(struct task_struct, pd_task(), start_boottime));
	if (call->time >= born)
		return call;
	pd_map_delete(map, &key);
	return 0;
}

PD_INLINE void pd_end_call(void *map, void *ctx)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	pd_map_delete(map, &key);
}

/* What was kept of the call; that a rule wanted it, and it is not there, is counted. */
PD_INLINE struct pd_call *pd_call(struct run *r)
{
	if (!r->call)
		r->s->unpaired = 1;
	return r->call;
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.statbuf.st_size */
PD_INLINE u8 fetch_0(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v0 = call->v0;
	return call->state[0];
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* late(args.statbuf.st_size) */
PD_INLINE u8 fetch_1(struct run *r)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return r->s->state[0];
	s64 found = 0;

	if (!r->s->v0)
		return PD_ABSENT;
	if (pd_read_user(&found, sizeof(found), (void *) (r->s->v0 + 48)))
		return PD_UNREAD;
	r->s->v1 = (s64) found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.statbuf.st_size */
PD_INLINE u8 fetch_2(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v2 = call->v1;
	return call->state[1];
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 21 "tests/golden/calls.yaml"
/* calls/sizes */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
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
	need_1(r);
	need_2(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xc6c99a7fULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 0);
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
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

PD_ENTRY int pd_b57e6728303b(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	r.s->unpaired = 0;
	r.call = pd_resume(MAP(calls), ctx);
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	if (r.call)
		pd_end_call(MAP(calls), ctx);
	if (r.s->unpaired) {
		pd_account(MAP(account), 0, 15);
	}
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_openat, pd_0af3dc0ced07 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xcb0f11eb4ffULL
#define PD_CANARY_PROGRAM 0xaf3dc0ced07ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_array_4_352_n1, 12, 4, 4, 4096);
PD_MAP(calls, 1, 24, 4128, 65536);
PD_MAP(zeros, 2, 4, 4128, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 8640, 1);
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
	struct pd_packed c0; /* args_filename */
	s32 c1; /* args_flags */
	s64 c2; /* ret */
	u64 c3; /* duration */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};

struct pd_call {
	u64 time;
	PD_STRING(4096) v0;
	u64 v1;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 4128, "the map of calls is of another size");

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	PD_STRING(4096) v1;
	u64 v2;
	u64 v3;
	u32 queued_0;
	u32 queue_0[1];
	u64 unpaired;
	u64 event[522];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 8640, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_call *call;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = 0;
	key->place = 0;
}

/* The row of the call that ends; NULL if its beginning was not seen.  One that is older than the thread was left by another
 * thread, whose task was at the same address and which died in its call. */
PD_INLINE struct pd_call *pd_resume(void *map, void *ctx)
{
	struct pd_call_key key;
	struct pd_call *call;
	u64 born = 0;

	pd_call_key(&key, ctx);
	call = pd_map_lookup(map, &key);
	if (!call)
		return 0;
	pd_read_kernel(&born, sizeof(born), PD_AT(struct task_struct, pd_task(), start_boottime));
	if (call->time >= born)
		return call;
	pd_map_delete(map, &key);
	return 0;
}

PD_INLINE void pd_end_call(void *map, void *ctx)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	pd_map_delete(map, &key);
}

/* What was kept of the call; that a rule wanted it, and it is not there, is counted. */
PD_INLINE struct pd_call *pd_call(struct run *r)
{
	if (!r->call)
		r->s->unpaired = 1;
	return r->call;
}

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* duration */
PD_INLINE u8 fetch_0(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v0 = pd_boot_time() - call->time;
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
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	if (call->state[0] == PD_OK)
		pd_copy_string(r->s->v1.data, 4096, &r->s->v1.length, &r->s->v1.cut,
			       call->v0.data, call->v0.length, call->v0.cut);
	return call->state[0];
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.flags */
PD_INLINE u8 fetch_2(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v2 = call->v1;
	return call->state[1];
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* ret */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 8 "tests/golden/calls.yaml"
/* duration Greater */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	return (r->s->v0 > 1000000);
}
#line here "policyd.c"

#line 6 "tests/golden/calls.yaml"
/* calls/slow-opens */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_0(r);
	if (!(r->s->state[0] == PD_OK)) {
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
	u64 value = r->s->v0;
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
	PD_ADD(&slots[1], r->s->v0);
	PD_ADD(&slots[2 + index], 1);
}

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_1(r);
	need_2(r);
	need_3(r);
	need_0(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0x844a999fULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 72, &e->f.c0, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c0.offset = 0;
		e->f.c0.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 0);
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
	e->f.c2 = r->s->v3;
	e->f.c3 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 3);
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_0af3dc0ced07(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	r.s->unpaired = 0;
	r.call = pd_resume(MAP(calls), ctx);
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	if (r.call)
		pd_end_call(MAP(calls), ctx);
	if (r.s->unpaired) {
		pd_account(MAP(account), 0, 15);
	}
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, uprobe_multi:/usr/lib/libc.so.6:calloc+1-fa9999, pd_a31d9e98c8b2 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 9, 24, 64, 8192);
PD_MAP(zeros, 2, 4, 64, 1);
PD_MAP(scratch, 6, 4, 376, 16);
PD_MAP(busy, 6, 4, 8, 1);
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

struct pd_call {
	u64 time;
	u8 v0[8] __attribute__((aligned(8)));
	PD_STRING(32) v1;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 64, "the map of calls is of another size");

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u8 v0[8] __attribute__((aligned(8)));
	PD_STRING(32) v1;
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 376, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = PD_CONTEXT(u64, ctx, 152);
	key->place = pd_attach_cookie(ctx);
}

/* The row of the call that begins, in place of one that was never fetched; NULL if the map is full. */
PD_INLINE struct pd_call *pd_new_call(void *map, void *ctx, const void *zeros)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	if (!zeros)
		return 0;
	if (pd_map_update(map, &key, zeros, 0)) {
		pd_map_delete(map, &key); /* an older call's must not pass for this one's */
		return 0;
	}
	return pd_map_lookup(map, &key);
}

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.key */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 104);

	if (!p)
		return PD_ABSENT;
	return pd_read_user(r->s->v0, 6, (void *) p) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_string_user(r->s->v1.data, 32, &r->s->v1.length, &r->s->v1.cut, PD_CONTEXT(u64, r->ctx, 112));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

	need_0(r);
	need_1(r);
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
	call->state[0] = r->s->state[0];
	__builtin_memcpy(&call->v0, &r->s->v0, sizeof(call->v0));
	call->state[1] = r->s->state[1];
	if (r->s->state[1] == PD_OK)
		pd_copy_string(call->v1.data, 32, &call->v1.length, &call->v1.cut,
			       r->s->v1.data, r->s->v1.length, r->s->v1.cut);
}

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	save_call(r);
}

PD_ENTRY int pd_a31d9e98c8b2(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		pd_account(MAP(account), 0, 9);
		return PD_NEUTRAL;
	}
	r.s->ctx = (u64) ctx;
	r.s->slot = slot;
	r.s->verdict = PD_VERDICT_NONE;
	run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, uprobe_multi:/usr/lib/libc.so.6:calloc+1-fa9999:return, pd_590c499f34b2 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x7f24b6633e48ULL
#define PD_CANARY_PROGRAM 0x590c499f34b2ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 9, 24, 64, 8192);
PD_MAP(zeros, 2, 4, 64, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 8712, 16);
PD_MAP(busy, 6, 4, 8, 1);
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
	u16 c0; /* hook_name */
	struct pd_packed c1; /* args_name */
	u8 c2[6]; /* args_key */
	struct pd_packed c3; /* ret */
	u64 c4; /* duration */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};

struct pd_call {
	u64 time;
	u8 v0[8] __attribute__((aligned(8)));
	PD_STRING(32) v1;
	u8 state[8];
};

_Static_assert(sizeof(struct pd_call) == 64, "the map of calls is of another size");

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	PD_STRING(32) v1;
	u8 v2[8] __attribute__((aligned(8)));
	PD_STRING(4096) v3;
	u64 v4;
	u32 queued_0;
	u32 queue_0[1];
	u64 unpaired;
	u64 event[526];
	u8 state[5]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 8712, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_call *call;
};

/* What tells a call from all others that are under way: whose it is, which of that thread's, at which of several places. */
struct pd_call_key {
	u64 task;
	u64 frame;
	u64 place;
};

PD_INLINE void pd_call_key(struct pd_call_key *key, void *ctx)
{
	key->task = pd_task();
	key->frame = PD_CONTEXT(u64, ctx, 152) - 8;
	key->place = pd_attach_cookie(ctx);
}

/* The row of the call that ends; NULL if its beginning was not seen.  One that is older than the thread was left by another
 * thread, whose task was at the same address and which died in its call. */
PD_INLINE struct pd_call *pd_resume(void *map, void *ctx)
{
	struct pd_call_key key;
	struct pd_call *call;
	u64 born = 0;

	pd_call_key(&key, ctx);
	call = pd_map_lookup(map, &key);
	if (!call)
		return 0;
	pd_read_kernel(&born, sizeof(born), PD_AT(struct task_struct, pd_task(), start_boottime));
	if (call->time >= born)
		return call;
	pd_map_delete(map, &key);
	return 0;
}

PD_INLINE void pd_end_call(void *map, void *ctx)
{
	struct pd_call_key key;

	pd_call_key(&key, ctx);
	pd_map_delete(map, &key);
}

/* What was kept of the call; that a rule wanted it, and it is not there, is counted. */
PD_INLINE struct pd_call *pd_call(struct run *r)
{
	if (!r->call)
		r->s->unpaired = 1;
	return r->call;
}

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* hook.name */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = pd_attach_cookie(r->ctx) + 0;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	if (call->state[1] == PD_OK)
		pd_copy_string(r->s->v1.data, 32, &r->s->v1.length, &r->s->v1.cut,
			       call->v1.data, call->v1.length, call->v1.cut);
	return call->state[1];
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.key */
PD_INLINE u8 fetch_2(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	__builtin_memcpy(&r->s->v2, &call->v0, sizeof(r->s->v2));
	return call->state[0];
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* ret */
PD_INLINE u8 fetch_3(struct run *r)
{
	return pd_string_user(r->s->v3.data, 4096, &r->s->v3.length, &r->s->v3.cut, PD_CONTEXT(u64, r->ctx, 80));
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* duration */
PD_INLINE u8 fetch_4(struct run *r)
{
	struct pd_call *call = pd_call(r);

	if (!call)
		return PD_ABSENT;
	r->s->v4 = pd_boot_time() - call->time;
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

#line 24 "tests/golden/calls.yaml"
/* calls/lines */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
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
	need_0(r);
	need_1(r);
	need_2(r);
	need_3(r);
	need_4(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 1475607471, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 72, &e->f.c1, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 32);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 1);
	if (r->s->state[2] == PD_OK)
		__builtin_memcpy(&e->f.c2, &r->s->v2, sizeof(e->f.c2));
	else
		__builtin_memset(&e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[2], 2);
	if (r->s->state[3] == PD_OK) {
		at = pd_append(e, at, 104, &e->f.c3, r->s->v3.data, r->s->v3.length, r->s->v3.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c3.offset = 0;
		e->f.c3.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[3], 3);
	e->f.c4 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 4);
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
	take_effects_0(r, 1);
}

PD_ENTRY int pd_590c499f34b2(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		pd_account(MAP(account), 0, 9);
		return PD_NEUTRAL;
	}
	r.s->ctx = (u64) ctx;
	r.s->slot = slot;
	r.s->verdict = PD_VERDICT_NONE;
	r.s->unpaired = 0;
	r.call = pd_resume(MAP(calls), ctx);
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	if (r.call)
		pd_end_call(MAP(calls), ctx);
	if (r.s->unpaired) {
		pd_account(MAP(account), 0, 15);
	}
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
