/* policyd 0.1.0, sock_ops:/sys/fs/cgroup, pd_db9063560cd0 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() pd_thread()
#define PD_CALLBACKS 3
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x25eef2190aceULL
#define PD_CANARY_PROGRAM 0xdb9063560cd0ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_24_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 4);
PD_MAP(scratch, 6, 4, 488, 16);
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
	u16 c1; /* family */
	u8 pad0[4];
	struct pd_address c2; /* src_ip */
	u16 c3; /* src_port */
	u8 pad1[6];
	struct pd_address c4; /* dst_ip */
	u16 c5; /* dst_port */
	u8 pad2[6];
	u64 c6; /* tcp_srtt */
	u64 c7; /* tcp_rtt_min */
	u32 c8; /* tcp_snd_cwnd */
	u32 c9; /* tcp_mss */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct layout_1_0 {
	u16 c0; /* hook_name */
	u16 c1; /* family */
	u8 pad0[4];
	struct pd_address c2; /* src_ip */
	u16 c3; /* src_port */
	u8 pad1[6];
	struct pd_address c4; /* dst_ip */
	u16 c5; /* dst_port */
	u8 pad2[6];
	u64 c6; /* tcp_srtt */
	u64 c7; /* tcp_rtt_min */
	u32 c8; /* tcp_snd_cwnd */
	u32 c9; /* tcp_mss */
};
struct event_1_0 {
	struct pd_header h;
	struct layout_1_0 f;
};
struct key_2_0 {
	u16 c0; /* hook_name */
	u8 pad0[6];
	struct pd_address c1; /* dst_ip */
};
struct key_3_0 {
	u16 c0; /* hook_name */
	u8 pad0[6];
	struct pd_address c1; /* dst_ip */
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	struct pd_address v1;
	u64 v3;
	struct pd_address v4;
	u64 v5;
	u64 v6;
	u64 v7;
	u64 v8;
	u64 v9;
	u64 v10;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u32 queued_2;
	u32 queue_2[1];
	u32 queued_3;
	u32 queue_3[1];
	u64 key[3];
	u8 state[14]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 488, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/sock_ops.c */

/* fields/process.c */

/* fields/thread.c */

/* sock_ops.event */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u32, r->ctx, 0);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* dst.ip */
PD_INLINE u8 fetch_1(struct run *r)
{
	return connection_dst_ip(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* family */
PD_INLINE u8 fetch_3(struct run *r)
{
	return connection_family(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* src.ip */
PD_INLINE u8 fetch_4(struct run *r)
{
	return connection_src_ip(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* src.port */
PD_INLINE u8 fetch_5(struct run *r)
{
	return connection_src_port(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* dst.port */
PD_INLINE u8 fetch_6(struct run *r)
{
	return connection_dst_port(r, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* tcp.srtt */
PD_INLINE u8 fetch_7(struct run *r)
{
	return connection_srtt(r, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* tcp.rtt_min */
PD_INLINE u8 fetch_8(struct run *r)
{
	return connection_rtt_min(r, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* tcp.snd_cwnd */
PD_INLINE u8 fetch_9(struct run *r)
{
	return connection_snd_cwnd(r, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* tcp.mss */
PD_INLINE u8 fetch_10(struct run *r)
{
	return connection_mss(r, &r->s->v10);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* sock_ops.event Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (r->s->v0 == 4);
}

#line 9 "tests/golden/sock-ops.yaml"
/* dst.ip not InCIDR */
PD_INLINE int test_1(struct run *r, int unread)
{
	return !(((r->s->v1.high == 0) && ((r->s->v1.low & 0xffffffffffULL) == 0x7fffff0000ULL)) || ((r->s->v1.high == 0) && (r->s->v1.low == 0x100000000000000ULL)));
}
#line here "policyd.c"

/* sock_ops.event Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	return (r->s->v0 == 5);
}

/* sock_ops.event Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	return (r->s->v0 == 9);
}

/* sock_ops.event Equal */
PD_INLINE int test_4(struct run *r, int unread)
{
	return (r->s->v0 == 8);
}

#line 6 "tests/golden/sock-ops.yaml"
/* sock-ops/opened */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 6 "tests/golden/sock-ops.yaml"
/* sock-ops/opened */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_2(r, 1) && test_1(r, 1)))
		return;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
}
#line here "policyd.c"

#line 18 "tests/golden/sock-ops.yaml"
/* sock-ops/slow */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_3(r, 1))
		return;
	r->s->queue_2[r->s->queued_2++ & 0] = 2 | flags << 16;
}
#line here "policyd.c"

#line 18 "tests/golden/sock-ops.yaml"
/* sock-ops/slow */
PD_INLINE void match_3(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_4(r, 1))
		return;
	r->s->queue_3[r->s->queued_3++ & 0] = 3 | flags << 16;
}
#line here "policyd.c"

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_7(r);
	need_8(r);
	need_9(r);
	need_10(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1402360229, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = 0;
	e->f.c1 = r->s->v3;
	__builtin_memcpy(&e->f.c2, &r->s->v4, sizeof(e->f.c2));
	e->f.c3 = r->s->v5;
	__builtin_memcpy(&e->f.c4, &r->s->v1, sizeof(e->f.c4));
	e->f.c5 = r->s->v6;
	e->f.c6 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 6);
	e->f.c7 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 7);
	e->f.c8 = r->s->v9;
	e->f.c9 = r->s->v10;
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

PD_INLINE void event_1_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_1_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_7(r);
	need_8(r);
	need_9(r);
	need_10(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1402360229, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = 1;
	e->f.c1 = r->s->v3;
	__builtin_memcpy(&e->f.c2, &r->s->v4, sizeof(e->f.c2));
	e->f.c3 = r->s->v5;
	__builtin_memcpy(&e->f.c4, &r->s->v1, sizeof(e->f.c4));
	e->f.c5 = r->s->v6;
	e->f.c6 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 6);
	e->f.c7 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 7);
	e->f.c8 = r->s->v9;
	e->f.c9 = r->s->v10;
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
	key->c0 = 3;
	__builtin_memcpy(&key->c1, &r->s->v1, sizeof(key->c1));
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_2_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_24_8_f1), d->maps[0]);

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

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_3_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_3_0 *key = (void *) r->s->key;
	u64 *entry;

	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = 4;
	__builtin_memcpy(&key->c1, &r->s->v1, sizeof(key->c1));
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_3_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_24_8_f1), d->maps[0]);

	return map ? entry_3_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_3_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_3_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_3(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
		metric_3_0(r, d, counts);
	}
}

PD_INLINE void take_effects_3(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_3)
			break;
		item = r->s->queue_3[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_3(r, d, item >> 16);
	}
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->state[0] = fetch_0(r);
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	r->s->queued_2 = 0;
	r->s->queued_3 = 0;
	match_0(r);
	match_1(r);
	match_2(r);
	match_3(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
	take_effects_2(r, 1);
	take_effects_3(r, 1);
}

PD_ENTRY int pd_db9063560cd0(void *ctx)
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
		pd_canary(0, 4);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, sock_ops:/sys/fs/cgroup/system.slice, pd_b719afc9f84f */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() pd_thread()
#define PD_CALLBACKS 4
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x282b162757d9ULL
#define PD_CANARY_PROGRAM 0xb719afc9f84fULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 416, 16);
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
	u8 c0; /* state */
	u8 c1; /* args_old_state */
	u8 c2; /* args_new_state */
	u8 pad0[1];
	u32 c3; /* tcp_retransmits */
	u32 c4; /* tcp_segments_out */
	u32 c5; /* tcp_segments_in */
	u64 c6; /* tcp_bytes_acked */
	u64 c7; /* tcp_bytes_received */
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
	u64 v6;
	u64 v7;
	u64 v8;
	u32 queued_0;
	u32 queue_0[1];
	u8 state[9]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 416, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/sock_ops.c */

/* fields/process.c */

/* fields/thread.c */

/* sock_ops.event */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u32, r->ctx, 0);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.new_state */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = PD_CONTEXT(u32, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* state */
PD_INLINE u8 fetch_2(struct run *r)
{
	return connection_state(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.old_state */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = PD_CONTEXT(u32, r->ctx, 4);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* tcp.retransmits */
PD_INLINE u8 fetch_4(struct run *r)
{
	return connection_retransmits(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* tcp.segments_out */
PD_INLINE u8 fetch_5(struct run *r)
{
	return connection_segments_out(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* tcp.segments_in */
PD_INLINE u8 fetch_6(struct run *r)
{
	return connection_segments_in(r, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* tcp.bytes_acked */
PD_INLINE u8 fetch_7(struct run *r)
{
	return connection_bytes_acked(r, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* tcp.bytes_received */
PD_INLINE u8 fetch_8(struct run *r)
{
	return connection_bytes_received(r, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* sock_ops.event Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (r->s->v0 == 10);
}

#line 15 "tests/golden/sock-ops.yaml"
/* args.new_state Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	return (r->s->v1 == 7);
}
#line here "policyd.c"

#line 12 "tests/golden/sock-ops.yaml"
/* sock-ops/closed */
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
	need_6(r);
	need_7(r);
	need_8(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 618676995, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v2;
	e->f.c1 = r->s->v3;
	e->f.c2 = r->s->v1;
	e->f.c3 = r->s->v4;
	e->f.c4 = r->s->v5;
	e->f.c5 = r->s->v6;
	e->f.c6 = r->s->v7;
	e->f.c7 = r->s->v8;
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
	r->s->state[0] = fetch_0(r);
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_b719afc9f84f(void *ctx)
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
