/* policyd 0.1.0, tracepoint:sock/inet_sock_set_state, pd_0f717909ec48 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xea205c550662ULL
#define PD_CANARY_PROGRAM 0xf717909ec48ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 464, 1);
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
	u64 c0; /* args_skaddr */
	s32 c1; /* args_oldstate */
	s32 c2; /* args_newstate */
	u16 c3; /* args_sport */
	u16 c4; /* args_dport */
	u16 c5; /* args_family */
	u16 c6; /* args_protocol */
	struct pd_address c7; /* args_saddr */
	struct pd_address c8; /* args_daddr */
	struct pd_address c9; /* args_saddr_v6 */
	struct pd_address c10; /* args_daddr_v6 */
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
	struct pd_address v7;
	struct pd_address v8;
	struct pd_address v9;
	struct pd_address v10;
	u32 queued_0;
	u32 queue_0[1];
	u8 state[11]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 464, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.newstate */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 20);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.family */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = PD_CONTEXT(u16, r->ctx, 28);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.skaddr */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.oldstate */
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

/* args.sport */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = PD_CONTEXT(u16, r->ctx, 24);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.dport */
PD_INLINE u8 fetch_5(struct run *r)
{
	r->s->v5 = PD_CONTEXT(u16, r->ctx, 26);
	return PD_OK;
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.protocol */
PD_INLINE u8 fetch_6(struct run *r)
{
	r->s->v6 = PD_CONTEXT(u16, r->ctx, 30);
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.saddr */
PD_INLINE u8 fetch_7(struct run *r)
{
	u32 address = 0;

	if (pd_read_kernel(&address, sizeof(address), (void *) ((char *) r->ctx + 32)))
		return PD_UNREAD;
	pd_ip4(&r->s->v7, address);
	return PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.daddr */
PD_INLINE u8 fetch_8(struct run *r)
{
	u32 address = 0;

	if (pd_read_kernel(&address, sizeof(address), (void *) ((char *) r->ctx + 36)))
		return PD_UNREAD;
	pd_ip4(&r->s->v8, address);
	return PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* args.saddr_v6 */
PD_INLINE u8 fetch_9(struct run *r)
{
	return pd_read_kernel(&r->s->v9, 16, (void *) ((char *) r->ctx + 40)) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* args.daddr_v6 */
PD_INLINE u8 fetch_10(struct run *r)
{
	return pd_read_kernel(&r->s->v10, 16, (void *) ((char *) r->ctx + 56)) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

#line 9 "tests/golden/tracepoint.yaml"
/* args.newstate Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 1LL);
}
#line here "policyd.c"

#line 10 "tests/golden/tracepoint.yaml"
/* args.family Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	return (r->s->v1 == 2);
}
#line here "policyd.c"

#line 6 "tests/golden/tracepoint.yaml"
/* tracepoint/states */
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
	need_9(r);
	need_10(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xe9163f01ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v2;
	e->f.c1 = r->s->v3;
	e->f.c2 = r->s->v0;
	e->f.c3 = r->s->v4;
	e->f.c4 = r->s->v5;
	e->f.c5 = r->s->v1;
	e->f.c6 = r->s->v6;
	__builtin_memcpy(&e->f.c7, &r->s->v7, sizeof(e->f.c7));
	__builtin_memcpy(&e->f.c8, &r->s->v8, sizeof(e->f.c8));
	__builtin_memcpy(&e->f.c9, &r->s->v9, sizeof(e->f.c9));
	__builtin_memcpy(&e->f.c10, &r->s->v10, sizeof(e->f.c10));
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

PD_ENTRY int pd_0f717909ec48(void *ctx)
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
