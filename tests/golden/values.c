/* policyd 0.1.0, raw_tracepoint:inet_sock_set_state, pd_8cdb5af8d859 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xb740648859ffULL
#define PD_CANARY_PROGRAM 0x8cdb5af8d859ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 440, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* lib/computed_types.c */

/* lib/computed.c */

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
	u64 c0; /* acked */
	struct pd_address c1; /* to */
	u32 c2; /* state */
	u8 c3; /* here */
	u8 c4; /* home */
	u8 pad0[2];
	struct pd_address c5; /* peer */
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
	struct pd_address v2;
	u64 v3;
	struct pd_address v5;
	struct pd_address v6;
	u64 v7;
	struct pd_address v12;
	u32 queued_0;
	u32 queue_0[1];
	u8 state[13]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 440, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/socket.c */

/* args.sk.as(tcp_sock).bytes_acked */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct tcp_sock, p, bytes_acked)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.sk.as(inet_sock).inet_saddr */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct inet_sock, p, inet_saddr)))
		return PD_UNREAD;
	r->s->v1 = __builtin_bswap32(found);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.sk.as(inet_sock).inet_saddr.as(ip) */
PD_INLINE u8 fetch_2(struct run *r)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return r->s->state[1];
	pd_ip4(&r->s->v2, __builtin_bswap32((u32) r->s->v1));
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.newstate */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = (s64) (s32) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.sk.flow.src.ip */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_src_ip(r, p, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.sk.flow.dst.ip */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_dst_ip(r, p, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.sk.flow.src.ip == args.sk.flow.dst.ip */
PD_INLINE u8 fetch_7(struct run *r)
{
	need_5(r);
	need_6(r);
	r->s->v7 = ((r->s->state[5] == PD_OK) && (r->s->state[6] == PD_OK) && ((r->s->v5.high == r->s->v6.high) && (r->s->v5.low == r->s->v6.low)));
	return (((r->s->state[5] == PD_UNREAD) || (r->s->state[6] == PD_UNREAD)) ? PD_UNREAD : PD_OK);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.sk.flow.dst.ip .. ip("0.0.0.0") */
PD_INLINE u8 fetch_12(struct run *r)
{
	need_6(r);
	if ((r->s->state[6] != PD_ABSENT)) {
		if (r->s->state[6] != PD_OK)
			return r->s->state[6];
		r->s->v12 = r->s->v6;
		return PD_OK;
	}
	{
		r->s->v12.high = 0;
		r->s->v12.low = 0xffff0000ULL;
		return PD_OK;
	}
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

#line 48 "tests/golden/values.yaml"
/* values/pointers */
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
	need_0(r);
	need_2(r);
	need_3(r);
	need_7(r);
	need_6(r);
	need_12(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xbae21ecdULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 0);
	if (r->s->state[2] == PD_OK)
		__builtin_memcpy(&e->f.c1, &r->s->v2, sizeof(e->f.c1));
	else
		__builtin_memset(&e->f.c1, 0, sizeof(e->f.c1));
	pd_mark(&absent, &unread, r->s->state[2], 1);
	e->f.c2 = ((u64) (u32) r->s->v3);
	e->f.c3 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 3);
	e->f.c4 = ((r->s->state[6] == PD_UNREAD) ? PD_UNREAD : PD_OK) == PD_OK ? ((r->s->state[6] == PD_OK) && ((r->s->v6.high == 0) && ((r->s->v6.low & 0xffffffffffULL) == 0x7fffff0000ULL))) : 0;
	pd_mark(&absent, &unread, ((r->s->state[6] == PD_UNREAD) ? PD_UNREAD : PD_OK), 4);
	if (r->s->state[12] == PD_OK)
		__builtin_memcpy(&e->f.c5, &r->s->v12, sizeof(e->f.c5));
	else
		__builtin_memset(&e->f.c5, 0, sizeof(e->f.c5));
	pd_mark(&absent, &unread, r->s->state[12], 5);
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

PD_ENTRY int pd_8cdb5af8d859(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_connect, pd_b854ccfa9486 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x8309f47c05ddULL
#define PD_CANARY_PROGRAM 0xb854ccfa9486ULL

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
	struct pd_address c0; /* ip */
	u16 c1; /* port */
	u8 pad0[6];
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
	struct pd_address v0;
	u64 v1;
	u32 queued_0;
	u32 queue_0[1];
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

/* fields/address.c */

/* args.uservaddr.as(sockaddr).address.ip */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return address_ip(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.uservaddr.as(sockaddr).address.port */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return address_port(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 59 "tests/golden/values.yaml"
/* values/addresses */
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
	need_0(r);
	need_1(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1287580205, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[0] == PD_OK)
		__builtin_memcpy(&e->f.c0, &r->s->v0, sizeof(e->f.c0));
	else
		__builtin_memset(&e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[0], 0);
	e->f.c1 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 1);
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

PD_ENTRY int pd_b854ccfa9486(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_pread64, pd_41221afab167 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xae9e85b17e82ULL
#define PD_CANARY_PROGRAM 0x41221afab167ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_16_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 16, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 1344, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* lib/computed_types.c */

/* lib/computed.c */

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
	u64 c0; /* mib */
	s64 c1; /* rest */
	s64 c2; /* rate */
	s64 c3; /* bits */
	u8 c4; /* low */
	u8 pad0[7];
	s64 c5; /* least */
	u64 c6; /* most */
	s64 c7; /* turned */
	s64 c8; /* down */
	s64 c9; /* product */
	u8 c10; /* ordered */
	u8 c11; /* has */
	u8 pad1[6];
	u64 c12; /* turned_over */
	s64 c13; /* twice */
	struct pd_packed c14; /* read */
	struct pd_packed c15; /* base */
	u8 c16[4]; /* head */
	u8 c17[16]; /* text */
	u8 pad2[4];
};
struct key_0_0 {
	u8 c0[5]; /* side */
	u8 pad0[3];
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
	u64 v3;
	u64 v31;
	u64 v36;
	u64 v38;
	PD_STRING(65) v39;
	PD_STRING(257) v40;
	u8 v41[8] __attribute__((aligned(8)));
	PD_STRING(16) v42;
	PD_STRING(5) v47;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u64 event[65];
	u8 state[48]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 1344, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.pos */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 40);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.count */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = PD_CONTEXT(u64, r->ctx, 32);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.fd */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.fd <= args.count && args.count != args.fd && !(args.pos >= args.count) */
PD_INLINE u8 fetch_31(struct run *r)
{
	u8 state = PD_OK;

	r->s->v31 = 0; /* once one operand decides, the others are of no matter */
	need_3(r);
	need_1(r);
	if (!(!(r->s->v1 < r->s->v3) != 0))
		return PD_OK;
	need_1(r);
	need_3(r);
	if (!(!(r->s->v1 == r->s->v3) != 0))
		return PD_OK;
	need_0(r);
	need_1(r);
	if (!(!(!(pd_signed_below(r->s->v0, r->s->v1)) != 0) != 0))
		return PD_OK;
	r->s->v31 = !0;
	return state;
}

PD_INLINE void need_31(struct run *r)
{
	if (!r->s->state[31])
		r->s->state[31] = fetch_31(r);
}

/* args.count + args.pos */
PD_INLINE u8 fetch_36(struct run *r)
{
	need_1(r);
	need_0(r);
	r->s->v36 = ((u64) r->s->v1 + r->s->v0);
	return PD_OK;
}

PD_INLINE void need_36(struct run *r)
{
	if (!r->s->state[36])
		r->s->state[36] = fetch_36(r);
}

/* args.buf */
PD_INLINE u8 fetch_38(struct run *r)
{
	r->s->v38 = PD_CONTEXT(u64, r->ctx, 24);
	return PD_OK;
}

PD_INLINE void need_38(struct run *r)
{
	if (!r->s->state[38])
		r->s->state[38] = fetch_38(r);
}

/* args.buf.bytes(args.count, 64) */
PD_INLINE u8 fetch_39(struct run *r)
{
	need_38(r);
	need_1(r);
	u64 p = r->s->v38;

	if (pd_no_pointer(p) || 0)
		return PD_ABSENT;
	return pd_buffer_user(r->s->v39.data, 65, &r->s->v39.length, &r->s->v39.cut, p, r->s->v1);
}

PD_INLINE void need_39(struct run *r)
{
	if (!r->s->state[39])
		r->s->state[39] = fetch_39(r);
}

/* args.buf.bytes(args.count).as(base64) */
PD_INLINE u8 fetch_40(struct run *r)
{
	need_38(r);
	need_1(r);
	u64 p = r->s->v38;

	if (pd_no_pointer(p) || 0)
		return PD_ABSENT;
	return pd_buffer_user(r->s->v40.data, 257, &r->s->v40.length, &r->s->v40.cut, p, r->s->v1);
}

PD_INLINE void need_40(struct run *r)
{
	if (!r->s->state[40])
		r->s->state[40] = fetch_40(r);
}

/* args.buf.as(bytes4) */
PD_INLINE u8 fetch_41(struct run *r)
{
	need_38(r);
	u64 p = r->s->v38;

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_read_user(r->s->v41, 4, (void *) p) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_41(struct run *r)
{
	if (!r->s->state[41])
		r->s->state[41] = fetch_41(r);
}

/* args.buf.as(string16) */
PD_INLINE u8 fetch_42(struct run *r)
{
	return pd_string_user(r->s->v42.data, 16, &r->s->v42.length, &r->s->v42.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_42(struct run *r)
{
	if (!r->s->state[42])
		r->s->state[42] = fetch_42(r);
}

/* args.pos < 0 . "none" : "some" */
PD_INLINE u8 fetch_47(struct run *r)
{
	need_0(r);
	if (((s64) r->s->v0 < (s64) 0)) {
		r->s->v47.length = 4;
		r->s->v47.cut = 0;
		PD_LOAD(u32, r->s->v47.data, 0) = 1701736302;
		PD_LOAD(u8, r->s->v47.data, 4) = 0;
		return PD_OK;
	}
	{
		r->s->v47.length = 4;
		r->s->v47.cut = 0;
		PD_LOAD(u32, r->s->v47.data, 0) = 1701670771;
		PD_LOAD(u8, r->s->v47.data, 4) = 0;
		return PD_OK;
	}
}

PD_INLINE void need_47(struct run *r)
{
	if (!r->s->state[47])
		r->s->state[47] = fetch_47(r);
}

#line 10 "tests/golden/values.yaml"
/* args.pos + args.count Greater */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	need_1(r);
	return ((s64) ((u64) r->s->v0 + r->s->v1) > 4096LL);
}
#line here "policyd.c"

#line 11 "tests/golden/values.yaml"
/* args.count / args.fd GreaterOrEqual */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	need_3(r);
	if ((r->s->v3 ? PD_OK : PD_ABSENT) != PD_OK)
		return 0;
	return (pd_div(r->s->v1, r->s->v3) >= 3);
}
#line here "policyd.c"

#line 11 "tests/golden/values.yaml"
/* args.pos < args.count Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_0(r);
	need_1(r);
	return (pd_signed_below(r->s->v0, r->s->v1) == 1);
}
#line here "policyd.c"

#line 7 "tests/golden/values.yaml"
/* values/arithmetic */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && (test_1(r, 1) || test_2(r, 1))))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_47(r);
	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	pd_put_string(key->c0, sizeof(key->c0), r->s->v47.data, r->s->v47.length);
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_16_f1), d->maps[0]);

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

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_1(r);
	need_0(r);
	need_3(r);
	need_31(r);
	need_36(r);
	need_39(r);
	need_40(r);
	need_41(r);
	need_42(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xc6676f71ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = ((u64) r->s->v1 / 1048576);
	e->f.c1 = pd_mod_signed(r->s->v0, 4096);
	e->f.c2 = (r->s->v0 ? PD_OK : PD_ABSENT) == PD_OK ? pd_div_signed(r->s->v1, r->s->v0) : 0;
	pd_mark(&absent, &unread, (r->s->v0 ? PD_OK : PD_ABSENT), 2);
	e->f.c3 = ((u64) pd_shl(r->s->v1, r->s->v3) & 0xfffffffffffffffcULL);
	e->f.c4 = ((u64) (u8) r->s->v1);
	e->f.c5 = pd_min_us(pd_min_uu(r->s->v1, 4096), r->s->v0);
	e->f.c6 = pd_max_uu(r->s->v3, r->s->v1);
	e->f.c7 = ((u64) (0 - (u64) r->s->v0) ^ ((u64) ((u64) r->s->v1 | 1) >> 3));
	e->f.c8 = pd_shr_signed(r->s->v0, r->s->v3);
	e->f.c9 = ((u64) ((u64) r->s->v1 * 2) - r->s->v0);
	e->f.c10 = r->s->v31;
	e->f.c11 = ((((r->s->v1 & 3) == 3) != 0) && (pd_below_signed(r->s->v3, r->s->v0) != 0));
	e->f.c12 = (~(u64) r->s->v3);
	e->f.c13 = ((u64) r->s->v36 * r->s->v36);
	if (r->s->state[39] == PD_OK) {
		at = pd_append(e, at, 184, &e->f.c14, r->s->v39.data, r->s->v39.length, r->s->v39.cut, 65);
		if (!at)
			return;
	} else {
		e->f.c14.offset = 0;
		e->f.c14.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[39], 14);
	if (r->s->state[40] == PD_OK) {
		at = pd_append(e, at, 249, &e->f.c15, r->s->v40.data, r->s->v40.length, r->s->v40.cut, 257);
		if (!at)
			return;
	} else {
		e->f.c15.offset = 0;
		e->f.c15.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[40], 15);
	if (r->s->state[41] == PD_OK)
		__builtin_memcpy(&e->f.c16, &r->s->v41, sizeof(e->f.c16));
	else
		__builtin_memset(&e->f.c16, 0, sizeof(e->f.c16));
	pd_mark(&absent, &unread, r->s->state[41], 16);
	if (r->s->state[42] == PD_OK)
		pd_put_string(e->f.c17, sizeof(e->f.c17), r->s->v42.data, r->s->v42.length);
	else
		__builtin_memset(e->f.c17, 0, sizeof(e->f.c17));
	pd_mark(&absent, &unread, r->s->state[42], 17);
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

PD_ENTRY int pd_41221afab167(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_read, pd_d2f364b476aa */
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
PD_MAP(calls, 1, 24, 24, 65536);
PD_MAP(zeros, 2, 4, 24, 1);
PD_MAP(scratch, 6, 4, 336, 1);
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
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 336, "the scratch map is too small");

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

/* args.buf */
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

/* What the end of the call will want to know of its beginning. */
PD_INLINE void save_call(struct run *r)
{
	struct pd_call *call;

	need_0(r);
	call = pd_new_call(MAP(calls), r->ctx, pd_row(MAP(zeros), 0));
	if (!call)
		return;
	call->time = pd_boot_time();
	call->state[0] = r->s->state[0];
	call->v0 = r->s->v0;
}

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	save_call(r);
}

PD_ENTRY int pd_d2f364b476aa(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_enter_renameat, pd_e0dc1e330823 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x1b860cd29221ULL
#define PD_CANARY_PROGRAM 0xe0dc1e330823ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 7240, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* lib/computed_types.c */

/* lib/computed.c */

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
	u8 c0; /* same */
	u8 c1; /* inside */
	u8 c2; /* begins */
	u8 pad0[1];
	struct pd_packed c3; /* name */
	struct pd_packed c4; /* chosen */
	u8 pad1[4];
	u64 c5; /* size */
	u8 c6; /* ends */
	u8 c7; /* every */
	u8 c8; /* some */
	u8 pad2[5];
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
	PD_STRING(1024) v0;
	PD_STRING(1024) v1;
	u64 v2;
	PD_STRING(16) v3;
	PD_STRING(16) v4;
	u64 v5;
	PD_STRING(1024) v9;
	u64 v10;
	u64 v11;
	PD_STRING(1024) v13;
	u64 v15;
	u64 v16;
	u64 v17;
	u64 v20;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_search search;
	u64 event[267];
	u8 state[21]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 7240, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* args.oldname */
PD_INLINE u8 fetch_0(struct run *r)
{
	return pd_string_user(r->s->v0.data, 1024, &r->s->v0.length, &r->s->v0.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.newname */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_string_user(r->s->v1.data, 1024, &r->s->v1.length, &r->s->v1.cut, PD_CONTEXT(u64, r->ctx, 40));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.oldname == args.newname */
PD_INLINE u8 fetch_2(struct run *r)
{
	need_0(r);
	need_1(r);
	r->s->v2 = ((r->s->state[0] == PD_OK) && (r->s->state[1] == PD_OK) && pd_same_strings(r->s->v0.data, r->s->v0.length, 1024, r->s->v1.data, r->s->v1.length, 1024));
	return (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD)) ? PD_UNREAD : PD_OK);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.comm */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_comm(r, r->s->v3.data, &r->s->v3.length, &r->s->v3.cut);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.parent.comm */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_parent_comm(r, r->s->v4.data, &r->s->v4.length, &r->s->v4.cut);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.comm.contains(process.parent.comm) */
PD_INLINE u8 fetch_5(struct run *r)
{
	need_3(r);
	need_4(r);
	r->s->v5 = ((r->s->state[4] == PD_OK) && pd_contains(&r->s->search, r->s->v3.data, r->s->v3.length, 16, r->s->v4.data, r->s->v4.length, 16));
	return ((r->s->state[4] == PD_UNREAD) ? PD_UNREAD : PD_OK);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.oldname .. args.newname .. "none" */
PD_INLINE u8 fetch_9(struct run *r)
{
	need_0(r);
	if ((r->s->state[0] != PD_ABSENT)) {
		if (r->s->state[0] != PD_OK)
			return r->s->state[0];
		pd_copy_string(r->s->v9.data, 1024, &r->s->v9.length, &r->s->v9.cut, r->s->v0.data, r->s->v0.length, r->s->v0.cut);
		return PD_OK;
	}
	need_1(r);
	if ((r->s->state[1] != PD_ABSENT)) {
		if (r->s->state[1] != PD_OK)
			return r->s->state[1];
		pd_copy_string(r->s->v9.data, 1024, &r->s->v9.length, &r->s->v9.cut, r->s->v1.data, r->s->v1.length, r->s->v1.cut);
		return PD_OK;
	}
	{
		r->s->v9.length = 4;
		r->s->v9.cut = 0;
		PD_LOAD(u32, r->s->v9.data, 0) = 1701736302;
		PD_LOAD(u8, r->s->v9.data, 4) = 0;
		return PD_OK;
	}
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* args.olddfd */
PD_INLINE u8 fetch_10(struct run *r)
{
	r->s->v10 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.newdfd */
PD_INLINE u8 fetch_11(struct run *r)
{
	r->s->v11 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 32);
	return PD_OK;
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* args.olddfd == args.newdfd . args.oldname : args.newname */
PD_INLINE u8 fetch_13(struct run *r)
{
	need_10(r);
	need_11(r);
	if ((r->s->v10 == r->s->v11)) {
		need_0(r);
		if (r->s->state[0] != PD_OK)
			return r->s->state[0];
		pd_copy_string(r->s->v13.data, 1024, &r->s->v13.length, &r->s->v13.cut, r->s->v0.data, r->s->v0.length, r->s->v0.cut);
		return PD_OK;
	}
	{
		need_1(r);
		if (r->s->state[1] != PD_OK)
			return r->s->state[1];
		pd_copy_string(r->s->v13.data, 1024, &r->s->v13.length, &r->s->v13.cut, r->s->v1.data, r->s->v1.length, r->s->v1.cut);
		return PD_OK;
	}
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* args.oldname.endsWith(args.newname) */
PD_INLINE u8 fetch_15(struct run *r)
{
	need_0(r);
	need_1(r);
	r->s->v15 = ((r->s->state[0] == PD_OK) && (r->s->state[1] == PD_OK) && pd_ends_with(r->s->v0.data, r->s->v0.length, 1024, r->s->v1.data, r->s->v1.length, 1024));
	return (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD)) ? PD_UNREAD : PD_OK);
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* has(args.oldname) */
PD_INLINE u8 fetch_16(struct run *r)
{
	need_0(r);
	r->s->v16 = (r->s->state[0] == PD_OK);
	return ((r->s->state[0] == PD_UNREAD) ? PD_UNREAD : PD_OK);
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

/* args.oldname == args.newname && has(args.oldname) */
PD_INLINE u8 fetch_17(struct run *r)
{
	u8 state = PD_OK;

	r->s->v17 = 0; /* once one operand decides, the others are of no matter */
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		state = PD_UNREAD;
	else if (!((r->s->state[2] == PD_OK) && (r->s->v2 != 0)))
		return PD_OK;
	need_16(r);
	if (r->s->state[16] == PD_UNREAD)
		state = PD_UNREAD;
	else if (!((r->s->state[16] == PD_OK) && (r->s->v16 != 0)))
		return PD_OK;
	r->s->v17 = !0;
	return state;
}

PD_INLINE void need_17(struct run *r)
{
	if (!r->s->state[17])
		r->s->state[17] = fetch_17(r);
}

/* has(args.oldname) || process.comm == "mv" */
PD_INLINE u8 fetch_20(struct run *r)
{
	u8 state = PD_OK;

	r->s->v20 = 1; /* once one operand decides, the others are of no matter */
	need_16(r);
	if (r->s->state[16] == PD_UNREAD)
		state = PD_UNREAD;
	else if (((r->s->state[16] == PD_OK) && (r->s->v16 != 0)))
		return PD_OK;
	need_3(r);
	if ((((PD_LOAD(u16, r->s->v3.data, 0) == 30317) && (PD_LOAD(u8, r->s->v3.data, 2) == 0)) != 0))
		return PD_OK;
	r->s->v20 = !1;
	return state;
}

PD_INLINE void need_20(struct run *r)
{
	if (!r->s->state[20])
		r->s->state[20] = fetch_20(r);
}

#line 34 "tests/golden/values.yaml"
/* values/texts */
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
	need_2(r);
	need_0(r);
	need_9(r);
	need_13(r);
	need_15(r);
	need_17(r);
	need_20(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xd2c77fb5ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 0);
	e->f.c1 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 1);
	e->f.c2 = ((r->s->state[0] == PD_UNREAD) ? PD_UNREAD : PD_OK) == PD_OK ? ((r->s->state[0] == PD_OK) && ((PD_LOAD(u32, r->s->v0.data, 0) == 1668572463) && (PD_LOAD(u8, r->s->v0.data, 4) == 47))) : 0;
	pd_mark(&absent, &unread, ((r->s->state[0] == PD_UNREAD) ? PD_UNREAD : PD_OK), 2);
	if (r->s->state[9] == PD_OK) {
		at = pd_append(e, at, 80, &e->f.c3, r->s->v9.data, r->s->v9.length, r->s->v9.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c3.offset = 0;
		e->f.c3.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[9], 3);
	if (r->s->state[13] == PD_OK) {
		at = pd_append(e, at, 1104, &e->f.c4, r->s->v13.data, r->s->v13.length, r->s->v13.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c4.offset = 0;
		e->f.c4.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[13], 4);
	e->f.c5 = r->s->state[0] == PD_OK ? r->s->v0.length : 0;
	pd_mark(&absent, &unread, r->s->state[0], 5);
	e->f.c6 = r->s->state[15] == PD_OK ? r->s->v15 : 0;
	pd_mark(&absent, &unread, r->s->state[15], 6);
	e->f.c7 = r->s->state[17] == PD_OK ? r->s->v17 : 0;
	pd_mark(&absent, &unread, r->s->state[17], 7);
	e->f.c8 = r->s->state[20] == PD_OK ? r->s->v20 : 0;
	pd_mark(&absent, &unread, r->s->state[20], 8);
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
		need_5(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_e0dc1e330823(void *ctx)
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

/* policyd 0.1.0, tracepoint:syscalls/sys_exit_read, pd_f94c1a9736d1 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x2a6856047faaULL
#define PD_CANARY_PROGRAM 0xf94c1a9736d1ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(calls, 1, 24, 24, 65536);
PD_MAP(zeros, 2, 4, 24, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 944, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* lib/computed_types.c */

/* lib/computed.c */

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
	struct pd_packed c0; /* read */
	s32 c1; /* error */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
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
	PD_STRING(257) v2;
	u32 queued_0;
	u32 queue_0[1];
	u64 unpaired;
	u64 event[41];
	u8 state[5]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 944, "the scratch map is too small");

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

/* late(args.buf) */
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

/* late(args.buf).bytes(ret) */
PD_INLINE u8 fetch_2(struct run *r)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return r->s->state[0];
	need_1(r);
	u64 p = r->s->v0;

	if (pd_no_pointer(p) || ((s64) r->s->v1 < 0LL))
		return PD_ABSENT;
	return pd_buffer_user(r->s->v2.data, 257, &r->s->v2.length, &r->s->v2.cut, p, r->s->v1);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 63 "tests/golden/values.yaml"
/* values/late */
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
	need_2(r);
	need_1(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xddd0373bULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[2] == PD_OK) {
		at = pd_append(e, at, 56, &e->f.c0, r->s->v2.data, r->s->v2.length, r->s->v2.cut, 257);
		if (!at)
			return;
	} else {
		e->f.c0.offset = 0;
		e->f.c0.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[2], 0);
	e->f.c1 = ((u64) (s32) (0 - (u64) r->s->v1));
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

PD_ENTRY int pd_f94c1a9736d1(void *ctx)
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
