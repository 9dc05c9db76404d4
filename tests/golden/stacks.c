/* policyd 0.1.0, raw_tracepoint:sched_switch, pd_6880c26ce595 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x778958c9a345ULL
#define PD_CANARY_PROGRAM 0x6880c26ce595ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 10696, 1);
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
	u32 c0; /* process_pid */
	struct pd_packed c1; /* kernel_stack */
	struct pd_packed c2; /* user_stack */
	u8 pad0[4];
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
	PD_STRING(1032) v1;
	PD_STRING(4104) v2;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[651];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 10696, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/stack.c */

/* process.pid */
PD_INLINE u8 fetch_0(struct run *r)
{
	return process_pid(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* kernel.stack */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_kernel_stack(r->ctx, r->s->v1.data, 127, 125, 2, &r->s->v1.length, &r->s->v1.cut);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* user.stack */
PD_INLINE u8 fetch_2(struct run *r)
{
	return pd_user_stack(r->ctx, r->s->v2.data, 127, 127, 0, &r->s->v2.length, &r->s->v2.cut);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 18 "tests/golden/stacks.yaml"
/* stacks/waits */
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
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 691189515, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 64, &e->f.c1, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 1032);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 1);
	if (r->s->state[2] == PD_OK) {
		at = pd_append(e, at, 1096, &e->f.c2, r->s->v2.data, r->s->v2.length, r->s->v2.cut, 4104);
		if (!at)
			return;
	} else {
		e->f.c2.offset = 0;
		e->f.c2.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[2], 2);
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
		need_1(r);
	if (r->s->queued_0)
		need_2(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_6880c26ce595(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_794524ce79c3 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2a6856047faaULL
#define PD_CANARY_PROGRAM 0x794524ce79c3ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_832_16_f1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_1024_8_f1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_1032_4096_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 4096, 1);
PD_MAP(rules, 2, 4, 36, 1);
PD_MAP(scratch, 6, 4, 7440, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

#define PD_MOST_MAPS 3

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
	u8 c1[168]; /* kernel.stack */
	u8 c2[648]; /* user.stack */
};
struct key_0_1 {
	u8 c0[1024]; /* kernel.stack */
};
struct key_0_2 {
	u8 c0[1024]; /* stack */
	u32 c1; /* pid */
	u8 pad0[4];
};
struct value_0_2 {
	u64 c0; /* most_count */
	s64 c1; /* most_value */
	u64 c2; /* most_bits */
	u8 c3[4072]; /* program */
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	PD_STRING(4104) v0;
	PD_STRING(16) v1;
	PD_STRING(176) v2;
	PD_STRING(680) v3;
	u64 v4;
	PD_STRING(1032) v5;
	u64 v6;
	u32 queued_0;
	u32 queue_0[1];
	u8 sought[1];
	u32 late_0;
	u64 key[129];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 7440, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/stack.c */

/* user.stack */
PD_INLINE u8 fetch_0(struct run *r)
{
	return pd_user_stack(r->ctx, r->s->v0.data, 127, 127, 0, &r->s->v0.length, &r->s->v0.cut);
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

/* kernel.stack */
PD_INLINE u8 fetch_2(struct run *r)
{
	return pd_kernel_stack(r->ctx, r->s->v2.data, 20, 21, 2, &r->s->v2.length, &r->s->v2.cut);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* user.stack */
PD_INLINE u8 fetch_3(struct run *r)
{
	return pd_user_stack(r->ctx, r->s->v3.data, 20, 21, 0, &r->s->v3.length, &r->s->v3.cut);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* ret */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* kernel.stack */
PD_INLINE u8 fetch_5(struct run *r)
{
	return pd_kernel_stack(r->ctx, r->s->v5.data, 127, 127, 0, &r->s->v5.length, &r->s->v5.cut);
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

/* user.stack: dear to get, and so got at one place, if a rule wants it by its other tests. */
PD_INLINE void late_0(struct run *r)
{
	if (r->s->late_0 != PD_WANTED)
		return;
	need_0(r);
	r->s->late_0 = PD_SEARCHED;
}

#line 10 "tests/golden/stacks.yaml"
/* user.stack Exists */
PD_INLINE int test_0(struct run *r, int unread)
{
	if (r->s->late_0 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the value */
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 0;
	return 1;
}
#line here "policyd.c"

#line 7 "tests/golden/stacks.yaml"
/* stacks/reads */
PD_INLINE void seek_0(struct run *r)
{
	PD_BARRIER();
	r->s->sought[0] = 0;
	if (!test_0(r, 1)) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[0] = 1;
	if (!r->s->late_0)
		r->s->late_0 = PD_WANTED;
}

PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!r->s->sought[0])
		return;
	if (!test_0(r, 1))
		return;
	if ((r->s->state[0] == PD_UNREAD) && !test_0(r, 0))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry of this event's stack, or NULL if there is no room.  With the first one that of what is lost is made. */
PD_INLINE u64 *stack_entry_0_0(struct run *r, void *map, struct key_0_0 *key)
{
	void *blank = pd_row(MAP(zeros), 0);
	u64 *entry;

	pd_read_kernel(key, sizeof(*key), 0); /* clears it, as in pd_put_stack */
	pd_put_string(key->c0, sizeof(key->c0), r->s->v1.data, r->s->v1.length);
	pd_put_stack(key->c1, sizeof(key->c1), r->s->v2.data, r->s->v2.length);
	pd_put_stack(key->c2, sizeof(key->c2), r->s->v3.data, r->s->v3.length);
	entry = pd_map_lookup(map, key);
	if (entry || !blank)
		return entry;
	entry = pd_entry(map, key, blank);
	pd_read_kernel(key, sizeof(*key), 0);
	key->c1[6] = PD_STACK_LOST;
	pd_map_update(map, key, blank, 1 /* BPF_NOEXIST */);
	return entry;
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_832_16_f1), d->maps[0]);
	struct key_0_0 *key = (void *) r->s->key;
	u64 *slots;

	if (!map)
		return;
	need_1(r);
	need_4(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return;
	}
	if ((s64) r->s->v4 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	slots = stack_entry_0_0(r, map, key);
	if (!slots) {
		PD_ADD(&counts[3], 1);
		slots = pd_map_lookup(map, key); /* the key is that of what is lost */
		if (slots)
			PD_ADD(&slots[0], 1);
		return;
	}
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], (u64) r->s->v4);
}

/* The entry of this event's stack, or NULL if there is no room.  With the first one that of what is lost is made. */
PD_INLINE u64 *stack_entry_0_1(struct run *r, void *map, struct key_0_1 *key)
{
	void *blank = pd_row(MAP(zeros), 0);
	u64 *entry;

	pd_read_kernel(key, sizeof(*key), 0); /* clears it, as in pd_put_stack */
	pd_put_stack(key->c0, sizeof(key->c0), r->s->v5.data, r->s->v5.length);
	entry = pd_map_lookup(map, key);
	if (entry || !blank)
		return entry;
	entry = pd_entry(map, key, blank);
	pd_read_kernel(key, sizeof(*key), 0);
	key->c0[6] = PD_STACK_LOST;
	pd_map_update(map, key, blank, 1 /* BPF_NOEXIST */);
	return entry;
}

PD_INLINE void metric_0_1(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_1024_8_f1), d->maps[1]);
	struct key_0_1 *key = (void *) r->s->key;
	u64 *slots;

	if (!map)
		return;
	if (!1) {
		PD_ADD(&counts[4], 1);
		return;
	}
	slots = stack_entry_0_1(r, map, key);
	if (!slots) {
		PD_ADD(&counts[3], 1);
		slots = pd_map_lookup(map, key); /* the key is that of what is lost */
		if (slots)
			PD_ADD(&slots[0], 1);
		return;
	}
	PD_ADD(&slots[0], 1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_2(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_2 *key = (void *) r->s->key;
	u64 *entry;

	need_6(r);
	if (!(r->s->state[5] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	pd_read_kernel(key, sizeof(*key), 0); /* clears it, as in pd_put_stack */
	pd_put_stack(key->c0, sizeof(key->c0), r->s->v5.data, r->s->v5.length);
	key->c1 = r->s->v6;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_2(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_1032_4096_f1), d->maps[2]);

	return map ? entry_0_2(r, d, counts, map) : 0;
}

/* most */
PD_INLINE void stat_0_2_0(struct run *r, u64 *slots, u64 *counts)
{
	struct value_0_2 *v = (void *) slots;

	need_4(r);
	if (!slots[0] || ((s64) r->s->v4 > (s64) slots[1])) {
		slots[1] = r->s->v4;
		slots[2] = 0;
	if ((r->s->state[0] == PD_OK)) {
	pd_put_stack(v->c3, sizeof(v->c3), r->s->v0.data, r->s->v0.length);
		slots[2] |= 1;
	}
	}
	PD_ADD(&slots[0], 1);
}

PD_INLINE void metric_0_2(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots = slots_0_2(r, d, counts);

	if (!slots)
		return;
	stat_0_2_0(r, slots, counts);
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
		metric_0_1(r, d, counts);
		metric_0_2(r, d, counts);
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
	r->s->late_0 = 0;
	r->s->queued_0 = 0;
	seek_0(r);
	late_0(r);
	match_0(r);
	if (r->s->queued_0)
		need_2(r);
	if (r->s->queued_0)
		need_3(r);
	if (r->s->queued_0)
		need_5(r);
	if (r->s->queued_0)
		need_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_794524ce79c3(void *ctx)
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
