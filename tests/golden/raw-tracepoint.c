/* policyd 0.1.0, raw_tracepoint:sched_switch, pd_585b636aaa70 */
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
#define PD_CANARY_PROGRAM 0x585b636aaa70ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 448, 1);
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
	s32 c0; /* args_next_real_parent_tgid */
	u8 c1; /* args_preempt */
	u8 pad0[3];
};
struct layout_0_0 {
	u8 c0[16]; /* args_prev_comm */
	u8 c1[16]; /* args_next_comm */
	u8 c2[16]; /* args_next_real_parent_comm */
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
	u64 v4;
	PD_STRING(16) v5;
	PD_STRING(16) v6;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 448, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.next.pid */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

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

/* args.prev.comm */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v1.data, 16, &r->s->v1.length, &r->s->v1.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.prev.mm */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, mm)))
		return PD_UNREAD;
	r->s->v2 = found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.next.real_parent.tgid */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, tgid)))
		return PD_UNREAD;
	r->s->v3 = found;
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.preempt */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = (u8) PD_CONTEXT(u64, r->ctx, 0);
	return PD_OK;
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

/* args.next.real_parent.comm */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v6.data, 16, &r->s->v6.length, &r->s->v6.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

#line 9 "tests/golden/raw-tracepoint.yaml"
/* args.next.pid not Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 1;
	return !((s64) r->s->v0 == 0LL);
}
#line here "policyd.c"

#line 11 "tests/golden/raw-tracepoint.yaml"
/* args.prev.mm Exists */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 0;
	return 1;
}
#line here "policyd.c"

#line 10 "tests/golden/raw-tracepoint.yaml"
/* args.prev.comm Prefix */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return ((PD_LOAD(u32, r->s->v1.data, 0) == 1919907691) && (PD_LOAD(u16, r->s->v1.data, 4) == 25963) && (PD_LOAD(u8, r->s->v1.data, 6) == 114));
}
#line here "policyd.c"

#line 6 "tests/golden/raw-tracepoint.yaml"
/* raw-tracepoint/switches */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1)))
		return;
	if (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD) || (r->s->state[2] == PD_UNREAD)) && !(test_0(r, 0) && test_1(r, 0) && test_2(r, 0)))
		flags = PD_FLAG_UNREAD;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_3(r);
	need_4(r);
	if (!(r->s->state[3] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v3;
	key->c1 = r->s->v4;
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

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_1(r);
	need_5(r);
	need_6(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1495501731, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[1] == PD_OK)
		pd_put_string(e->f.c0, sizeof(e->f.c0), r->s->v1.data, r->s->v1.length);
	else
		__builtin_memset(e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[1], 0);
	if (r->s->state[5] == PD_OK)
		pd_put_string(e->f.c1, sizeof(e->f.c1), r->s->v5.data, r->s->v5.length);
	else
		__builtin_memset(e->f.c1, 0, sizeof(e->f.c1));
	pd_mark(&absent, &unread, r->s->state[5], 1);
	if (r->s->state[6] == PD_OK)
		pd_put_string(e->f.c2, sizeof(e->f.c2), r->s->v6.data, r->s->v6.length);
	else
		__builtin_memset(e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[6], 2);
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_585b636aaa70(void *ctx)
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
