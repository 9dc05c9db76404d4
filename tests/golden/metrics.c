/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_34ffdb131ccd */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2a6856047faaULL
#define PD_CANARY_PROGRAM 0x34ffdb131ccdULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(array_4_8_n1, 12, 4, 4, 4096);
PD_MAP(lru_percpu_hash_8_8, 12, 4, 4, 4096);
PD_MAP(percpu_array_4_16_n1, 12, 4, 4, 4096);
PD_MAP(percpu_array_4_48_n1, 12, 4, 4, 4096);
PD_MAP(percpu_array_4_112_n1, 12, 4, 4, 4096);
PD_MAP(percpu_array_4_192_n1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_8_16_f1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_16_16_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 192, 1);
PD_MAP(rules, 2, 4, 56, 1);
PD_MAP(scratch, 6, 4, 400, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

#define PD_MOST_MAPS 8

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
struct key_0_3 {
	u32 c0; /* cpu */
	u8 pad0[4];
};
struct key_0_4 {
	u32 c0; /* process_tid */
	u8 pad0[4];
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
	u64 v3;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[2];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
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

/* process.tid */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_tid(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 6 "tests/golden/metrics.yaml"
/* metrics/all */
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
	void *map = pd_row(MAP(percpu_hash_16_16_f1), d->maps[0]);

	return map ? entry_0_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], (u64) r->s->v1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_1(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_1(r);
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
	void *map = pd_row(MAP(array_4_8_n1), d->maps[1]);

	return map ? entry_0_1(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_1(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_1(r, d, counts);
	if (!slots)
		return;
	slots[0] = r->s->v1;
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_2(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	entry = pd_row(map, 0);
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_2(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_16_n1), d->maps[2]);

	return map ? entry_0_2(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_2(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_2(r, d, counts);
	if (!slots)
		return;
	if (!slots[0] || ((s64) r->s->v1 < (s64) slots[1]))
		slots[1] = r->s->v1;
	PD_ADD(&slots[0], 1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_3(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_3 *key = (void *) r->s->key;
	u64 *entry;

	need_2(r);
	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v2;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_3(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_16_f1), d->maps[3]);

	return map ? entry_0_3(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_3(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_3(r, d, counts);
	if (!slots)
		return;
	if (!slots[0] || ((s64) r->s->v1 > (s64) slots[1]))
		slots[1] = r->s->v1;
	PD_ADD(&slots[0], 1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_4(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_4 *key = (void *) r->s->key;
	u64 *entry;

	need_3(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v3;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_4(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(lru_percpu_hash_8_8), d->maps[4]);

	return map ? entry_0_4(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_4(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_4(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_5(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	entry = pd_row(map, 0);
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_5(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_112_n1), d->maps[5]);

	return map ? entry_0_5(r, d, counts, map) : 0;
}

PD_INLINE u32 bucket_0_5_0(struct run *r)
{
	u64 value = r->s->v1;
	u32 bits = pd_bits(value);

	return bits > 1 ? bits - 1 : 0;
}

PD_INLINE void metric_0_5(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
	u32 index;

	need_1(r);
	if (1 && (s64) r->s->v1 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	slots = slots_0_5(r, d, counts);
	if (!slots)
		return;
	index = bucket_0_5_0(r);
	if (index > 11)
		index = 11;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > 11)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], r->s->v1);
	PD_ADD(&slots[2 + index], 1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_6(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	entry = pd_row(map, 0);
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_6(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_192_n1), d->maps[6]);

	return map ? entry_0_6(r, d, counts, map) : 0;
}

PD_INLINE u32 bucket_0_6_0(struct run *r)
{
	u64 value = r->s->v1;

	if ((r->s->v1 <= 0))
		return 0;
	if ((r->s->v1 > 1000)) /* here too, so that no large number is cut to 32 bits */
		return 21;
	return (value - 0 - 1) / 50 + 1;
}

PD_INLINE void metric_0_6(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
	u32 index;

	need_1(r);
	if (1 && (s64) r->s->v1 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	slots = slots_0_6(r, d, counts);
	if (!slots)
		return;
	index = bucket_0_6_0(r);
	if (index > 21)
		index = 21;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > 21)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], r->s->v1);
	PD_ADD(&slots[2 + index], 1);
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_7(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	u64 *entry;

	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	entry = pd_row(map, 0);
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_7(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_array_4_48_n1), d->maps[7]);

	return map ? entry_0_7(r, d, counts, map) : 0;
}

PD_INLINE u32 bucket_0_7_0(struct run *r)
{
	u64 value = r->s->v1;
	u32 index = 0;

	index += (r->s->v1 > 1);
	index += (r->s->v1 > 10);
	index += (r->s->v1 > 100);
	return index;
}

PD_INLINE void metric_0_7(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
	u32 index;

	need_1(r);
	if (1 && (s64) r->s->v1 < 0) {
		PD_ADD(&counts[5], 1);
		return;
	}
	slots = slots_0_7(r, d, counts);
	if (!slots)
		return;
	index = bucket_0_7_0(r);
	if (index > 3)
		index = 3;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > 3)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], r->s->v1);
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
		metric_0_1(r, d, counts);
		metric_0_2(r, d, counts);
		metric_0_3(r, d, counts);
		metric_0_4(r, d, counts);
		metric_0_5(r, d, counts);
		metric_0_6(r, d, counts);
		metric_0_7(r, d, counts);
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

PD_ENTRY int pd_34ffdb131ccd(void *ctx)
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
