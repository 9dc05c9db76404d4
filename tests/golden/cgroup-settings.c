/* policyd 0.1.0, cgroup:/sys/fs/cgroup:device, pd_60ef3c4f7fe6 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_FAMILY 2
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x90f3fbed0f52ULL
#define PD_CANARY_PROGRAM 0x60ef3c4f7fe6ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_16_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 384, 16);
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
struct key_0_0 {
	u32 c0; /* device_major */
	u32 c1; /* device_minor */
	u16 c2; /* device_access */
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
	u64 v3;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[2];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 384, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* fields/cgroup_device.c */

/* hooks/cgroup_verdict.c */

/* fields/process.c */

/* device.type */
PD_INLINE u8 fetch_0(struct run *r)
{
	return device_type(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* device.access */
PD_INLINE u8 fetch_1(struct run *r)
{
	return device_access(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* device.major */
PD_INLINE u8 fetch_2(struct run *r)
{
	return device_major(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* device.minor */
PD_INLINE u8 fetch_3(struct run *r)
{
	return device_minor(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 31 "tests/golden/cgroup-settings.yaml"
/* device.type Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (r->s->v0 == 1);
}
#line here "policyd.c"

#line 32 "tests/golden/cgroup-settings.yaml"
/* device.access AnyBits */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((r->s->v1 & 5) != 0);
}
#line here "policyd.c"

#line 28 "tests/golden/cgroup-settings.yaml"
/* cgroup-settings/disks */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_2(r);
	need_3(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v2;
	key->c1 = r->s->v3;
	key->c2 = r->s->v1;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_16_8_f1), d->maps[0]);

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
		verdict = settings->flags & PD_CONFIG_ENFORCE ? d->taken : d->held;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			PD_ADD(&counts[7], 1);
			if (r->s->verdict < d->level) {
				r->s->verdict = d->level;
				r->s->number = d->number;
			}
		} else {
			PD_ADD(&counts[8], 1);
		}
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
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_60ef3c4f7fe6(void *ctx)
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
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, cgroup:/sys/fs/cgroup:getsockopt, pd_1ea31492eb6c */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_FAMILY 2
#define PD_ANSWERED 1
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xa59d00289e6cULL
#define PD_CANARY_PROGRAM 0x1ea31492eb6cULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_16_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 368, 16);
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
struct key_0_0 {
	u64 c0; /* sockopt_name */
	s32 c1; /* ret */
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
	u64 key[2];
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 368, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* fields/cgroup_sockopt.c */

/* hooks/cgroup_verdict.c */

/* fields/process.c */

/* ret */
PD_INLINE u8 fetch_0(struct run *r)
{
	return sockopt_ret(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* sockopt.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	return sockopt_name(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 17 "tests/golden/cgroup-settings.yaml"
/* ret Less */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 < 0LL);
}
#line here "policyd.c"

#line 14 "tests/golden/cgroup-settings.yaml"
/* cgroup-settings/reads */
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
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = r->s->v0;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_16_8_f1), d->maps[0]);

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

PD_ENTRY int pd_1ea31492eb6c(void *ctx)
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
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, cgroup:/sys/fs/cgroup:setsockopt, pd_dadd03dedc6f */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_FAMILY 2
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2424c1dceb29ULL
#define PD_CANARY_PROGRAM 0xdadd03dedc6fULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 408, 16);
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
	u32 c0; /* process_pid */
	u32 c1; /* sockopt_level */
	u64 c2; /* sockopt_name */
	u32 c3; /* sockopt_number */
	s32 c4; /* sockopt_length */
	s32 c5; /* sockopt_value */
	u8 c6[16]; /* sockopt_text */
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
	u64 v1;
	u64 v2;
	u64 v3;
	u64 v4;
	u64 v5;
	PD_STRING(16) v6;
	u32 queued_0;
	u32 queue_0[1];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 408, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* fields/cgroup_sockopt.c */

/* hooks/cgroup_verdict.c */

/* fields/process.c */

/* sockopt.name */
PD_INLINE u8 fetch_0(struct run *r)
{
	return sockopt_name(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* sockopt.value */
PD_INLINE u8 fetch_1(struct run *r)
{
	return sockopt_value(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.pid */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_pid(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* sockopt.level */
PD_INLINE u8 fetch_3(struct run *r)
{
	return sockopt_level(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* sockopt.number */
PD_INLINE u8 fetch_4(struct run *r)
{
	return sockopt_number(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* sockopt.length */
PD_INLINE u8 fetch_5(struct run *r)
{
	return sockopt_length(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* sockopt.text */
PD_INLINE u8 fetch_6(struct run *r)
{
	return sockopt_text(r, r->s->v6.data, &r->s->v6.length, &r->s->v6.cut);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

#line 9 "tests/golden/cgroup-settings.yaml"
/* sockopt.name In */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((r->s->v0 == 0x100000024ULL) || (r->s->v0 == 0x60000000dULL) || (r->s->v0 == 2));
}
#line here "policyd.c"

#line 10 "tests/golden/cgroup-settings.yaml"
/* sockopt.value not Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return 1;
	return !((s64) r->s->v1 == 7LL);
}
#line here "policyd.c"

#line 6 "tests/golden/cgroup-settings.yaml"
/* cgroup-settings/marks */
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
	need_3(r);
	need_4(r);
	need_5(r);
	need_1(r);
	need_6(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xaba58021ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v2;
	e->f.c1 = r->s->v3;
	e->f.c2 = r->s->v0;
	e->f.c3 = r->s->v4;
	e->f.c4 = r->s->v5;
	e->f.c5 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 5);
	if (r->s->state[6] == PD_OK)
		pd_put_string(e->f.c6, sizeof(e->f.c6), r->s->v6.data, r->s->v6.length);
	else
		__builtin_memset(e->f.c6, 0, sizeof(e->f.c6));
	pd_mark(&absent, &unread, r->s->state[6], 6);
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
		verdict = settings->flags & PD_CONFIG_ENFORCE ? d->taken : d->held;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			PD_ADD(&counts[7], 1);
			if (r->s->verdict < d->level) {
				r->s->verdict = d->level;
				r->s->number = d->number;
			}
		} else {
			PD_ADD(&counts[8], 1);
		}
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

PD_ENTRY int pd_dadd03dedc6f(void *ctx)
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
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, cgroup:/sys/fs/cgroup:sysctl, pd_0f45baeefaed */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_FAMILY 2
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x7b71200a1f6ULL
#define PD_CANARY_PROGRAM 0xf45baeefaedULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(automaton_0, 2, 4, 3584, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 776, 16);
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
	u32 c0; /* process_pid */
	u8 c1[128]; /* sysctl_name */
	u8 c2[128]; /* sysctl_value */
	u8 c3[128]; /* sysctl_new_value */
	u8 pad0[4];
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct automaton_0 {
	u8 classes[256];
	u32 table[768];
	u64 matches[32];
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	PD_STRING(128) v1;
	u64 v2;
	PD_STRING(128) v3;
	PD_STRING(128) v4;
	u32 queued_0;
	u32 queue_0[1];
	u8 sought[1];
	u64 found_0[1];
	u32 search_0;
	u8 state[5]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 776, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* fields/cgroup_sysctl.c */

/* hooks/cgroup_verdict.c */

/* fields/process.c */

/* sysctl.write */
PD_INLINE u8 fetch_0(struct run *r)
{
	return sysctl_write(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* sysctl.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	return sysctl_name(r, r->s->v1.data, &r->s->v1.length, &r->s->v1.cut);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.pid */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_pid(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* sysctl.value */
PD_INLINE u8 fetch_3(struct run *r)
{
	return sysctl_value(r, r->s->v3.data, &r->s->v3.length, &r->s->v3.cut);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* sysctl.new_value */
PD_INLINE u8 fetch_4(struct run *r)
{
	return sysctl_new_value(r, r->s->v4.data, &r->s->v4.length, &r->s->v4.cut);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* 1 patterns in sysctl.name: one pass over the string, whatever the number of patterns, if a rule wants it. */
PD_INLINE void search_0(struct run *r)
{
	struct automaton_0 *a;
	u64 *found = r->s->found_0;
	const char *data;
	u32 row = 16;
	u32 length;

	if (r->s->search_0 != PD_WANTED)
		return;
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return;
	r->s->search_0 = PD_SEARCHED;
	found[0] = 0;
	a = pd_row(MAP(automaton_0), 0);
	if (!a)
		return;
	data = r->s->v1.data;
	length = r->s->v1.length;
	for (u32 i = 0; i < 16; i++) {
		if (i * 8 > length) /* the NUL is read too: it ends the string for the machine */
			break;
#pragma unroll
		for (u32 j = 0; j < 8; j++) {
			row = a->table[(row & 511) + a->classes[(u8) data[i * 8 + j]]];
			found[0] |= a->matches[(row >> 4 & 31) * 1 + 0];
		}
	}
}

#line 23 "tests/golden/cgroup-settings.yaml"
/* sysctl.write Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (r->s->v0 == 1);
}
#line here "policyd.c"

#line 24 "tests/golden/cgroup-settings.yaml"
/* sysctl.name Glob */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	if (r->s->search_0 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the search */
	return (r->s->found_0[0] & 1);
}
#line here "policyd.c"

#line 20 "tests/golden/cgroup-settings.yaml"
/* cgroup-settings/forwarding */
PD_INLINE void seek_0(struct run *r)
{
	PD_BARRIER();
	r->s->sought[0] = 0;
	if (!(test_0(r, 1) && test_1(r, 1))) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[0] = 1;
	if (!r->s->search_0)
		r->s->search_0 = PD_WANTED;
}

PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!r->s->sought[0])
		return;
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	if ((r->s->state[1] == PD_UNREAD) && !(test_0(r, 0) && test_1(r, 0)))
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
	need_2(r);
	need_1(r);
	need_3(r);
	need_4(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 872552527, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v2;
	if (r->s->state[1] == PD_OK)
		pd_put_string(e->f.c1, sizeof(e->f.c1), r->s->v1.data, r->s->v1.length);
	else
		__builtin_memset(e->f.c1, 0, sizeof(e->f.c1));
	pd_mark(&absent, &unread, r->s->state[1], 1);
	if (r->s->state[3] == PD_OK)
		pd_put_string(e->f.c2, sizeof(e->f.c2), r->s->v3.data, r->s->v3.length);
	else
		__builtin_memset(e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[3], 2);
	if (r->s->state[4] == PD_OK)
		pd_put_string(e->f.c3, sizeof(e->f.c3), r->s->v4.data, r->s->v4.length);
	else
		__builtin_memset(e->f.c3, 0, sizeof(e->f.c3));
	pd_mark(&absent, &unread, r->s->state[4], 3);
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
		verdict = settings->flags & PD_CONFIG_ENFORCE ? d->taken : d->held;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			PD_ADD(&counts[7], 1);
			if (r->s->verdict < d->level) {
				r->s->verdict = d->level;
				r->s->number = d->number;
			}
		} else {
			PD_ADD(&counts[8], 1);
		}
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
	r->s->search_0 = 0;
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	seek_0(r);
	search_0(r);
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_0f45baeefaed(void *ctx)
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
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
