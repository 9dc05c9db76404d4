/* policyd 0.1.0, tracepoint:syscalls/sys_enter_openat, pd_199f9d05c170 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x543f7ea4cb28ULL
#define PD_CANARY_PROGRAM 0x199f9d05c170ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
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
struct key_0_0 {
	u32 c0; /* process_uid */
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
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

/* process.uid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_uid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 9 "tests/golden/numbers.yaml"
/* args.flags AnyBits */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((r->s->v0 & 3) != 0);
}
#line here "policyd.c"

#line 10 "tests/golden/numbers.yaml"
/* args.flags AllBits */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((r->s->v0 & 64) == 64);
}
#line here "policyd.c"

#line 11 "tests/golden/numbers.yaml"
/* args.flags not AnyBits */
PD_INLINE int test_2(struct run *r, int unread)
{
	return !((r->s->v0 & 524288) != 0);
}
#line here "policyd.c"

#line 12 "tests/golden/numbers.yaml"
/* process.uid not In */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_1(r);
	return !((r->s->v1 == 1) || (r->s->v1 == 2) || (r->s->v1 == 3));
}
#line here "policyd.c"

#line 6 "tests/golden/numbers.yaml"
/* numbers/bits */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_1(r);
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

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_199f9d05c170(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_11dbb8e5f5b0 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2a6856047faaULL
#define PD_CANARY_PROGRAM 0x11dbb8e5f5b0ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_352_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 352, 1);
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
struct key_0_0 {
	s64 c0; /* hook_name */
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
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

/* process.pid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_pid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 18 "tests/golden/numbers.yaml"
/* ret Greater */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 > 0LL);
}
#line here "policyd.c"

#line 19 "tests/golden/numbers.yaml"
/* ret LessOrEqual */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((s64) r->s->v0 <= 65536LL);
}
#line here "policyd.c"

#line 20 "tests/golden/numbers.yaml"
/* ret not InRange */
PD_INLINE int test_2(struct run *r, int unread)
{
	return !(((s64) r->s->v0 >= 10LL) && ((s64) r->s->v0 <= 20LL));
}
#line here "policyd.c"

#line 21 "tests/golden/numbers.yaml"
/* ret InRange */
PD_INLINE int test_3(struct run *r, int unread)
{
	return (((s64) r->s->v0 >= 1LL) && ((s64) r->s->v0 <= 4096LL));
}
#line here "policyd.c"

#line 22 "tests/golden/numbers.yaml"
/* process.pid GreaterOrEqual */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_1(r);
	return (r->s->v1 >= 1);
}
#line here "policyd.c"

#line 23 "tests/golden/numbers.yaml"
/* process.pid Less */
PD_INLINE int test_5(struct run *r, int unread)
{
	need_1(r);
	return (r->s->v1 < 4000000);
}
#line here "policyd.c"

#line 15 "tests/golden/numbers.yaml"
/* numbers/results */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1) && test_4(r, 1) && test_5(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
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
	key->c0 = 0;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_352_f1), d->maps[0]);

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

	if (1 && (s64) r->s->v0 < 0) {
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
	PD_ADD(&slots[1], r->s->v0);
	PD_ADD(&slots[2 + index], 1);
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
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_11dbb8e5f5b0(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_write, pd_7562d9fdb7c5 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xc9b1475edcdbULL
#define PD_CANARY_PROGRAM 0x7562d9fdb7c5ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_352_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 352, 1);
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
struct key_0_0 {
	s64 c0; /* hook_name */
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
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

/* process.pid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_pid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 18 "tests/golden/numbers.yaml"
/* ret Greater */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 > 0LL);
}
#line here "policyd.c"

#line 19 "tests/golden/numbers.yaml"
/* ret LessOrEqual */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((s64) r->s->v0 <= 65536LL);
}
#line here "policyd.c"

#line 20 "tests/golden/numbers.yaml"
/* ret not InRange */
PD_INLINE int test_2(struct run *r, int unread)
{
	return !(((s64) r->s->v0 >= 10LL) && ((s64) r->s->v0 <= 20LL));
}
#line here "policyd.c"

#line 21 "tests/golden/numbers.yaml"
/* ret InRange */
PD_INLINE int test_3(struct run *r, int unread)
{
	return (((s64) r->s->v0 >= 1LL) && ((s64) r->s->v0 <= 4096LL));
}
#line here "policyd.c"

#line 22 "tests/golden/numbers.yaml"
/* process.pid GreaterOrEqual */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_1(r);
	return (r->s->v1 >= 1);
}
#line here "policyd.c"

#line 23 "tests/golden/numbers.yaml"
/* process.pid Less */
PD_INLINE int test_5(struct run *r, int unread)
{
	need_1(r);
	return (r->s->v1 < 4000000);
}
#line here "policyd.c"

#line 15 "tests/golden/numbers.yaml"
/* numbers/results */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1) && test_4(r, 1) && test_5(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
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
	key->c0 = 1;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_352_f1), d->maps[0]);

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

	if (1 && (s64) r->s->v0 < 0) {
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
	PD_ADD(&slots[1], r->s->v0);
	PD_ADD(&slots[2 + index], 1);
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
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_7562d9fdb7c5(void *ctx)
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
