/* policyd 0.1.0, tracepoint:syscalls/sys_enter_openat, pd_d6e496e1d17d */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x543f7ea4cb28ULL
#define PD_CANARY_PROGRAM 0xd6e496e1d17dULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(array_4_8_n1, 12, 4, 4, 4096);
PD_MAP(lru_hash_8_8, 12, 4, 4, 4096);
PD_MAP(lru_hash_264_8, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 52, 2);
PD_MAP(scratch, 6, 4, 4784, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

#define PD_MOST_MAPS 7

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
	u8 c0[16]; /* process_comm */
};
struct rate_0_0_0 {
	u32 c0; /* process_pid */
	u8 c1[256]; /* args_filename */
	u8 pad0[4];
};
struct layout_0_1 {
	u32 c0; /* cpu */
	u8 pad0[4];
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct event_0_1 {
	struct pd_header h;
	struct layout_0_1 f;
};
struct rate_1_above_0 {
	u32 c0; /* process_pid */
	u8 pad0[4];
};
struct write_key_0 {
	s32 c0; /* pid */
	u8 pad0[4];
};
struct write_row_0 {
	u64 c0; /* since */
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
	PD_STRING(4096) v2;
	u64 v3;
	u64 v4;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u64 key[33];
	u64 row[1];
	u32 writing;
	u8 writes[1];
	u8 state[5]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 4784, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* lib/rates.c */

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

/* args.filename */
PD_INLINE u8 fetch_2(struct run *r)
{
	return pd_string_user(r->s->v2.data, 4096, &r->s->v2.length, &r->s->v2.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* cpu */
PD_INLINE u8 fetch_3(struct run *r)
{
	return cpu_id(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* time */
PD_INLINE u8 fetch_4(struct run *r)
{
	return time_now(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

#line 8 "tests/golden/rates.yaml"
/* rates/opens */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 28 "tests/golden/rates.yaml"
/* rates/busy */
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

PD_INLINE int limit_0_0_0(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(lru_hash_264_8), d->maps[1]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[2]);
	struct rate_0_0_0 *key = (void *) r->s->key;

	if (!map)
		return 0;
	need_1(r);
	need_2(r);
	__builtin_memset(key, 0, sizeof(*key));
	if (1) { /* what is not there is a key of its own */
	key->c0 = r->s->v1;
	}
	if ((r->s->state[2] == PD_OK)) { /* what is not there is a key of its own */
	pd_put_string(key->c1, sizeof(key->c1), r->s->v2.data, r->s->v2.length);
	}
	return pd_may_spend(pd_entry(map, key, pd_row(MAP(zeros), 0)), rate);
}

PD_INLINE int limit_0_0_1(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(array_4_8_n1), d->maps[3]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[4]);

	if (!map)
		return 0;
	return pd_may_spend(pd_row(map, 0), rate);
}

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	if (!pd_is_drawn(pd_row(MAP(scalars), d->maps[0]))) {
		PD_ADD(&counts[12], 1);
		return;
	}
	if (!limit_0_0_0(r, d)) {
		PD_ADD(&counts[11], 1);
		return;
	}
	if (!limit_0_0_1(r, d)) {
		PD_ADD(&counts[11], 1);
		return;
	}
	need_0(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0x88756a09ULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[0] == PD_OK)
		pd_put_string(e->f.c0, sizeof(e->f.c0), r->s->v0.data, r->s->v0.length);
	else
		__builtin_memset(e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[0], 0);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = sizeof(*e);
	pd_ring_submit(e, 0);
	PD_ADD(&counts[1], 1);
}

PD_INLINE int limit_0_1_0(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(array_4_8_n1), d->maps[5]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[6]);

	if (!map)
		return 0;
	return pd_may_spend(pd_row(map, 0), rate);
}

PD_INLINE void event_0_1(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_1 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	if (!limit_0_1_0(r, d)) {
		PD_ADD(&counts[11], 1);
		return;
	}
	need_3(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0x928e1f2dULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v3;
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
	event_0_1(r, d, counts, flags, verdict);
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

PD_INLINE int limit_1_above_0(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(lru_hash_8_8), d->maps[0]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[1]);
	struct rate_1_above_0 *key = (void *) r->s->key;

	if (!map)
		return 1;
	need_1(r);
	__builtin_memset(key, 0, sizeof(*key));
	if (1) { /* what is not there is a key of its own */
	key->c0 = r->s->v1;
	}
	return pd_may_spend(pd_entry(map, key, pd_row(MAP(zeros), 0)), rate);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_1(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!flags && limit_1_above_0(r, d)) { /* within the rate: as if it had not matched */
		r->s->writes[0] = 0;
		return;
	}
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
	need_4(r);
}

/* rates/busy: set busy */
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
	map = pd_row(MAP(lru_hash_8_8), 0);
	if (!settings || !counts || !map || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!1) {
		PD_ADD(&counts[14], 1);
		return;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	old = 0;
	if (!old || pd_read_kernel(row, sizeof(*row), old))
		__builtin_memset(row, 0, sizeof(*row));
	row->c0 = r->s->v4;
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
	r->s->queued_1 = 0;
	match_0(r);
	match_1(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
	take_0(r);
	if (r->s->writing)
		write_tables(r);
}

PD_ENTRY int pd_d6e496e1d17d(void *ctx)
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

/* policyd 0.1.0, xdp:eth0, pd_c46073cc6ef0 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (2)
#define PD_THREAD() pd_thread()
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x8c53eef5a5dULL
#define PD_CANARY_PROGRAM 0xc46073cc6ef0ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(array_4_8_n1, 12, 4, 4, 4096);
PD_MAP(lru_hash_16_8, 12, 4, 4, 4096);
PD_MAP(percpu_hash_16_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 40, 3);
PD_MAP(scratch, 6, 4, 568, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/packet_types.c */

#define PD_MOST_MAPS 4

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
	u16 c0; /* family */
	u8 c1; /* protocol */
	u8 pad0[5];
	struct pd_address c2; /* src_ip */
	u16 c3; /* src_port */
	u8 pad1[6];
	struct pd_address c4; /* dst_ip */
	u16 c5; /* dst_port */
	u8 pad2[6];
};
struct rate_0_0_0 {
	struct pd_address c0; /* src_ip */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct key_1_0 {
	struct pd_address c0; /* src_ip */
};
struct rate_1_above_0 {
	struct pd_address c0; /* src_ip */
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
	struct pd_address v2;
	u64 v3;
	struct pd_address v4;
	u64 v5;
	u64 v6;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u32 queued_2;
	u32 queue_2[1];
	struct pd_packet packet;
	u64 key[2];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 568, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* lib/rates.c */

/* fields/packet.c */

/* hooks/xdp.c */

/* fields/process.c */

/* fields/thread.c */

/* family */
PD_INLINE u8 fetch_0(struct run *r)
{
	return packet_family(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* protocol */
PD_INLINE u8 fetch_1(struct run *r)
{
	return packet_protocol(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* src.ip */
PD_INLINE u8 fetch_2(struct run *r)
{
	return packet_src_ip(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* src.port */
PD_INLINE u8 fetch_3(struct run *r)
{
	return packet_src_port(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* dst.ip */
PD_INLINE u8 fetch_4(struct run *r)
{
	return packet_dst_ip(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* dst.port */
PD_INLINE u8 fetch_5(struct run *r)
{
	return packet_dst_port(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* packet.length */
PD_INLINE u8 fetch_6(struct run *r)
{
	return packet_length(r, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

#line 19 "tests/golden/rates.yaml"
/* protocol Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return 0;
	return (r->s->v1 == 17);
}
#line here "policyd.c"

#line 13 "tests/golden/rates.yaml"
/* rates/packets */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 17 "tests/golden/rates.yaml"
/* rates/flood */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
}
#line here "policyd.c"

#line 23 "tests/golden/rates.yaml"
/* rates/heavy */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
	r->s->queue_2[r->s->queued_2++ & 0] = 2 | flags << 16;
}
#line here "policyd.c"

PD_INLINE int limit_0_0_0(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(lru_hash_16_8), d->maps[0]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[1]);
	struct rate_0_0_0 *key = (void *) r->s->key;

	if (!map)
		return 0;
	need_2(r);
	__builtin_memset(key, 0, sizeof(*key));
	if ((r->s->state[2] == PD_OK)) { /* what is not there is a key of its own */
	__builtin_memcpy(&key->c0, &r->s->v2, sizeof(key->c0));
	}
	return pd_may_spend(pd_entry(map, key, pd_row(MAP(zeros), 0)), rate);
}

PD_INLINE int limit_0_0_1(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(array_4_8_n1), d->maps[2]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[3]);

	if (!map)
		return 0;
	return pd_may_spend(pd_row(map, 0), rate);
}

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	if (!limit_0_0_0(r, d)) {
		PD_ADD(&counts[11], 1);
		return;
	}
	if (!limit_0_0_1(r, d)) {
		PD_ADD(&counts[11], 1);
		return;
	}
	need_0(r);
	need_1(r);
	need_2(r);
	need_3(r);
	need_4(r);
	need_5(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1133903597, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 0);
	e->f.c1 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 1);
	if (r->s->state[2] == PD_OK)
		__builtin_memcpy(&e->f.c2, &r->s->v2, sizeof(e->f.c2));
	else
		__builtin_memset(&e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[2], 2);
	e->f.c3 = r->s->state[3] == PD_OK ? r->s->v3 : 0;
	pd_mark(&absent, &unread, r->s->state[3], 3);
	if (r->s->state[4] == PD_OK)
		__builtin_memcpy(&e->f.c4, &r->s->v4, sizeof(e->f.c4));
	else
		__builtin_memset(&e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[4], 4);
	e->f.c5 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 5);
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

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_1_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_1_0 *key = (void *) r->s->key;
	u64 *entry;

	need_2(r);
	if (!(r->s->state[2] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(&key->c0, &r->s->v2, sizeof(key->c0));
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_1_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_16_8_f1), d->maps[0]);

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

PD_INLINE int limit_1_above_0(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(lru_hash_16_8), d->maps[1]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[2]);
	struct rate_1_above_0 *key = (void *) r->s->key;

	if (!map)
		return 1;
	need_2(r);
	__builtin_memset(key, 0, sizeof(*key));
	if ((r->s->state[2] == PD_OK)) { /* what is not there is a key of its own */
	__builtin_memcpy(&key->c0, &r->s->v2, sizeof(key->c0));
	}
	return pd_may_spend(pd_entry(map, key, pd_row(MAP(zeros), 0)), rate);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_1(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!flags && limit_1_above_0(r, d)) { /* within the rate: as if it had not matched */
		return;
	}
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

PD_INLINE int limit_2_above_0(struct run *r, const struct pd_rule *d)
{
	void *map = pd_row(MAP(array_4_8_n1), d->maps[0]);
	struct pd_scalar *rate = pd_row(MAP(scalars), d->maps[1]);

	if (!map)
		return 1;
	need_6(r);
	return pd_may_spend_bytes(pd_row(map, 0), rate, r->s->v6);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_2(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (!flags && limit_2_above_0(r, d)) { /* within the rate: as if it had not matched */
		return;
	}
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
	pd_parse(r->ctx, &r->s->packet);
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

PD_ENTRY int pd_c46073cc6ef0(void *ctx)
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
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
