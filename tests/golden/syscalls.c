/* policyd 0.1.0, tracepoint:raw_syscalls/sys_enter, pd_5ae163742a29 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xf90a21a2baf2ULL
#define PD_CANARY_PROGRAM 0x5ae163742a29ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_32_8_f1, 12, 4, 4, 4096);
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
struct key_0_0 {
	s64 c0; /* hook_name */
	u8 c1; /* hook_abi */
	u8 c2[16]; /* process_comm */
	u8 pad0[7];
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
	PD_STRING(16) v2;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[4];
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

/* fields/syscall_abi.c */

/* hook.name */
PD_INLINE u8 fetch_0(struct run *r)
{
	return syscall_number(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* hook.abi */
PD_INLINE u8 fetch_1(struct run *r)
{
	return syscall_abi(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.comm */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_comm(r, r->s->v2.data, &r->s->v2.length, &r->s->v2.cut);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 6 "tests/golden/syscalls.yaml"
/* syscalls/all */
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
	need_1(r);
	need_2(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v0;
	key->c1 = r->s->v1;
	pd_put_string(key->c2, sizeof(key->c2), r->s->v2.data, r->s->v2.length);
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_32_8_f1), d->maps[0]);

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

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_5ae163742a29(void *ctx)
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

/* policyd 0.1.0, tracepoint:raw_syscalls/sys_exit, pd_62d582236291 */
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
#define PD_CANARY_PROGRAM 0x62d582236291ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 360, 1);
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
	s64 c0; /* hook_name */
	u8 c1; /* hook_kind */
	u8 pad0[7];
	s64 c2; /* ret */
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
	u32 queued_0;
	u32 queue_0[1];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 360, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

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

/* hook.name */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 13 "tests/golden/syscalls.yaml"
/* ret Less */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v1 < 0LL);
}
#line here "policyd.c"

/* hook.abi Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 0);
}

#line 10 "tests/golden/syscalls.yaml"
/* syscalls/failed */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
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
	need_2(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xadb9147bULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v2;
	e->f.c1 = 0;
	e->f.c2 = r->s->v1;
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
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_62d582236291(void *ctx)
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
