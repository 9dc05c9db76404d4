/* policyd 0.1.0, iter:task, pd_b4ed782f7d68 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xc6c5fb265e32ULL
#define PD_CANARY_PROGRAM 0xb4ed782f7d68ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 432, 16);
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
	s32 c0; /* pid */
	s32 c1; /* tid */
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
	u64 object[2];
	u64 event[8];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 432, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	void *reader;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* Snapshots: the program is run on each object, and writes what it shows of it to whoever reads.
 *
 * What the kernel hands over may be NULL, which the verifier wants to see asked before every use.  So its numbers are taken
 * from the context once, into the scratch place: from there they are numbers like any others, which only probe reads
 * follow. */
static long (*pd_seq_write)(void *seq, const void *data, u32 size) = (void *) 127;

PD_INLINE void pd_take_object(struct run *r)
{
	r->reader = r->ctx;
	r->s->object[1] = PD_CONTEXT(u64, r->reader, 1 * 8);
	r->ctx = r->s->object;
}

/* The context begins with a pointer to struct bpf_iter_meta, and that with one to the struct seq_file that is read.  Where it
 * is full (EOVERFLOW) the kernel hands out what is in it, and then comes with the same object again. */
PD_INLINE int pd_show(struct run *r, const void *row, u32 size)
{
	u64 meta = PD_CONTEXT(u64, r->reader, 0);

	return pd_seq_write((void *) PD_CONTEXT(u64, meta, 0), row, size);
}

/* fields/process.c */

/* args.task */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.task.tgid */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, tgid)))
		return PD_UNREAD;
	r->s->v1 = found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.task.pid */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, pid)))
		return PD_UNREAD;
	r->s->v2 = found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.task not Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return !(r->s->v0 == 0);
}

#line 12 "tests/golden/snapshots.yaml"
/* snapshots/every-thread */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_1(r);
	need_2(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 41126759, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 0);
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = at;
	if (pd_show(r, e, at)) {
		PD_ADD(&counts[0], -1); /* not yet: it comes again */
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
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_b4ed782f7d68(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		pd_account(MAP(account), 0, 9);
		return PD_NEUTRAL;
	}
	pd_take_object(&r);
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

/* policyd 0.1.0, iter:task_file, pd_7e80d0cb9288 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xa4e233ac079eULL
#define PD_CANARY_PROGRAM 0x7e80d0cb9288ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 9760, 16);
PD_MAP(busy, 6, 4, 8, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/path_types.c */

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
	u8 c0[16]; /* program */
	u32 c1; /* fd */
	struct pd_packed c2; /* path */
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
	PD_STRING(16) v2;
	PD_STRING(4096) v3;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_climb climb;
	u64 object[4];
	u64 event[522];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 9760, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	void *reader;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/tracing.c */

/* Snapshots: the program is run on each object, and writes what it shows of it to whoever reads.
 *
 * What the kernel hands over may be NULL, which the verifier wants to see asked before every use.  So its numbers are taken
 * from the context once, into the scratch place: from there they are numbers like any others, which only probe reads
 * follow. */
static long (*pd_seq_write)(void *seq, const void *data, u32 size) = (void *) 127;

PD_INLINE void pd_take_object(struct run *r)
{
	r->reader = r->ctx;
	r->s->object[1] = PD_CONTEXT(u64, r->reader, 1 * 8);
	r->s->object[2] = PD_CONTEXT(u64, r->reader, 2 * 8);
	r->s->object[3] = PD_CONTEXT(u64, r->reader, 3 * 8);
	r->ctx = r->s->object;
}

/* The context begins with a pointer to struct bpf_iter_meta, and that with one to the struct seq_file that is read.  Where it
 * is full (EOVERFLOW) the kernel hands out what is in it, and then comes with the same object again. */
PD_INLINE int pd_show(struct run *r, const void *row, u32 size)
{
	u64 meta = PD_CONTEXT(u64, r->reader, 0);

	return pd_seq_write((void *) PD_CONTEXT(u64, meta, 0), row, size);
}

/* fields/process.c */

/* fields/follow.c */

/* fields/path.c */

/* args.task */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.fd */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = (u32) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.task.process.comm */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 8);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v2.data, 16, &r->s->v2.length, &r->s->v2.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.file.path */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct file, p, f_path);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return path_path(r, p, r->s->v3.data, 4096, &r->s->v3.length, &r->s->v3.cut);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.task not Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return !(r->s->v0 == 0);
}

#line 9 "tests/golden/snapshots.yaml"
/* args.fd GreaterOrEqual */
PD_INLINE int test_1(struct run *r, int unread)
{
	return (r->s->v1 >= 3);
}
#line here "policyd.c"

#line 7 "tests/golden/snapshots.yaml"
/* snapshots/open-files */
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
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_2(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xdcef55adULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[2] == PD_OK)
		pd_put_string(e->f.c0, sizeof(e->f.c0), r->s->v2.data, r->s->v2.length);
	else
		__builtin_memset(e->f.c0, 0, sizeof(e->f.c0));
	pd_mark(&absent, &unread, r->s->state[2], 0);
	e->f.c1 = r->s->v1;
	if (r->s->state[3] == PD_OK) {
		at = pd_append(e, at, 72, &e->f.c2, r->s->v3.data, r->s->v3.length, r->s->v3.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c2.offset = 0;
		e->f.c2.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[3], 2);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = at;
	if (pd_show(r, e, at)) {
		PD_ADD(&counts[0], -1); /* not yet: it comes again */
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
	r->s->state[0] = fetch_0(r);
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	match_0(r);
	if (r->s->queued_0)
		need_3(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_7e80d0cb9288(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		pd_account(MAP(account), 0, 9);
		return PD_NEUTRAL;
	}
	pd_take_object(&r);
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
