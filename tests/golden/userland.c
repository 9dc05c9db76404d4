/* policyd 0.1.0, uprobe_multi:/opt/probed:0x1400(0x3050), pd_21e0fd044e65 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xd3f81ce544e6ULL
#define PD_CANARY_PROGRAM 0x21e0fd044e65ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 8640, 16);
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
	s64 c0; /* args_number */
	struct pd_packed c1; /* args_text */
	s16 c2; /* args_minus */
	u8 pad0[2];
	u32 c3; /* args_item */
	u8 pad1[4];
	s64 c4; /* args_seven */
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
	PD_STRING(4096) v1;
	u64 v2;
	u64 v4;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[523];
	u8 state[5]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 8640, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.number */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 40);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.text */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = 0;

	if (pd_read_user(&p, sizeof(p), (void *) (PD_CONTEXT(u64, r->ctx, 32) + 16)))
		return PD_UNREAD;
	return pd_string_user(r->s->v1.data, 4096, &r->s->v1.length, &r->s->v1.cut, p);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.minus */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = (s64) (s16) PD_CONTEXT(u16, r->ctx, 88);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.seven */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 72);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

#line 18 "tests/golden/userland.yaml"
/* userland/fired */
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
	need_1(r);
	need_2(r);
	need_4(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 221168669, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 80, &e->f.c1, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 1);
	e->f.c2 = r->s->v2;
	e->f.c3 = 1;
	e->f.c4 = r->s->v4;
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

PD_ENTRY int pd_21e0fd044e65(void *ctx)
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

/* policyd 0.1.0, uprobe_multi:/opt/probed:demo.fire+1-1b2d02, pd_5a43a3cfd4de */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xc0effe31349bULL
#define PD_CANARY_PROGRAM 0x5a43a3cfd4deULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 8640, 16);
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
	s64 c0; /* args_number */
	struct pd_packed c1; /* args_text */
	s16 c2; /* args_minus */
	u8 pad0[2];
	u32 c3; /* args_item */
	u8 pad1[4];
	s64 c4; /* args_seven */
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
	PD_STRING(4096) v1;
	u64 v2;
	u64 v3;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[523];
	u8 state[5]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 8640, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.number */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 112);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.text */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_string_user(r->s->v1.data, 4096, &r->s->v1.length, &r->s->v1.cut, PD_CONTEXT(u64, r->ctx, 104));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.minus */
PD_INLINE u8 fetch_2(struct run *r)
{
	s16 found = 0;

	if (pd_read_user(&found, sizeof(found), (void *) (PD_CONTEXT(u64, r->ctx, 152) + 14)))
		return PD_UNREAD;
	r->s->v2 = (s64) found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.item */
PD_INLINE u8 fetch_3(struct run *r)
{
	u32 found = 0;

	if (pd_read_user(&found, sizeof(found), (void *) (PD_CONTEXT(u64, r->ctx, 80) + PD_CONTEXT(u64, r->ctx, 96) * 4 + 8)))
		return PD_UNREAD;
	r->s->v3 = found;
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 18 "tests/golden/userland.yaml"
/* userland/fired */
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
	need_1(r);
	need_2(r);
	need_3(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 221168669, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 80, &e->f.c1, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 1);
	e->f.c2 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 2);
	e->f.c3 = r->s->state[3] == PD_OK ? r->s->v3 : 0;
	pd_mark(&absent, &unread, r->s->state[3], 3);
	e->f.c4 = 0xfffffffffffffff9ULL;
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

PD_ENTRY int pd_5a43a3cfd4de(void *ctx)
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

/* policyd 0.1.0, uprobe_multi:/usr/bin/bash:0x5000:return, pd_fa6faa37a58c */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x620a41892fbfULL
#define PD_CANARY_PROGRAM 0xfa6faa37a58cULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 8600, 16);
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
	struct pd_packed c1; /* ret */
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
	PD_STRING(4096) v1;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[520];
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 8600, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

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

/* ret */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_string_user(r->s->v1.data, 4096, &r->s->v1.length, &r->s->v1.cut, PD_CONTEXT(u64, r->ctx, 80));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 15 "tests/golden/userland.yaml"
/* userland/line */
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
	need_1(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xb32737f3ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 56, &e->f.c1, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 1);
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

PD_ENTRY int pd_fa6faa37a58c(void *ctx)
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

/* policyd 0.1.0, uprobe_multi:/usr/lib/libc.so.6:0x4000, pd_9ef75f496b9a */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xe10f8051b149ULL
#define PD_CANARY_PROGRAM 0x9ef75f496b9aULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(guarded, 1, 4, 8, 64);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 16872, 16);
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
	struct pd_packed c0; /* args_node */
	u32 c1; /* args_a */
	u32 c2; /* args_b */
	u32 c3; /* args_c */
	u8 c4[8]; /* args_key */
	u32 c5; /* args_f */
	s16 c6; /* args_g */
	struct pd_packed c7; /* args_h */
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
	u64 v0;
	PD_STRING(4096) v1;
	u64 v2;
	u64 v3;
	u64 v4;
	u8 v5[8] __attribute__((aligned(8)));
	u64 v6;
	PD_STRING(4096) v7;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[1036];
	u8 state[8]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 16872, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/task.c */

/* fields/guard.c */

/* args.g */
PD_INLINE u8 fetch_0(struct run *r)
{
	s16 found = 0;

	if (pd_read_user(&found, sizeof(found), (void *) (PD_CONTEXT(u64, r->ctx, 152) + 8)))
		return PD_UNREAD;
	r->s->v0 = (s64) found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.node */
PD_INLINE u8 fetch_1(struct run *r)
{
	return pd_string_user(r->s->v1.data, 4096, &r->s->v1.length, &r->s->v1.cut, PD_CONTEXT(u64, r->ctx, 112));
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.a */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = PD_CONTEXT(u32, r->ctx, 104);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.b */
PD_INLINE u8 fetch_3(struct run *r)
{
	r->s->v3 = PD_CONTEXT(u32, r->ctx, 96);
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.c */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = PD_CONTEXT(u32, r->ctx, 88);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.key */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 72);

	if (!p)
		return PD_ABSENT;
	return pd_read_user(r->s->v5, 8, (void *) p) ? PD_UNREAD : PD_OK;
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.f */
PD_INLINE u8 fetch_6(struct run *r)
{
	r->s->v6 = PD_CONTEXT(u32, r->ctx, 64);
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.h */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = 0;

	if (pd_read_user(&p, sizeof(p), (void *) (PD_CONTEXT(u64, r->ctx, 152) + 16)))
		return PD_UNREAD;
	return pd_string_user(r->s->v7.data, 4096, &r->s->v7.length, &r->s->v7.cut, p);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

#line 12 "tests/golden/userland.yaml"
/* args.g Less */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 0;
	return ((s64) r->s->v0 < 0LL);
}
#line here "policyd.c"

#line 10 "tests/golden/userland.yaml"
/* userland/seventh */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	if ((r->s->state[0] == PD_UNREAD) && !test_0(r, 0))
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
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_1(r);
	need_2(r);
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_0(r);
	need_7(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 1847970471, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 88, &e->f.c0, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c0.offset = 0;
		e->f.c0.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 0);
	e->f.c1 = r->s->v2;
	e->f.c2 = r->s->v3;
	e->f.c3 = r->s->v4;
	if (r->s->state[5] == PD_OK)
		__builtin_memcpy(&e->f.c4, &r->s->v5, sizeof(e->f.c4));
	else
		__builtin_memset(&e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[5], 4);
	e->f.c5 = r->s->v6;
	e->f.c6 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 6);
	if (r->s->state[7] == PD_OK) {
		at = pd_append(e, at, 4184, &e->f.c7, r->s->v7.data, r->s->v7.length, r->s->v7.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c7.offset = 0;
		e->f.c7.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[7], 7);
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
		verdict = settings->flags & PD_CONFIG_ENFORCE ? d->taken : d->held;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			PD_ADD(&counts[7], 1);
			if (!pd_is_spared())
				pd_send_signal(d->signal);
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_9ef75f496b9a(void *ctx)
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

/* policyd 0.1.0, uprobe_multi:/usr/lib/libc.so.6:calloc+1-fa9999, pd_ce40487ff72b */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x1d232bd543eaULL
#define PD_CANARY_PROGRAM 0xce40487ff72bULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_24_352_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 352, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 400, 16);
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
	u8 c0[16]; /* process_comm */
	u16 c1; /* hook_name */
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
	PD_STRING(16) v1;
	u64 v2;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[3];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 400, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* args.size */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u64, r->ctx, 112);
	return PD_OK;
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

/* hook.name */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = pd_attach_cookie(r->ctx) + 0;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 8 "tests/golden/userland.yaml"
/* args.size GreaterOrEqual */
PD_INLINE int test_0(struct run *r, int unread)
{
	return (r->s->v0 >= 1048576);
}
#line here "policyd.c"

#line 6 "tests/golden/userland.yaml"
/* userland/allocations */
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
	need_2(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	pd_put_string(key->c0, sizeof(key->c0), r->s->v1.data, r->s->v1.length);
	key->c1 = r->s->v2;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_24_352_f1), d->maps[0]);

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

PD_ENTRY int pd_ce40487ff72b(void *ctx)
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
